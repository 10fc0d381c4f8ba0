"""Reads `factory` and `args`, which name code of the user's own; it imports nothing and permits nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from gradcheck_cli.config.fields import is_mapping
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.quoting import quote
from gradcheck_cli.errors import Problem, UsageError

FORM = "'package.module:function'"
NAME = r"[^\W\d]\w*"
_PATH = rf"(?!.*\.py\b){NAME}(\.{NAME})*"
FACTORY = rf"{_PATH}:{NAME}(\.{NAME})*"
_FACTORY = re.compile(FACTORY)
_IDENTIFIER = re.compile(NAME)
_PACKAGE = re.compile(_PATH)
_FILE = re.compile(r"\.py\b|[/\\]")


def read_factory(node: Node) -> str | None:
    """The name of a factory, `package.module:function`; None where it is none, which is reported."""
    value = node.value
    if isinstance(value, str) and _FACTORY.fullmatch(value):
        return value
    node.report(f"{quote(value)} does not name a function", allowed=FORM, hint=_hint(value))
    return None


def _hint(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    if _FILE.search(value):
        return "name the module as `import` does, without a path and without '.py'"
    module, _, name = value.rpartition(".")
    guess = f"{module}:{name}"
    return f"write {guess!r}" if _FACTORY.fullmatch(guess) else ""


def read_args(node: Node) -> dict[str, Any]:
    """Keyword arguments of a factory: any plain values of YAML."""
    if node.value is None:
        return {}
    if not is_mapping(node, what="the arguments of a factory", allowed=("the names of its arguments",)):
        return {}
    for key in node.value:
        if not isinstance(key, str) or not _IDENTIFIER.fullmatch(key):
            node.report(f"{quote(key)} cannot be the name of an argument", allowed="a name of letters, digits and _")
    return dict(node.value)


def read_packages(names: Sequence[str]) -> tuple[str, ...]:
    """The packages that may be imported, checked for their form.

    Raises:
        UsageError: One of them is no name of a package.
    """
    for name in names:
        if not _PACKAGE.fullmatch(name):
            hint = f"write {guess!r}" if (guess := _guess_package(name)) else ""
            message = f"{name!r} is not the name of a package"
            raise UsageError([Problem("--allow-import", message, allowed="such as mypackage", hint=hint)])
    return tuple(names)


def _guess_package(name: str) -> str:
    guess = re.sub(r"\.py$", "", name.partition(":")[0].strip("./\\")).replace("/", ".").replace("\\", ".")
    return guess if _PACKAGE.fullmatch(guess) else ""
