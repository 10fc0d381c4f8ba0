"""The example configs: each shows its rule first, and the fix it is offered, applied by hand, ends in exit code 0."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.config.edits import apply_edits
from gradcheck_cli.diagnosis.check import CheckOptions, check_many
from gradcheck_cli.diagnosis.report import Report
from gradcheck_cli.rules import ALL
from gradcheck_cli.rules.base import Need, Safety, Severity

CONFIGS = Path(__file__).parents[1] / "configs"
BROKEN = sorted(path for path in CONFIGS.glob("*.yaml") if path.stem != "healthy")


def check(path: Path) -> Report:
    return check_many([str(path)], CheckOptions(save=False))


def test_healthy_example_has_nothing_to_say() -> None:
    report = check(CONFIGS / "healthy.yaml")
    assert report.exit_code == 0
    assert report.runs[0].findings == ()


def test_every_trained_rule_has_an_example() -> None:
    trained = {rule.name.replace("-", "_") for rule in ALL if Need.TRAINING in rule.needs}
    shown = {path.stem for path in BROKEN}
    assert trained <= shown
    assert shown <= {rule.name.replace("-", "_") for rule in ALL}


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_example_shows_its_rule_first_and_its_fix_heals(path: Path, tmp_path: Path) -> None:
    report = check(path)
    named = next(found for found in report.runs[0].findings if found.name == path.stem.replace("_", "-"))
    assert report.exit_code == 1
    # A rule that is at most a warning stands behind the errors of a harmed run.
    if named.ceiling is Severity.ERROR:
        assert report.runs[0].findings[0] is named
        assert named.severity is Severity.ERROR

    fix = named.fixes[0]
    assert fix.safety is not Safety.ADVICE
    fixed = tmp_path / path.name
    fixed.write_text(apply_edits(path.read_text(encoding="utf-8"), fix.edits), encoding="utf-8")
    again = check(fixed)
    assert again.exit_code == 0, [(finding.name, finding.message) for finding in again.runs[0].findings]
