"""Data, loss, optimizer, schedule, trainer and diagnostics: what is accepted, and what is said where it is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from gradcheck_cli.config.catalog import LOSSES, OPTIMIZERS, SCHEDULERS
from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import parse_config
from gradcheck_cli.config.sources import SOURCES
from tests.config.configs import HEALTHY, load, only_problem, problems_of

CSV = {"type": "csv", "path": "a.csv", "target": "y"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"type": "mnist"}, "data.type: unknown data source 'mnist'; allowed: digits, breast_cancer,"),
        ({"type": "python"}, "data: python needs 'factory', which is missing"),
        ({"type": "python", "factory": "a.b"}, "data.factory: 'a.b' does not name a function"),
        ({"type": "python", "factory": "a:b", "args": 3}, "data.args: 3 is not a mapping"),
        ({"type": "python", "factory": "a:b", "path": "x"}, "data.path: unknown argument 'path' of python"),
        ({"type": "digits", "args": {}}, "data.args: unknown argument 'args' of digits"),
        (
            {"type": "csv", "path": "a.csv"},
            "data: csv needs 'target', which is missing; allowed: text or a list of texts",
        ),
        ("csv", "data: csv needs 'path', 'target', which is missing"),
        ({"path": "a.csv"}, "data: a data source needs 'type', which is missing"),
        (
            {**CSV, "val_fraction": 1},
            "data.val_fraction: 1 is not possible; allowed: a number of at least 0 and below 1",
        ),
        ({**CSV, "task": "regresion"}, "allowed: classification, regression; did you mean 'regression'?"),
        ({**CSV, "missing": "ignore"}, "data.missing: 'ignore' is not known here; allowed: error, drop, mean"),
        ({**CSV, "val_path": "b.csv", "val_fraction": 0.2}, "'val_fraction' has no meaning beside 'val_path'"),
        (
            {"type": "digits", "test_size": 0.2},
            "data.test_size: unknown argument 'test_size' of digits; allowed: image,",
        ),
        (
            {"type": "digits", "task": "regression"},
            "data.task: 'regression' does not fit digits; allowed: classification",
        ),
        ({"type": "digits", "standardize": "yes"}, "data.standardize: 'yes' is not true or false"),
        ({"type": "digits", "standardize_target": True}, "'standardize_target' needs numbers as targets"),
        ({"type": "digits", "label_noise": 2}, "data.label_noise: 2 is not possible; allowed: a number from 0 to 1"),
        ({"type": "moons", "noise": -0.1}, "data.noise: -0.1 is not possible; allowed: a number of at least 0"),
        ({"type": "moons", "factor": 0.5}, "data.factor: unknown argument 'factor' of moons"),
        ({"type": "moons", "n_samples": 1e3}, "data.n_samples: 1000.0 is not a whole number"),
        ({"type": "adding_problem", "length": 1}, "data.length: 1 is not possible"),
        ({"type": "blobs", "centers": [[1, 2], [3]]}, "or a list of points of equal length"),
        ({"type": "blobs", "centers": 2, "cluster_std": [1, 1, 1]}, "[1.0, 1.0, 1.0] has 3 entries for 2 centers"),
        ({"type": "image_folder", "path": "x", "channels": 2}, "data.channels: 2 is not possible; allowed: 1, 3"),
    ],
)
def test_wrong_data(data: Any, message: str) -> None:
    loss = "MSELoss" if isinstance(data, dict) and data.get("type") == "adding_problem" else "CrossEntropyLoss"
    assert message in only_problem(data=data, loss=loss)


@pytest.mark.parametrize("name", list(SOURCES))
def test_every_source_is_accepted_with_what_it_requires(name: str) -> None:
    required = {p.name: "x:y" for p in SOURCES[name].parameters.values() if p.required}
    assert load(data={"type": name, **required}, loss="MSELoss").data.type == name


@pytest.mark.parametrize("centers", [4, [[0, 0], [1, 1.5]]])
def test_blobs_take_centers_as_number_or_points(centers: Any) -> None:
    load(data={"type": "blobs", "centers": centers}, loss="MSELoss")


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("cross_entropy", "loss: unknown loss 'cross_entropy'; allowed: BCELoss, BCEWithLogitsLoss, CrossEntropyLoss,"),
        ("mse", "did you mean 'MSELoss'?"),
        ("CTCLoss", "loss: CTCLoss cannot be used: its forward takes log_probs, targets, input_lengths"),
        ({"type": "KLDivLoss"}, "loss.type: KLDivLoss cannot be used: its target is a distribution for each row"),
        ({"type": "MSELoss", "reduction": "none"}, "loss.reduction: 'none' is not known here; allowed: mean, sum"),
        ({"type": "MSELoss", "size_average": True}, "torch deprecates it; use 'reduction'"),
        ({"type": "CrossEntropyLoss", "label_smoothing": 2}, "2 is not possible; allowed: a number from 0 to 1"),
        (
            {"type": "CrossEntropyLoss", "weight": [1, 2]},
            "'weight' has 2 entries for 10 classes; allowed: a list of 10",
        ),
        ({"type": "HuberLoss", "delta": 0}, "loss.delta: 0 is not possible; allowed: a number above 0"),
        (3, "loss: 3 is not the name of a loss"),
    ],
)
def test_wrong_losses(loss: Any, message: str) -> None:
    assert message in only_problem(loss=loss)


@pytest.mark.parametrize("loss", list(LOSSES))
def test_losses_fit_tasks(loss: str) -> None:
    assert not problems_of(loss=loss)
    on_numbers = problems_of(loss=loss, data="diabetes")
    if loss in ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"):
        assert not on_numbers
    else:
        message = f"{loss} needs classes, but diabetes has numbers as targets"
        assert [(problem.path, problem.message) for problem in on_numbers] == [("loss", message)]


def test_a_loss_for_classes_is_fine_where_the_file_tells_the_task() -> None:
    assert not problems_of(data=CSV)
    assert "its task is regression" in only_problem(data={**CSV, "task": "regression"})


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        ("Adam", "optimizer: Adam needs 'lr', which is missing; allowed: a number above 0"),
        ({"type": "Adam", "learning_rate": 0.1}, "unknown argument 'learning_rate' of Adam; allowed: lr, betas,"),
        ({"type": "LBFGS", "lr": 1}, "optimizer.type: LBFGS cannot be used: it needs a closure"),
        ({"type": "SparseAdam", "lr": 1}, "SparseAdam cannot be used: it takes only sparse gradients"),
        ({"type": "Muon", "lr": 1}, "Muon cannot be used: it takes only matrices"),
        ({"type": "adam", "lr": 1}, "optimizer.type: unknown optimizer 'adam'"),
        ({"type": "SGD", "lr": 0}, "optimizer.lr: 0 is not possible; allowed: a number above 0"),
        ({"type": "SGD", "lr": "fast"}, "optimizer.lr: 'fast' is not a number; allowed: a number above 0"),
        ({"type": "SGD", "lr": True}, "optimizer.lr: true is not a number; allowed: a number above 0"),
        ({"type": "SGD", "lr": None}, "optimizer.lr: null is not a number; allowed: a number above 0"),
        (
            {"type": "SGD", "lr": 10**400},
            "is not a number; allowed: a number above 0; the number is too large for a 64-bit float",
        ),
        ({"type": "SGD", "lr": 1, "nesterov": True}, "nesterov needs a momentum above 0; add 'momentum: 0.9'"),
        ({"type": "Adam", "lr": 1, "betas": [0.9, 1]}, "[0.9, 1] is not possible; allowed: a list of 2 numbers"),
        ({"type": "Adam", "lr": 1, "betas": 0.9}, "0.9 is not a list of 2 numbers"),
        ({"type": "Adam", "lr": 1, "foreach": True, "fused": True}, "foreach and fused cannot both be true"),
        ({"type": "Rprop", "lr": 1, "etas": [1.5, 1.2]}, "a number below 1 and a number above 1"),
        ({"class_path": "torch.optim.SGD", "init_args": {}}, "write 'type: SGD' instead of 'class_path'"),
    ],
)
def test_wrong_optimizers(optimizer: Any, message: str) -> None:
    assert message in only_problem(optimizer=optimizer)


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf"])
def test_a_learning_rate_is_finite(value: str) -> None:
    document = parse_document(str(HEALTHY).replace("'lr': 0.1", f"'lr': {value}"), source="x")
    [problem] = parse_config(document)[1]
    assert str(problem) == f"optimizer.lr: {value} is not possible; allowed: a number above 0"


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_every_optimizer_is_accepted_with_a_learning_rate(name: str) -> None:
    assert load(optimizer={"type": name, "lr": 0.1}).optimizer.arguments == {"lr": 0.1}


STEP = {"type": "StepLR", "step_size": 2}


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("cosine", "did you mean 'CosineAnnealingLR'?"),
        ("LambdaLR", "lr_scheduler: LambdaLR cannot be used: it needs a Python function"),
        (
            "CosineAnnealingLR",
            "CosineAnnealingLR needs 'T_max', which is missing; allowed: a whole number of at least 1",
        ),
        ({**STEP, "interval": "steps"}, "'steps' is not known here; allowed: epoch, step; did you mean 'step'?"),
        ({**STEP, "last_epoch": 3}, "a run starts at its beginning"),
        ({**STEP, "milestones": [1]}, "unknown argument 'milestones' of StepLR"),
        (
            {"type": "ReduceLROnPlateau", "interval": "step"},
            "looks at the validation loss once an epoch; allowed: epoch",
        ),
        ({"type": "ReduceLROnPlateau", "factor": 1}, "1 is not possible; allowed: a number of at least 0 and below 1"),
        (
            {"type": "SequentialLR", "milestones": [1]},
            "lr_scheduler: SequentialLR needs 'schedulers', which is missing",
        ),
        ({"type": "SequentialLR", "schedulers": [STEP]}, "SequentialLR needs 'milestones', which is missing"),
        (
            {"type": "SequentialLR", "milestones": [1, 2], "schedulers": [STEP, STEP]},
            "[1, 2] has 2 entries for 2 sched",
        ),
        ({"type": "SequentialLR", "milestones": [2, 1], "schedulers": [STEP] * 3}, "[2, 1] does not rise"),
        ({"type": "ChainedScheduler", "schedulers": []}, "[] is not a list of schedules"),
        (
            {"type": "ChainedScheduler", "schedulers": [{**STEP, "interval": "step"}]},
            "lr_scheduler.schedulers[0].interval: unknown argument 'interval' of StepLR; allowed: step_size, gamma; "
            "'interval' stands only at the top",
        ),
        (
            {"type": "ChainedScheduler", "schedulers": ["ReduceLROnPlateau"]},
            "ReduceLROnPlateau cannot stand inside another schedule",
        ),
        ({"type": "OneCycleLR", "max_lr": 1, "epochs": 3}, "takes 'epochs' and 'steps_per_epoch' together"),
        ({"type": "CyclicLR", "base_lr": 1, "max_lr": 0.1}, "1.0 is above 'max_lr', which is 0.1"),
    ],
)
def test_wrong_schedules(schedule: Any, message: str) -> None:
    assert message in only_problem(lr_scheduler=schedule)


def test_cycled_momentum_needs_an_optimizer_with_momentum() -> None:
    cycle: dict[str, Any] = {"type": "OneCycleLR", "max_lr": 0.1}
    adagrad = {"type": "Adagrad", "lr": 0.1}
    message = "lr_scheduler: OneCycleLR cycles the momentum, which Adagrad does not have; add 'cycle_momentum: false'"
    assert only_problem(lr_scheduler=cycle, optimizer=adagrad) == message
    assert not problems_of(lr_scheduler={**cycle, "cycle_momentum": False}, optimizer=adagrad)
    assert not problems_of(lr_scheduler=cycle)


@pytest.mark.parametrize("name", list(SCHEDULERS))
def test_every_schedule_is_accepted_with_what_it_requires(name: str) -> None:
    values: dict[str, Any] = {"int": 2, "float": 0.1, "int[]": [1]}
    required = {p.name: values[p.types[0]] for p in SCHEDULERS[name].parameters.values() if p.required}
    inner: dict[str, Any] = {"schedulers": [STEP, STEP]} if name in ("SequentialLR", "ChainedScheduler") else {}
    schedule = load(lr_scheduler={"type": name, **required, **inner}).lr_scheduler
    assert schedule is not None
    assert schedule.type == name


def test_milestones_of_multi_step_are_its_own_argument() -> None:
    schedule = load(lr_scheduler={"type": "MultiStepLR", "milestones": [1, 2]}).lr_scheduler
    assert schedule is not None
    assert (schedule.arguments, schedule.milestones) == ({"milestones": [1, 2]}, ())


@pytest.mark.parametrize(
    ("trainer", "message"),
    [
        ({"batch_size": 3}, "trainer: trainer needs 'epochs' or 'max_steps', and has neither"),
        ({"epochs": None}, "trainer: trainer needs 'epochs' or 'max_steps', and has neither"),
        ({"num_epochs": 3}, "write 'epochs'"),
        ({"epochs": 0}, "trainer.epochs: 0 is not possible; allowed: a whole number of at least 1 or null"),
        ({"epochs": 1, "batch_size": 0}, "trainer.batch_size: 0 is not possible"),
        ({"epochs": 1, "lr": 0}, "trainer.lr: unknown key 'lr' of trainer"),
        ({"epochs": 1, "clip_grad_norm": 0}, "trainer.clip_grad_norm: 0 is not possible; allowed: a number above 0"),
        ({"epochs": 1, "clip_grad_norm": 1, "clip_grad_value": 1}, "cannot stand beside 'clip_grad_norm'"),
        ({"epochs": 1, "precision": "16-mixed"}, "allowed: fp32, bf16, fp16; did you mean 'fp16'?"),
        ({"epochs": 1, "precision": 32}, "did you mean 'fp32'?"),
        ({"epochs": 1, "device": "gpu"}, "allowed: auto, cpu, cuda, mps; did you mean 'cuda'?"),
        ({"epochs": 1, "drop_last": "never"}, "trainer.drop_last: 'never' is not known here; allowed: auto"),
        ({"epochs": 1, "threads": 0}, "trainer.threads: 0 is not possible"),
        ({"epochs": 1, "l1_penalty": -1}, "trainer.l1_penalty: -1 is not possible; allowed: a number of at least 0"),
        ({"epochs": 1, "early_stopping": {}}, "early_stopping needs 'patience', which is missing"),
        ({"epochs": 1, "early_stopping": 5}, "trainer.early_stopping: 5 is not a mapping"),
        ({"epochs": 1, "early_stopping": {"patience": 1, "monitor": "x"}}, "it watches the validation loss"),
        (None, "trainer: nothing is given for the trainer"),
    ],
)
def test_wrong_trainers(trainer: Any, message: str) -> None:
    assert message in only_problem(trainer=trainer)


def test_what_watches_validation_rows_needs_some() -> None:
    stopping = {"epochs": 1, "early_stopping": {"patience": 1}}
    watching: dict[str, Any] = {
        "trainer": stopping,
        "lr_scheduler": "ReduceLROnPlateau",
        "diagnostics": {"expect": {"val_metric": 0.9}},
    }
    assert not problems_of(**watching)
    without = problems_of(data={"type": "digits", "val_fraction": 0}, **watching)
    assert sorted(problem.path for problem in without) == [
        "diagnostics.expect.val_metric",
        "lr_scheduler",
        "trainer.early_stopping",
    ]
    assert not problems_of(data={**CSV, "val_path": "b.csv"}, **watching)


RULES = {"GC101": ("min_ratio",), "vanishing-gradient": ("min_ratio",), "GC401": (), "overfitting": ()}


def _with_rules(diagnostics: Any) -> list[str]:
    document = parse_document(str({**HEALTHY, "diagnostics": diagnostics}).replace("None", "null"), source="x")
    return list(map(str, parse_config(document, rules=RULES)[1]))


@pytest.mark.parametrize(
    ("diagnostics", "message"),
    [
        ({"select": ["GC9"]}, "diagnostics.select[0]: 'GC9' selects no rule; allowed: GC101, vanishing-gradient,"),
        (
            {"ignore": ["overfiting"]},
            "'overfiting' selects no rule; allowed: GC101, vanishing-gradient, GC401, overfitting;",
        ),
        ({"ignore": ["over"]}, "diagnostics.ignore[0]: 'over' selects no rule"),
        ({"rules": {"vanishing": {}}}, "diagnostics.rules.vanishing: unknown rule 'vanishing'"),
        (
            {"rules": {"overfitting": {"min_ratio": 1}}},
            "unknown threshold 'min_ratio' of overfitting; allowed: severity",
        ),
        ({"rules": {"overfitting": {"severity": "fatal"}}}, "'fatal' is not known here; allowed: error, warning, info"),
        ({"rules": {"GC101": {"min_ratio": "low"}}}, "'low' is not a number; allowed: a number (finite)"),
        ({"rules": {"GC101": 3}}, "diagnostics.rules.GC101: 3 is not a mapping"),
        ({"select": "GC101"}, "diagnostics.select: 'GC101' is not a list"),
        ({"select": [3]}, "diagnostics.select[0]: 3 is not a code, a prefix or a name of a rule"),
        ({"expect": {"accuracy": 0.9}}, "unknown key 'accuracy' of expect; allowed: val_metric"),
        ({"disable": []}, "diagnostics.disable: unknown key 'disable' of diagnostics"),
    ],
)
def test_wrong_diagnostics(diagnostics: Any, message: str) -> None:
    assert any(message in problem for problem in _with_rules(diagnostics)), _with_rules(diagnostics)


@pytest.mark.parametrize(
    "diagnostics",
    [
        {"select": ["GC1", "overfitting"], "ignore": ["GC101"]},
        {"select": ["all"], "ignore": ["gc4", "Overfitting"]},
        {"rules": {"vanishing-gradient": {"min_ratio": 1, "severity": "info"}}},
        {"select": None, "rules": {}},
    ],
)
def test_good_diagnostics(diagnostics: Any) -> None:
    assert _with_rules(diagnostics) == []


def test_without_a_table_of_rules_only_the_form_is_checked() -> None:
    assert not problems_of(diagnostics={"select": ["GC999"], "rules": {"unheard-of": {"x": 1}}})
