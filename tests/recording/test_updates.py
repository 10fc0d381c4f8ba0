"""Weights are copied for one step, within bounds."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradcheck_cli.recording import updates
from gradcheck_cli.recording.updates import UpdateRatios


def step(parameters: list[nn.Parameter]) -> tuple[list[bool], list[bool], list[float]]:
    """Known weights, known updates, and the updates, of a step that adds a tenth."""
    ratios = UpdateRatios(parameters)
    before = ratios.before()
    for parameter in parameters:
        parameter.data.mul_(1.1)
    after = ratios.after()
    return before.known.tolist(), after.known.tolist(), after.values.tolist()


def make_parameters() -> list[nn.Parameter]:
    return [nn.Parameter(torch.ones(size)) for size in (100, 10, 50)]


def test_every_update_is_measured_where_there_is_room() -> None:
    weights, known, values = step(make_parameters())
    assert weights == known == [True] * 3
    assert values == pytest.approx([0.1] * 3, rel=1e-4)


def test_the_largest_weights_are_not_copied_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "MOST_BYTES_OF_COPIES", 4 * 70)
    weights, known, values = step(make_parameters())
    assert weights == [True] * 3
    assert known == [False, True, True]
    assert values[1:] == pytest.approx([0.1] * 2, rel=1e-4)


def test_frozen_weights_are_unknown() -> None:
    parameters = make_parameters()
    parameters[1].requires_grad_(False)
    weights, known, _ = step(parameters)
    assert weights == known == [True, False, True]
