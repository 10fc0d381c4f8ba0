"""The output formats by name; a format's module is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.reporters.page import Page

Renderer = Callable[[Report, Page], str]

# Each module has `render(report)`; those in `_DRAWN` take the page to draw on as well.
_MODULES = {
    "full": "full",
    "concise": "concise",
    "json": "json_format",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "sarif": "sarif",
    "rdjson": "rdjson",
    "markdown": "markdown",
}
_DRAWN = frozenset({"full", "github"})
FORMATS = tuple(_MODULES)


def load_renderer(name: str) -> Renderer:
    """The renderer of a format.

    Raises:
        KeyError: There is no such format.
    """
    render = import_module(f"gradcheck_cli.reporters.{_MODULES[name]}").render
    if name in _DRAWN:
        return lambda report, page: cast(str, render(report, page=page))
    return lambda report, page: cast(str, render(report))
