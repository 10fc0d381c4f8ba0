from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.cli.baseline_argument import fill_baseline
from gradcheck_cli.cli.options import choose_baseline


@pytest.mark.parametrize(
    ("arguments", "filled"),
    [
        ([], []),
        (["a.yaml"], ["a.yaml"]),
        (["--write-baseline"], ["--write-baseline="]),
        (["--write-baseline", "a.yaml"], ["--write-baseline=", "a.yaml"]),
        (["--write-baseline", "configs/"], ["--write-baseline=", "configs/"]),
        (["--write-baseline", "x.json", "a.yaml"], ["--write-baseline=x.json", "a.yaml"]),
        (["--write-baseline=x", "a.yaml"], ["--write-baseline=x", "a.yaml"]),
        (["--write-baseline", "--quiet"], ["--write-baseline=", "--quiet"]),
        (["a", "--", "--write-baseline"], ["a", "--", "--write-baseline"]),
    ],
)
def test_the_value_is_filled_in(arguments: list[str], filled: list[str]) -> None:
    assert fill_baseline(arguments) == filled


@pytest.mark.parametrize(
    ("written", "read", "place"),
    [
        (None, Path("a.json"), None),
        ("", None, Path(".gradcheck-baseline.json")),
        ("", Path("a.json"), Path("a.json")),
        ("b.json", Path("a.json"), Path("b.json")),
    ],
)
def test_where_it_is_written(written: str | None, read: Path | None, place: Path | None) -> None:
    assert choose_baseline(written, read) == place
