"""The README keeps its promises: its commands, its table of rules and the config on its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import parse_config
from gradcheck_cli.rules import ALL
from gradcheck_cli.rules.base import Rule
from gradcheck_cli.rules.selection import find_rules, rule_table

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def block_after(mark: str) -> str:
    """The code block that follows a line."""
    return README.split(f"{mark}\n", 1)[1].split("```", 2)[1].partition("\n")[2]


@pytest.mark.parametrize(
    ("mark", "command"),
    [
        ("<!-- ci: check -->", "gradcheck check configs/vanishing_gradient.yaml --fail-on never"),
        ("<!-- ci: test -->", "pytest -n auto"),
    ],
)
def test_marked_blocks_hold_one_command_each(mark: str, command: str) -> None:
    lines = block_after(mark).splitlines()
    assert len(lines) == 1
    assert "pip install" in lines[0]
    assert lines[0].endswith(f"&& {command}")


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_rule_has_its_row(rule: type[Rule]) -> None:
    assert f"| `{rule.code}` | `{rule.name}` | {rule.summary} |" in README


def test_table_of_rules_names_no_other() -> None:
    assert set(re.findall(r"^\| `(GC\d+)` \|", README, flags=re.MULTILINE)) == {rule.code for rule in ALL}


def test_names_of_another_tool_are_found() -> None:
    rows = re.findall(r"^\| (`[A-Z]\w+`(?:, `\w+`)*) \| (`GC.+) \|$", README, flags=re.MULTILINE)
    table = {
        name: re.findall(r"GC\d+", codes) for names, codes in rows for name in re.findall(r"`([A-Z][a-z]\w+)`", names)
    }
    assert len(table) == 13
    for name, codes in table.items():
        assert [rule.code for rule in find_rules(name)] == codes


def test_config_page_is_a_config_without_a_problem() -> None:
    text = README.split("```yaml\n", 1)[1].split("```", 1)[0]
    config, problems = parse_config(parse_document(text, source="README.md"), rules=rule_table())
    assert problems == []
    assert config is not None
