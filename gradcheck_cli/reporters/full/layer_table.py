"""The table of layers in order: how the gradient fared in each, with the cells that findings name marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.text import Text

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.reporters.columns import GAP, Column, choose_columns, total_width
from gradcheck_cli.reporters.folding import Fold, fold_rows
from gradcheck_cli.reporters.full.text import DIM, INDENT, SEVERITY_STYLES, join, style
from gradcheck_cli.reporters.layer_rows import LayerRow
from gradcheck_cli.reporters.numbers import UNKNOWN, show_count, show_number, show_share
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.printable import make_line
from gradcheck_cli.reporters.sparkline import draw_sparkline, find_range
from gradcheck_cli.rules.base import Family

_LONGEST_NAME = 22
_LONGEST_TYPE = 26
_SHORTEST_SPARK = 8
_LONGEST_SPARK = 32
_DEEPEST_INDENT = 3
_GRADIENT = "gradient"
_BAD_COLUMNS = {
    Family.GRADIENT_FLOW: {_GRADIENT, "norm", "sensitivity"},
    Family.ACTIVATION: {"dead"},
    Family.OPTIMIZER: {"update"},
}
_LEGEND = {
    "sensitivity": "sensitivity: effect of its output on the loss",
    "update": "update: step/weight",
    "dead": "dead: share",
}


def show_shape(shape: tuple[int, ...] | None) -> str:
    """`16x8x8`, `-` where unknown."""
    return UNKNOWN if shape is None else "x".join(map(str, shape)) or "1"


def draw_layer_table(rows: Sequence[LayerRow], *, page: Page) -> Iterator[Text]:
    """The table, long nets folded unless verbose, and how to read it."""
    if not rows:
        return
    shown = list(rows) if page.verbose else fold_rows(rows)
    visible = [row for row in shown if isinstance(row, LayerRow)]
    span = find_range(np.concatenate([row.gradient[row.gradient_known] for row in rows]))
    columns = _fit(_make_columns(visible, span, page=page), visible, span=span, page=page)
    titles = [column.align(column.title, ellipsis=page.symbols.ellipsis) for column in columns]
    yield style((" " * INDENT + (" " * GAP).join(titles)).rstrip(), DIM)
    position = 0
    for row in shown:
        if isinstance(row, Fold):
            yield _draw_fold(row, page=page)
        else:
            yield _draw_row(row, columns, position=position, page=page)
            position += 1
    yield from _draw_legend(columns, span)


def _make_columns(rows: Sequence[LayerRow], span: tuple[float, float] | None, *, page: Page) -> list[Column]:
    """All columns that have something to show."""
    names = [make_line("  " * min(row.depth, _DEEPEST_INDENT) + row.name) for row in rows]
    columns = [
        Column("layer", tuple(names), 0, right=False, longest=_LONGEST_NAME if page.width > 60 else _LONGEST_NAME // 2),
        Column("type", tuple(make_line(", ".join(row.types)) for row in rows), 6, right=False, longest=_LONGEST_TYPE),
        Column("shape", tuple(show_shape(row.shape) for row in rows), 7),
        _make_spark(rows, span, width=_SHORTEST_SPARK, page=page),
        Column("norm", tuple(show_number(row.gradient_norm) for row in rows), 1),
        Column("sensitivity", tuple(show_number(row.sensitivity) for row in rows), 3),
        Column("update", tuple(show_number(row.update_ratio) for row in rows), 4),
        Column("dead", tuple(show_share(row.dead_fraction) for row in rows), 5),
    ]
    return [column for column in columns if column.rank == 0 or set(column.cells) - {UNKNOWN}]


def _make_spark(rows: Sequence[LayerRow], span: tuple[float, float] | None, *, width: int, page: Page) -> Column:
    cells = [
        draw_sparkline(row.gradient, row.gradient_known, width=width, span=span, symbols=page.symbols) or UNKNOWN
        for row in rows
    ]
    return Column(_GRADIENT, tuple(cells), 2, right=False, longest=width)


def _fit(
    columns: Sequence[Column], rows: Sequence[LayerRow], *, span: tuple[float, float] | None, page: Page
) -> list[Column]:
    """The columns that fit; what room is left goes to the sparkline."""
    chosen = choose_columns(columns, width=page.width - INDENT)
    width = min(_LONGEST_SPARK, _SHORTEST_SPARK + page.width - INDENT - total_width(chosen))
    wide = _make_spark(rows, span, width=width, page=page)
    return [
        replace(column, cells=wide.cells, longest=width) if column.title == _GRADIENT else column for column in chosen
    ]


def _draw_row(row: LayerRow, columns: Sequence[Column], *, position: int, page: Page) -> Text:
    bad_style = SEVERITY_STYLES[row.severity] if row.severity else ""
    bad = {"layer"}.union(*(_BAD_COLUMNS.get(family, set()) for family in row.families))
    cells = [
        style(
            column.align(column.cells[position], ellipsis=page.symbols.ellipsis),
            bad_style if column.title in bad else "",
        )
        for column in columns
    ]
    mark = style(f"{page.symbols.of(row.severity) if row.severity else ' '} ", bad_style)
    line = join(mark, Text(" " * GAP).join(cells))
    line.rstrip()
    return line


def _draw_fold(fold: Fold, *, page: Page) -> Text:
    norms = [row.gradient_norm for row in fold.rows if row.gradient_norm is not None and np.isfinite(row.gradient_norm)]
    between = f", norm {show_number(min(norms))} to {show_number(max(norms))}" if norms else ""
    severity = fold.rows[0].severity
    mark = page.symbols.of(severity) if severity else " "
    text = f"{mark} {page.symbols.ellipsis} {show_count(len(fold.rows), 'more row')} alike{between}"
    return style(text, SEVERITY_STYLES[severity] if severity else DIM)


def _draw_legend(columns: Sequence[Column], span: tuple[float, float] | None) -> Iterator[Text]:
    titles = {column.title for column in columns}
    if _GRADIENT in titles and span is not None:
        low, high = (show_number(10**exponent) for exponent in span)
        yield style(f"gradient: norm over the run, log scale from {low} to {high}, then its last value", DIM)
    parts = [meaning for title, meaning in _LEGEND.items() if title in titles]
    if parts:
        yield style("; ".join(parts), DIM)
