"""Networks that no memory holds are refused by arithmetic; ordinary ones are not."""

from __future__ import annotations

from typing import Any

import pytest
from torch import nn

from gradcheck_cli.config.layers import expand
from gradcheck_cli.config.shape_flow import follow_shapes
from gradcheck_cli.config.sizes import input_shape, least_weights
from tests.config.configs import load, only_problem, problems_of

BILLION = 10**9
CSV = {"type": "csv", "path": "a.csv", "target": "y"}


@pytest.mark.parametrize(
    ("data", "layers", "message"),
    [
        ("digits", [{"type": "Linear", "out_features": BILLION}], "at least 6.4e+10 weights up to this Linear"),
        (CSV, [{"type": "Linear", "out_features": BILLION}], "this Linear has at least 3.2e+10 outputs for one batch"),
        (
            "digits",
            [{"repeat": 5000, "layers": [{"type": "Linear", "out_features": 10**3}]}],
            "weights up to this Linear",
        ),
        ("digits", [{"type": "LSTM", "hidden_size": 10**5}], "at least 4.0e+10 weights up to this LSTM"),
        (CSV, [{"type": "Embedding", "num_embeddings": BILLION, "embedding_dim": 8}], "8.0e+09 weights"),
        ({"type": "digits", "image": True}, [{"type": "Upsample", "size": 10**5}], "outputs for one batch"),
        (CSV, [{"type": "TransformerEncoderLayer", "nhead": 1, "d_model": 10**6}], "weights up to this Transformer"),
        (CSV, [{"type": "Conv2d", "out_channels": 10**5, "in_channels": 10**5, "kernel_size": 1}], "weights up to"),
        (CSV, [{"type": "Linear", "out_features": 2**62, "in_features": 2**62}], "weights up to this Linear"),
    ],
)
def test_absurd_networks_are_refused(data: Any, layers: list[Any], message: str) -> None:
    assert message in only_problem(data=data, model={"layers": layers})


@pytest.mark.parametrize(
    "layers",
    [
        [{"repeat": 50, "layers": [{"type": "Linear", "out_features": 4096}, "ReLU"]}],
        [{"type": "Linear", "out_features": 10**5}, {"type": "Linear", "out_features": 10}],
    ],
)
def test_large_networks_are_not(layers: list[Any]) -> None:
    assert not problems_of(model={"layers": layers})


@pytest.mark.parametrize(
    ("layer", "module"),
    [
        ({"type": "Linear", "out_features": 3}, nn.Linear(64, 3)),
        ({"type": "LSTM", "hidden_size": 3, "input_size": 5}, nn.LSTM(5, 3)),
        ({"type": "GRU", "hidden_size": 3, "input_size": 5}, nn.GRU(5, 3)),
        ({"type": "Embedding", "num_embeddings": 7, "embedding_dim": 3}, nn.Embedding(7, 3)),
        ({"type": "Conv2d", "in_channels": 4, "out_channels": 6, "kernel_size": [3, 2], "groups": 2}, None),
        ({"type": "MultiheadAttention", "embed_dim": 8, "num_heads": 2}, nn.MultiheadAttention(8, 2)),
        (
            {"type": "TransformerEncoderLayer", "d_model": 8, "nhead": 2, "dim_feedforward": 5},
            nn.TransformerEncoderLayer(8, 2, 5),
        ),
        ("BatchNorm1d", None),
    ],
)
def test_weights_are_counted_as_torch_has_them(layer: Any, module: nn.Module | None) -> None:
    config = load(model={"layers": [layer]})
    [expanded] = expand(config.model)
    counted = least_weights(expanded, follow_shapes((expanded,), input_shape(config))[expanded.name])
    if expanded.type == "Conv2d":
        module = nn.Conv2d(4, 6, (3, 2), groups=2)
    matrices = [p.numel() for p in module.parameters() if p.dim() >= 2] if module is not None else []
    assert counted == sum(matrices)
