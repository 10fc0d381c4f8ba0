"""The curves of training and validation loss with the best epoch marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.text import Text

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import History
from gradcheck_cli.reporters.curves import Curve, Plot, draw_curves
from gradcheck_cli.reporters.full.text import CURVE_STYLES, DIM, INDENT, join, style
from gradcheck_cli.reporters.measures import find_best_epoch, has_validation
from gradcheck_cli.reporters.numbers import show_count, show_number
from gradcheck_cli.reporters.page import Page

_HEIGHT = 7
_FEWEST_STEPS = 4
_WIDEST = 64
_ROOM_FOR_NAMES = 60


def draw_curve_block(history: History, *, page: Page) -> Iterator[Text]:
    """The plot, its axes and labels: over the epochs, or over the steps of a run that ended before its second epoch."""
    curves, unit = _pick_epochs(history), "epoch"
    if not curves:
        curves, unit = _pick_steps(history), "step"
    if not curves:
        return
    labels = [_make_label(curve, page=page) for curve in curves]
    margin = max(len(show_number(value)) for value in _find_limits(curves)) + 1
    width = min(_WIDEST, page.width - INDENT - margin - max(map(len, labels)) - 2)
    plot = draw_curves(curves, width=width, height=_HEIGHT, braille=page.symbols.braille)
    if plot is None:
        return
    scale = ", log scale" if plot.logarithmic else ""
    yield style(f"  loss over {show_count(len(curves[0].values), unit)}{scale}", DIM)
    yield from _draw_rows(plot, labels=labels, margin=margin, page=page)
    yield style(" " * (INDENT + margin) + page.symbols.corner + page.symbols.rule * width, DIM)
    best = find_best_epoch(history.epochs.validation_loss) if history.epochs and len(curves) > 1 else None
    if best is not None:
        yield _draw_best(best, len(curves[0].values), width=width, margin=margin, page=page)


def _pick_steps(history: History) -> list[Curve]:
    if history.steps is None or len(history.steps.loss) < _FEWEST_STEPS:
        return []
    curves = [Curve("training", "t", history.steps.loss)]
    return curves if _find_limits(curves) else []


def _pick_epochs(history: History) -> list[Curve]:
    epochs = history.epochs
    if epochs is None or len(epochs) < 2:
        return []
    curves = [Curve("training", "t", epochs.train_loss)]
    if has_validation(history):
        curves.append(Curve("validation", "v", epochs.validation_loss))
    return curves if _find_limits(curves) else []


def _find_limits(curves: Sequence[Curve]) -> tuple[float, ...]:
    values = np.concatenate([curve.values for curve in curves])
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else ()


def _make_label(curve: Curve, *, page: Page) -> str:
    letter = "" if page.symbols.braille else f"{curve.letter} "
    name = curve.name if page.width >= _ROOM_FOR_NAMES else curve.name[:5]
    return f"{letter}{name} {show_number(float(curve.values[-1]))}"


def _draw_rows(plot: Plot, *, labels: Sequence[str], margin: int, page: Page) -> Iterator[Text]:
    beside = _place_labels(plot)
    axis = {0: show_number(plot.high), len(plot.rows) - 1: show_number(plot.low)}
    for number, row in enumerate(plot.rows):
        line = join(style(" " * INDENT + axis.get(number, "").rjust(margin) + page.symbols.axis, DIM))
        for index, cells in groupby(row, key=lambda cell: cell.curve):
            line.append("".join(cell.text for cell in cells), style="" if index is None else CURVE_STYLES[index])
        if number in beside:
            curve = beside[number]
            line.append_text(style(f" {labels[curve]}", CURVE_STYLES[curve]))
        line.rstrip()
        yield line


def _place_labels(plot: Plot) -> dict[int, int]:
    """Row to the curve whose label stands beside it; two labels never share a row."""
    places: dict[int, int] = {}
    for curve, end in enumerate(plot.end_rows):
        if end is None:
            continue
        free = [row for row in range(len(plot.rows)) if row not in places]
        places[min(free, key=lambda row: (abs(row - end), row))] = curve
    return places


def _draw_best(best: int, epochs: int, *, width: int, margin: int, page: Page) -> Text:
    column = round(best / max(epochs - 1, 1) * (width - 1))
    label = f"best epoch {best + 1}"
    before = " " * (INDENT + margin + 1)
    if column + len(label) + 2 > width:
        return join(before, f"{label} ".rjust(column), page.symbols.best)
    return join(before, " " * column, page.symbols.best, f" {label}")
