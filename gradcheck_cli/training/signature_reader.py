"""Reads the parameters of a torch class or function as plain data; it decides nothing about which ones are offered."""

from __future__ import annotations

import collections.abc
import inspect
import re
import sys
import types
import typing
from collections.abc import Callable, Iterable
from typing import Any, Literal, Union, get_args, get_origin

import torch

_PLAIN = {int: "int", float: "float", bool: "bool", str: "str", types.NoneType: "null", None: "null"}
_EVALUATION_NAMES = {**vars(collections.abc), **vars(typing)}


def spell_types(annotation: Any) -> tuple[str, ...]:
    """Spell an annotation as a tuple of alternatives.

    Returns:
        Any of `int float bool str null tensor callable`, with `[]` or `[n]` for lists and `?` where an element may be
        null: `int[2]`, `int?[]`, `float[]`.
    """
    if annotation in _PLAIN:
        return (_PLAIN[annotation],)
    if annotation is torch.Tensor:
        return ("tensor",)
    if annotation is torch.Size:
        return ("int[]",)
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return _merge(name for part in get_args(annotation) for name in spell_types(part))
    if origin is Literal:
        return ("str",)
    if origin is tuple:
        elements = get_args(annotation)
        return (_spell_list(elements, size="" if Ellipsis in elements else str(len(elements))),)
    if origin in (list, collections.abc.Sequence, collections.abc.Iterable):
        return (_spell_list(get_args(annotation), size=""),)
    return ("callable",)


def _merge(names: Iterable[str]) -> tuple[str, ...]:
    """Without repeats; a 0-d tensor in place of a number (as in `lr`) is no alternative of its own."""
    unique = tuple(dict.fromkeys(names))
    return tuple(name for name in unique if name != "tensor") if "float" in unique else unique


def _spell_list(elements: tuple[Any, ...], *, size: str) -> str:
    names = _merge(name for element in elements if element is not Ellipsis for name in spell_types(element))
    optional = "?" if "null" in names else ""
    kinds = [name for name in names if name != "null"]
    return f"{kinds[0]}{optional}[{size}]" if len(kinds) == 1 and kinds[0] in _PLAIN.values() else "callable"


def _resolve(annotation: Any, module: str) -> Any:
    """The annotation as an object; torch writes some as text that names things imported for type checkers only."""
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, {**_EVALUATION_NAMES, **vars(sys.modules[module])})
    except (NameError, AttributeError):
        return Callable


def _choices(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(value for part in get_args(annotation) if get_origin(part) is Literal for value in get_args(part))


def _plain_default(default: Any) -> Any:
    """A default as JSON can hold it; a function such as `relu` is given by its name."""
    if callable(default):
        return default.__name__
    return list(default) if isinstance(default, tuple) else default


def read_parameters(target: Callable[..., Any], *, unannotated: dict[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """The keyword parameters of a torch callable in their order.

    Args:
        target: A class (its `__init__` is read) or a function.
        unannotated: Types of parameters that torch neither annotates nor gives a telling default.

    Returns:
        For each: `name`, `types`, `required`, and where there are any `default` and `choices`.
    """
    function = inspect.getattr_static(target, "__init__") if isinstance(target, type) else target
    overloads = typing.get_overloads(function)
    signature = inspect.signature(overloads[0] if overloads else function)
    named = [p for p in signature.parameters.values() if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return [
        _read(parameter, target.__module__, unannotated) for parameter in named if parameter.name not in ("self", "cls")
    ]


def _read(parameter: inspect.Parameter, module: str, unannotated: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    required = parameter.default is parameter.empty
    if parameter.annotation is parameter.empty:
        names = unannotated.get(parameter.name) or (_PLAIN.get(type(parameter.default), "callable"),)
        choices: tuple[Any, ...] = ()
    else:
        annotation = _resolve(parameter.annotation, module)
        names, choices = spell_types(annotation), _choices(annotation)
    if not required and parameter.default is None and "null" not in names:
        names = (*names, "null")
    entry: dict[str, Any] = {"name": parameter.name, "types": list(names), "required": required}
    if not required:
        entry["default"] = _plain_default(parameter.default)
    if choices:
        entry["choices"] = list(choices)
    return entry


def read_summary(target: type | Callable[..., Any]) -> str:
    """The first sentence of its own docstring without reStructuredText and LaTeX marks; empty where it has none."""
    paragraphs = inspect.cleandoc(target.__doc__ or "").split("\n\n")
    sentences = [part for part in paragraphs if part.strip() and not part.startswith("__init__(")]
    text = clean_text(sentences[0]) if sentences else ""
    first = re.split(r"(?<=[a-z)])\.(?:\s|$)", text, maxsplit=1)[0].rstrip(". :")
    return f"{first}." if first else ""


def clean_text(text: str) -> str:
    """One line without the marks of reStructuredText and LaTeX."""
    plain = re.sub(r"\\text\{([^}]*)\}", r"\1", " ".join(text.split()))
    return re.sub(r":[a-z:]+:`~?([^`<]*?)(?:\s*<[^`]*>)?`", r"\1", plain).replace("`", "").replace("\\", "")
