"""Reads plain values of the command line without loading pydantic; what it cannot read is left to typer.

Typer turns every argument into its type by a pydantic adapter, which takes longer to load and to build than `lint`
takes to read a config. A text, a flag or a word of a closed set needs none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

from typer.core import TyperCommand, TyperGroup

from gradcheck_cli.cli.baseline_argument import fill_baseline

_SLOT = "_runtime_param"
"""Where typer keeps the adapter of a parameter, None until it is needed. Versions without it read values themselves."""
_LONGEST_COUNT = 18


class QuickCommand(TyperCommand):
    """A command whose parameters are read plainly where they can be."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As typer does, with the quick readers in place."""
        _read_plainly(self.get_params(ctx))
        return super().parse_args(ctx, fill_baseline(args))


class QuickGroup(TyperGroup):
    """The same for the options before the name of a command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As typer does, with the quick readers in place."""
        _read_plainly(self.get_params(ctx))
        return super().parse_args(ctx, args)


def _read_plainly(parameters: Iterable[Any]) -> None:
    for parameter in parameters:
        if getattr(parameter, _SLOT, False) is None:
            setattr(parameter, _SLOT, _PlainFirst())


class _PlainFirst:
    """Stands in for typer's adapter until a value comes that is not plain; typer then judges and words the error."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """`value` as the type that the parameter is declared with."""
        is_list = param.multiple or param.nargs == -1
        if value is None:
            return () if is_list else None
        try:
            return _read(value, param.type_descriptor.annotation, param.type_descriptor.parameter_info)
        except _NotPlainError:
            setattr(param, _SLOT, None)
            return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


class _NotPlainError(Exception):
    """A value needs typer's own reading."""


def _read(value: Any, annotation: Any, info: Any) -> Any:
    """A value of the command line, or a default, as `annotation`.

    Args:
        info: What the option was declared with.

    Raises:
        _NotPlainError: It is anything but a text, a path, a whole number within its limits or a word of an enumeration,
            or lists of those; or the option asks for more than the type.
    """
    if info.parser is not None or not info.case_sensitive or _looks_at_the_disk(info):
        raise _NotPlainError
    if get_origin(annotation) is list and isinstance(value, Sequence) and not isinstance(value, str):
        return [_read(item, get_args(annotation)[0], info) for item in value]
    if annotation is str and isinstance(value, str):
        return value
    if annotation is Path and isinstance(value, str | Path):
        return Path(value)
    if annotation is int:
        return _read_count(value, info)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        found = next((member for member in annotation if value in (member, member.value)), None)
        if found is not None:
            return found
    raise _NotPlainError


def _looks_at_the_disk(info: Any) -> bool:
    return bool(info.exists or info.resolve_path or info.writable or not (info.file_okay and info.dir_okay))


def _read_count(value: Any, info: Any) -> int:
    """Digits as a number, where it lies within the limits of the option."""
    is_digits = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < _LONGEST_COUNT
    number = int(value) if is_digits else value
    if type(number) is not int:
        raise _NotPlainError
    if (info.min is not None and number < info.min) or (info.max is not None and number > info.max):
        raise _NotPlainError
    return number
