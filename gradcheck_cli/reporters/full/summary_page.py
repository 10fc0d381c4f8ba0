"""A config as resolved and its layers as built, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from gradcheck_cli.config.schema import Component, Config, DiagnosticsConfig, write_plain
from gradcheck_cli.recording.description import RunDescription
from gradcheck_cli.reporters.columns import GAP, Column, choose_columns
from gradcheck_cli.reporters.full.layer_table import show_shape
from gradcheck_cli.reporters.full.report import draw
from gradcheck_cli.reporters.full.text import DIM, STRONG, make_fields, style
from gradcheck_cli.reporters.model_summary import LayerSummary, Totals, count_totals, summarize_layers
from gradcheck_cli.reporters.numbers import UNKNOWN, show_count, show_number
from gradcheck_cli.reporters.page import Page
from gradcheck_cli.reporters.printable import make_line

_SHOWN_APART = ("type", "arguments", "interval")

_LABEL_WIDTH = 12
_LONGEST_NAME = 24
_BYTES_PER_PARAMETER = 4


def render(config: Config, description: RunDescription, *, page: Page) -> str:
    """Settings, layers, totals."""
    return draw(_draw(config, description, page=page), page=page)


def _draw(config: Config, description: RunDescription, *, page: Page) -> Iterator[RenderableType]:
    yield style(config.name, STRONG)
    fields = make_fields(_LABEL_WIDTH)
    for label, value in _list_settings(config, description):
        fields.add_row(label, style(value))
    yield fields
    yield Text("")
    layers = summarize_layers(description)
    yield from _draw_layers(layers, page=page)
    yield Text("")
    yield style(_describe_totals(count_totals(description)))


def _list_settings(config: Config, description: RunDescription) -> Iterator[tuple[str, str]]:
    yield "seed", str(config.seed)
    yield "data", f"{show_component(config.data)}{_describe_rows(description)}"
    yield "loss", show_component(config.loss)
    yield "optimizer", show_component(config.optimizer)
    if config.lr_scheduler is not None:
        yield "lr_scheduler", f"{show_component(config.lr_scheduler)} each {config.lr_scheduler.interval.value}"
    trainer = {key: value for key, value in write_plain(config.trainer).items() if value is not None}
    yield "trainer", _show_arguments(trainer)
    if description.planned_steps is not None:
        yield "length", show_count(description.planned_steps, "optimizer step")
    defaults = write_plain(DiagnosticsConfig())
    diagnostics = {key: value for key, value in write_plain(config.diagnostics).items() if value != defaults[key]}
    if diagnostics:
        yield "diagnostics", _show_arguments(diagnostics)


def show_component(component: Component) -> str:
    """`SGD(lr=0.1, momentum=0.9)`."""
    others = {key: value for key, value in write_plain(component).items() if key not in _SHOWN_APART}
    given = {**component.arguments, **{key: value for key, value in others.items() if value not in (None, [], {})}}
    return f"{component.type}({_show_arguments(given)})" if given else component.type


def _show_arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={_show_value(value)}" for key, value in arguments.items())


def _show_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_show_value(entry)}" for key, entry in value.items()) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _describe_rows(description: RunDescription) -> str:
    data = description.data
    if data.train_rows is None:
        return ""
    shape = f", input {show_shape(data.input_shape)}" if data.input_shape is not None else ""
    classes = f", {show_count(data.classes, 'class', 'classes')}" if data.classes is not None else ""
    return f": {data.train_rows:,} training and {data.validation_rows or 0:,} validation rows{shape}{classes}"


def _draw_layers(layers: Sequence[LayerSummary], *, page: Page) -> Iterator[Text]:
    columns = [
        Column("layer", tuple(make_line("  " * layer.depth + layer.name) for layer in layers), 0, False, _LONGEST_NAME),
        Column("type", tuple(make_line(layer.type) for layer in layers), 2, False, _LONGEST_NAME),
        Column("output", tuple(show_shape(layer.output_shape) for layer in layers), 3),
        Column("parameters", tuple(f"{layer.parameters:,}" if layer.parameters else UNKNOWN for layer in layers), 1),
        Column("frozen", tuple(UNKNOWN if layer.trainable else "yes" for layer in layers), 4),
        Column("init", tuple(layer.init or UNKNOWN for layer in layers), 7, False),
        Column("std", tuple(show_number(layer.init_std) for layer in layers), 5),
        Column("gain", tuple(show_number(layer.init_gain) for layer in layers), 6),
    ]
    used = [column for column in columns if column.rank == 0 or set(column.cells) - {UNKNOWN}]
    chosen = choose_columns(used, width=page.width)
    yield style(_join(chosen, [column.title for column in chosen], page=page), DIM)
    for position in range(len(layers)):
        yield style(_join(chosen, [column.cells[position] for column in chosen], page=page))


def _join(columns: Sequence[Column], cells: Sequence[str], *, page: Page) -> str:
    aligned = [column.align(cell, ellipsis=page.symbols.ellipsis) for column, cell in zip(columns, cells, strict=True)]
    return (" " * GAP).join(aligned).rstrip()


def _describe_totals(totals: Totals) -> str:
    frozen = (
        f", {totals.parameters - totals.trainable:,} of them frozen" if totals.trainable < totals.parameters else ""
    )
    mebibytes = totals.parameters * _BYTES_PER_PARAMETER / 2**20
    size = f"{mebibytes:.1f} MiB" if mebibytes >= 0.1 else f"{totals.parameters * _BYTES_PER_PARAMETER / 2**10:.1f} KiB"
    return (
        f"{show_count(totals.layers, 'layer')}, {show_count(totals.parameters, 'parameter')}{frozen} ({size} in fp32)"
    )
