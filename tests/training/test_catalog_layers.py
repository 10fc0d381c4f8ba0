"""Every layer of the catalog can be built and trained; what it computes is what torch computes."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gradcheck_cli.config.catalog import LAYERS
from tests.training.networks import build, rows, tokens

ARGUMENTS: dict[str, Any] = {
    "out_features": 3,
    "out_channels": 4,
    "kernel_size": 2,
    "hidden_size": 3,
    "embedding_dim": 4,
    "num_heads": 2,
    "nhead": 2,
    "num_groups": 2,
    "groups": 2,
    "norm_type": 2,
    "output_size": 3,
    "padding": 1,
    "value": 0.5,
    "size": 3,
    "upscale_factor": 2,
    "downscale_factor": 2,
    "threshold": 0.1,
    "unflattened_size": [2, 2],
    "dim": 1,
    "scale_factor": 2,
}
ARGUMENTS_OF: dict[str, dict[str, Any]] = {
    "Unflatten": {"dim": 1, "unflattened_size": [2, 2]},
    "Upsample": {"scale_factor": 2},
    "UpsamplingNearest2d": {"scale_factor": 2},
    "UpsamplingBilinear2d": {"scale_factor": 2},
    "FractionalMaxPool2d": {"kernel_size": 2, "output_size": 3},
    "FractionalMaxPool3d": {"kernel_size": 2, "output_size": 3},
    "Fold": {"kernel_size": 2, "output_size": 3},
    "Softmax": {"dim": 1},
    "LogSoftmax": {"dim": 1},
    "Softmin": {"dim": 1},
}
SEQUENCE_KINDS = ("recurrent", "attention")
RANDOM_IN_EVALUATION = ("FractionalMaxPool2d", "FractionalMaxPool3d")


def arguments_of(name: str) -> dict[str, Any]:
    if name in ARGUMENTS_OF:
        return ARGUMENTS_OF[name]
    inferred = LAYERS[name].inferred
    needed = [p.name for p in LAYERS[name].parameters.values() if p.required and p.name != inferred]
    return {argument: ARGUMENTS[argument] for argument in needed}


def example_for(name: str) -> Tensor:
    if LAYERS[name].kind == "embedding":
        return tokens(4, 6, 5)
    if LAYERS[name].kind in SEQUENCE_KINDS:
        return rows(4, 6, 4)
    if name == "Fold":
        return rows(4, 8, 4)
    for ending, dimensions in (("1d", 1), ("2d", 2), ("3d", 3)):
        if name.endswith(ending):
            return rows(4, 4, *[6] * dimensions)
    spatial = name in ("PixelShuffle", "PixelUnshuffle", "ChannelShuffle", "Unfold", "GroupNorm", "LocalResponseNorm")
    return rows(4, 4, 6, 6) if spatial or name == "Upsample" else rows(4, 4)


@pytest.mark.parametrize("name", LAYERS)
def test_built_and_trained(name: str) -> None:
    x = example_for(name)
    model = build([{"type": name, **arguments_of(name)}], x)
    (layer,) = model.layers
    assert model.notes == ()
    assert layer.kind.value == LAYERS[name].kind
    out = model.module.eval()(x)
    assert tuple(out.shape) == (len(x), *(layer.output_shape or ()))
    for parameter in model.parameters.values():
        (gradient,) = torch.autograd.grad(model.module(x).square().sum(), parameter)
        assert gradient.isfinite().all()


@pytest.mark.parametrize("name", [n for n in LAYERS if n not in RANDOM_IN_EVALUATION])
def test_computes_what_torch_computes(name: str) -> None:
    x = example_for(name)
    model = build([{"type": name, **arguments_of(name)}], x)
    given = {
        key: tuple(value) if isinstance(value, list) else value for key, value in model.layers[0].arguments.items()
    }
    sequence = LAYERS[name].kind in SEQUENCE_KINDS
    reference: nn.Module = getattr(nn, name)(**given, **({"batch_first": True} if sequence else {})).eval()
    reference.load_state_dict(model.modules[model.layers[0].name].state_dict())
    expected = reference(x, x, x) if name == "MultiheadAttention" else reference(x)
    expected = expected[0] if isinstance(expected, tuple) else expected
    torch.testing.assert_close(model.module.eval()(x), expected)
