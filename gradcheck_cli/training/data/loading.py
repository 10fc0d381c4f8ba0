"""The data of a config, loaded, split and scaled; it is the one way from a `DataConfig` to a `Dataset`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from gradcheck_cli.config.schema import DataConfig, Task
from gradcheck_cli.errors import DataError, Problem
from gradcheck_cli.recording.data_profile import DataProfile
from gradcheck_cli.training.data.arguments import Arguments, suggest
from gradcheck_cli.training.data.arrays import load_npz
from gradcheck_cli.training.data.csv_text import open_csv
from gradcheck_cli.training.data.dataset import Array, Dataset, Rows
from gradcheck_cli.training.data.embedded import EMBEDDED, load_embedded
from gradcheck_cli.training.data.generators import load_blobs, load_circles, load_moons, load_regression
from gradcheck_cli.training.data.image_folder import load_image_folder
from gradcheck_cli.training.data.missing import fill_with_means, settle_missing, take_rows
from gradcheck_cli.training.data.parquet import open_parquet
from gradcheck_cli.training.data.profile import profile_data
from gradcheck_cli.training.data.scaling import fit_scaling
from gradcheck_cli.training.data.sequences import load_adding_problem, load_delayed_recall
from gradcheck_cli.training.data.shapes import load_spirals, load_xor
from gradcheck_cli.training.data.splitting import split_rows
from gradcheck_cli.training.data.table import Selection, Table, read_rows
from gradcheck_cli.training.streams import Stream, derive_seed

BUILT_IN: dict[str, Callable[[Arguments], Rows]] = {
    **dict.fromkeys(EMBEDDED, load_embedded),
    "circles": load_circles,
    "moons": load_moons,
    "blobs": load_blobs,
    "spirals": load_spirals,
    "xor": load_xor,
    "regression": load_regression,
    "adding_problem": load_adding_problem,
    "delayed_recall": load_delayed_recall,
}
TABLES: dict[str, Callable[..., Table]] = {"csv": open_csv, "parquet": open_parquet}
SOURCES = (*BUILT_IN, *TABLES, "npz", "image_folder")

Ints = NDArray[np.int64]


def load_data(config: DataConfig, *, base: Path, seed: int, made: Rows | None = None) -> Dataset:
    """Load, split and scale the data of a run; equal arguments give equal bits.

    Args:
        config: Source and common keys.
        base: The folder that relative paths start from.
        seed: Drives the split and the label noise, through streams of their own.
        made: Rows that come from no source; those of the source where None.

    Raises:
        DataError: The data cannot be loaded or used; with all problems that could be seen at once.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            rows = load_rows(config, base) if made is None else made
            return _prepare(settle_missing(rows, config.missing), config, seed)
    except MemoryError as error:
        raise DataError(
            [Problem("data", "the data does not fit into memory", hint="set `data.max_samples`")]
        ) from error


def load_rows(config: DataConfig, base: Path) -> Rows:
    """All rows of the source, not split, missing cells as NaN.

    Raises:
        DataError: The source is unknown, or cannot be loaded.
    """
    arguments = Arguments(config.type, config.arguments)
    if config.type in BUILT_IN:
        return BUILT_IN[config.type](arguments)
    if config.type in TABLES:
        return _load_table(TABLES[config.type], arguments, base, config.task)
    if config.type == "npz":
        return load_npz(arguments, base, config.task)
    if config.type == "image_folder":
        return load_image_folder(arguments, base)
    hint = suggest(config.type, SOURCES)
    message = f"{config.type!r} is no data source"
    raise DataError([Problem("data.type", message, allowed=", ".join(SOURCES), hint=hint)])


def _load_table(opener: Callable[..., Table], arguments: Arguments, base: Path, task: Task | None) -> Rows:
    arguments.require("path", "target")
    path, val_path = arguments.text("path", ""), arguments.text("val_path", "")
    selection = Selection(arguments.names("target"), arguments.names("features"), task)
    arguments.finish()
    validation = opener(base, val_path, key="data.val_path") if val_path else None
    return read_rows(opener(base, path, key="data.path"), selection, validation=validation)


def _prepare(rows: Rows, config: DataConfig, seed: int) -> Dataset:
    _check_options(rows, config)
    train, validation = _split(rows, config, seed)
    profile = profile_data(train, validation, config)
    _check_classes(train, profile)
    x_train, x_validation = fill_with_means(train.x, validation.x)
    if config.standardize:
        inputs = fit_scaling(x_train)
        x_train, x_validation = inputs.standardize_inputs(x_train), inputs.standardize_inputs(x_validation)
    y_train, y_validation = train.y, validation.y
    if config.label_noise:
        y_train = redraw_labels(
            y_train, len(rows.class_names), config.label_noise, generator=_stream(seed, Stream.NOISE)
        )
    targets = fit_scaling(y_train) if config.standardize_target else None
    if targets is not None:
        y_train, y_validation = targets.standardize(y_train), targets.standardize(y_validation)
    return Dataset(
        x_train=_as_input(x_train),
        y_train=_as_target(y_train, rows.task),
        x_validation=_as_input(x_validation),
        y_validation=_as_target(y_validation, rows.task),
        task=rows.task,
        classes=len(rows.class_names) if rows.task is Task.CLASSIFICATION else None,
        class_names=rows.class_names,
        feature_names=rows.feature_names,
        target_mean=targets.mean if targets is not None else None,
        target_scale=targets.scale if targets is not None else None,
        profile=profile,
        notes=tuple(dict.fromkeys(rows.notes + (rows.validation.notes if rows.validation is not None else ()))),
    )


def redraw_labels(labels: Ints, classes: int, share: float, *, generator: Generator) -> Ints:
    """The labels `[N]` with `round(share * N)` of them redrawn uniformly from all classes, the old one included."""
    chosen = generator.permutation(len(labels))[: round(share * len(labels))]
    noisy = labels.copy()
    noisy[chosen] = generator.integers(0, classes, size=len(chosen))
    return noisy


def _stream(seed: int, stream: Stream) -> Generator:
    return np.random.default_rng(derive_seed(seed, stream))


def _split(rows: Rows, config: DataConfig, seed: int) -> tuple[Rows, Rows]:
    if rows.validation is not None:
        config = replace(config, val_fraction=0.0)
    split = split_rows(rows, config, generator=_stream(seed, Stream.SPLIT))
    validation = rows.validation if rows.validation is not None else take_rows(rows, split.validation)
    return take_rows(rows, split.train), validation


def _check_options(rows: Rows, config: DataConfig) -> None:
    problems = []
    if config.standardize and np.issubdtype(rows.x.dtype, np.integer):
        problems.append(Problem("data.standardize", "the inputs are token ids, which have no mean", allowed="false"))
    if config.standardize_target and rows.task is Task.CLASSIFICATION:
        problems.append(Problem("data.standardize_target", "the targets are classes", allowed="false for classes"))
    if config.label_noise and rows.task is Task.REGRESSION:
        problems.append(Problem("data.label_noise", "the targets are numbers", allowed="0 for a regression"))
    if config.task is not None and config.task is not rows.task:
        message = f"{config.task.value!r} does not fit the source {config.type!r}"
        problems.append(Problem("data.task", message, allowed=rows.task.value))
    if problems:
        raise DataError(problems)


def _check_classes(train: Rows, profile: DataProfile) -> None:
    if train.task is not Task.CLASSIFICATION:
        return
    present = np.unique(train.y)
    if len(present) < 2:
        name = train.class_names[int(present[0])]
        message = f"all {len(train)} training rows are of the class {name!r}"
        raise DataError([Problem("data", message, allowed="2 or more")], profile)


def _as_input(x: Array) -> Array:
    wanted = np.int64 if np.issubdtype(x.dtype, np.integer) else np.float32
    return np.ascontiguousarray(x, dtype=wanted)


def _as_target(y: Array, task: Task) -> Array:
    return np.ascontiguousarray(y, dtype=np.int64 if task is Task.CLASSIFICATION else np.float32)
