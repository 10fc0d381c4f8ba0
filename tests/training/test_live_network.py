"""Networks that nobody wrote down: which layers they have, in which order, and what lies between and around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.rules.surroundings import is_bypassed
from gradcheck_cli.training.live_network import LiveNetwork, describe_network
from tests.histories import make_description


class Net(nn.Module):
    """Some layers and a forward pass."""

    def __init__(self, forward: Callable[[Any, Tensor], Any], **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self._forward = forward

    def forward(self, x: Tensor) -> Any:
        return self._forward(self, x)


def look(network: nn.Module, *shape: int) -> LiveNetwork:
    return describe_network(network, torch.randn(4, *(shape or (3,))), path="model.factory")


def shape_of(found: LiveNetwork) -> list[str]:
    """Types in order, those inside a block in brackets."""
    return [f"[{layer.type}]" if layer.parent else layer.type for layer in found.layers]


def line(width: int = 3) -> nn.Linear:
    return nn.Linear(width, width)


def test_a_chain_of_modules_is_that_chain() -> None:
    found = look(nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Sequential(nn.Linear(5, 2), nn.Softmax(dim=1))))
    assert shape_of(found) == ["Linear", "ReLU", "Linear", "Softmax"]
    assert [layer.name for layer in found.layers] == ["0", "1", "2.0", "2.1"]
    first = found.layers[0]
    assert (first.kind, first.input_shape, first.output_shape) == (LayerKind.AFFINE, (3,), (5,))
    assert first.arguments == {"in_features": 3, "out_features": 5, "bias": True}
    assert [one.name for one in first.parameters] == ["0.weight", "0.bias"]
    assert [layer.path for layer in found.layers] == ["model.factory"] * 4


def test_layers_come_in_the_order_of_their_calls() -> None:
    found = look(Net(lambda net, x: net.b(net.a(x)), b=line(), a=line()))
    assert [layer.name for layer in found.layers] == ["a", "b"]


@pytest.mark.parametrize(
    ("between", "types"),
    [
        (lambda x: x, ["Linear", "Linear"]),
        (lambda x: x.view(4, 3).unsqueeze(1).flatten(1), ["Linear", "Linear"]),
        (F.relu, ["Linear", "ReLU", "Linear"]),
        (torch.tanh, ["Linear", "Tanh", "Linear"]),
        (lambda x: F.relu_(x), ["Linear", "ReLU", "Linear"]),
        (lambda x: x * 2, ["Linear", "Function", "Linear"]),
        (lambda x: F.relu(x) * 2, ["Linear", "Function", "Linear"]),
        (lambda x: x.detach(), ["[Linear]", "[Function]", "[Linear]"]),
    ],
)
def test_functions_stand_between_layers(between: Callable[[Tensor], Tensor], types: list[str]) -> None:
    found = look(Net(lambda net, x: net.b(between(net.a(x))), a=line(), b=line()))
    assert [name for name in shape_of(found) if name != "Residual"] == types


def test_a_function_at_the_end_is_seen() -> None:
    assert shape_of(look(Net(lambda net, x: F.softmax(net.a(x), dim=1), a=line()))) == ["Linear", "Softmax"]


def test_what_a_sum_bypasses_is_in_a_block() -> None:
    found = look(
        Net(lambda net, x: net.c(x + net.b(F.relu(net.a(x)))), a=line(), b=line(), c=line()),
    )
    assert shape_of(found) == ["[Linear]", "[ReLU]", "[Linear]", "Residual", "Linear"]
    description = replace(make_description(), layers=found.layers)
    assert [is_bypassed(layer, description) for layer in found.layers] == [True, True, True, False, False]


def test_an_activation_behind_a_sum_is_told_apart_from_it() -> None:
    found = look(Net(lambda net, x: net.b(F.relu(x + net.a(x))), a=line(), b=line()))
    assert shape_of(found) == ["[Linear]", "Residual", "ReLU", "Linear"]


def test_branches_that_are_joined_bypass_each_other() -> None:
    found = look(Net(lambda net, x: net.c(torch.cat([net.a(x), net.b(x)], dim=1)), a=line(), b=line(), c=line(6)))
    assert [layer.parent is not None for layer in found.layers if layer.type == "Linear"] == [True, True, False]


def test_tokens_have_a_beginning_too() -> None:
    network = nn.Sequential(nn.Embedding(5, 3), nn.Flatten(), nn.Linear(6, 2))
    found = describe_network(network, torch.randint(0, 5, (4, 2)), path=None)
    assert shape_of(found) == ["Embedding", "Flatten", "Linear"]


def test_recurrent_and_attention_layers_count_as_one_each() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(3, 4, batch_first=True)
            self.encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, batch_first=True), 2)
            self.head = nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Any:
            return self.head(self.encoder(self.lstm(x)[0])[:, -1])

    found = look(Reader(), 5, 3)
    kinds = [layer.kind for layer in found.layers if layer.type not in ("Function", "Residual")]
    assert kinds == [LayerKind.RECURRENT, LayerKind.ATTENTION, LayerKind.ATTENTION, LayerKind.AFFINE]


def test_tensors_that_are_in_no_layer_have_one_of_their_own() -> None:
    class Shift(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.offset = nn.Parameter(torch.ones(3))
            self.inner = line()

        def forward(self, x: Tensor) -> Any:
            return self.inner(x) + self.offset

    found = look(nn.Sequential(Shift()))
    owner = next(layer for layer in found.layers if layer.type == "Shift")
    assert [one.name for one in owner.parameters] == ["0.offset"]
    assert found.modules[owner.name].get_parameter("offset").shape == (3,)
    assert not list(found.modules[owner.name].modules())[1:]
    assert [layer.type for layer in found.layers] == ["Shift", "Linear", "Function"]
    assert found.unused == ()


def test_any_of_several_outputs_leads_on() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru, self.head = nn.GRU(3, 4, batch_first=True), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Any:
            return self.head(self.gru(x)[1][-1])

    assert shape_of(look(Reader(), 5, 3)) == ["GRU", "Linear"]


def test_subclasses_are_what_they_inherit_unless_they_change_the_forward_pass() -> None:
    class Own(nn.Linear):
        pass

    class Changed(nn.Linear):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x) * 2

    assert shape_of(look(nn.Sequential(Own(3, 3), Changed(3, 3)))) == ["Linear", "Changed"]


def test_tied_and_frozen_tensors_are_told() -> None:
    first, second = line(), line()
    second.weight = first.weight
    first.bias.requires_grad_(False)
    found = look(nn.Sequential(first, nn.ReLU(), second))
    one, two = found.layers[0].parameters, found.layers[2].parameters
    assert [entry.alias_of for entry in (*one, *two)] == [None, None, "0.weight", None]
    assert [entry.trainable for entry in one] == [True, False]


def test_a_module_used_twice_breaks_the_chain() -> None:
    found = look(Net(lambda net, x: net.b(net.a(net.a(x))), a=line(), b=line()))
    assert shape_of(found) == ["Linear", "Function", "Linear"]


def test_layers_that_are_not_called_are_told() -> None:
    found = look(Net(lambda net, x: net.a(x), a=line(), spare=line()))
    assert found.unused == ("spare",)
    assert [layer.name for layer in found.layers] == ["a", "spare"]


def test_biases_before_a_norm_are_marked() -> None:
    found = look(nn.Sequential(line(), nn.BatchNorm1d(3), line()))
    assert [bool(layer.parameters[1].no_effect) for layer in found.layers] == [True, False, False]


def test_looking_leaves_no_trace() -> None:
    network = nn.Sequential(line(), nn.BatchNorm1d(3), nn.Dropout(0.5), line())
    network[2].eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    look(network)
    assert [module.training for module in network] == [True, True, False, True]
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())


def test_deep_networks_of_many_paths_are_counted_quickly() -> None:
    def forward(net: Any, x: Tensor) -> Tensor:
        for layer in net.children():
            x = x + layer(x)
        return x

    found = look(Net(forward, **{f"layer_{index}": line() for index in range(200)}))
    assert sum(layer.parent is not None for layer in found.layers if layer.type == "Linear") == 200


def test_each_sum_ends_a_block_of_its_own() -> None:
    def forward(net: Any, x: Tensor) -> Any:
        for layer in (net.a, net.b):
            x = x + F.relu(layer(x)) / 2
        return net.c(x)

    found = look(Net(forward, a=line(), b=line(), c=line()))
    assert shape_of(found) == ["[Linear]", "[Function]", "Residual"] * 2 + ["Linear"]
    assert found.layers[1].arguments == {"operations": ["Relu", "Div"]}
    assert found.layers[0].parent != found.layers[3].parent


def test_a_network_with_tensors_and_a_layer_of_its_own_name_loses_none() -> None:
    class Shift(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.offset, self.shift = nn.Parameter(torch.ones(3)), line()

        def forward(self, x: Tensor) -> Any:
            return self.shift(x + self.offset)

    found = look(Shift())
    assert [layer.name for layer in found.layers] == ["shift_1", "shift"]
    assert [one.name for layer in found.layers for one in layer.parameters] == [
        "shift_1.offset",
        "shift.weight",
        "shift.bias",
    ]


def test_what_cannot_be_called_is_not_said_to_be_unused() -> None:
    weights = nn.ParameterList([torch.ones(3)])
    found = look(Net(lambda net, x: net.a(x) * weights[0], a=line(), weights=weights, loss=nn.MSELoss()))
    assert found.unused == ()
    assert [layer.name for layer in found.layers if layer.type != "Function"] == ["a", "weights"]


@pytest.mark.filterwarnings("ignore")
def test_a_compiled_network_is_seen_as_if_it_were_not() -> None:
    network = nn.Sequential(line(), nn.ReLU(), line())
    compiled = torch.compile(nn.DataParallel(network), backend="eager")
    assert isinstance(compiled, nn.Module)
    assert look(compiled).layers == look(network).layers


def test_lazy_layers_are_described_as_the_first_call_made_them() -> None:
    (layer,) = look(nn.LazyLinear(2)).layers
    assert layer.arguments == {"in_features": 3, "out_features": 2, "bias": True}
    assert [one.shape for one in layer.parameters] == [(2, 3), (2,)]


def test_layers_of_a_type_are_counted_in_the_order_of_their_calls_with_functions_between() -> None:
    found = look(Net(lambda net, x: net.act(net.b(F.relu(net.a(x)))), b=line(), a=line(), act=nn.ReLU()))
    assert [(layer.name, layer.ordinal) for layer in found.layers] == [("a", 1), ("relu_1", 1), ("b", 2), ("act", 2)]


def test_tensors_are_found_in_dataclasses() -> None:
    @dataclass
    class Answer:
        scores: Tensor

    class Asked(nn.Linear):
        def forward(self, x: Tensor) -> Any:
            return Answer(super().forward(x))

    found = look(Net(lambda net, x: net.b(net.a(x).scores), a=Asked(3, 4), b=nn.Linear(4, 2)))
    assert [(layer.type, layer.output_shape) for layer in found.layers] == [("Asked", (4,)), ("Linear", (2,))]
