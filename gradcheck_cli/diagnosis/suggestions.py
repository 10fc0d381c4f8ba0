"""The fixes of a finding that fit how its network came about; it tries none of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gradcheck_cli.rules.base import Finding, Fix, Rule, Safety

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

_NETWORK = "model"


def find_fixes(rule: Rule, finding: Finding, config: Config | None) -> tuple[Fix, ...]:
    """What a rule suggests.

    Where the user's own code makes the network, what concerns layers is advice: there is no line of a config to edit.
    """
    fixes = tuple(rule.fixes(finding, config))
    if config is None or config.model.factory is None:
        return fixes
    by_title = {fix.title: _without_layers(fix) for fix in fixes}
    advice = [by_title.pop(fix.title, _advise(fix)) for fix in rule.fixes(finding, None)]
    return (*advice, *by_title.values())


def _without_layers(fix: Fix) -> Fix:
    concerns_layers = any(edit.path.partition(".")[0] == _NETWORK for edit in fix.edits)
    return _advise(fix) if concerns_layers else fix


def _advise(fix: Fix) -> Fix:
    return replace(fix, safety=Safety.ADVICE, edits=())
