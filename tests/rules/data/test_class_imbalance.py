from __future__ import annotations

import numpy as np
import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.config.schema import Config
from gradcheck_cli.diagnosis.judge import judge
from gradcheck_cli.recording.history import History, Outcome
from gradcheck_cli.rules.base import Finding, Safety, Severity
from gradcheck_cli.rules.data.class_imbalance import ClassImbalance
from tests.data_profiles import make_counts, run_on
from tests.histories import make_epochs, make_history, make_linted, make_outcome, make_reference


def check(run: History) -> list[Finding]:
    return list(ClassImbalance().check(run))


def read(loss: str) -> Config:
    text = f"""
data: breast_cancer
model: {{layers: [{{type: Linear, out_features: 2}}]}}
loss: {loss}
optimizer: {{type: SGD, lr: 0.1}}
trainer: {{epochs: 2}}
"""
    return load_config(parse_document(text, source="run.yaml"))


def balanced(value: float) -> Outcome:
    references = {"trivial": make_reference(0.5, value=value), "linear": make_reference(0.8, value=value)}
    return make_outcome(
        value, metric_name="balanced_accuracy", accuracy=0.96, trivial_loss=0.1, references=references, train_metric=0.5
    )


def ending(loss: float, *, value: float = 0.5) -> History:
    epochs = make_epochs(validation_loss=np.linspace(0.3, loss, 20))
    return make_history(outcome=balanced(value), epochs=epochs)


@pytest.mark.parametrize(("largest", "fires"), [(690, False), (710, True)])
def test_a_class_with_most_of_the_rows_fires(largest: int, fires: bool) -> None:
    counts = make_counts(largest, 1000 - largest, validation=(0, 0))
    assert bool(check(run_on(classes=counts))) is fires


def test_many_classes_of_equal_size_numbers_and_lint_stay_quiet() -> None:
    assert check(run_on(classes=make_counts(20, 20, 20, 20))) == []
    assert check(run_on(classes=make_counts(0, 0, validation=(0, 0)))) == []
    assert check(run_on(classes=None)) == []
    assert check(make_linted()) == []


def test_both_metrics_are_shown() -> None:
    [finding] = check(run_on(ending(0.08), classes=make_counts(960, 40)))
    assert finding.message == (
        "One class holds most of the rows. 'a' has 96.0% of them, so always answering 'a' is right that often."
        " The network's accuracy is 0.96 and its balanced accuracy is 0.5."
    )
    assert {entry.name: entry.value for entry in finding.evidence} == {
        "share of the largest class": 0.96,
        "balanced accuracy": 0.5,
        "accuracy": 0.96,
        "training rows of each class": "960, 40",
    }


def test_it_stays_a_warning_where_the_run_ends_well() -> None:
    run = run_on(ending(0.02, value=0.95), classes=make_counts(960, 40))
    [finding] = [f for f in judge(run).findings if f.rule == "GC602"]
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(("loss", "explains"), [(0.08, True), (0.099, False), (0.4, False)])
def test_it_explains_the_end_where_the_network_learnt_by_its_loss_alone(loss: float, explains: bool) -> None:
    run = run_on(ending(loss), classes=make_counts(960, 40))
    [finding] = [f for f in judge(run).findings if f.rule == "GC602"]
    assert bool(finding.explains) is explains
    assert finding.severity is (Severity.ERROR if explains else Severity.WARNING)


@pytest.mark.parametrize(
    ("loss", "key", "value"),
    [
        ("CrossEntropyLoss", "weight", [0.521, 12.5]),
        ("{type: CrossEntropyLoss, label_smoothing: 0.1}", "weight", [0.521, 12.5]),
        ("BCEWithLogitsLoss", "pos_weight", [24.0]),
    ],
)
def test_the_fix_weights_the_classes(loss: str, key: str, value: list[float]) -> None:
    [finding] = check(run_on(classes=make_counts(960, 40)))
    config = read(loss)
    fix = ClassImbalance().fixes(finding, config)[0]
    [edit] = fix.edits
    assert edit.path == "loss"
    assert edit.value == {"type": config.loss.type, **config.loss.arguments, key: value}
    assert fix.safety is Safety.UNSAFE


@pytest.mark.parametrize("loss", ["{type: CrossEntropyLoss, weight: [1.0, 2.0]}", "MSELoss"])
def test_where_weights_are_set_or_not_to_be_had_there_is_advice(loss: str) -> None:
    [finding] = check(run_on(classes=make_counts(960, 40)))
    assert [fix.safety for fix in ClassImbalance().fixes(finding, read(loss))] == [Safety.ADVICE]


def test_a_class_without_training_rows_gets_no_weight() -> None:
    [finding] = check(run_on(classes=make_counts(960, 0, validation=(10, 5))))
    assert [fix.safety for fix in ClassImbalance().fixes(finding, read("CrossEntropyLoss"))] == [Safety.ADVICE]
