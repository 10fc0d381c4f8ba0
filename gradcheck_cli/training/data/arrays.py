"""A numpy archive (`.npz`) into rows; it refuses pickled objects."""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from gradcheck_cli.config.schema import Task
from gradcheck_cli.errors import DataError, Problem
from gradcheck_cli.training.data.arguments import Arguments, suggest
from gradcheck_cli.training.data.dataset import Array, Rows
from gradcheck_cli.training.data.labels import encode_labels, guess_task
from gradcheck_cli.training.data.paths import find_file

# What zlib, zipfile (RuntimeError: encrypted) and numpy (ValueError: object arrays, bad headers) raise on bad archives.
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    KeyError,
    RuntimeError,
    OverflowError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def load_npz(arguments: Arguments, base: Path, task: Task | None) -> Rows:
    """The arrays `x` and `y` of an archive, and `x_val` and `y_val` where it has them.

    `features` and `target` name other keys than `x` and `y` (validation keys then follow as `<key>_val`); `val_path`
    names a second archive with the validation rows under the same keys. Inputs `[N, ...]`: signed integers of 32 or
    64 bits that are not negative are token ids, all else are numbers. Targets `[N]` or `[N, K]`.

    Raises:
        DataError: A file cannot be read, a key is missing, or shapes do not fit together.
    """
    arguments.require("path")
    path, val_path = arguments.text("path", ""), arguments.text("val_path", "")
    x_key, y_key = arguments.text("features", "x"), arguments.text("target", "y")
    arguments.finish()
    arrays = _read_archive(base, path, key="data.path")
    pairs = [_take_pair(arrays, x_key, y_key, path=path, key="data.path")]
    if val_path:
        more = _read_archive(base, val_path, key="data.val_path")
        pairs.append(_take_pair(more, x_key, y_key, path=val_path, key="data.val_path"))
    elif {f"{x_key}_val", f"{y_key}_val"} & arrays.keys():
        pairs.append(_take_pair(arrays, f"{x_key}_val", f"{y_key}_val", path=path, key="data.path"))
    _check_inputs([x for x, _ in pairs])
    return join_pairs(pairs, task, source=path)


def _read_archive(base: Path, path: str, *, key: str) -> dict[str, Array]:
    file = find_file(base, path, key=key)
    try:
        # numpy leaves a file that it opened itself open when it turns out to be damaged.
        with file.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            arrays = {name: archive[name] for name in archive.files} if hasattr(archive, "files") else None
    except _UNREADABLE as error:
        message = f"{path} cannot be read as a numpy archive: {error}"
        raise DataError([Problem(key, message, allowed="an .npz file without pickled objects")]) from error
    if arrays is None:
        raise DataError([Problem(key, f"{path} is a single array", hint="save inputs and targets with numpy.savez")])
    return arrays


def _take_pair(arrays: dict[str, Array], x_key: str, y_key: str, *, path: str, key: str) -> tuple[Array, Array]:
    problems = [
        Problem(key, f"{path} has no array {name!r}", allowed=", ".join(arrays), hint=suggest(name, arrays))
        for name in (x_key, y_key)
        if name not in arrays
    ]
    if problems:
        raise DataError(problems)
    x, y = arrays[x_key], arrays[y_key]
    problems = [
        *_check_values(x_key, x, "biuf", path=path, key=key),
        *_check_values(y_key, y, "biufUS", path=path, key=key),
    ]
    if x.ndim < 2:
        problems.append(Problem(key, f"{path}: {x_key!r} has the shape {list(x.shape)}", allowed="[N, ...]"))
    elif len(x) != len(y) or y.ndim > 2:
        message = f"{path}: {x_key!r} has the shape {list(x.shape)}, {y_key!r} {list(y.shape)}"
        problems.append(Problem(key, message, allowed="[N, ...] and [N] or [N, K] of as many rows"))
    if problems:
        raise DataError(problems)
    return x, y.reshape(len(y)) if y.size == len(y) else y


def _check_values(name: str, array: Array, kinds: str, *, path: str, key: str) -> list[Problem]:
    """`kinds` are numpy's letters for the kinds of values that are allowed."""
    if array.ndim == 0 or array.size == 0:
        return [Problem(key, f"{path}: {name!r} is empty or a single number", allowed="one entry a row")]
    if array.dtype.kind not in kinds:
        return [Problem(key, f"{path}: {name!r} holds {array.dtype} values", allowed="integers or real numbers")]
    return []


def _check_inputs(inputs: list[Array]) -> None:
    shapes = {x.shape[1:] for x in inputs}
    if len(shapes) > 1:
        message = (
            f"training rows have the shape {list(inputs[0].shape[1:])}, validation rows {list(inputs[1].shape[1:])}"
        )
        raise DataError([Problem("data.path", message, allowed="the same shape")])


def join_pairs(pairs: list[tuple[Array, Array]], task: Task | None, *, source: str) -> Rows:
    """Inputs `[N, ...]` and targets of the training rows, and of the validation rows where there are some, as rows.

    Raises:
        DataError: The targets do not fit the task.
    """
    inputs = _as_inputs([x for x, _ in pairs])
    targets = [y for _, y in pairs]
    texts = [list(map(str, y.tolist())) if y.ndim == 1 else [] for y in targets]
    notes: tuple[str, ...] = ()
    if task is None:
        task, notes = _guess_task(targets[0], texts[0])
    if task is Task.CLASSIFICATION:
        if targets[0].ndim != 1:
            message = f"targets have the shape {list(targets[0].shape)}"
            raise DataError([Problem("data.task", message, allowed="class labels [N] for a classification")])
        labels = encode_labels([["" if text == "nan" else text for text in part] for part in texts], notes=notes)
        targets, names = list(labels.parts), labels.class_names
    else:
        targets, names = [_as_numbers(y) for y in targets], ()
    parts = [
        Rows(x, y, task, class_names=names, source=source, notes=notes) for x, y in zip(inputs, targets, strict=True)
    ]
    return parts[0] if len(parts) == 1 else replace(parts[0], validation=parts[1])


def _guess_task(y: Array, texts: list[str]) -> tuple[Task, tuple[str, ...]]:
    if y.dtype.kind == "f" or y.ndim > 1:
        return Task.REGRESSION, ()
    return guess_task(texts, several=False)


def _as_inputs(inputs: list[Array]) -> list[Array]:
    """Token ids as int64 where all parts hold them, else floating point."""
    if all(x.dtype in (np.int32, np.int64) and int(x.min()) >= 0 for x in inputs):
        return [x.astype(np.int64) for x in inputs]
    return [x if x.dtype in (np.float32, np.float64) else x.astype(np.float64) for x in inputs]


def _as_numbers(y: Array) -> Array:
    try:
        return y.reshape(len(y), -1).astype(np.float64)
    except ValueError as error:
        raise DataError([Problem("data.task", f"the targets are text: {error}", allowed="classification")]) from error
