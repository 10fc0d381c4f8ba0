"""How layers of somebody's own network, and their tensors, are described."""

from __future__ import annotations

from collections.abc import Collection

import pytest
import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.testing._internal.distributed.fake_pg import FakeStore

from gradcheck_cli.recording.description import LayerDescription, ParameterDescription
from gradcheck_cli.recording.found_layers import find_layers
from gradcheck_cli.recording.live_layers import describe_layers, number_layers


def describe(model: nn.Module, trained: Collection[nn.Parameter] | None = None) -> tuple[LayerDescription, ...]:
    return tuple(describe_layers(find_layers(model), trained))


def parameters(model: nn.Module, trained: Collection[nn.Parameter] | None = None) -> dict[str, ParameterDescription]:
    return {one.name: one for layer in describe(model, trained) for one in layer.parameters}


def holding(*tensors: torch.Tensor) -> nn.Module:
    return nn.ParameterList([nn.Parameter(one, requires_grad=one.is_floating_point()) for one in tensors])


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (nn.Linear(3, 2, bias=False), {"in_features": 3, "out_features": 2, "bias": False}),
        (nn.MultiheadAttention(4, 2), {"embed_dim": 4, "bias": True, "num_heads": 2}),
        (nn.MultiheadAttention(4, 2, bias=False, add_bias_kv=True), {"bias": False}),
        (nn.TransformerEncoderLayer(4, 2), {"bias": True}),
        (nn.TransformerEncoderLayer(4, 2, bias=False), {"bias": False}),
        (nn.LSTM(3, 2, bias=False), {"bias": False, "input_size": 3}),
        (nn.Conv2d(2, 4, (3, 1), groups=2), {"kernel_size": [3, 1], "stride": [1, 1], "groups": 2}),
        (nn.LayerNorm((2, 3)), {"normalized_shape": [2, 3]}),
        (nn.BatchNorm1d(3, momentum=None), {"momentum": None}),
        (nn.AdaptiveAvgPool2d((None, 2)), {"output_size": [None, 2]}),
        (nn.LazyLinear(2), {"out_features": 2, "bias": True}),
    ],
)
def test_arguments_are_those_of_a_config(module: nn.Module, expected: dict[str, object]) -> None:
    (layer,) = describe(module)
    assert expected.items() <= dict(layer.arguments).items()


def test_a_lazy_layer_does_not_know_its_inputs_yet() -> None:
    lazy = nn.LazyLinear(2)
    (layer,) = describe(lazy)
    assert "in_features" not in layer.arguments
    assert [(one.shape, one.init_std, one.init_symmetric) for one in layer.parameters] == [((), None, False)] * 2
    lazy(torch.randn(4, 3))
    (layer,) = describe(lazy)
    assert (layer.arguments["in_features"], layer.parameters[0].shape) == (3, (2, 3))
    assert layer.parameters[0].init_std is not None


def test_integers_have_no_spread_and_are_not_trained() -> None:
    integers = holding(torch.ones(3, 3, dtype=torch.bool), torch.ones(3, 3, dtype=torch.int8))
    for trained in (None, list(integers.parameters())):
        for one in parameters(integers, trained).values():
            assert (one.init_std, one.init_symmetric, one.trainable) == (None, False, False)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float64])
def test_other_precisions_are_described_alike(dtype: torch.dtype) -> None:
    varied, alike = parameters(holding(torch.arange(6.0).view(2, 3).to(dtype), torch.ones(2, 3, dtype=dtype))).values()
    assert varied.init_std == pytest.approx((35 / 12) ** 0.5, rel=1e-6)
    assert (varied.init_symmetric, alike.init_symmetric, alike.init_std) == (False, True, 0.0)


def test_double_precision_is_kept() -> None:
    apart = torch.tensor([[1.0], [1.0 + 1e-12]], dtype=torch.float64)
    (one,) = parameters(holding(apart)).values()
    assert one.init_std == pytest.approx(5e-13, rel=1e-3)
    assert not one.init_symmetric


def test_the_spread_of_one_number_is_unknown_and_that_of_equal_ones_zero() -> None:
    one, equal = parameters(holding(torch.ones(1), torch.full((3, 3), 0.5))).values()
    assert (one.init_std, equal.init_std) == (None, 0.0)


def test_tensors_on_the_meta_device_have_a_shape_alone() -> None:
    with torch.device("meta"):
        (layer,) = describe(nn.Linear(3, 2))
    assert [(one.shape, one.init_std, one.init_symmetric) for one in layer.parameters] == [
        ((2, 3), None, False),
        ((2,), None, False),
    ]


def test_sharded_tensors_have_their_whole_shape_and_no_spread() -> None:
    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
    try:
        net = nn.Linear(3, 2)
        fully_shard(net)
        (layer,) = describe(net)
    finally:
        dist.destroy_process_group()
    assert (layer.name, layer.type) == ("linear", "Linear")
    assert [(one.shape, one.init_std, one.init_symmetric) for one in layer.parameters] == [
        ((2, 3), None, False),
        ((2,), None, False),
    ]


def test_tied_tensors_belong_to_the_first_name() -> None:
    model = nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 5, bias=False))
    model[1].weight = model[0].weight
    assert {name: one.alias_of for name, one in parameters(model).items()} == {
        "0.weight": None,
        "1.weight": "0.weight",
    }


def test_what_the_optimizer_holds_is_trained() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
    model[0].requires_grad_(False)
    held = [model.get_parameter("0.weight")]
    assert [layer.trainable for layer in describe(model)] == [False, True, True]
    assert [layer.trainable for layer in describe(model, held)] == [True, True, False]
    trained = {name: one.trainable for name, one in parameters(model, held).items()}
    assert trained == {"0.weight": True, "0.bias": False, "2.weight": False, "2.bias": False}


def test_layers_are_counted_by_type() -> None:
    layers = describe(nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3)))
    assert [layer.ordinal for layer in layers] == [1, 1, 2]
    assert [(layer.name, layer.ordinal) for layer in number_layers(layers[::-1])] == [("2", 1), ("1", 1), ("0", 2)]
