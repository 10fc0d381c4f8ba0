"""Short ways for tests to load data."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from gradcheck_cli.config.schema import DataConfig, Missing, Task
from gradcheck_cli.training.data import Dataset, load_data

HERE = Path(__file__).parent
_COMMON = {entry.name for entry in fields(DataConfig)}
_WORDS = {"missing": Missing, "task": Task}


def load(source: str, *, base: Path = HERE, seed: int = 0, **keys: Any) -> Dataset:
    """`load_data` with the common keys and the source's own arguments side by side, as in a config file."""
    common: dict[str, Any] = {
        name: _WORDS[name](keys.pop(name)) for name in list(keys) if name in _WORDS and keys[name] is not None
    }
    common |= {name: keys.pop(name) for name in list(keys) if name in _COMMON}
    return load_data(DataConfig(type=source, arguments=keys, **common), base=base, seed=seed)


def write_csv(folder: Path, text: str, *, name: str = "data.csv") -> str:
    """Write a csv file and return its name."""
    (folder / name).write_text(text, encoding="utf-8")
    return name
