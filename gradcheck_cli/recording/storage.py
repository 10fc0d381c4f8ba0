"""A `History` to one file and back, equal to the last bit; it never imports torch."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from gradcheck_cli.errors import RunFolderError
from gradcheck_cli.recording.history import History
from gradcheck_cli.recording.plain_values import Arrays, PlainValueError, from_plain, to_plain
from gradcheck_cli.recording.replacing import replace_file

HISTORY_FILE = "history.safetensors"
FORMAT = "gradcheck-history"
VERSION = 1
"""Raised when an older reader could misread what is written; added fields do not need it."""


def save_history(history: History, folder: Path) -> None:
    """Write `history.safetensors`: the arrays as tensors, all else as JSON in the file's metadata.

    Raises:
        RunFolderError: The folder cannot be written.
    """
    arrays: Arrays = {}
    plain = json.dumps(to_plain(history, arrays), allow_nan=False)
    metadata = {"format": FORMAT, "version": str(VERSION), "history": plain}
    try:
        replace_file(folder / HISTORY_FILE, save(arrays, metadata))
    except OSError as error:
        raise RunFolderError(f"{folder / HISTORY_FILE} cannot be written: {error.strerror or error}") from error


def load_history(folder: Path) -> History:
    """Read back what `save_history` wrote into the folder.

    Raises:
        RunFolderError: There is no history, it is damaged, or a newer version wrote it.
    """
    path = folder / HISTORY_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RunFolderError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        metadata = _read_metadata(content)
        _check_format(metadata, path)
        return from_plain(History, json.loads(metadata["history"]), load(content))
    except (SafetensorError, PlainValueError, ValueError, KeyError, RecursionError) as error:
        raise RunFolderError(f"{path} is damaged: {error}") from error


def histories_equal(first: Any, second: Any) -> bool:
    """Whether two histories, or parts of them, hold the same; NaN equals NaN, and arrays must agree in type."""
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return _arrays_equal(first, second)
    if dataclasses.is_dataclass(first) and not isinstance(first, type):
        return type(first) is type(second) and all(
            histories_equal(getattr(first, field.name), getattr(second, field.name))
            for field in dataclasses.fields(first)
        )
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(histories_equal(first[key], second[key]) for key in first)
    if isinstance(first, (tuple, list)):
        same_shape = type(first) is type(second) and len(first) == len(second)
        return same_shape and all(map(histories_equal, first, second))
    if isinstance(first, float) and isinstance(second, float):
        return first == second or (first != first and second != second)
    return bool(first == second) and (isinstance(first, Enum) or type(first) is type(second))


def _arrays_equal(first: Any, second: Any) -> bool:
    if not (isinstance(first, np.ndarray) and isinstance(second, np.ndarray)) or first.dtype != second.dtype:
        return False
    return np.array_equal(first, second, equal_nan=first.dtype.kind == "f")


def _read_metadata(content: bytes) -> dict[str, Any]:
    """The metadata of a safetensors file: its header is JSON, 8 bytes of length before it.

    Source: https://huggingface.co/docs/safetensors/index, "Format".
    """
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    return metadata if isinstance(metadata, dict) else {}


def _check_format(metadata: Mapping[str, Any], path: Path) -> None:
    if metadata.get("format") != FORMAT:
        raise RunFolderError(f"{path} was not written by gradcheck")
    if int(metadata["version"]) > VERSION:
        raise RunFolderError(f"{path} has version {metadata['version']}; this gradcheck reads up to {VERSION}")
