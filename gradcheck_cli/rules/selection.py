"""Which rules run and with which thresholds; it judges nothing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gradcheck_cli.errors import ConfigError, Problem, UsageError
from gradcheck_cli.rules import ALL
from gradcheck_cli.rules.base import Rule, Severity

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import DiagnosticsConfig

EVERYTHING = "GC"
WHOLE_BOOK = "all"
EXPECTED_METRIC = "val_metric"
CODE_LENGTH = 5


@dataclass(frozen=True)
class Configured:
    """A rule with the thresholds of one run, and the severity that its user wants, if any."""

    rule: Rule
    severity: Severity | None = None


def find_rules(query: str) -> tuple[type[Rule], ...]:
    """The rules that a code, a prefix of codes, a name or another tool's name stands for.

    Raises:
        UsageError: It stands for none.
    """
    wanted = query.strip().casefold()
    found = tuple(rule for rule in ALL if _specificity(rule, wanted))
    if not found:
        known = [word for rule in ALL for word in (rule.code, rule.name, *rule.aliases)]
        close = difflib.get_close_matches(wanted, [word.casefold() for word in known], n=1, cutoff=0.6)
        spelled = next((word for word in known if close and word.casefold() == close[0]), None)
        raise UsageError(
            [
                Problem(
                    "",
                    f"there is no rule {query!r}",
                    allowed="a code (GC101), a prefix (GC1) or a name (vanishing-gradient)",
                    hint=f"did you mean {spelled!r}?" if spelled else "",
                )
            ]
        )
    return found


def rule_table() -> Mapping[str, tuple[str, ...]]:
    """Code and name of every rule, each with the names of its thresholds, for checking configs."""
    thresholds = {rule: tuple(threshold.name for threshold in rule.thresholds()) for rule in ALL}
    return {word: names for rule, names in thresholds.items() for word in (rule.code, rule.name)}


def selected(select: Sequence[str] | None, ignore: Sequence[str] = ()) -> tuple[type[Rule], ...]:
    """The rules to run. A longer code wins over its prefix, a name over any prefix; of equals, `ignore` wins.

    Raises:
        UsageError: An entry stands for no rule.
    """
    chosen = (EVERYTHING,) if select is None else select
    for query in (*chosen, *ignore):
        find_rules(query)
    return tuple(rule for rule in ALL if _strength(rule, chosen) > _strength(rule, ignore))


def configure(diagnostics: DiagnosticsConfig | None = None) -> Mapping[type[Rule], Configured]:
    """Every rule with the thresholds, severities and expectations of a config.

    Raises:
        ConfigError: A rule or threshold has no such name, or a value is of the wrong kind; all of them at once.
    """
    problems: list[Problem] = []
    configured = {rule: Configured(rule()) for rule in ALL}
    for name, values in (diagnostics.rules if diagnostics is not None else {}).items():
        place = f"diagnostics.rules.{name}"
        try:
            rules = find_rules(name)
        except UsageError as error:
            problems.extend(replace(problem, path=place) for problem in error.problems)
            continue
        for rule in rules:
            configured[rule] = _apply(configured[rule], values, place=place, problems=problems)
    if problems:
        raise ConfigError(problems)
    return _expect(configured, diagnostics.expect if diagnostics is not None else {})


def _apply(
    configured: Configured,
    values: Mapping[str, float | str],
    *,
    place: str,
    problems: list[Problem],
) -> Configured:
    names = [threshold.name for threshold in configured.rule.thresholds()]
    for key, value in values.items():
        path = f"{place}.{key}"
        if key == "severity":
            if value not in list(Severity):
                problems.append(Problem(path, f"{value!r} is no severity", allowed=", ".join(Severity)))
                continue
            configured = replace(configured, severity=Severity(value))
        elif key not in names:
            close = difflib.get_close_matches(key, [*names, "severity"], n=1)
            hint = f"did you mean {close[0]!r}?" if close else ""
            problems.append(Problem(path, f"there is no threshold {key!r}", ", ".join([*names, "severity"]), hint))
        elif isinstance(value, str):
            problems.append(Problem(path, f"{value!r} is not a number", allowed="a number"))
        else:
            # `replace` cannot know the field by its name, so the type checker cannot either.
            configured = replace(configured, rule=replace(configured.rule, **{key: float(value)}))
    return configured


def _expect(configured: dict[type[Rule], Configured], expect: Mapping[str, float]) -> Mapping[type[Rule], Configured]:
    """Hand `diagnostics.expect` to the rule that has a threshold of that name."""
    if EXPECTED_METRIC not in expect:
        return configured
    value = expect[EXPECTED_METRIC]
    return {
        rule: replace(entry, rule=replace(entry.rule, **{EXPECTED_METRIC: value})) if _expects(rule) else entry
        for rule, entry in configured.items()
    }


def _expects(rule: type[Rule]) -> bool:
    return any(threshold.name == EXPECTED_METRIC for threshold in rule.thresholds())


def _specificity(rule: type[Rule], wanted: str) -> int:
    """How closely an entry names a rule: the length of the code it gives, 0 where it means another rule."""
    if wanted in (rule.name, *(alias.casefold() for alias in rule.aliases)):
        return CODE_LENGTH
    if wanted == WHOLE_BOOK:
        return 1
    is_prefix = wanted.startswith(EVERYTHING.casefold()) and rule.code.casefold().startswith(wanted)
    return len(wanted) if is_prefix else 0


def _strength(rule: type[Rule], entries: Iterable[str]) -> int:
    return max((_specificity(rule, entry.strip().casefold()) for entry in entries), default=0)
