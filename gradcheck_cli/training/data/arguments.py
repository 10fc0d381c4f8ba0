"""Reads the arguments of a data source and gathers what is wrong with them; it knows no source."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from gradcheck_cli.errors import DataError, Problem

T = TypeVar("T")

MOST_VALUES = 250_000_000
"""Of a generated data set: 2 GB in double precision."""


def suggest(name: str, candidates: Iterable[str]) -> str:
    """`did you mean 'x'?` for the nearest candidate, or an empty string."""
    near = difflib.get_close_matches(name, list(candidates), n=1)
    return f"did you mean {near[0]!r}?" if near else ""


class Arguments:
    """The arguments of one source; each is read once, and `finish` raises whatever was wrong with any of them."""

    def __init__(self, source: str, given: Mapping[str, Any]) -> None:
        self.source = source
        self._given = dict(given)
        self._known: list[str] = []
        self.problems: list[Problem] = []

    def reject(self, name: str, message: str, *, allowed: str = "", hint: str = "") -> None:
        """Remember a problem with one argument."""
        self.problems.append(Problem(f"data.{name}", message, allowed=allowed, hint=hint))

    def integer(self, name: str, default: int, *, minimum: int = 1, maximum: int = 10**9) -> int:
        """A whole number; the default where it is missing or wrong."""
        return self.value(
            name,
            default,
            allowed=f"a whole number from {minimum} to {maximum}",
            accepts=lambda value: _is_whole(value) and minimum <= value <= maximum,
        )

    def number(self, name: str, default: float, *, minimum: float = 0.0, below: float = math.inf) -> float:
        """A finite number of at least `minimum` and less than `below`."""
        limit = f", less than {below:g}" if math.isfinite(below) else ""
        accepted = self.value(
            name,
            default,
            allowed=f"a number of at least {minimum:g}{limit}",
            accepts=lambda value: _is_finite(value) and minimum <= value < below,
        )
        return float(accepted)

    def flag(self, name: str, default: bool) -> bool:
        """True or false."""
        return self.value(name, default, allowed="true, false", accepts=lambda value: isinstance(value, bool))

    def text(self, name: str, default: str) -> str:
        """A string that is not empty."""
        return self.value(name, default, allowed="a name", accepts=lambda value: isinstance(value, str) and value != "")

    def names(self, name: str) -> tuple[str, ...]:
        """A string or a list of strings; an empty tuple where it is left out."""
        given: str | list[str] = self.value(name, [], allowed="a name or a list of names", accepts=_is_names)
        return (given,) if isinstance(given, str) else tuple(given)

    def value(self, name: str, default: T, *, allowed: str, accepts: Callable[[Any], bool]) -> T:
        """The value of an argument; the default where it is missing, null, or not accepted."""
        self._known.append(name)
        value = self._given.get(name)
        if value is None:
            return default
        if not accepts(value):
            self.reject(name, f"{value!r} is not possible here", allowed=allowed)
            return default
        return cast("T", value)

    def require(self, *names: str) -> None:
        """Remember a problem for each of these arguments that is missing."""
        for name in names:
            if self._given.get(name) is None:
                self.reject(name, f"is missing; the source {self.source!r} needs it")

    def limit_size(self, *sizes: int) -> None:
        """Remember a problem where a generated array of these sizes would have more than `MOST_VALUES` values."""
        if math.prod(sizes) > MOST_VALUES:
            shown = " x ".join(map(str, sizes))
            self.reject("n_samples", f"{shown} values do not fit into memory", allowed=f"{MOST_VALUES} values in all")

    def finish(self) -> None:
        """Raise what was gathered.

        Raises:
            DataError: An argument is unknown, missing or wrong.
        """
        for name in self._given:
            if name not in self._known:
                allowed = ", ".join(self._known) or "no arguments of its own"
                self.reject(
                    name,
                    f"{name!r} is no argument of the source {self.source!r}",
                    allowed=allowed,
                    hint=suggest(str(name), self._known),
                )
        if self.problems:
            raise DataError(self.problems)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_names(value: Any) -> bool:
    if isinstance(value, str):
        return value != ""
    return isinstance(value, (list, tuple)) and len(value) > 0 and all(isinstance(v, str) and v for v in value)
