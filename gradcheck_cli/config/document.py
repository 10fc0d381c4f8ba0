"""A config file as text, data and positions; it knows YAML but none of the config's keys."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradcheck_cli.config.composer import compose
from gradcheck_cli.config.construction import Place, construct
from gradcheck_cli.config.kinds import name_kind
from gradcheck_cli.config.lines import locate
from gradcheck_cli.config.overrides import Override, apply_overrides
from gradcheck_cli.config.paths import Steps, normalize_steps, split_path
from gradcheck_cli.errors import ConfigError, Problem

MAX_BYTES = 2**20
BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Position:
    """A stretch of text; all numbers from 1, `end_column` is the first column after it."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Document:
    """What was read. It can be pickled.

    Attributes:
        source: The name of the file as the user gave it.
        text: As read, byte order mark and line breaks included.
        data: Plain mappings, lists and scalars; aliases and merge keys written out, `overrides` applied.
        overrides: The `KEY=VALUE` arguments of `--set`.
        problems: What is wrong without keeping the rest from being read, such as duplicate keys; only with
            `parse_document(..., collect=True)`.
    """

    source: str
    text: str
    data: Any
    overrides: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    places: Mapping[Steps, Place] = field(default_factory=dict, repr=False, compare=False)

    def position(self, path: str) -> Position:
        """Where the value at a path is written; where its nearest existing parent is for a path that is not there."""
        place = self._place(path)
        return self._position(place.start, place.end)

    def key_position(self, path: str) -> Position:
        """Where the key at a path is written, or the value itself for an entry of a list."""
        place = self._place(path)
        return self._position(place.key_start, place.key_end)

    def shared(self, path: str) -> bool:
        """Whether the value stands in several places through an alias or a merge key; edits there are refused."""
        return self._place(path).shared

    def hint(self, path: str) -> str:
        """What to write instead of a text that looks like a number or like true or false; empty for other values."""
        place = self.places.get(self._steps(path))
        return place.hint if place else ""

    def override(self, path: str) -> str:
        """The `--set KEY=VALUE` that gave the value at a path, as typed; empty where the file gave it."""
        steps = self._steps(path)
        for argument in reversed(self.overrides):
            key = normalize_steps(split_path(argument.partition("=")[0].strip()), self.data)
            if steps[: len(key)] == key:
                return f"--set {argument}"
        return ""

    def _steps(self, path: str) -> Steps:
        return normalize_steps(split_path(path), self.data)

    def _place(self, path: str) -> Place:
        return nearest_place(self.places, self._steps(path))

    def _position(self, start: int, end: int) -> Position:
        body = self.text.removeprefix(BYTE_ORDER_MARK)
        return Position(*locate(body, start), *locate(body, end))


def nearest_place(places: Mapping[Steps, Place], steps: Steps) -> Place:
    """The place of a value, or of the nearest thing around it that is written."""
    while steps not in places and steps:
        steps = steps[:-1]
    return places[steps]


def read_document(
    path: Path, *, source: str | None = None, overrides: Sequence[str] = (), collect: bool = False
) -> Document:
    """Read a config file.

    Args:
        source: The name to show; default: the path as given.
        overrides: `KEY=VALUE` arguments of `--set`.
        collect: See `parse_document`.

    Raises:
        ConfigError: The file cannot be read, is larger than `MAX_BYTES`, is not UTF-8 or not a YAML mapping.
    """
    text = _decode(_read_bytes(path, name := source or str(path)), name)
    return parse_document(text, source=name, overrides=overrides, collect=collect)


def _read_bytes(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError([Problem("", f"the file {name!r} does not exist")]) from None
    except IsADirectoryError:
        raise ConfigError([Problem("", f"{name!r} is a directory", allowed="a YAML file")]) from None
    except (OSError, ValueError) as error:
        reason = os.strerror(error.errno).lower() if isinstance(error, OSError) and error.errno else str(error)
        raise ConfigError([Problem("", f"the file {name!r} cannot be read: {reason}")]) from None
    if len(content) > MAX_BYTES:
        raise ConfigError([_too_large()])
    return content


def _too_large() -> Problem:
    return Problem("", "the file is larger than 1 MiB", hint="a config that large is a mistake or an attack")


def _decode(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        line, column = locate(before, len(before))
        message = f"the file {name!r} is not UTF-8: byte 0x{content[error.start]:02X} at offset {error.start}"
        raise ConfigError([Problem("", message, hint="save it as UTF-8", line=line, column=column)]) from None


def parse_document(text: str, *, source: str, overrides: Sequence[str] = (), collect: bool = False) -> Document:
    """Read the text of a config file.

    Args:
        source: The name to show.
        overrides: `KEY=VALUE` arguments of `--set`, applied in order.
        collect: Return problems that leave the rest readable (duplicate keys, tags, keys that are not text) in
            `Document.problems` instead of raising, so that they can be reported with those of the config's meaning.

    Raises:
        ConfigError: With everything that is wrong, each with its line.
    """
    if len(text) > MAX_BYTES:
        raise ConfigError([_too_large()])
    body = text.removeprefix(BYTE_ORDER_MARK)
    if (tree := compose(body)) is None:
        raise ConfigError([Problem("", "the file is empty", hint="gradcheck init writes a starter config")])
    construction = construct(tree, body)
    problems = list(construction.problems)
    if not isinstance(construction.data, dict):
        line, column = locate(body, tree.root.start)
        message = (
            f"the file holds {name_kind(construction.data)}; it must be a mapping of keys such as data, model and loss"
        )
        raise ConfigError([*problems, Problem("", message, line=line, column=column)])
    data, applied, faults = apply_overrides(construction.data, overrides)
    if faults or (problems and not collect):
        raise ConfigError([*problems, *faults])
    places = _with_overrides(construction.places, applied)
    return Document(source, text, data, tuple(overrides), tuple(problems), places)


def _with_overrides(places: dict[Steps, Place], applied: Sequence[Override]) -> dict[Steps, Place]:
    for override in applied:
        nearest = nearest_place(places, override.steps)
        places = dict(_without_inner(places, override.steps))
        places[override.steps] = Place(
            nearest.start, nearest.end, nearest.key_start, nearest.key_end, nearest.shared, override.hint
        )
    return places


def _without_inner(places: Mapping[Steps, Place], steps: Steps) -> Iterator[tuple[Steps, Place]]:
    """All places but those inside the value at `steps`, which is no longer the one in the text."""
    return ((key, place) for key, place in places.items() if key[: len(steps)] != steps)
