"""Images in one folder a class, where pillow is installed; it keeps them all in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck_cli.config.schema import Task
from gradcheck_cli.errors import DataError, Problem
from gradcheck_cli.training.data.arguments import Arguments
from gradcheck_cli.training.data.dataset import Array, Rows
from gradcheck_cli.training.data.parquet import import_extra
from gradcheck_cli.training.data.paths import find_folder
from gradcheck_cli.training.data.places import list_places

SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".ppm", ".pgm", ".tif", ".tiff", ".webp"))


def load_image_folder(arguments: Arguments, base: Path) -> Rows:
    """Images `[N, channels, size, size]` with values in [0, 1]; the class is the name of the subfolder.

    `size` (default 32) is the side to which images are resized, `channels` 1 (grey) or 3 (RGB, default).

    Raises:
        DataError: pillow is not installed, the folder has no images, or one of them cannot be read.
    """
    arguments.require("path")
    path, val_path = arguments.text("path", ""), arguments.text("val_path", "")
    size = arguments.integer("size", 32, maximum=4096)
    channels = arguments.value("channels", 3, allowed="1, 3", accepts=lambda value: value in (1, 3))
    arguments.finish()
    folder = find_folder(base, path, key="data.path")
    names = tuple(sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and any(_images_in(entry))))
    if not names:
        hint = "images belong into one subfolder a class, such as path/cat/1.png"
        raise DataError([Problem("data.path", f"{path!r} has no subfolder with images", hint=hint)])
    rows = _read_folder(folder, names, size=size, channels=channels, key="data.path")
    if not val_path:
        return rows
    folder = find_folder(base, val_path, key="data.val_path")
    return replace(rows, validation=_read_folder(folder, names, size=size, channels=channels, key="data.val_path"))


def _images_in(folder: Path) -> Iterator[Path]:
    return (file for file in sorted(folder.iterdir()) if file.suffix.lower() in SUFFIXES)


def _read_folder(folder: Path, names: tuple[str, ...], *, size: int, channels: int, key: str) -> Rows:
    files = [(file, index) for index, name in enumerate(names) for file in _list_class(folder / name)]
    if not files:
        raise DataError([Problem(key, f"{str(folder)!r} has no images", allowed=f"subfolders {', '.join(names)}")])
    images, unreadable = [], []
    pillow = import_extra("PIL.Image", source="image_folder")
    for file, _ in files:
        try:
            images.append(_read_image(pillow, file, size=size, channels=channels))
        except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError) as error:
            unreadable.append(f"{file} ({error})")
    if unreadable:
        raise DataError([Problem(key, f"images cannot be read: {list_places(unreadable)}")])
    labels = np.array([index for _, index in files], dtype=np.int64)
    return Rows(np.stack(images), labels, Task.CLASSIFICATION, class_names=names, source=str(folder))


def _list_class(folder: Path) -> list[Path]:
    return list(_images_in(folder)) if folder.is_dir() else []


def _read_image(pillow: Any, file: Path, *, size: int, channels: int) -> Array:
    with pillow.open(file) as image:
        pixels = np.asarray(image.convert("L" if channels == 1 else "RGB").resize((size, size)), dtype=np.float32)
    return pixels.reshape(size, size, channels).transpose(2, 0, 1) / 255
