"""A network in somebody's own loop, described from the live object alone."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gradcheck_cli.recording.live_model import describe_model


class Scaled(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).relu()


SHARED = nn.ReLU()


@pytest.mark.parametrize(
    ("model", "is_sequence"),
    [
        (nn.Linear(3, 3), True),
        (nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 3))), True),
        (nn.Sequential(nn.Linear(3, 3), Scaled(3, 3)), False),
        (nn.Sequential(nn.Linear(3, 3), SHARED, nn.Linear(3, 3), SHARED), False),
        (nn.Sequential(nn.Linear(3, 3), nn.Sequential(SHARED), nn.Sequential(SHARED)), False),
        (nn.Sequential(nn.Linear(3, 3), nn.ModuleList()), False),
    ],
)
def test_only_torchs_own_layers_each_once_are_a_sequence(model: nn.Module, is_sequence: bool) -> None:
    assert describe_model(model).is_sequence is is_sequence


@pytest.mark.filterwarnings("ignore")
def test_a_wrapped_network_is_described_without_its_wrappers() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    compiled = torch.compile(nn.DataParallel(model), backend="eager")
    assert isinstance(compiled, nn.Module)
    found, plain = describe_model(compiled), describe_model(model)
    assert found.root is model
    assert (found.layers, found.modules, found.is_sequence) == (plain.layers, plain.modules, True)
    assert (found.compiled, plain.compiled) == (frozenset({"0", "1"}), frozenset())
