"""What the class of a module tells: torch's own, derived ones, and those that torch makes while a program runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.testing._internal.distributed.fake_pg import FakeStore

from gradcheck_cli.config.catalog import LAYERS
from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.recording.module_classes import ModuleClass, find_class, read_class


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight, self.inner = nn.Parameter(torch.ones(2, 2)), nn.Linear(2, 2)


class PlainLinear(nn.Linear):
    pass


class Scaled(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 2


class ScaledEmbedding(nn.Embedding):
    def forward(self, tokens: Tensor) -> Tensor:
        return super().forward(tokens) * 2


class ChannelsLast(nn.LayerNorm):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Gated(nn.ReLU):
    def forward(self, x: Tensor, gate: Tensor | None = None) -> Tensor:
        return super().forward(x) if gate is None else x * gate


class RMSNorm(nn.Module):
    pass


class LayerNorm2d(nn.Module):
    pass


class NewGELUActivation(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x


class GatedActivation(nn.Module):
    def forward(self, x: Tensor, gate: Tensor) -> Tensor:
        return x * gate


class Normal(nn.Module):
    pass


@pytest.fixture
def _two_processes() -> Iterator[None]:
    """This one of two, the other of which is never asked."""
    dist.init_process_group("fake", store=FakeStore(), rank=0, world_size=2)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("_two_processes")
def test_sharding_does_not_hide_the_class() -> None:
    net = Net()
    fully_shard(net.inner)
    fully_shard(net)
    assert type(net).__name__ == "FSDPNet"
    assert find_class(net) is Net
    assert find_class(net.inner) is nn.Linear
    assert read_class(find_class(net.inner)).is_torchs_own


def test_parametrizations_do_not_hide_the_class() -> None:
    net = Net()
    nn.utils.parametrizations.weight_norm(net)
    nn.utils.parametrizations.weight_norm(net.inner)
    assert type(net).__name__ == "ParametrizedNet"
    assert find_class(net) is Net
    assert read_class(find_class(net.inner)).type == "Linear"


def test_a_class_of_ones_own_is_itself() -> None:
    assert find_class(nn.Sequential()) is nn.Sequential
    assert find_class(PlainLinear(1, 1)) is PlainLinear
    assert find_class(nn.Module()) is nn.Module


def told(own: type) -> tuple[str, LayerKind, bool]:
    found: ModuleClass = read_class(own)
    return found.type, found.kind, found.is_torchs_own


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (nn.BatchNorm2d, ("BatchNorm2d", LayerKind.NORMALIZATION, True)),
        (PlainLinear, ("Linear", LayerKind.AFFINE, True)),
        (nn.LazyLinear, ("Linear", LayerKind.AFFINE, True)),
        (Net, ("Net", LayerKind.OTHER, False)),
        (nn.SyncBatchNorm, ("SyncBatchNorm", LayerKind.NORMALIZATION, False)),
        (RMSNorm, ("RMSNorm", LayerKind.NORMALIZATION, False)),
        (LayerNorm2d, ("LayerNorm2d", LayerKind.NORMALIZATION, False)),
        (NewGELUActivation, ("NewGELUActivation", LayerKind.ACTIVATION, False)),
        (GatedActivation, ("GatedActivation", LayerKind.OTHER, False)),
        (Normal, ("Normal", LayerKind.OTHER, False)),
    ],
)
def test_types_and_kinds(own: type, expected: tuple[str, LayerKind, bool]) -> None:
    assert told(own) == expected


@pytest.mark.parametrize(
    ("own", "kind"),
    [
        (Scaled, LayerKind.OTHER),
        (Gated, LayerKind.OTHER),
        (ScaledEmbedding, LayerKind.EMBEDDING),
        (ChannelsLast, LayerKind.NORMALIZATION),
    ],
)
def test_a_changed_forward_pass_keeps_the_kind_only_where_it_says_nothing_of_the_function(
    own: type, kind: LayerKind
) -> None:
    assert told(own) == (own.__name__, kind, False)
    assert read_class(own).signature is LAYERS[own.__mro__[1].__name__]


@pytest.mark.parametrize("name", LAYERS)
def test_each_layer_of_the_catalog_is_known_by_its_class(name: str) -> None:
    assert told(getattr(nn, name)) == (name, LayerKind(LAYERS[name].kind), True)
