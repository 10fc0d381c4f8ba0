"""The types of torch and their parameters as data, read from `catalog.json`; it needs no torch and checks nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CATALOG_PATH = Path(__file__).with_name("catalog.json")


@dataclass(frozen=True)
class Parameter:
    """One keyword argument, of torch or of our own.

    Attributes:
        types: Alternatives, each of `int float bool str null tensor`, or a list such as `int[]`, `int[2]`, `int?[]`
            (an element may be null). A `tensor` is a number or nested lists of numbers.
        default: Where not required and plain; None also where there is none.
        choices: All strings that are allowed; empty where any is.
        range: An interval such as `[0, 1)` or `(0, inf)`; empty where any number is allowed.
        help: What it does, in one sentence for editors; empty where its name and type say it.
    """

    name: str
    types: tuple[str, ...]
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()
    range: str = ""
    help: str = ""


@dataclass(frozen=True)
class Signature:
    """A type by its name.

    Attributes:
        summary: One sentence.
        parameters: By name, in torch's order.
        kind: Of a layer: a value of `recording.description.LayerKind`; empty otherwise.
        inferred: Of a layer: the input size that may be left out; empty where there is none.
        weight_dimensions: Of a layer: dimensions of its weight tensor; 0 where it has none.
        bias: Of a layer: whether it can have a bias.
    """

    name: str
    parameters: Mapping[str, Parameter]
    summary: str = ""
    kind: str = ""
    inferred: str = ""
    weight_dimensions: int = 0
    bias: bool = False


@cache
def _catalog() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(CATALOG_PATH.read_text(encoding="utf-8"))
    return content


class Section(Mapping[str, Signature]):
    """One kind of types: name to signature, made when first asked for."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._made: dict[str, Signature] = {}

    def __getitem__(self, key: str) -> Signature:
        if key not in self._made:
            self._made[key] = _signature(key, _catalog()[self._name][key])
        return self._made[key]

    def __contains__(self, key: object) -> bool:
        return key in _catalog()[self._name]

    def __iter__(self) -> Iterator[str]:
        return iter(_catalog()[self._name])

    def __len__(self) -> int:
        return len(_catalog()[self._name])

    @property
    def left_out(self) -> Mapping[str, str]:
        """Names of torch that are not offered, with the reason."""
        reasons: Mapping[str, str] = _catalog()["left_out"][self._name]
        return reasons


def _signature(name: str, entry: Mapping[str, Any]) -> Signature:
    parameters = {parameter["name"]: _parameter(parameter) for parameter in entry["parameters"]}
    return Signature(**{**entry, "name": name, "parameters": parameters})


def _parameter(entry: Mapping[str, Any]) -> Parameter:
    lists = {key: tuple(entry.get(key, ())) for key in ("types", "choices")}
    return Parameter(**{**entry, **lists})


def left_out_arguments() -> Mapping[str, str]:
    """Arguments of torch that are not offered anywhere, with the reason."""
    reasons: Mapping[str, str] = _catalog()["left_out_arguments"]
    return reasons


def torch_version() -> str:
    """The version of torch that the catalog was generated from."""
    return str(_catalog()["torch"])


LAYERS = Section("layers")
LOSSES = Section("losses")
OPTIMIZERS = Section("optimizers")
SCHEDULERS = Section("schedulers")
INITIALIZERS = Section("initializers")
