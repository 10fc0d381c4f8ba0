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
        summary: One sentence.
    """

    parameters: Mapping[str, Parameter]
    task: Task | None = None
    input_shape: Callable[[Arguments], Shape] | None = None
    classes: Callable[[Arguments], int] | None = None
    target_range: tuple[float, float] | None = None
    tokens: bool = False
    summary: str = ""


_HELP = {
    "n_samples": "How many rows are drawn.",
    "n_features": "How many columns there are.",
    "n_informative": "How many columns the target depends on.",
    "noise": "Standard deviation of the noise that is added.",
    "centers": "How many groups there are.",
    "length": "Time steps of a sequence.",
    "n_symbols": "How many different tokens there are.",
}


def _count(name: str, default: int, low: int = 1) -> Parameter:
    return Parameter(name, ("int",), default=default, range=f"[{low}, 1e9]", help=_HELP[name])


def _amount(name: str, default: float) -> Parameter:
    return Parameter(name, ("float",), default=default, range="[0, inf)", help=_HELP[name])


def _source(
    summary: str,
    *parameters: Parameter,
    task: Task | None = Task.CLASSIFICATION,
    input_shape: Callable[[Arguments], Shape] | None = None,
    classes: Callable[[Arguments], int] | None = None,
    target_range: tuple[float, float] | None = None,
    tokens: bool = False,
) -> Source:
    named = {parameter.name: parameter for parameter in parameters}
    return Source(named, task, input_shape, classes, target_range, tokens, summary)


def _constant(value: Any) -> Callable[[Arguments], Any]:
    return lambda _: value


def _centers(arguments: Arguments) -> int:
    centers = arguments["centers"]
    return len(centers) if isinstance(centers, list) else int(centers)


def _blob_shape(arguments: Arguments) -> Shape:
    centers = arguments["centers"]
    return (len(centers[0]) if isinstance(centers, list) else int(arguments["n_features"]),)


_RANDOM_STATE = Parameter(
    "random_state",
    ("int",),
    default=0,
    range="[0, 4294967295]",
    help="Seed of the generator; the seed at the top changes only what comes after.",
)
_PATH = Parameter("path", ("str",), required=True, help="The file or folder, relative to this config.")
_VAL_PATH = Parameter("val_path", ("str", "null"), help="A second file or folder, with the validation rows.")
_TABLE = (
    _PATH,
    Parameter("target", ("str", "str[]"), required=True, help="The column to predict, or several."),
    Parameter("features", ("str", "str[]", "null"), help="The columns to learn from; all others if left out."),
    _VAL_PATH,
)

PYTHON = "python"
"""The source whose rows the user's own code makes; beside `factory` it takes `args`."""

SOURCES: Mapping[str, Source] = {
    "digits": _source(
        "1,797 handwritten digits of 8 x 8 pixels, in 10 classes.",
        Parameter(
            "image", ("bool",), default=False, help="Give each row as an image [1, 8, 8] in place of 64 features."
        ),
        input_shape=lambda arguments: (1, 8, 8) if arguments["image"] else (64,),
        classes=_constant(10),
    ),
    "breast_cancer": _source(
        "569 tumours by 30 measurements, in 2 classes.", input_shape=_constant((30,)), classes=_constant(2)
    ),
    "wine": _source("178 wines by 13 measurements, in 3 classes.", input_shape=_constant((13,)), classes=_constant(3)),
    "iris": _source("150 flowers by 4 measurements, in 3 classes.", input_shape=_constant((4,)), classes=_constant(3)),
    "diabetes": _source(
        "442 patients by 10 measurements; the target is a number.",
        task=Task.REGRESSION,
        input_shape=_constant((10,)),
        target_range=(25.0, 346.0),
    ),
    "circles": _source(
        "Two circles, one inside the other.",
        _count("n_samples", 100),
        _amount("noise", 0.0),
        Parameter(
            "factor", ("float",), default=0.8, range="[0, 1)", help="Size of the inner circle beside the outer one."
        ),
        _RANDOM_STATE,
        input_shape=_constant((2,)),
        classes=_constant(2),
    ),
    "moons": _source(
        "Two half circles that reach into each other.",
        _count("n_samples", 100),
        _amount("noise", 0.0),
        _RANDOM_STATE,
        input_shape=_constant((2,)),
        classes=_constant(2),
    ),
    "blobs": _source(
        "Groups of points, one class each.",
        _count("n_samples", 100),
        _count("n_features", 2),
        Parameter("centers", ("int", "tensor"), default=3, help="How many groups there are, or where they lie."),
        Parameter(
            "cluster_std", ("float", "float[]"), default=1.0, range="[0, inf)", help="Standard deviation of each group."
        ),
        _RANDOM_STATE,
        input_shape=_blob_shape,
        classes=_centers,
    ),
    "spirals": _source(
        "Spirals that turn around each other, one class each.",
        _count("n_samples", 1000),
        _amount("noise", 0.1),
        _count("centers", 2, low=2),
        _RANDOM_STATE,
        input_shape=_constant((2,)),
        classes=_centers,
    ),
    "xor": _source(
        "Points whose class is whether their two coordinates have one sign.",
        _count("n_samples", 1000),
        _amount("noise", 0.1),
        _RANDOM_STATE,
        input_shape=_constant((2,)),
        classes=_constant(2),
    ),
    "regression": _source(
        "A linear target over random columns.",
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
        "Sequences of numbers and marks; the target is the sum of the two marked numbers.",
        _count("n_samples", 2000),
        _count("length", 20, low=2),
        _RANDOM_STATE,
        task=Task.REGRESSION,
        input_shape=lambda arguments: (arguments["length"], 2),
        target_range=(0.0, 2.0),
    ),
    "delayed_recall": _source(
        "Sequences of tokens; the class is the first of them.",
        _count("n_samples", 2000),
        _count("length", 10),
        _count("n_symbols", 4, low=2),
        _RANDOM_STATE,
        input_shape=lambda arguments: (arguments["length"],),
        classes=lambda arguments: int(arguments["n_symbols"]),
        tokens=True,
    ),
    "csv": _source("A table as text, with a row of names.", *_TABLE, task=None),
    "parquet": _source("A table in the format of Apache Parquet.", *_TABLE, task=None),
    "npz": _source(
        "Arrays that numpy.savez wrote.",
        _PATH,
        Parameter("target", ("str",), default="y", help="The array to predict."),
        Parameter("features", ("str",), default="x", help="The array to learn from."),
        _VAL_PATH,
        task=None,
    ),
    "image_folder": _source(
        "Images, a folder for each class.",
        _PATH,
        _VAL_PATH,
        Parameter(
            "size", ("int",), default=32, range="[1, 4096]", help="Width and height to which each image is scaled."
        ),
        Parameter("channels", ("int",), default=3, help="3 for colours, 1 for grey."),
        input_shape=lambda arguments: (arguments["channels"], arguments["size"], arguments["size"]),
    ),
    PYTHON: _source(
        "Datasets that a function of your own returns; running it needs --allow-import.",
        Parameter("factory", ("str",), required=True, help="The function, as package.module:function."),
        task=None,
    ),
}


def with_defaults(source: Source, arguments: Arguments) -> dict[str, Any]:
    """The arguments of a source with the defaults of those that are not given."""
    return {name: arguments.get(name, parameter.default) for name, parameter in source.parameters.items()}


def has_tokens(data: DataConfig) -> bool:
    """Whether the rows are known to be token ids."""
    return SOURCES[data.type].tokens
