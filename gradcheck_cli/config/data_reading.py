"""Reads the data section; it opens no data file."""

from __future__ import annotations

from typing import Any

from gradcheck_cli.config.catalog import Parameter
from gradcheck_cli.config.component_reading import find_type
from gradcheck_cli.config.factory_reading import read_args, read_factory
from gradcheck_cli.config.fields import read_fields
from gradcheck_cli.config.hints import DATA, hint_for_type
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.quoting import list_names, quote
from gradcheck_cli.config.schema import DataConfig, Missing, Task
from gradcheck_cli.config.sources import PYTHON, SOURCES, Source

COMMON = {
    parameter.name: parameter
    for parameter in (
        Parameter(
            "val_fraction",
            ("float",),
            default=0.2,
            range="[0, 1)",
            help="Share of the rows that validate; 0 for none, and rules that need them are skipped.",
        ),
        Parameter(
            "shuffle",
            ("bool",),
            default=True,
            help="Shuffle the rows, by the seed, before they are split; false: the first rows train.",
        ),
        Parameter(
            "standardize",
            ("bool",),
            default=False,
            help="Give each feature mean 0 and standard deviation 1, fitted on the training rows.",
        ),
        Parameter(
            "standardize_target",
            ("bool",),
            default=False,
            help="The same for the numbers to predict; metrics stay in their own units.",
        ),
        Parameter(
            "max_samples",
            ("int", "null"),
            range="[1, inf)",
            help="Use no more rows than this, chosen after the shuffle.",
        ),
        Parameter(
            "label_noise",
            ("float",),
            default=0.0,
            range="[0, 1]",
            help="Share of the training labels that are drawn anew at random.",
        ),
        Parameter(
            "missing",
            ("str",),
            default="error",
            choices=tuple(map(str, Missing)),
            help="What to do with missing cells in files.",
        ),
        Parameter(
            "task",
            ("str", "null"),
            choices=tuple(map(str, Task)),
            help="Whether the targets are classes or numbers, where the file leaves it open.",
        ),
    )
}


def read_data(node: Node) -> DataConfig | None:
    """The data source; None where its type is not known."""
    if (found := find_type(node, what="a data source")) is None:
        return None
    name, place = found
    if name not in SOURCES:
        hint = hint_for_type(name, "sources", SOURCES)
        place.report(f"unknown data source {quote(name)}", allowed=list_names(SOURCES), hint=hint)
        return None
    source = SOURCES[name]
    if not isinstance(node.value, dict):
        missing = [parameter.name for parameter in source.parameters.values() if parameter.required]
        if missing:
            node.report(f"{name} needs {list_names(map(quote, missing))}, which is missing")
        return DataConfig(type=name)
    parameters = {**source.parameters, **COMMON}
    reserved = ("type", "args") if name == PYTHON else ("type",)
    values = read_fields(node, parameters, owner=name, reserved=reserved, dialect=DATA, word="argument")
    _check_source(node, name, source, values)
    arguments = {key: value for key, value in values.items() if key not in COMMON}
    if name == PYTHON and "factory" in arguments:
        read_factory(node.child("factory"))
        arguments["args"] = read_args(node.child("args"))
    common = {key: values[key] for key in COMMON if key in values}
    for key, kind in (("missing", Missing), ("task", Task)):
        if common.get(key) is not None:
            common[key] = kind(common[key])
    return DataConfig(type=name, arguments=arguments, **common)


def _check_source(node: Node, name: str, source: Source, values: dict[str, Any]) -> None:
    """What cannot stand together within the section."""
    task = values.get("task")
    if source.task is not None and task not in (None, source.task):
        node.child("task").report(f"{quote(task)} does not fit {name}", allowed=str(source.task))
    if values.get("val_path") and "val_fraction" in values:
        message = "'val_fraction' has no meaning beside 'val_path', which names the validation rows"
        node.child("val_fraction").report_key(message, hint="leave one of the two out")
    if name == "blobs":
        _check_blobs(node, values)
    if name == "image_folder" and values.get("channels") not in (None, 1, 3):
        node.child("channels").report(f"{quote(values['channels'])} is not possible", allowed="1, 3")


def _check_blobs(node: Node, values: dict[str, Any]) -> None:
    centers, std = values.get("centers"), values.get("cluster_std")
    count = centers if isinstance(centers, int) else 3 if centers is None else 0
    if isinstance(centers, list):
        widths = {len(point) if isinstance(point, list) else 0 for point in centers}
        deeper = any(isinstance(number, list) for point in centers if isinstance(point, list) for number in point)
        count = len(centers) if len(widths) == 1 and widths != {0} and not deeper else 0
    if count < 1 or isinstance(centers, float):
        allowed = "a whole number of at least 1, or a list of points of equal length"
        node.child("centers").report(f"{quote(centers)} is not possible", allowed=allowed)
    elif isinstance(std, list) and len(std) != count:
        node.child("cluster_std").report(f"{quote(std)} has {len(std)} entries for {count} centers")
