"""Shapes by arithmetic are those that torch's own layers give."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gradcheck_cli.config.catalog import LAYERS
from gradcheck_cli.config.layers import expand
from gradcheck_cli.config.own_layers import find_layer
from gradcheck_cli.config.shape_flow import follow_shapes
from gradcheck_cli.config.shapes import inferred_size, output_shape
from tests.config.configs import load

CASES: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
    ("Linear", {"out_features": 3}, (7, 5)),
    ("Conv1d", {"out_channels": 3, "kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2}, (2, 11)),
    ("Conv2d", {"out_channels": 4, "kernel_size": [3, 2], "padding": [1, 0], "groups": 2}, (2, 8, 9)),
    ("Conv2d", {"out_channels": 4, "kernel_size": 3, "padding": "same"}, (2, 8, 9)),
    ("Conv2d", {"out_channels": 4, "kernel_size": 3, "padding": "valid"}, (2, 8, 9)),
    ("Conv3d", {"out_channels": 4, "kernel_size": 2}, (1, 4, 5, 6)),
    ("ConvTranspose2d", {"out_channels": 4, "kernel_size": 3, "stride": 2, "output_padding": 1}, (2, 5, 6)),
    ("MaxPool2d", {"kernel_size": 3}, (2, 8, 8)),
    ("MaxPool2d", {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}, (2, 8, 7)),
    ("MaxPool1d", {"kernel_size": 2, "dilation": 2}, (2, 9)),
    ("AvgPool2d", {"kernel_size": 2, "ceil_mode": True}, (2, 7, 8)),
    ("AvgPool3d", {"kernel_size": 2}, (2, 4, 4, 5)),
    ("LPPool2d", {"norm_type": 2.0, "kernel_size": 2}, (2, 7, 8)),
    ("AdaptiveAvgPool2d", {"output_size": [None, 3]}, (2, 7, 8)),
    ("AdaptiveMaxPool1d", {"output_size": 3}, (2, 7)),
    ("FractionalMaxPool2d", {"kernel_size": 2, "output_size": 4}, (2, 9, 9)),
    ("FractionalMaxPool2d", {"kernel_size": 2, "output_ratio": 0.5}, (2, 9, 9)),
    ("ZeroPad1d", {"padding": [1, 2]}, (2, 7)),
    ("ConstantPad2d", {"padding": [1, 2, 3, -1], "value": 0.0}, (2, 7, 8)),
    ("ReflectionPad3d", {"padding": 1}, (2, 4, 4, 5)),
    ("Flatten", {}, (2, 3, 4)),
    ("Flatten", {"start_dim": 2}, (2, 3, 4)),
    ("Flatten", {"start_dim": -2, "end_dim": -1}, (2, 3, 4)),
    ("Unflatten", {"dim": 1, "unflattened_size": [2, -1]}, (6, 3)),
    ("Unflatten", {"dim": -1, "unflattened_size": [3, 2]}, (4, 6)),
    ("Upsample", {"size": [4, 5]}, (2, 3, 3)),
    ("Upsample", {"scale_factor": 2.5}, (2, 3)),
    ("UpsamplingNearest2d", {"scale_factor": 2.0}, (2, 3, 3)),
    ("PixelShuffle", {"upscale_factor": 2}, (8, 3, 3)),
    ("PixelUnshuffle", {"downscale_factor": 2}, (2, 4, 6)),
    ("GLU", {"dim": 1}, (4, 3)),
    ("BatchNorm2d", {}, (2, 3, 4)),
    ("LayerNorm", {}, (2, 3)),
    ("GroupNorm", {"num_groups": 2}, (4, 3)),
    ("InstanceNorm1d", {}, (4, 3)),
    ("PReLU", {}, (4, 3)),
    ("Softmax", {"dim": 1}, (4,)),
    ("AlphaDropout", {}, (4, 2)),
    ("TransformerEncoderLayer", {"nhead": 2, "dim_feedforward": 4}, (5, 4)),
    ("RNN", {"hidden_size": 3}, (5, 4)),
    ("GRU", {"hidden_size": 3, "bidirectional": True}, (5, 4)),
    ("LSTM", {"hidden_size": 6, "proj_size": 2}, (5, 4)),
]


def _tuples(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in arguments.items()}


def torch_shape(layer: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> tuple[int, ...]:
    """What torch makes of one row, with the input size that we infer."""
    signature = find_layer(layer)
    assert signature is not None
    inferred = {signature.inferred: inferred_size(layer, shape)} if signature.inferred else {}
    ours = {"batch_first": True} if "batch_first" in signature.parameters else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = getattr(nn, layer)(**_tuples(arguments), **inferred, **ours)
        output = module(torch.randn(2, *shape))
    return tuple((output[0] if isinstance(output, tuple) else output).shape[1:])


@pytest.mark.parametrize(("layer", "arguments", "shape"), CASES)
def test_shapes_equal_those_of_torch(layer: str, arguments: dict[str, Any], shape: tuple[int, ...]) -> None:
    assert output_shape(layer, arguments, shape) == torch_shape(layer, arguments, shape)


@settings(max_examples=60, deadline=None)
@given(
    size=st.integers(4, 12),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 3),
    padding=st.integers(0, 2),
    ceil=st.booleans(),
)
def test_windows_equal_those_of_torch(size: int, kernel: int, stride: int, padding: int, ceil: bool) -> None:
    common = {"kernel_size": kernel, "stride": stride}
    convolution = {**common, "out_channels": 2, "padding": padding}
    pooling = {**common, "padding": min(padding, kernel // 2), "ceil_mode": ceil}
    assert output_shape("Conv1d", convolution, (1, size)) == torch_shape("Conv1d", convolution, (1, size))
    assert output_shape("MaxPool1d", pooling, (1, size)) == torch_shape("MaxPool1d", pooling, (1, size))


def test_embeddings_and_our_own_layers() -> None:
    assert output_shape("Embedding", {"embedding_dim": 4}, (5,)) == (5, 4)
    assert output_shape("EmbeddingBag", {"embedding_dim": 4}, (5,)) == (4,)
    assert output_shape("LastStep", {}, (5, 4)) == output_shape("MeanOverTime", {}, (5, 4)) == (4,)
    assert output_shape("Permute", {"dims": [1, 0]}, (5, 4)) == (4, 5)
    assert output_shape("Reshape", {"shape": [2, -1]}, (5, 4)) == (2, 10)
    assert output_shape("PositionalEncoding", {}, (5, 4)) == (5, 4)


@pytest.mark.parametrize(
    ("layer", "arguments", "shape"),
    [
        ("Conv2d", {"out_channels": 2, "kernel_size": 3}, (64,)),
        ("Conv2d", {"out_channels": 2, "kernel_size": 9}, (1, 8, 8)),
        ("Reshape", {"shape": [7, -1]}, (64,)),
        ("Permute", {"dims": [1, 0]}, (64,)),
        ("LastStep", {}, (64,)),
        ("Unflatten", {"dim": 1, "unflattened_size": [3, 3]}, (64,)),
        ("Linear", {"out_features": 2}, None),
        ("NoSuchLayer", {}, (64,)),
        ("Fold", {"output_size": 4, "kernel_size": 2}, (4, 9)),
    ],
)
def test_unknown_and_impossible_shapes_are_none(
    layer: str, arguments: dict[str, Any], shape: tuple[int, ...] | None
) -> None:
    assert output_shape(layer, arguments, shape) is None


def test_each_layer_that_keeps_shapes_is_of_a_kind_that_does() -> None:
    """Elementwise kinds of the catalog really keep the shape of their input."""
    elementwise = [name for name, signature in LAYERS.items() if signature.kind in ("activation", "dropout")]
    required: dict[str, Any] = {"Threshold": {"threshold": 0.1, "value": 0.0}}
    for name in elementwise:
        assert torch_shape(name, required.get(name, {}), (4, 6)) == (4, 6), name


def flow(*layers: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    return {name: found.output_shape for name, found in follow_shapes(expand_all(*layers), shape).items()}


def expand_all(*layers: Any) -> Any:
    return expand(load(model={"layers": list(layers)}).model)


def test_shapes_flow_through_containers() -> None:
    wide = {"type": "Linear", "out_features": 6}
    residual = {"type": "Residual", "layers": [wide], "shortcut": [wide]}
    concat = {"type": "Concat", "branches": [[wide, "ReLU"], [{"type": "Linear", "out_features": 2}], []]}
    found = flow(residual, concat, "Flatten", shape=(4,))
    assert found["residual_1"] == (6,)
    assert found["concat_1"] == (6 + 2 + 6,)
    assert found["flatten_1"] == (14,)


@pytest.mark.parametrize(("dim", "expected"), [(1, (3, 4)), (2, None), (-1, None), (3, None), (0, None)])
def test_branches_join_along_the_dimension_of_torch(dim: int, expected: tuple[int, ...] | None) -> None:
    halves = [[{"type": "Linear", "out_features": 4}], [{"type": "Conv1d", "out_channels": 1, "kernel_size": 1}]]
    found = flow({"type": "Concat", "branches": halves, "dim": dim}, shape=(2, 4))
    assert found["concat_1"] == expected


def test_what_follows_an_unknown_shape_is_unknown() -> None:
    found = flow({"type": "Conv2d", "out_channels": 1, "kernel_size": 3}, "ReLU", shape=(64,))
    assert set(found.values()) == {None}
