"""Which tensors and modules are recorded, and how they are read."""

from __future__ import annotations

import pytest
from torch import Tensor, nn

from gradcheck_cli.recording.live_model import describe_model
from gradcheck_cli.recording.observed import find_observed


class Causal(nn.Conv1d):
    """A convolution of somebody's own: it sees the past alone."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(nn.functional.pad(x, (2, 0)))


@pytest.mark.parametrize(
    ("before", "channels_first"),
    [(nn.Conv1d(2, 2, 3), True), (Causal(2, 2, 3), True), (nn.Linear(2, 2), False), (nn.LSTM(2, 2), False)],
)
def test_activations_behind_convolutions_have_their_channels_first(before: nn.Module, channels_first: bool) -> None:
    live = describe_model(nn.Sequential(before, nn.BatchNorm1d(2), nn.ReLU()))
    assert find_observed(live.modules, live.layers).channels_first == {"2": channels_first}


def test_tied_and_frozen_tensors_are_not_recorded_and_unseen_layers_are_known_by_their_tensors() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    model[2].weight = model[0].weight
    model[0].bias.requires_grad_(False)
    live = describe_model(model)
    observed = find_observed(live.modules, live.layers, unseen={"0"})
    assert list(observed.parameters) == ["0.weight", "2.bias"]
    assert observed.owners == ("0", "2")
    assert list(observed.layers) == ["1", "2"]
