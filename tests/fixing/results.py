"""Results, targets and candidates for the tests of fixing: a lost run on a small config, and what may be changed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from gradcheck_cli.config.edits import Edit, EditOp, apply_edits
from gradcheck_cli.fixing.candidates import Candidate
from gradcheck_cli.fixing.race import Entrant
from gradcheck_cli.fixing.target import Target
from gradcheck_cli.fixing.trials import Result
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import Evidence, Finding, Fix, Safety, Severity, Spread
from gradcheck_cli.rules.data.bad_data import CELLS
from tests.histories import make_finding, make_outcome, make_reference

TEXT = """\
data: {type: digits, standardize: true}
model:
  layers:
    - {type: Linear, out_features: 16}  # the hidden layer
    - Sigmoid
    - {type: Linear, out_features: 10}
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.1}
trainer: {epochs: 4}
seed: 7
"""
SEED = 7
EPOCHS = 4
PLANNED = 100
"""Optimizer steps of a whole run in these epochs."""
CAUSE = "GC603"
"""Code of the fault in the lost run: of itself its rule has only advice, so that a test's fixes are the only ones."""
OTHER = "GC602"
"""Code of another one, whose rule has none where the classes were not counted."""
REFERENCE = 0.9
TRIVIAL = 0.1
TRIVIAL_IN_TRAINING = 0.15
"""The same on the training rows, which only a run without validation is compared with."""


def make_result(metric: float = 0.92, *findings: Finding, **fields: Any) -> Result:
    """A whole run that ended at `metric` beside references of 0.9 and 0.1; harmed where a finding is an error.

    Args:
        fields: Of `Result`, and `validation_loss`, `reference`, `standard_error` of its outcome.
    """
    loss = fields.pop("validation_loss", 1 - metric)
    outcome = make_outcome(
        metric,
        validation_loss=loss,
        standard_error=fields.pop("standard_error", 0.01),
        references={
            "trivial": make_reference(TRIVIAL, value=metric),
            "linear": make_reference(fields.pop("reference", REFERENCE), value=metric),
        },
        train_references={"trivial": make_reference(TRIVIAL_IN_TRAINING, value=metric)},
    )
    result = Result(
        status=RunStatus.COMPLETED,
        steps=PLANNED,
        planned_steps=PLANNED,
        rows=(1000, 400),
        outcome=outcome,
        best_validation_loss=loss,
        harmed=any(finding.severity is Severity.ERROR for finding in findings),
        coming_fall=0.0,
        non_finite=False,
        findings=findings,
        refused="",
    )
    return replace(result, **fields)


def make_exploded(*findings: Finding, **fields: Any) -> Result:
    """A run that ended as NaN after a tenth of its steps."""
    return make_result(math.nan, *findings, status=RunStatus.DIVERGED, **{"non_finite": True, "steps": 10, **fields})


def make_refused(*findings: Finding) -> Result:
    """A network that torch refuses."""
    return make_result(
        math.nan,
        *findings,
        status=RunStatus.FAILED,
        steps=0,
        planned_steps=None,
        rows=(None, None),
        outcome=None,
        harmed=True,
        refused="7 outputs for 10 classes",
    )


def make_fault(*fixes: Fix, code: str = CAUSE, severity: Severity = Severity.ERROR) -> Finding:
    """A finding with these fixes."""
    evidence = (Evidence(CELLS, 3, 0, "cells"),)
    return make_finding(code, f"fault-{code.lower()}", severity=severity, fixes=fixes, evidence=evidence, path="")


def make_target(**fields: Any) -> Target:
    """To be rid of an error of a harmed run."""
    target = Target(CAUSE, Severity.ERROR, frozenset({CAUSE}), harmed=True, by_loss=False, refused=False)
    return replace(target, **fields)


def setting(path: str, value: object, *, title: str = "", safety: Safety = Safety.SAFE) -> Fix:
    """A fix that sets one place."""
    return Fix(title or f"Set {path} to {value}", safety, "A reason.", (Edit(EditOp.SET, path, value),))


LOWER = setting("optimizer.lr", 0.01)
LOWEST = setting("optimizer.lr", 0.001)
MOMENTUM = setting("optimizer.momentum", 0.9)
DECAY = setting("optimizer.weight_decay", 0.01)
CLIP = setting("trainer.clip_grad_norm", 1.0)
RELU = setting("model.layers[1]", "ReLU", safety=Safety.UNSAFE)
LONGER = setting("trainer.epochs", 8, safety=Safety.UNSAFE)
LEVERS = (LOWER, LOWEST, MOMENTUM, DECAY, CLIP, RELU, LONGER)
"""Of one another they are independent, but for the first two, which are variants."""


def make_candidate(*fixes: Fix, text: str = TEXT, rule: str = CAUSE, place: int = 0) -> Candidate:
    """The config with these fixes."""
    for fix in fixes:
        text = apply_edits(text, fix.edits)
    return Candidate(text, fixes, (rule,) * len(fixes), place)


def make_entrant(*fixes: Fix, result: Result | None = None, share: float = 1.0, **fields: Any) -> Entrant:
    """A candidate with these fixes and its run, a good one by default."""
    return Entrant(make_candidate(*fixes, **fields), result or make_result(), share)


def near(mean: float, spread: float = 0.0) -> Spread:
    """Equal to a spread that differs from this one by no more than rounding."""
    about: Any = pytest.approx
    return Spread(about(mean), about(spread, abs=1e-12))
