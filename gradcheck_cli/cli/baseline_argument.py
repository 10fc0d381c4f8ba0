"""The one option whose value may be left out; typer knows none, so that its value is filled in before typer reads."""

from __future__ import annotations

from collections.abc import Sequence

WRITE_BASELINE = "--write-baseline"
DEFAULT_BASELINE = ".gradcheck-baseline.json"
_SUFFIX = ".json"


def fill_baseline(arguments: Sequence[str]) -> list[str]:
    """`--write-baseline` with an empty value where it has none; only a word that ends in `.json` is taken for one."""
    filled: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*filled, word, *rest]
        if word == WRITE_BASELINE:
            value = rest.pop(0) if rest and rest[0].endswith(_SUFFIX) and not rest[0].startswith("-") else ""
            word = f"{word}={value}"
        filled.append(word)
    return filled
