"""The JSON Schema with all rules in it, as text; what it says of the config is settled in `config`."""

from __future__ import annotations

import json
from pathlib import Path

from gradcheck_cli.config.catalog import Parameter
from gradcheck_cli.config.json_schema import TITLE, RuleEntry, make_schema
from gradcheck_cli.rules import ALL
from gradcheck_cli.rules.base import Rule, Threshold

SCHEMA_FILE = "gradcheck.schema.json"
"""Usual name of the file beside the configs."""


def render_schema() -> str:
    """As JSON, one definition a line, so that a new version reads well as a diff."""
    document = make_schema([_describe(rule) for rule in ALL])
    definitions = document.pop("definitions")
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in definitions.items())
    head = json.dumps(document, indent=1).removesuffix("\n}")
    return f'{head},\n "definitions": {{\n{lines}\n }}\n}}\n'


def is_schema(path: Path) -> bool:
    """Whether a file is a schema of ours, of whatever version."""
    try:
        with path.open(encoding="utf-8") as file:
            return f'"title": "{TITLE}"' in file.read(500)
    except (OSError, ValueError):
        return False


def _describe(rule: type[Rule]) -> RuleEntry:
    return RuleEntry(rule.code, rule.name, rule.summary, tuple(map(_describe_threshold, rule.thresholds())))


def _describe_threshold(threshold: Threshold) -> Parameter:
    default = None if threshold.default != threshold.default else threshold.default
    help_text = f"In {threshold.unit}: {threshold.help}."
    return Parameter(threshold.name, ("float",), default=default, range="(-inf, inf)", help=help_text)
