"""Which rules judge a config, and with what settings: tool settings, config and command line put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gradcheck_cli.rules.selection import EVERYTHING, find_rules

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import DiagnosticsConfig

Values = Mapping[str, float | str]


@dataclass(frozen=True)
class RuleSettings:
    """What one source of settings says of rules.

    Attributes:
        select: Codes, prefixes or names; None leaves what weaker sources select.
        extend_select: Added to it.
        ignore: Adds up over all sources.
        rules: Rule to threshold, or `severity`, to value.
    """

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rules: Mapping[str, Values] = field(default_factory=dict)


SettingsOf = Callable[[str], RuleSettings]
"""The tool settings that hold for a config file, by its path."""


def no_settings(path: str) -> RuleSettings:
    """There are none, whatever the file."""
    del path
    return RuleSettings()


def combine(own: DiagnosticsConfig, *, settings: RuleSettings, command: RuleSettings) -> DiagnosticsConfig:
    """The command line over the config's `diagnostics`, those over the tool settings; `ignore` adds up.

    Raises:
        UsageError: A rule of the settings does not exist.
    """
    select: tuple[str, ...] | None = None
    for source in (settings, RuleSettings(own.select), command):
        select = select if source.select is None else source.select
        if source.extend_select:
            select = (*((EVERYTHING,) if select is None else select), *source.extend_select)
    return replace(
        own,
        select=select,
        ignore=(*settings.ignore, *own.ignore, *command.ignore),
        rules=_merge(settings.rules, own.rules) if settings.rules else own.rules,
    )


def _merge(weak: Mapping[str, Values], strong: Mapping[str, Values]) -> dict[str, dict[str, float | str]]:
    """Both by the codes of their rules, value by value."""
    merged: dict[str, dict[str, float | str]] = {}
    for source in (weak, strong):
        for name, values in source.items():
            for rule in find_rules(name):
                merged.setdefault(rule.code, {}).update(values)
    return merged
