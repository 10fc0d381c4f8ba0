from __future__ import annotations

from typing import Any

import pytest

from gradcheck_cli.recording.describing import describe
from gradcheck_cli.recording.description import ComponentDescription, DataDescription
from gradcheck_cli.rules.base import Finding, Severity
from gradcheck_cli.rules.optimizer.learning_rate_out_of_range import LearningRateOutOfRange
from tests.histories import make_description, make_linted
from tests.rules.fixes.configs import data_after, load

CONFIG = """
data: {type: digits}
model: {layers: [{type: Linear, out_features: 10}]}
loss: CrossEntropyLoss
optimizer: OPTIMIZER
lr_scheduler: SCHEDULE
trainer: {epochs: 25}
"""


def check(
    optimizer: str, batch_size: int = 32, *, fields: dict[str, Any] | None = None, **arguments: Any
) -> list[Finding]:
    description = make_description(
        optimizer=ComponentDescription(optimizer, arguments),
        trainer={"epochs": 25, "batch_size": batch_size},
        **(fields or {}),
    )
    return list(LearningRateOutOfRange().check(make_linted(description)))


@pytest.mark.parametrize(
    ("optimizer", "arguments"),
    [
        ("Adam", {"lr": 1.0}),
        ("AdamW", {"lr": 0.3}),
        ("RMSprop", {"lr": 0.3}),
        ("SGD", {"lr": 100.0}),
        ("SGD", {"lr": 1.0, "momentum": 0.99}),
        ("SGD", {"lr": 2.0, "momentum": 0.9}),
        ("RMSprop", {"lr": 0.02, "momentum": 0.9}),
    ],
)
def test_too_high(optimizer: str, arguments: dict[str, Any]) -> None:
    (finding,) = check(optimizer, **arguments)
    assert "far above" in finding.message
    assert finding.level is Severity.WARNING
    assert finding.path == "optimizer.lr"
    assert finding.effects is not None
    assert {"GC102", "GC302", "GC304"} <= set(finding.effects)
    assert "GC305" not in finding.effects


@pytest.mark.parametrize(
    ("optimizer", "arguments"),
    [("Adam", {"lr": 1e-6}), ("SGD", {"lr": 1e-5}), ("SGD", {"lr": 5e-5, "momentum": 0.9}), ("Adagrad", {"lr": 1e-5})],
)
def test_too_low(optimizer: str, arguments: dict[str, Any]) -> None:
    (finding,) = check(optimizer, **arguments)
    assert "far below" in finding.message
    assert finding.effects is not None
    assert {"GC304", "GC305", "GC402"} <= set(finding.effects)
    assert "GC302" not in finding.effects


@pytest.mark.parametrize(
    ("optimizer", "arguments"),
    [
        ("Adam", {"lr": 0.02}),
        ("Adam", {"lr": 0.1}),
        ("Adam", {"lr": 3e-5}),
        ("SGD", {"lr": 0.2, "momentum": 0.9}),
        ("SGD", {"lr": 3.0}),
        ("SGD", {"lr": 0.001}),
        ("SGD", {"lr": 2.0, "momentum": 0.9, "dampening": 0.9}),
        ("Adadelta", {"lr": 1.0}),
        ("RMSprop", {"lr": 0.01}),
    ],
)
def test_usual_rates_are_left_alone(optimizer: str, arguments: dict[str, Any]) -> None:
    assert check(optimizer, **arguments) == []


def test_small_batches_bear_less_of_sgd_and_large_ones_more() -> None:
    assert check("SGD", 32, lr=1.0) == []
    assert check("SGD", 1, lr=1.0)
    assert check("SGD", 64, lr=0.9, momentum=0.9)
    assert check("SGD", 4096, lr=0.9, momentum=0.9) == []
    assert check("Adam", 1, lr=0.05) == []


def test_sum_over_the_batch_makes_the_rate_of_sgd_as_much_larger() -> None:
    assert check("SGD", 32, lr=0.2, fields={"mean_reduced": False})
    assert check("SGD", 32, lr=1e-4, fields={"mean_reduced": False}) == []
    assert check("Adam", 32, lr=0.02, fields={"mean_reduced": False}) == []


def test_gradients_of_a_regression_are_as_large_as_its_targets() -> None:
    numbers = {"data": DataDescription("regression", target_columns=1)}
    assert check("SGD", lr=1e-5, fields=numbers) == []
    assert check("Adam", lr=1e-6, fields=numbers)
    assert check("SGD", lr=100.0, fields=numbers)


def scheduled(type: str, **arguments: Any) -> dict[str, Any]:
    return {"schedule": ComponentDescription(type, {"interval": "epoch", **arguments})}


def test_schedule_counts_by_its_highest_and_mean_rate() -> None:
    assert check("SGD", lr=0.01, fields=scheduled("ExponentialLR", gamma=0.2))
    assert check("SGD", lr=0.01, fields=scheduled("ExponentialLR", gamma=0.9)) == []
    assert check("SGD", lr=0.01, fields=scheduled("OneCycleLR", max_lr=50.0))
    assert check("SGD", lr=0.05, momentum=0.9, fields=scheduled("OneCycleLR", max_lr=0.3)) == []
    assert check("Adam", lr=1e-3, fields=scheduled("CosineAnnealingLR", T_max=25)) == []


def test_each_side_of_the_thresholds() -> None:
    run = make_linted(make_description(optimizer=ComponentDescription("Adam", {"lr": 0.02})))
    assert list(LearningRateOutOfRange(max_ratio=19.0).check(run))
    assert list(LearningRateOutOfRange(max_ratio=21.0).check(run)) == []
    assert list(LearningRateOutOfRange(min_ratio=21.0).check(run))
    assert list(LearningRateOutOfRange(min_ratio=19.0).check(run)) == []


@pytest.mark.parametrize(
    ("optimizer", "schedule", "rate"),
    [
        ("{type: Adam, lr: 1.0}", "null", 1e-3),
        ("{type: SGD, lr: 1.0, momentum: 0.99}", "null", 1e-3),
        ("{type: Adam, lr: 1e-6}", "null", 1e-3),
        ("{type: SGD, lr: 0.01}", "{type: OneCycleLR, max_lr: 50.0, total_steps: 25}", 2e-5),
    ],
)
def test_first_fix_takes_a_usual_rate(optimizer: str, schedule: str, rate: float) -> None:
    text = CONFIG.replace("OPTIMIZER", optimizer).replace("SCHEDULE", schedule)
    if schedule == "null":
        text = text.replace("lr_scheduler: null\n", "")
    fixed = data_after(text, fixes_of(text)[0])
    assert fixed["optimizer"]["lr"] == pytest.approx(rate)


def test_schedule_that_alone_takes_the_rate_down_goes_first() -> None:
    text = CONFIG.replace("OPTIMIZER", "{type: SGD, lr: 0.01}").replace("SCHEDULE", "{type: ExponentialLR, gamma: 0.2}")
    assert "lr_scheduler" not in data_after(text, fixes_of(text)[0])


def fixes_of(text: str) -> Any:
    config = load(text)
    (finding,) = LearningRateOutOfRange().check(make_linted(describe(config)))
    return LearningRateOutOfRange().fixes(finding, config)
