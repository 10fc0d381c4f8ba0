"""The output formats by name; a format's module is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable

from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.reporters.page import Page

Renderer = Callable[[Report, Page], str]


def _load_full() -> Renderer:
    from gradcheck_cli.reporters import full

    return lambda report, page: full.render(report, page=page)


def _load_concise() -> Renderer:
    from gradcheck_cli.reporters import concise

    return lambda report, page: concise.render(report)


def _load_json() -> Renderer:
    from gradcheck_cli.reporters import json_format

    return lambda report, page: json_format.render(report)


_LOADERS: dict[str, Callable[[], Renderer]] = {"full": _load_full, "concise": _load_concise, "json": _load_json}
FORMATS = tuple(_LOADERS)


def load_renderer(name: str) -> Renderer:
    """The renderer of a format.

    Raises:
        KeyError: There is no such format.
    """
    return _LOADERS[name]()
