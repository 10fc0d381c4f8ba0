"""Finds and calls the user's own code that a config names, where the command line allows its package; else it refuses.

A config may come from anybody (a pull request), so it never grants anything: the permission is handed in, and what
counts is where the object found was defined, not only what the config calls it.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from gradcheck_cli.config.schema import Config
from gradcheck_cli.config.sources import PYTHON
from gradcheck_cli.errors import ConfigError, GradcheckError, Problem
from gradcheck_cli.training.refusal import shorten

E = TypeVar("E", bound=GradcheckError)
Allowed = Sequence[str]

OPTION = "--allow-import"


def check_permissions(config: Config, allowed: Allowed) -> None:
    """Refuse a config that names code of packages that are not allowed, before anything is imported.

    Raises:
        ConfigError: With all places.
    """
    named = [("model.factory", config.model.factory)]
    if config.data.type == PYTHON:
        named.append(("data.factory", config.data.arguments["factory"]))
    problems = [
        _refuse_package(place, factory, allowed) for place, factory in named if factory and not _is_of(factory, allowed)
    ]
    if problems:
        raise ConfigError(problems)


def call_factory(
    factory: str, args: Mapping[str, Any], *, section: str, allowed: Allowed, kind: type[E]
) -> tuple[Any, Callable[[str], E]]:
    """Call what a config names.

    Args:
        factory: `package.module:function`.
        args: Keyword arguments.
        section: `model` or `data`, for error messages.
        allowed: Packages whose code may run.
        kind: Of the errors.

    Returns:
        What it returned, and how to refuse that: a message into an error that points at the factory.

    Raises:
        GradcheckError: It is not allowed, cannot be found or called, or raises; of `kind`.
    """
    function = _find(factory, place=f"{section}.factory", allowed=allowed, kind=kind)
    try:
        made = function(**args)
    except (Exception, SystemExit) as error:
        place = f"{section}.args" if _is_of_call(error) and args else f"{section}.factory"
        raise kind([Problem(place, f"{factory} raised {_describe(error)}")]) from error
    return made, lambda message: kind([Problem(f"{section}.factory", f"{factory} {message}")])


def _find(factory: str, *, place: str, allowed: Allowed, kind: type[GradcheckError]) -> Callable[..., Any]:
    """The function, checked by where it was defined.

    What a module of an allowed package merely imports, such as `system` of `os`, is not of that package.
    """
    if not _is_of(factory, allowed):
        raise kind([_refuse_package(place, factory, allowed)])
    module_name, _, name = factory.partition(":")
    found: Any = _import(module_name, place=place, kind=kind)
    path = module_name
    for step in name.split("."):
        if not hasattr(found, step):
            public = [other for other in dir(found) if not other.startswith("_")]
            near = difflib.get_close_matches(step, public, n=1)
            hint = f"did you mean {near[0]!r}?" if near else ""
            raise kind([Problem(place, f"{path} has no {step!r}", hint=hint)])
        found, path = getattr(found, step), f"{path}.{step}"
    if not callable(found):
        raise kind([Problem(place, f"{factory} is not a function: it is a {type(found).__name__}")])
    home = _find_home(found)
    if not _is_of(home, allowed):
        message = f"{factory} comes from the package {home.partition('.')[0]!r}, which is not allowed"
        hint = f"if you trust it, name it itself and add {OPTION} {home.partition('.')[0]}"
        raise kind([Problem(place, message, allowed=", ".join(allowed), hint=hint)])
    function: Callable[..., Any] = found
    return function


def _import(name: str, *, place: str, kind: type[GradcheckError]) -> Any:
    # Behind all else, so that a folder of the repository never stands in for an installed package.
    if not {"", os.getcwd()} & set(sys.path):
        sys.path.append(os.getcwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            allowed = "an installed package, or one in the current folder"
            raise kind([Problem(place, f"there is no module {error.name!r}", allowed=allowed)]) from error
        raise kind([Problem(place, f"importing {name} raised {_describe(error)}")]) from error
    except (Exception, SystemExit) as error:
        raise kind([Problem(place, f"importing {name} raised {_describe(error)}")]) from error


def _find_home(found: Any) -> str:
    """The module in which a callable was defined: what it wraps, or the class of an object that can be called."""
    while isinstance(found, functools.partial):
        found = found.func
    function = getattr(found, "__func__", found)
    is_definition = isinstance(function, type) or hasattr(function, "__qualname__")
    home = getattr(function if is_definition else type(function), "__module__", None)
    return home if isinstance(home, str) else "builtins"


def _is_of(name: str, allowed: Allowed) -> bool:
    module = name.partition(":")[0]
    return any(module == package or module.startswith(f"{package}.") for package in allowed)


def _refuse_package(place: str, factory: str, allowed: Allowed) -> Problem:
    package = factory.partition(":")[0].partition(".")[0]
    message = f"{factory!r} runs code of the package {package!r}, which is not allowed"
    hint = f"if you trust it, add {OPTION} {package}, or set GRADCHECK_ALLOW_IMPORT"
    return Problem(place, message, allowed=", ".join(allowed), hint=hint)


def _is_of_call(error: BaseException) -> bool:
    """Whether the arguments did not fit, rather than something inside the function."""
    return isinstance(error, TypeError) and error.__traceback__ is not None and error.__traceback__.tb_next is None


def _describe(error: BaseException) -> str:
    """Type, message and the last line of the user's own code."""
    text = f"{type(error).__name__}: {shorten(error)}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_ours(frame.filename)]
    return f"{text} ({os.path.relpath(frames[-1].filename)}:{frames[-1].lineno})" if frames else text


def _is_ours(filename: str) -> bool:
    return filename == __file__ or filename.startswith("<frozen") or os.path.dirname(filename) == _IMPORTLIB


_IMPORTLIB = os.path.dirname(importlib.__file__)
