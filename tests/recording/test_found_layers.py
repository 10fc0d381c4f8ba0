"""Which modules count as layers, and how they are called."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.recording.found_layers import FoundLayer, find_layers, unwrap_model


class Holder(nn.Module):
    """Modules and tensors, as given."""

    def __init__(self, **parts: nn.Module | nn.Parameter) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Tensor) -> Tensor:
        return x


class SelfAttention(nn.MultiheadAttention):
    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x, x, x, need_weights=False)[0]


class ShownAttention(nn.TransformerEncoderLayer):
    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return self.norm1(x + self.self_attn(x, x, x)[0])  # type: ignore[no-any-return]


class Adapted(nn.Linear):
    """A layer with one beside it, as adapters have them."""

    def __init__(self) -> None:
        super().__init__(3, 3)
        self.beside = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + self.beside(x)  # type: ignore[no-any-return]


class LearnedLoss(nn.CrossEntropyLoss):
    def __init__(self) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(()))


def weight(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.ones(*shape))


def names(model: nn.Module) -> list[str]:
    return [layer.name for layer in find_layers(model)]


def keys(layer: FoundLayer) -> list[str]:
    return [key for key, _ in layer.parameters]


def test_layers_have_the_names_of_torch_and_what_encloses_them_comes_first() -> None:
    block = Holder(first=nn.Linear(3, 3), scale=weight(3), second=nn.ReLU())
    model = Holder(blocks=nn.ModuleList([block]), head=nn.Linear(3, 2))
    assert names(model) == ["blocks.0", "blocks.0.first", "blocks.0.second", "head"]
    enclosing = find_layers(model)[0]
    assert (enclosing.module_class.type, enclosing.kind, enclosing.is_whole) == ("Holder", LayerKind.OTHER, False)
    assert keys(enclosing) == ["scale"]


@pytest.mark.parametrize(
    ("parts", "name"),
    [(["inner"], "holder"), (["holder"], "holder_1"), (["holder", "holder_1"], "holder_2")],
)
def test_the_network_itself_is_called_as_its_class_and_as_no_layer_in_it(parts: list[str], name: str) -> None:
    model = Holder(scale=weight(3), **{part: nn.Linear(3, 3) for part in parts})
    assert names(model) == [name, *parts]


def test_names_stay_unique_where_only_something_deeper_is_called_as_the_class() -> None:
    assert names(Holder(scale=weight(3), holder=nn.Sequential(nn.ReLU()))) == ["holder_1", "holder.0"]


def test_a_module_counts_once_under_its_first_name() -> None:
    shared = nn.Linear(3, 3)
    assert names(nn.Sequential(shared, nn.ReLU(), shared)) == ["0", "1"]


def test_what_is_in_a_layer_of_torchs_is_no_layer_beside_it() -> None:
    encoder = nn.TransformerEncoderLayer(4, 2)
    assert names(Holder(encoder=encoder, inner=encoder.linear1)) == ["encoder"]


def test_attention_that_is_called_in_ones_own_way_is_one_layer() -> None:
    (layer,) = find_layers(Holder(attention=SelfAttention(4, 2)))
    assert (layer.module_class.type, layer.kind, layer.is_whole) == ("SelfAttention", LayerKind.ATTENTION, True)
    assert keys(layer) == ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]


def test_a_block_of_torchs_with_a_forward_pass_of_ones_own_is_what_is_in_it() -> None:
    found = names(Holder(block=ShownAttention(4, 2)))
    assert "block" not in found
    assert {"block.self_attn", "block.linear1", "block.norm1"} <= set(found)


def test_a_layer_with_an_adapter_and_the_adapter_are_two() -> None:
    layers = find_layers(Holder(adapted=Adapted()))
    assert [(layer.name, layer.module_class.type, layer.is_whole) for layer in layers] == [
        ("adapted", "Adapted", False),
        ("adapted.beside", "Linear", True),
    ]
    assert keys(layers[0]) == ["weight", "bias"]


def test_losses_are_layers_only_where_they_learn_something() -> None:
    assert names(Holder(inner=nn.Linear(3, 3), loss=nn.CrossEntropyLoss(), learned=LearnedLoss())) == [
        "inner",
        "learned",
    ]


def test_a_loss_inside_does_not_take_a_module_apart() -> None:
    (layer,) = find_layers(nn.Sequential(Holder(codes=weight(3, 3), loss=nn.MSELoss())))
    assert (layer.name, layer.module_class.type, layer.is_whole) == ("0", "Holder", True)


def test_lists_are_layers_only_for_their_tensors() -> None:
    model = Holder(
        nothing=nn.ModuleList(), none=nn.ParameterDict(), weights=nn.ParameterList([weight(2)]), skip=nn.Sequential()
    )
    assert [(layer.name, layer.has_forward) for layer in find_layers(model)] == [("weights", False), ("skip", True)]


def test_a_parametrized_module_owns_what_its_tensors_are_computed_from() -> None:
    whole = nn.utils.parametrizations.weight_norm(Holder(weight=weight(3, 3)))
    enclosing = nn.utils.parametrizations.weight_norm(Holder(weight=weight(3, 3), inner=nn.ReLU()))
    originals = [f"parametrizations.weight.original{number}" for number in range(2)]
    layers = find_layers(nn.Sequential(whole, enclosing))
    assert [(layer.name, layer.module_class.type) for layer in layers] == [
        ("0", "Holder"),
        ("1", "Holder"),
        ("1.inner", "ReLU"),
    ]
    for layer in layers[:2]:
        assert keys(layer) == originals
        assert layer.module.get_parameter(originals[0]).shape == (3, 1)


@pytest.mark.filterwarnings("ignore")
def test_wrappers_are_no_part_of_names_and_compiled_layers_are_known() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.ReLU()), nn.Tanh())
    expected = ["0", "1.0", "2"]
    whole = torch.compile(nn.DataParallel(model), backend="eager")
    assert isinstance(whole, nn.Module)
    assert unwrap_model(whole) is model
    assert [(layer.name, layer.is_compiled) for layer in find_layers(whole)] == [(name, True) for name in expected]
    model[1] = torch.compile(model[1], backend="eager")  # type: ignore[assignment]
    model[2].compile(backend="eager")
    assert [(layer.name, layer.is_compiled) for layer in find_layers(model)] == [
        ("0", False),
        ("1.0", True),
        ("2", True),
    ]


@pytest.mark.filterwarnings("ignore")
def test_modules_of_torchscript_have_the_names_of_the_originals() -> None:
    model = Holder(scale=weight(3), inner=nn.Sequential(nn.Linear(3, 3), nn.ReLU()))
    traced = torch.jit.trace(model, torch.zeros(1, 3))  # type: ignore[no-untyped-call]
    assert names(traced)[1:] == names(model)[1:] == ["inner.0", "inner.1"]
    assert keys(find_layers(traced)[0]) == ["scale"]
