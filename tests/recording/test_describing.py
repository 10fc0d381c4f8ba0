"""The description of a run from its config alone."""

from __future__ import annotations

import math
from typing import Any

from gradcheck_cli.recording.describing import describe, describe_schedule
from gradcheck_cli.recording.description import DataDescription, LayerKind
from tests.config.configs import load

LINEAR = {"type": "Linear", "out_features": 32}


def test_layers_stand_in_forward_order_with_shapes_and_inferred_sizes() -> None:
    model = {"layers": [LINEAR, "ReLU", "BatchNorm1d", {"type": "Linear", "out_features": 10, "name": "head"}]}
    layers = describe(load(model=model)).layers
    assert [(layer.name, layer.kind, layer.input_shape, layer.output_shape) for layer in layers] == [
        ("linear_1", LayerKind.AFFINE, (64,), (32,)),
        ("relu_1", LayerKind.ACTIVATION, (32,), (32,)),
        ("batchnorm1d_1", LayerKind.NORMALIZATION, (32,), (32,)),
        ("head", LayerKind.AFFINE, (32,), (10,)),
    ]
    assert layers[0].arguments == {"out_features": 32, "in_features": 64}
    assert layers[2].arguments == {"num_features": 32}
    assert layers[3].ordinal == 2
    assert layers[3].path == "model.layers[3]"


def test_containers_come_after_their_layers_and_are_their_parents() -> None:
    residual = {"type": "Residual", "layers": [LINEAR, "ReLU"], "shortcut": [LINEAR], "trainable": False}
    concat = {"type": "Concat", "branches": [["Tanh"], [LINEAR]]}
    layers = describe(load(model={"layers": [residual, concat]})).layers
    assert [(layer.name, layer.parent, layer.branch) for layer in layers] == [
        ("linear_1", "residual_1", "main"),
        ("relu_1", "residual_1", "main"),
        ("linear_2", "residual_1", "shortcut"),
        ("residual_1", None, ""),
        ("tanh_1", "concat_1", "0"),
        ("linear_3", "concat_1", "1"),
        ("concat_1", None, ""),
    ]
    assert [layer.trainable for layer in layers] == [False] * 4 + [True] * 3
    assert layers[-1].output_shape == (64,)


def test_nested_containers_name_the_nearest_one() -> None:
    inner = {"type": "Residual", "layers": ["ReLU"]}
    layers = describe(load(model={"layers": [{"type": "Residual", "layers": [inner]}]})).layers
    assert [(layer.name, layer.parent) for layer in layers] == [
        ("relu_1", "residual_1"),
        ("residual_1", "residual_2"),
        ("residual_2", None),
    ]


def test_shapes_behind_a_file_are_unknown() -> None:
    description = describe(load(data={"type": "csv", "path": "a.csv", "target": "y"}))
    assert description.data == DataDescription()
    assert [(layer.input_shape, layer.output_shape) for layer in description.layers] == [(None, None)]
    assert description.layers[0].arguments == {"out_features": 10}


def test_data_is_described_where_the_source_tells() -> None:
    def data(loss: str = "MSELoss", **keys: Any) -> DataDescription:
        return describe(load(data=keys, loss=loss)).data

    assert data(type="digits") == DataDescription("classification", classes=10, input_shape=(64,))
    assert data(type="digits", image=True).input_shape == (1, 8, 8)
    assert data(type="wine") == DataDescription("classification", classes=3, input_shape=(13,))
    assert data(type="diabetes") == DataDescription(
        "regression", input_shape=(10,), target_columns=1, target_range=(25.0, 346.0)
    )
    assert data(type="regression", n_features=7) == DataDescription(
        "regression", input_shape=(7,), target_columns=1, target_range=(-math.inf, math.inf)
    )
    assert data(type="regression").input_shape == (100,)
    assert data(type="blobs", centers=4, n_features=3) == DataDescription("classification", None, None, 4, (3,))
    assert data(type="blobs", centers=[[1, 2, 3], [4, 5, 6]]) == DataDescription("classification", None, None, 2, (3,))
    assert data(type="spirals", centers=5).classes == 5
    assert data(type="adding_problem") == DataDescription(
        "regression", input_shape=(20, 2), target_columns=1, target_range=(0.0, 2.0)
    )
    assert data(type="delayed_recall", length=5, n_symbols=6) == DataDescription("classification", None, None, 6, (5,))
    assert data(type="image_folder", path="x", size=8, channels=1).input_shape == (1, 8, 8)
    assert data(type="npz", path="x", task="regression") == DataDescription("regression")


def test_loss_optimizer_and_trainer_are_taken_over() -> None:
    description = describe(
        load(
            loss={"type": "CrossEntropyLoss", "reduction": "sum"},
            optimizer={"type": "SGD", "lr": 0.1, "momentum": 0.9},
            trainer={"max_steps": 70, "batch_size": 8, "early_stopping": {"patience": 3}},
        )
    )
    assert (description.loss.type, description.mean_reduced) == ("CrossEntropyLoss", False)
    assert description.optimizer.arguments == {"lr": 0.1, "momentum": 0.9}
    assert description.trainer["batch_size"] == 8
    assert description.trainer["precision"] == "fp32"
    assert description.trainer["early_stopping"]["patience"] == 3
    assert description.planned_steps == 70
    assert description.schedule is None


def test_planned_steps_are_unknown_where_epochs_may_end_the_run() -> None:
    assert describe(load()).planned_steps is None
    assert describe(load(trainer={"epochs": 1, "max_steps": 5})).planned_steps is None
    assert describe(load()).mean_reduced


def test_schedules_are_described_with_those_inside_them() -> None:
    step = {"type": "StepLR", "step_size": 2}
    plain = describe_schedule(load(lr_scheduler={**step, "interval": "step"}).lr_scheduler)
    assert plain is not None
    assert (plain.type, plain.arguments) == ("StepLR", {"step_size": 2, "interval": "step"})
    sequence = describe(load(lr_scheduler={"type": "SequentialLR", "milestones": [3], "schedulers": [step, step]}))
    assert sequence.schedule is not None
    assert sequence.schedule.arguments == {"schedulers": [step, step], "milestones": [3], "interval": "epoch"}
