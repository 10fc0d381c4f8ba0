"""Synthetic histories and reports for tests: a healthy small MLP whose pieces can be replaced; nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradcheck_cli.diagnosis.report import Coverage, Harm, Report, RuleResult, RuleStatus, RunReport
from gradcheck_cli.recording.data_profile import DataProfile
from gradcheck_cli.recording.description import (
    ComponentDescription,
    DataDescription,
    LayerDescription,
    LayerKind,
    ParameterDescription,
    RunDescription,
)
from gradcheck_cli.recording.history import (
    Environment,
    EpochSeries,
    Floats,
    History,
    Outcome,
    Quantity,
    Reference,
    RunStatus,
    Signal,
    StepSeries,
    ValidationLosses,
)
from gradcheck_cli.rules.base import Evidence, Finding, Fix, Safety, Severity

EPOCHS = 20
STEPS_PER_EPOCH = 20

_KINDS = {
    "Linear": LayerKind.AFFINE,
    "Conv2d": LayerKind.CONVOLUTION,
    "LSTM": LayerKind.RECURRENT,
    "GRU": LayerKind.RECURRENT,
    "MultiheadAttention": LayerKind.ATTENTION,
    "TransformerEncoderLayer": LayerKind.ATTENTION,
    "BatchNorm1d": LayerKind.NORMALIZATION,
    "BatchNorm2d": LayerKind.NORMALIZATION,
    "LayerNorm": LayerKind.NORMALIZATION,
    "Softmax": LayerKind.SOFTMAX,
    "LogSoftmax": LayerKind.SOFTMAX,
    "Dropout": LayerKind.DROPOUT,
    "MaxPool2d": LayerKind.POOLING,
    "Flatten": LayerKind.SHAPE,
    "LastStep": LayerKind.SHAPE,
    "Residual": LayerKind.RESIDUAL,
    "Concat": LayerKind.CONCAT,
}


def make_layer(type: str, *, ordinal: int = 1, width: int = 32, inputs: int = 32, **fields: Any) -> LayerDescription:
    """One layer `inputs -> width`; affine and convolution layers get a weight and a bias."""
    kind = _KINDS.get(type, LayerKind.ACTIVATION)
    name = fields.pop("name", f"{type.lower()}_{ordinal}")
    parameters: tuple[ParameterDescription, ...] = ()
    if kind in (LayerKind.AFFINE, LayerKind.CONVOLUTION, LayerKind.RECURRENT):
        kernel = (3, 3) if kind is LayerKind.CONVOLUTION else ()
        weight = ParameterDescription(f"{name}.weight", name, (width, inputs, *kernel), init_std=0.1)
        parameters = (weight, ParameterDescription(f"{name}.bias", name, (width,), init_std=0.0))
    description = LayerDescription(
        name=name,
        type=type,
        kind=kind,
        ordinal=ordinal,
        input_shape=(inputs,),
        output_shape=(width,),
        parameters=parameters,
    )
    return replace(description, **fields)


def make_layers(*types: str, width: int = 32, inputs: int = 64, outputs: int = 10) -> tuple[LayerDescription, ...]:
    """A plain chain of layers at `model.layers[0]`, `model.layers[1]`, ...; the last affine one has `outputs` units."""
    weighted = [i for i, type in enumerate(types) if _KINDS.get(type) in (LayerKind.AFFINE, LayerKind.CONVOLUTION)]
    layers: list[LayerDescription] = []
    current = inputs
    for position, type in enumerate(types):
        given = current
        if position in weighted:
            current = outputs if position == weighted[-1] else width
        ordinal = types[: position + 1].count(type)
        path = f"model.layers[{position}]"
        layers.append(make_layer(type, ordinal=ordinal, width=current, inputs=given, path=path))
    return tuple(layers)


def make_description(layers: Sequence[LayerDescription] | None = None, **fields: Any) -> RunDescription:
    """A classification run of a 3-layer ReLU net under SGD, 20 epochs of 20 steps; `fields` replace its fields."""
    description = RunDescription(
        name="example",
        layers=tuple(layers) if layers is not None else make_layers("Linear", "ReLU", "Linear", "ReLU", "Linear"),
        loss=ComponentDescription("CrossEntropyLoss"),
        optimizer=ComponentDescription("SGD", {"lr": 0.1, "momentum": 0.9}),
        trainer={"epochs": EPOCHS, "batch_size": 64},
        data=DataDescription("classification", train_rows=1280, validation_rows=320, classes=10, input_shape=(64,)),
        planned_steps=EPOCHS * STEPS_PER_EPOCH,
        steps_per_epoch=STEPS_PER_EPOCH,
    )
    return replace(description, **fields)


def make_steps(count: int = EPOCHS * STEPS_PER_EPOCH, **fields: ArrayLike) -> StepSeries:
    """Every step's series: a loss falling from 2.3 to 0.05, gradient norm 1, no clipping. Scalars are spread out."""
    values: dict[str, Any] = {
        "loss": 0.05 + 2.25 * np.exp(-8 * np.arange(count) / max(count, 1)),
        "learning_rate": 0.1,
        "gradient_norm": 1.0,
        "clip_factor": 1.0,
        "skipped": False,
        **fields,
    }
    skipped = np.broadcast_to(np.asarray(values.pop("skipped"), dtype=np.bool_), count)
    return StepSeries(**{name: _spread(value, count) for name, value in values.items()}, skipped=skipped)


def make_epochs(count: int = EPOCHS, *, steps_per_epoch: int = STEPS_PER_EPOCH, **fields: ArrayLike) -> EpochSeries:
    """Every epoch's series: losses that fall and settle, accuracy to 0.97. Scalars are spread out."""
    progress = np.arange(1, count + 1) / max(count, 1)
    falling = 2.25 * np.exp(-8 * progress)
    values: dict[str, Any] = {
        "train_loss": 0.05 + falling,
        "slice_loss": 0.05 + falling,
        "slice_metric": 1 - 0.9 * np.exp(-8 * progress),
        "validation_loss": 0.12 + falling,
        "validation_metric": 0.97 - 0.87 * np.exp(-8 * progress),
        "seconds": 0.1 * np.arange(1, count + 1),
        **fields,
    }
    halves = values.pop("validation_halves", None)
    if halves is None:
        halves = np.repeat(_spread(values["validation_loss"], count)[:, None], 2, axis=1)
    return EpochSeries(
        step=np.arange(1, count + 1, dtype=np.int64) * steps_per_epoch,
        validation_halves=np.asarray(halves, dtype=np.float64),
        **{name: _spread(value, count) for name, value in values.items()},
    )


def sampled_steps(steps_done: int, *, interval: int = 10) -> list[int]:
    """The first five steps, every `interval`th and the last."""
    if steps_done <= 0:
        return []
    return sorted({*range(min(5, steps_done)), *range(0, steps_done, interval), steps_done - 1})


def make_signal(rows: Mapping[str, ArrayLike | None], steps: Sequence[int]) -> Signal:
    """A signal from each row's values, `[S]` or one number for all steps; None is unknown, NaN a measured NaN."""
    known = [np.full(len(steps), value is not None) for value in rows.values()]
    values = [_spread(np.nan if value is None else value, len(steps)) for value in rows.values()]
    return Signal(
        rows=tuple(rows),
        steps=np.asarray(steps, dtype=np.int64),
        values=np.array(values, dtype=np.float64).reshape(len(rows), len(steps)),
        known=np.array(known, dtype=np.bool_).reshape(len(rows), len(steps)),
    )


def make_signals(
    description: RunDescription,
    steps: Sequence[int],
    *,
    changes: Mapping[Quantity, Mapping[str, ArrayLike | None]] | None = None,
) -> dict[Quantity, Signal]:
    """Healthy signals of every quantity; `changes` replace single rows, such as `{BACKWARD_SIGNAL: {"fc1": 1e-9}}`."""
    weights = [parameter.name for parameter in description.parameters]
    layers = [layer.name for layer in description.layers]
    activations = [layer.name for layer in description.layers if layer.kind is LayerKind.ACTIVATION]
    healthy: dict[Quantity, tuple[list[str], float]] = {
        Quantity.GRADIENT_NORM: (weights, 0.3),
        Quantity.WEIGHT_NORM: (weights, 5.0),
        Quantity.UPDATE_RATIO: (weights, 1e-3),
        Quantity.BACKWARD_SIGNAL: (layers, 0.5),
        Quantity.FORWARD_SIGNAL: (layers, 4.0),
        Quantity.FORWARD_RELATIVE: (layers, 0.7),
        Quantity.SENSITIVITY: (layers, 1.0),
        Quantity.ACTIVATION_SLOPE: (activations, 0.5),
        Quantity.SATURATED_FRACTION: (activations, 0.3),
        Quantity.DEAD_FRACTION: (activations, 0.05),
    }
    given = dict(changes or {})
    return {
        quantity: make_signal({**dict.fromkeys(rows, value), **given.get(quantity, {})}, steps)
        for quantity, (rows, value) in healthy.items()
    }


def make_reference(metric: float, *, value: float, standard_error: float = 0.01) -> Reference:
    """A reference predictor with `metric`, beside a run that reached `value`."""
    return Reference(metric=metric, difference=value - metric, standard_error=standard_error)


def make_outcome(value: float = 0.97, **fields: Any) -> Outcome:
    """The end of a run on digits-like data with validation accuracy `value`; references trivial 0.1 and two of 0.97."""
    train = fields.get("train_metric", max(value, 0.0))
    outcome = Outcome(
        metric_name="accuracy",
        value=value,
        best=value,
        standard_error=0.01,
        train_metric=train,
        trivial_loss=2.3,
        trivial_train_loss=2.3,
        initial_slice_loss=2.4,
        final_slice_loss=0.05,
        final_slice_error=0.01,
        references={
            "trivial": make_reference(0.1, value=value),
            "nearest_neighbours": make_reference(0.97, value=value),
            "linear": make_reference(0.96, value=value),
        },
        train_references={"trivial": make_reference(0.1, value=train)},
    )
    return replace(outcome, **fields)


def make_validation_losses(
    best: ArrayLike,
    last: ArrayLike,
    *,
    window: int = 3,
    best_epoch: int = EPOCHS - 1,
) -> ValidationLosses:
    """Per-row losses `[N]` of the best and the last window; both halves chose the same best window."""
    best_rows, last_rows = np.asarray(best, dtype=np.float64), np.asarray(last, dtype=np.float64)
    rows = len(best_rows)
    return ValidationLosses(
        window=window,
        second_half=np.arange(rows) % 2 == 1,
        best=np.stack([best_rows, best_rows]),
        best_epoch=np.array([best_epoch, best_epoch], dtype=np.int64),
        last=last_rows,
        thinned_epochs=np.array([best_epoch, EPOCHS - 1], dtype=np.int64),
        thinned=np.stack([best_rows, last_rows]),
    )


def make_history(
    description: RunDescription | None = None,
    *,
    changes: Mapping[Quantity, Mapping[str, ArrayLike | None]] | None = None,
    **fields: Any,
) -> History:
    """A completed healthy run of a small MLP that can be saved, judged and shown.

    Args:
        description: Its layers, loss, optimizer and plan; `make_description()` by default.
        changes: Rows of signals that differ from the healthy ones, see `make_signals`.
        fields: Fields of `History` that replace the healthy ones, such as `outcome=make_outcome(0.1)`.
    """
    description = description or make_description()
    per_epoch = description.steps_per_epoch or STEPS_PER_EPOCH
    done = int(fields.get("steps_done", description.planned_steps or EPOCHS * STEPS_PER_EPOCH))
    epochs = max(done // per_epoch, 1) if done else 0
    steps = sampled_steps(done)
    rows = np.random.default_rng(0).gamma(0.5, 0.24, size=320)
    history = History(
        description=description,
        environment=Environment(seed=0, threads=1, device="cpu", versions={"gradcheck": "0.1.0", "torch": "2.13.0"}),
        status=RunStatus.COMPLETED,
        steps=make_steps(done),
        epochs=make_epochs(epochs, steps_per_epoch=per_epoch),
        signals=make_signals(description, steps, changes=changes),
        validation_losses=make_validation_losses(rows, rows, best_epoch=max(epochs - 1, 0)),
        outcome=make_outcome(),
        steps_done=done,
        epochs_done=epochs,
        seconds=1.5,
        data_profile=DataProfile(),
    )
    return replace(history, **fields)


def make_linted(description: RunDescription | None = None) -> History:
    """A History with a description and nothing measured."""
    return History(description or make_description(), Environment(seed=0, threads=1, device="cpu"))


def make_finding(code: str = "GC101", name: str = "vanishing-gradient", **fields: Any) -> Finding:
    """A finding with every field filled, an error by default."""
    finding = Finding(
        rule=code,
        name=name,
        message="The gradient fades before it reaches linear_1. It is 1e-06 of what the last layer gets.",
        why="Layers without gradient stay as they were initialised.",
        path="model.layers[0]",
        layers=("linear_1",),
        first_step=0,
        evidence=(Evidence("backward signal, first over last layer", 1e-6, 3e-3, "ratio"),),
        severity=Severity.ERROR,
        fingerprint="0123456789abcdef",
    )
    return replace(finding, **fields)


def make_report(
    *findings: Finding,
    history: History | None = None,
    harm: Harm | None = None,
    command: str = "check",
    **fields: Any,
) -> Report:
    """A report of one run; harmed where a finding is an error. `fields` replace those of its `RunReport`."""
    history = history or make_history()
    failed = any(finding.severity is Severity.ERROR for finding in findings)
    shown = Harm(True, "a", "no better than the trivial predictor") if failed else Harm(False, None, "no harm shown")
    run = RunReport(
        config="configs/example.yaml",
        name=history.description.name,
        seed=history.environment.seed,
        status=history.status,
        history=history,
        harm=harm or shown,
        coverage=Coverage(len(history.description.layers), len(history.description.layers)),
        rules=tuple(RuleResult(finding.rule, finding.name, RuleStatus.FOUND) for finding in findings),
        findings=findings,
    )
    return Report(command=command, runs=(replace(run, **fields),), exit_code=1 if failed else 0)


def make_fix(title: str = "Use ReLU in place of Sigmoid", **fields: Any) -> Fix:
    """A fix without edits unless given."""
    return replace(Fix(title, Safety.UNSAFE, "Its slope is 1 wherever it is active."), **fields)


def _spread(value: ArrayLike, count: int) -> Floats:
    return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), (count,)))
