"""The order of the tests: those that load Lightning, transformers and their like come after what they build on."""

from __future__ import annotations

from pathlib import Path

import pytest

_LAST = Path(__file__).parent / "integrations"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move them behind all others; within each part the order stays."""
    items.sort(key=lambda item: _LAST in item.path.parents)
