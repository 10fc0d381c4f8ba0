"""Reads what the docstring of a torch class or function says of its arguments; it decides nothing about them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from gradcheck_cli.training.signature_reader import clean_text

_SECTION = re.compile(r"(?:Keyword )?(?:Args|Arguments|Parameters)(?: *\(.*\))?:", re.IGNORECASE)
_ENTRY = re.compile(r"(?P<names>\*{0,2}\w+(?:, \w+)*)(?: *\([^)]*\)+)?: *(?P<text>.*)")
_DEFAULT = re.compile(r"\s*[(,.]?\s*\(?(?:by )?\bdefaults?\b\s*(?:[:=]|to\b|is\b|if\b).*", re.IGNORECASE)
_LONGEST = 220
_NOTHING_SAID = ("Has a default",)


def read_argument_help(target: Any) -> dict[str, str]:
    """The first sentence on each argument, by name, without its default; none where it is long or not told."""
    helps: dict[str, str] = {}
    for names, text in _read_entries(inspect.cleandoc(target.__doc__ or "").split("\n")):
        sentence = _first_sentence(text)
        if sentence and len(sentence) <= _LONGEST and not sentence.startswith(_NOTHING_SAID):
            helps |= dict.fromkeys(re.split(r", ", names), sentence)
    return helps


def _read_entries(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Names and text of the entries below each `Args:`; continuation lines stand deeper than the entry."""
    is_inside, depth = False, 0
    found: list[tuple[str, list[str]]] = []
    for line in filter(str.strip, lines):
        text, indent = line.strip(), len(line) - len(line.lstrip())
        if not indent:
            is_inside, depth = bool(_SECTION.fullmatch(text)), 0
            continue
        entry = _ENTRY.match(text) if is_inside and indent <= (depth or indent) else None
        if entry:
            depth = indent
            found.append((entry["names"].lstrip("*"), [entry["text"]]))
        elif is_inside and found and indent > depth:
            found[-1][1].append(text)
    return ((names, " ".join(parts)) for names, parts in found)


def _first_sentence(text: str) -> str:
    plain = _DEFAULT.sub("", clean_text(text), count=1)
    first = re.split(r"(?<=[a-z)\]])[.;](?:\s|$)", plain, maxsplit=1)[0].strip().rstrip(".,:;( ")
    return f"{first[:1].upper()}{first[1:]}." if first else ""
