from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck_cli.cli.completion import complete_names, complete_rules

ROOT = Path(__file__).parents[2]


def words(found: list[tuple[str, str]]) -> list[str]:
    return [word for word, _ in found]


@pytest.mark.parametrize(
    ("incomplete", "offered"),
    [
        ("vanish", ["vanishing-gradient", "vanishing-through-time"]),
        ("GC40", ["GC401", "GC402"]),
        ("gc401", ["GC401"]),
        ("GC101,over", ["GC101,overfitting"]),
        ("GC101,GC302,dead", ["GC101,GC302,dead-units"]),
        ("GC9", []),
    ],
)
def test_rules_for_a_list(incomplete: str, offered: list[str]) -> None:
    assert words(complete_rules(incomplete)) == offered


def test_all_rules_and_their_families_are_offered_with_an_explanation() -> None:
    offered = complete_rules("")
    assert {"GC1", "GC5", "GC101", "overfitting"} <= set(words(offered))
    assert all(text for _, text in offered)
    assert len(set(words(offered))) == len(offered)


def test_names_of_other_tools_for_manual_pages() -> None:
    assert words(complete_names("DeadR")) == ["DeadRelu"]
    assert words(complete_names("GC101,")) == []


def complete(line: str) -> list[str]:
    """What bash would offer at the end of a line."""
    given = line.split(" ")
    environ = {"COMP_WORDS": line, "COMP_CWORD": str(len(given) - 1), "_GRADCHECK_COMPLETE": "complete_bash"}
    done = subprocess.run(
        [sys.executable, "-m", "gradcheck_cli"],
        cwd=ROOT,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split("\n")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("gradcheck l", "lint"),
        ("gradcheck lint --out", "--output-format"),
        ("gradcheck lint --output-format con", "concise"),
        ("gradcheck lint --select vanishing-g", "vanishing-gradient"),
        ("gradcheck check --extend-select GC1,overf", "GC1,overfitting"),
        ("gradcheck rule poor", "poor-initialization"),
        ("gradcheck init --template tr", "transformer"),
    ],
)
def test_the_shell_is_offered_commands_options_and_values(line: str, offered: str) -> None:
    assert offered in complete(line)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gradcheck_cli"],
        env={**os.environ, "_GRADCHECK_COMPLETE": f"source_{shell}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "_GRADCHECK_COMPLETE" in done.stdout
