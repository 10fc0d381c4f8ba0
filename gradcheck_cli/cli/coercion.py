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
"""Where typer from 0.28 on keeps the adapter of a parameter, None until it is needed; earlier versions have none."""


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
        info, is_list = param.type_descriptor.parameter_info, param.multiple or param.nargs == -1
        if value is None:
            return () if is_list else None
        try:
            if info.min is not None or info.max is not None or not info.case_sensitive:
                raise _NotPlainError
            return _read(value, param.type_descriptor.annotation)
        except _NotPlainError:
            setattr(param, _SLOT, None)
            return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


class _NotPlainError(Exception):
    """A value needs typer's own reading."""


def _read(value: Any, annotation: Any) -> Any:
    """A value of the command line, or a default, as `annotation`.

    Raises:
        _NotPlainError: It is anything but a text, a path or a word of an enumeration, or lists of those.
    """
    if get_origin(annotation) is list and isinstance(value, Sequence) and not isinstance(value, str):
        return [_read(item, get_args(annotation)[0]) for item in value]
    if annotation is str and isinstance(value, str):
        return value
    if annotation is Path and isinstance(value, str):
        return Path(value)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        found = next((member for member in annotation if value in (member, member.value)), None)
        if found is not None:
            return found
    if annotation in (int, float, Path) and type(value) is annotation:
        return value
    raise _NotPlainError
