"""Histories with something in every field, for tests of what keeps them."""

from __future__ import annotations

import numpy as np

from gradcheck_cli.recording.data_profile import BadCells, Cell, ClassCounts, DataProfile, Overlap, Scales
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
    History,
    NonFinite,
    Outcome,
    Quantity,
    Reference,
    RunStatus,
    Signal,
    StepSeries,
    ThroughTime,
    ValidationLosses,
)

ENVIRONMENT = Environment(seed=3, threads=1, device="cpu", versions={"torch": "2.13", "gradcheck": "0.1"})


def describe() -> RunDescription:
    """Two layers, one of them with arguments of every kind."""
    weight = ParameterDescription("conv.weight", "conv", (4, 1, 3, 3), init="kaiming_normal_", init_std=0.5)
    layers = (
        LayerDescription(
            "conv",
            "Conv2d",
            LayerKind.CONVOLUTION,
            arguments={"kernel_size": (3, 3), "padding": [1, 1], "bias": False, "scale": float("inf"), "mode": None},
            path="model.layers[0]",
            input_shape=(1, 8, 8),
            output_shape=(4, 8, 8),
            parameters=(weight,),
        ),
        LayerDescription("relu_1", "ReLU", LayerKind.ACTIVATION, trainable=False),
    )
    return RunDescription(
        "run",
        layers,
        loss=ComponentDescription("CrossEntropyLoss", {"weight": [1.0, 2.0]}),
        optimizer=ComponentDescription("AdamW", {"betas": (0.9, 0.999), "lr": 1e-3}),
        schedule=ComponentDescription("StepLR", {"step_size": 5}),
        trainer={"epochs": 2, "early_stopping": {"patience": 3}, "clip_grad_norm": None},
        data=DataDescription("classification", 80, 20, 2, (1, 8, 8)),
        planned_steps=6,
    )


def record() -> History:
    """A run of three steps and two epochs that ended with NaN."""
    random = np.random.default_rng(0)
    values = random.normal(size=(2, 3))
    values[1, 2] = np.nan
    signal = Signal(("conv", "relu_1"), np.array([0, 1, 2]), values, np.array([[True] * 3, [True, False, True]]))
    empty = Signal((), np.empty(0, np.int64), np.empty((0, 0)), np.empty((0, 0), np.bool_))
    ones = np.ones(3)
    two = np.array([0.5, np.inf])
    return History(
        describe(),
        ENVIRONMENT,
        status=RunStatus.DIVERGED,
        steps=StepSeries(ones, ones * 0.1, ones * np.nan, ones, np.array([False, True, False])),
        epochs=EpochSeries(np.array([2, 3]), two, two, two, two, two, random.normal(size=(2, 2)), two),
        signals={Quantity.BACKWARD_SIGNAL: signal, Quantity.DEAD_FRACTION: empty},
        validation_losses=ValidationLosses(
            3,
            np.array([True, False]),
            random.normal(size=(2, 2)),
            two,
            np.array([0, 1]),
            np.array([1]),
            random.normal(size=(1, 2)),
        ),
        outcome=Outcome(
            "accuracy",
            0.5,
            0.75,
            float("nan"),
            0.5,
            0.69,
            0.69,
            1.0,
            float("inf"),
            0.0,
            references={"trivial": Reference(0.5, 0.0, 0.01)},
            constant_target=True,
        ),
        non_finite=NonFinite(2, "gradient", ("conv",), lasting=False),
        steps_done=3,
        epochs_done=2,
        seconds=1.25,
        stopped_because="the loss became NaN in step 2",
        notes=("a last batch of 1 row is left out",),
        unavailable={"update_ratio": "not sampled"},
        through_time={
            "lstm": ThroughTime(np.array([0, 2]), values[:, :2]),
            "lstm:reverse": ThroughTime(np.array([2]), values[1:]),
        },
        data_profile=DataProfile(
            inputs=Scales("a", 2.5, "b", float("inf"), "c", 0.0, standardized=True),
            classes=ClassCounts(("no", "yes"), np.array([60, 20]), np.array([15, 5])),
            overlap=Overlap(20, 3, 0.05, features=4, continuous=False),
            bad_cells=BadCells((Cell(3, "a", "inf", row_word="line", source="x.csv"),), 7),
            constant_features=("d",),
            constant_feature_count=1,
            constant_target=True,
        ),
    )
