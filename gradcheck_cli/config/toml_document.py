"""A table of a TOML file as a `Document`, so that its keys are checked with the same words as those of a config.

It knows no key. Python's TOML reader gives no positions; lines are found by reading table headers and keys once more.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

from gradcheck_cli.config.construction import Place
from gradcheck_cli.config.document import Document
from gradcheck_cli.config.paths import Steps
from gradcheck_cli.config.syntax import problem_at
from gradcheck_cli.errors import ConfigError

_LINE = re.compile(r"[^\n]*\n?")
_HEADER = re.compile(r"\s*\[\[?(?P<key>[^\[\]]+)\]\]?\s*(?:#.*)?")
_ENTRY = re.compile(r"\s*(?P<key>(?:[\w.-]|\s*\.\s*|\"[^\"]*\"|'[^']*')+?)\s*=")
_POSITION = re.compile(r"\s*\(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)")


def parse_toml(text: str, *, source: str, table: Sequence[str] = ()) -> Document | None:
    """The table as a document whose paths begin below it; None where the file has no such table.

    Args:
        source: The name of the file to show.
        table: Its keys, such as `tool` and `gradcheck`; none for the whole file.

    Raises:
        ConfigError: The text is not TOML.
    """
    try:
        data: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_explain(error, text)]) from None
    for key in table:
        data = data.get(key) if isinstance(data, dict) else None
    if data is None:
        return None
    places: dict[Steps, Place] = {(): Place(0, 0, 0, 0, shared=False)}
    for steps, place in _find_places(text, tuple(table)):
        places.setdefault(steps, place)
    return Document(source, text, data, places=places)


def _explain(error: tomllib.TOMLDecodeError, text: str) -> Any:
    message = str(error)
    found = _POSITION.search(message)
    offset = len(text)
    if found and found["line"]:
        before = text.split("\n")[: int(found["line"]) - 1]
        offset = sum(len(line) + 1 for line in before) + int(found["column"]) - 1
    reason = _POSITION.sub("", message)
    return problem_at(text, min(offset, len(text)), f"this is not valid TOML: {reason[:1].lower()}{reason[1:]}")


def _find_places(text: str, table: Steps) -> Iterator[tuple[Steps, Place]]:
    """Where the headers and keys below a table are written, by their steps from it."""
    current: Steps = ()
    for line in _LINE.finditer(text):
        if header := _HEADER.fullmatch(line.group().rstrip("\n")):
            current = _read_key(header["key"])
            key, start = current, line.start() + header.start("key")
        elif (entry := _ENTRY.match(line.group())) and _overlap(current, table):
            key, start = (*current, *_read_key(entry["key"])), line.start() + entry.start("key")
        else:
            continue
        for length in range(len(table), len(key) + 1):
            if key[: len(table)] == table:
                end = start + len(line.group().strip())
                yield key[len(table) : length], Place(start, end, start, end, shared=False)


def _overlap(one: Steps, other: Steps) -> bool:
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _read_key(text: str) -> Steps:
    """A dotted key as steps; none where the text is no key, as inside a string of several lines."""
    try:
        data = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    steps: list[str] = []
    while isinstance(data, dict):
        step, data = next(iter(data.items()))
        steps.append(step)
    return tuple(steps)
