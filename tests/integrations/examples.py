"""The examples on the README's page, run as they are printed there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

README = Path(__file__).parents[2] / "README.md"


def read_example(name: str) -> str:
    """The Python block behind the line that names it."""
    text = README.read_text(encoding="utf-8")
    return text.split(f"<!-- example: {name} -->\n```python\n", 1)[1].split("```", 1)[0]


def run_example(name: str, *, changes: dict[str, str] | None = None) -> dict[str, Any]:
    """Run it; the names that it leaves."""
    source = read_example(name)
    for old, new in (changes or {}).items():
        assert old in source
        source = source.replace(old, new)
    names: dict[str, Any] = {"__name__": f"readme_{name}"}
    exec(compile(source, f"README.md: {name}", "exec"), names)
    return names
