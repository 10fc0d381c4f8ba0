"""Tests of the rows of the layer table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gradcheck_cli.recording.history import Quantity
from gradcheck_cli.reporters.layer_rows import collect_rows
from gradcheck_cli.rules.base import Family, Severity
from tests.histories import make_description, make_finding, make_history, make_layer, make_layers, make_signal


def test_activations_share_the_row_of_the_layer_before_them() -> None:
    rows = collect_rows(make_history(), ())
    assert [row.names for row in rows] == [("linear_1", "relu_1"), ("linear_2", "relu_2"), ("linear_3",)]
    assert rows[0].types == ("Linear", "ReLU")


def test_separate_gives_every_layer_its_row() -> None:
    assert len(collect_rows(make_history(), (), separate=True)) == 5


def test_norms_of_weight_and_bias_are_combined() -> None:
    history = make_history(changes={Quantity.GRADIENT_NORM: {"linear_1.weight": 3.0, "linear_1.bias": 4.0}})
    row = collect_rows(history, ())[0]
    assert row.gradient_norm == 5.0
    assert (row.gradient == 5.0).all()


def test_tiny_norms_do_not_underflow_when_combined() -> None:
    history = make_history(changes={Quantity.GRADIENT_NORM: {"linear_1.weight": 3e-200, "linear_1.bias": 4e-200}})
    assert collect_rows(history, ())[0].gradient_norm == pytest.approx(5e-200)


def test_unknown_stays_unknown_and_is_not_zero() -> None:
    history = make_history(
        changes={
            Quantity.GRADIENT_NORM: {"linear_1.weight": None, "linear_1.bias": None},
            Quantity.SENSITIVITY: {"linear_1": None, "relu_1": None},
            Quantity.DEAD_FRACTION: {"relu_1": None},
        }
    )
    row = collect_rows(history, ())[0]
    assert (row.gradient_norm, row.sensitivity, row.dead_fraction) == (None, None, None)
    assert not row.gradient_known.any()


def test_nan_is_shown_as_measured() -> None:
    history = make_history(changes={Quantity.GRADIENT_NORM: {"linear_1.weight": np.nan}})
    norm = collect_rows(history, ())[0].gradient_norm
    assert norm is not None
    assert np.isnan(norm)


def test_update_ratio_is_that_of_the_weight_not_of_the_bias() -> None:
    history = make_history(changes={Quantity.UPDATE_RATIO: {"linear_1.weight": 0.01, "linear_1.bias": 7.0}})
    assert collect_rows(history, ())[0].update_ratio == 0.01


def test_dead_units_of_the_activation_stand_in_the_row_of_its_layer() -> None:
    history = make_history(changes={Quantity.DEAD_FRACTION: {"relu_2": 0.75}})
    assert [row.dead_fraction for row in collect_rows(history, ())] == [0.05, 0.75, None]


def test_a_finding_marks_the_row_that_holds_its_layer() -> None:
    warning = make_finding(layers=("relu_1",), severity=Severity.WARNING)
    error = make_finding(layers=("linear_1",))
    rows = collect_rows(make_history(), (warning, error))
    assert [row.severity for row in rows] == [Severity.ERROR, None, None]
    assert rows[0].families == {Family.GRADIENT_FLOW}


def test_a_residual_has_its_own_row_and_its_inner_layers_are_indented() -> None:
    inner = make_layer("Linear", name="inner", parent="residual_1", branch="main")
    layers = (*make_layers("Linear", "ReLU"), inner, make_layer("Residual"), make_layer("ReLU", ordinal=2))
    rows = collect_rows(make_history(make_description(layers)), ())
    assert [(row.name, row.depth) for row in rows] == [("linear_1", 0), ("inner", 1), ("residual_1", 0), ("relu_2", 0)]


def test_a_run_without_signals_has_rows_without_measurements() -> None:
    rows = collect_rows(replace(make_history(), signals={}), ())
    assert len(rows) == 3
    assert all(row.gradient_norm is None for row in rows)


def test_signals_of_other_names_are_ignored() -> None:
    signals = {Quantity.GRADIENT_NORM: make_signal({"stranger.weight": 1.0}, [0, 1])}
    assert collect_rows(replace(make_history(), signals=signals), ())[0].gradient_norm is None
