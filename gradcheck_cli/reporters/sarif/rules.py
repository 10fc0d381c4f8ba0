"""A rule and its manual page in the words of SARIF."""

from __future__ import annotations

from typing import Any

from gradcheck_cli.reporters.rule_pages import read_sections, render_markdown
from gradcheck_cli.rules.base import Rule
from gradcheck_cli.rules.config.invalid_config import InvalidConfig

MOST_CHARACTERS = 1024
"""Of a description; code scanning refuses longer ones."""
_FIRST_SECTION = "What it detects"


def describe_rule(rule: type[Rule]) -> dict[str, Any]:
    """Identity, descriptions, help and tags."""
    level = "error" if rule is InvalidConfig else "warning"
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": _describe_fully(rule)},
        "help": {"text": _write_plainly(rule), "markdown": render_markdown([rule])},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["gradcheck", rule.family.value], "problem.severity": level},
    }


def _describe_fully(rule: type[Rule]) -> str:
    """What the rule detects; its summary where Python runs without docstrings."""
    text = next((section.text for section in read_sections(rule) if section.heading == _FIRST_SECTION), rule.summary)
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 3]}..."


def _write_plainly(rule: type[Rule]) -> str:
    sections = [f"{section.heading}\n{section.text}" for section in read_sections(rule)]
    return "\n\n".join([f"{rule.code} {rule.name}: {rule.summary}", *sections])
