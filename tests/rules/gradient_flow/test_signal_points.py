from __future__ import annotations

from dataclasses import replace

from gradcheck_cli.recording.description import LayerDescription
from gradcheck_cli.rules.gradient_flow.signal_points import SignalPoint, signal_points
from tests.histories import make_description, make_layer, make_layers


def places(*layers: LayerDescription) -> list[SignalPoint]:
    return list(signal_points(make_description(layers)))


def test_plain_chain_is_read_at_each_weighted_layer() -> None:
    found = places(*make_layers("Linear", "ReLU", "Dropout", "Linear"))
    assert found == [SignalPoint("linear_1", "linear_1"), SignalPoint("linear_2", "linear_2")]


def test_behind_a_normalisation_through_reshaping() -> None:
    found = places(*make_layers("Linear", "Flatten", "BatchNorm1d", "ReLU", "Linear"))
    assert found[0] == SignalPoint("linear_1", "batchnorm1d_1")


def test_a_normalisation_behind_an_activation_does_not_count() -> None:
    assert places(*make_layers("Linear", "ReLU", "BatchNorm1d", "Linear"))[0] == SignalPoint("linear_1", "linear_1")


def test_inside_a_residual_branch_the_outermost_sum_counts_once() -> None:
    inner = make_layer("Linear", name="inner", parent="sum", branch="main")
    shortcut = make_layer("Linear", name="skip", parent="sum", branch="shortcut")
    block = make_layer("Residual", name="sum")
    outer = make_layer("Residual", name="outer")
    head = make_layer("Linear", name="head")
    nested = (inner, shortcut, replace(block, parent="outer", branch="main"), outer, head)
    assert places(*nested) == [SignalPoint("inner", "outer"), SignalPoint("head", "head")]


def test_normalisation_behind_the_sum_is_where_it_is_read() -> None:
    inner = make_layer("Linear", name="inner", parent="sum", branch="main")
    assert places(inner, make_layer("Residual", name="sum"), make_layer("LayerNorm", name="norm")) == [
        SignalPoint("inner", "norm")
    ]


def test_frozen_layers_and_layers_without_weights_give_no_point() -> None:
    first, activation, last = make_layers("Linear", "ReLU", "Linear")
    assert places(replace(first, trainable=False), activation, last) == [SignalPoint("linear_2", "linear_2")]
