"""Manual pages of rules as data, JSON and Markdown, read from their docstrings; it draws nothing."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck_cli.reporters.json_format import make_plain
from gradcheck_cli.rules.base import Rule

_HEADING = re.compile(r"^## +(.+)$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """One heading of a manual page and its text; paragraphs are unwrapped, list items keep their lines."""

    heading: str
    text: str


def read_sections(rule: type[Rule]) -> tuple[Section, ...]:
    """The page's sections in order; empty where Python runs without docstrings."""
    parts = _HEADING.split(inspect.cleandoc(rule.__doc__ or ""))
    return tuple(Section(heading, _unwrap(text)) for heading, text in zip(parts[1::2], parts[2::2], strict=True))


def _unwrap(text: str) -> str:
    paragraphs = [re.sub(r"\n(?!\s*[-*] )\s*", " ", paragraph.strip()) for paragraph in re.split(r"\n\s*\n", text)]
    return "\n\n".join(filter(None, paragraphs))


def render_json(rules: Sequence[type[Rule]]) -> str:
    """One list of rules with thresholds and sections."""
    pages = [
        {
            "code": rule.code,
            "name": rule.name,
            "summary": rule.summary,
            "family": rule.family.value,
            "needs": sorted(need.value for need in rule.needs),
            "aliases": rule.aliases,
            "thresholds": [vars(threshold) for threshold in rule.thresholds()],
            "sections": [vars(section) for section in read_sections(rule)],
        }
        for rule in rules
    ]
    return json.dumps(make_plain(pages), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def render_markdown(rules: Sequence[type[Rule]]) -> str:
    """The pages as one Markdown document."""
    return "\n".join(_render_page(rule) for rule in rules)


def _render_page(rule: type[Rule]) -> str:
    lines = [f"# {rule.code}: {rule.name}", "", rule.summary, ""]
    for section in read_sections(rule):
        lines += [f"## {section.heading}", "", section.text, ""]
    thresholds = rule.thresholds()
    if thresholds:
        lines += ["## Thresholds", "", "| name | default | unit | meaning | source |", "|---|---|---|---|---|"]
        lines += [
            f"| `{entry.name}` | {entry.default:g} | {entry.unit} | {entry.help} | {entry.source} |"
            for entry in thresholds
        ]
        lines.append("")
    if rule.aliases:
        lines += [f"Known elsewhere as: {', '.join(rule.aliases)}.", ""]
    return "\n".join(lines)


RENDERERS = {"json": render_json, "markdown": render_markdown}
