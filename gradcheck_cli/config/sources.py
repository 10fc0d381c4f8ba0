"""The data sources: their arguments, and what is known of their rows without opening a file; it loads none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gradcheck_cli.config.catalog import Parameter
from gradcheck_cli.config.schema import DataConfig, Task

Arguments = Mapping[str, Any]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Source:
    """A data source.

    Attributes:
        parameters: Its own arguments, by name.
        task: None where the file or `task` tells.
        input_shape: Of one row, from all arguments (defaults filled in); None where only the file tells.
        classes: Number of classes likewise; None for numbers and where only the file tells.
        target_range: Smallest and largest number among the targets; None for classes and where only the file tells.
        tokens: Whether a row holds token ids, which stand for symbols and measure nothing.
    """

    parameters: Mapping[str, Parameter]
    task: Task | None = None
    input_shape: Callable[[Arguments], Shape] | None = None
    classes: Callable[[Arguments], int] | None = None
    target_range: tuple[float, float] | None = None
    tokens: bool = False


def _count(name: str, default: int, low: int = 1) -> Parameter:
    return Parameter(name, ("int",), default=default, range=f"[{low}, 1e9]")


def _amount(name: str, default: float) -> Parameter:
    return Parameter(name, ("float",), default=default, range="[0, inf)")


def _source(
    *parameters: Parameter,
    task: Task | None = Task.CLASSIFICATION,
    input_shape: Callable[[Arguments], Shape] | None = None,
    classes: Callable[[Arguments], int] | None = None,
    target_range: tuple[float, float] | None = None,
    tokens: bool = False,
) -> Source:
    named = {parameter.name: parameter for parameter in parameters}
    return Source(named, task, input_shape, classes, target_range, tokens)


def _constant(value: Any) -> Callable[[Arguments], Any]:
    return lambda _: value


def _centers(arguments: Arguments) -> int:
    centers = arguments["centers"]
    return len(centers) if isinstance(centers, list) else int(centers)


def _blob_shape(arguments: Arguments) -> Shape:
    centers = arguments["centers"]
    return (len(centers[0]) if isinstance(centers, list) else int(arguments["n_features"]),)


_RANDOM_STATE = Parameter("random_state", ("int",), default=0, range="[0, 4294967295]")
_PATH = Parameter("path", ("str",), required=True)
_VAL_PATH = Parameter("val_path", ("str", "null"))
_TABLE = (
    _PATH,
    Parameter("target", ("str", "str[]"), required=True),
    Parameter("features", ("str", "str[]", "null")),
    _VAL_PATH,
)

PYTHON = "python"
"""The source whose rows the user's own code makes; beside `factory` it takes `args`."""

SOURCES: Mapping[str, Source] = {
    "digits": _source(
        Parameter("image", ("bool",), default=False),
        input_shape=lambda arguments: (1, 8, 8) if arguments["image"] else (64,),
        classes=_constant(10),
    ),
    "breast_cancer": _source(input_shape=_constant((30,)), classes=_constant(2)),
    "wine": _source(input_shape=_constant((13,)), classes=_constant(3)),
    "iris": _source(input_shape=_constant((4,)), classes=_constant(3)),
    "diabetes": _source(task=Task.REGRESSION, input_shape=_constant((10,)), target_range=(25.0, 346.0)),
    "circles": _source(
        _count("n_samples", 100),
        _amount("noise", 0.0),
        Parameter("factor", ("float",), default=0.8, range="[0, 1)"),
        _RANDOM_STATE,
        input_shape=_constant((2,)),
        classes=_constant(2),
    ),
    "moons": _source(
        _count("n_samples", 100),
        _amount("noise", 0.0),
        _RANDOM_STATE,
        input_shape=_constant((2,)),
        classes=_constant(2),
    ),
    "blobs": _source(
        _count("n_samples", 100),
        _count("n_features", 2),
        Parameter("centers", ("int", "tensor"), default=3),
        Parameter("cluster_std", ("float", "float[]"), default=1.0, range="[0, inf)"),
        _RANDOM_STATE,
        input_shape=_blob_shape,
        classes=_centers,
    ),
    "spirals": _source(
        _count("n_samples", 1000),
        _amount("noise", 0.1),
        _count("centers", 2, low=2),
        _RANDOM_STATE,
        input_shape=_constant((2,)),
        classes=_centers,
    ),
    "xor": _source(
        _count("n_samples", 1000),
        _amount("noise", 0.1),
        _RANDOM_STATE,
        input_shape=_constant((2,)),
        classes=_constant(2),
    ),
    "regression": _source(
        _count("n_samples", 100),
        _count("n_features", 100),
        _count("n_informative", 10, low=0),
        _amount("noise", 0.0),
        _RANDOM_STATE,
        task=Task.REGRESSION,
        input_shape=lambda arguments: (arguments["n_features"],),
        target_range=(-math.inf, math.inf),
    ),
    "adding_problem": _source(
        _count("n_samples", 2000),
        _count("length", 20, low=2),
        _RANDOM_STATE,
        task=Task.REGRESSION,
        input_shape=lambda arguments: (arguments["length"], 2),
        target_range=(0.0, 2.0),
    ),
    "delayed_recall": _source(
        _count("n_samples", 2000),
        _count("length", 10),
        _count("n_symbols", 4, low=2),
        _RANDOM_STATE,
        input_shape=lambda arguments: (arguments["length"],),
        classes=lambda arguments: int(arguments["n_symbols"]),
        tokens=True,
    ),
    "csv": _source(*_TABLE, task=None),
    "parquet": _source(*_TABLE, task=None),
    "npz": _source(
        _PATH,
        Parameter("target", ("str",), default="y"),
        Parameter("features", ("str",), default="x"),
        _VAL_PATH,
        task=None,
    ),
    "image_folder": _source(
        _PATH,
        _VAL_PATH,
        Parameter("size", ("int",), default=32, range="[1, 4096]"),
        Parameter("channels", ("int",), default=3),
        input_shape=lambda arguments: (arguments["channels"], arguments["size"], arguments["size"]),
    ),
    PYTHON: _source(Parameter("factory", ("str",), required=True), task=None),
}


def with_defaults(source: Source, arguments: Arguments) -> dict[str, Any]:
    """The arguments of a source with the defaults of those that are not given."""
    return {name: arguments.get(name, parameter.default) for name, parameter in source.parameters.items()}


def has_tokens(data: DataConfig) -> bool:
    """Whether the rows are known to be token ids."""
    return SOURCES[data.type].tokens
