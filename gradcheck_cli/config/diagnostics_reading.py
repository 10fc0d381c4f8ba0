"""Reads the diagnostics section; which rules exist it is told, and it runs none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from gradcheck_cli.config.catalog import Parameter
from gradcheck_cli.config.fields import entries, is_mapping, read_fields, report_unknown
from gradcheck_cli.config.hints import DIAGNOSTICS
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.quoting import list_names, quote, suggest
from gradcheck_cli.config.schema import DiagnosticsConfig
from gradcheck_cli.config.values import read_value

RuleTable = Mapping[str, Collection[str]]
"""Codes and names of the rules, each with the names of its thresholds."""

_KEYS = ("select", "ignore", "rules", "expect")
WHOLE_BOOK = "all"
"""Stands for every rule."""

EXPECT = {
    "val_metric": Parameter(
        "val_metric",
        ("float",),
        required=True,
        range="(-inf, inf)",
        help="The validation metric that the run must reach.",
    )
}
SEVERITY = Parameter(
    "severity",
    ("str",),
    choices=("error", "warning", "info"),
    help="Severity of all findings of the rule, whatever harm is shown.",
)


def read_diagnostics(node: Node, rules: RuleTable | None) -> DiagnosticsConfig:
    """Which rules judge the run; the defaults where the section is left out.

    Args:
        rules: None: then only the form of the section is checked.
    """
    if node.value is None or not is_mapping(node, what="the diagnostics", allowed=_KEYS):
        return DiagnosticsConfig()
    read_fields(node, {}, owner="diagnostics", reserved=_KEYS, dialect=DIAGNOSTICS)
    select = read_selection(node.child("select"), rules)
    expect = node.child("expect")
    wanted = {} if expect.value is None else _read_expect(expect)
    return DiagnosticsConfig(
        select=select,
        ignore=read_selection(node.child("ignore"), rules) or (),
        rules=read_rules(node.child("rules"), rules),
        expect={name: value for name, value in wanted.items() if value is not None},
    )


def _read_expect(node: Node) -> dict[str, Any]:
    if not is_mapping(node, what="'expect'", allowed=EXPECT):
        return {}
    return read_fields(node, EXPECT, owner="expect")


def read_selection(node: Node, rules: RuleTable | None) -> tuple[str, ...] | None:
    """Codes, prefixes or names; None where nothing is given."""
    if node.value is None:
        return None
    if not isinstance(node.value, list):
        hint = f"write [{node.value}]" if isinstance(node.value, str) else ""
        node.report(
            f"{quote(node.value)} is not a list", allowed="a list of codes, prefixes or names of rules", hint=hint
        )
        return None
    names = []
    for index in range(len(node.value)):
        place = node.child(index)
        if not isinstance(place.value, str):
            place.report(f"{quote(place.value)} is not a code, a prefix or a name of a rule")
        elif rules is not None and not any(_selects(place.value, rule) for rule in rules):
            hint = suggest(place.value, list(rules))
            place.report(f"{quote(place.value)} selects no rule", allowed=list_names(rules), hint=hint)
        else:
            names.append(place.value)
    return tuple(names)


def _selects(text: str, rule: str) -> bool:
    """Whether it is `all`, a rule's name or code, or the start of its code; only codes are in capitals."""
    wanted, known = text.strip().casefold(), rule.casefold()
    return wanted in (WHOLE_BOOK, known) or (bool(wanted) and rule.isupper() and known.startswith(wanted))


def read_rules(node: Node, rules: RuleTable | None) -> dict[str, dict[str, float | str]]:
    if node.value is None or not is_mapping(node, what="'rules'", allowed=("a rule's name",)):
        return {}
    settings = {}
    for name, child in entries(node):
        if rules is not None and name not in rules:
            hint = suggest(name, list(rules))
            child.report_key(f"unknown rule {quote(name)}", allowed=list_names(rules), hint=hint)
        elif is_mapping(child, what=name, allowed=("the rule's thresholds",)):
            settings[name] = _read_settings(child, name, None if rules is None else rules[name])
    return settings


def _read_settings(node: Node, rule: str, thresholds: Collection[str] | None) -> dict[str, float | str]:
    settings: dict[str, float | str] = {}
    for name, child in entries(node):
        if name == "severity":
            value = read_value(child, SEVERITY)
        elif thresholds is not None and name not in thresholds:
            report_unknown(child, owner=rule, allowed=(*thresholds, "severity"), dialect={}, word="threshold")
            continue
        else:
            value = read_value(child, Parameter(name, ("float",), range="(-inf, inf)"))
        if value is not None:
            settings[name] = value
    return settings
