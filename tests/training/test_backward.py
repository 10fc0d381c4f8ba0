"""The lean backward pass against torch's public one."""

from __future__ import annotations

import torch
from torch import nn

from gradcheck_cli.training.backward import Backward


def gradients(backward: Backward) -> list[torch.Tensor]:
    torch.manual_seed(0)
    module = nn.Linear(3, 2)
    for _ in range(2):
        backward(module(torch.ones(4, 3)).square().mean())
    return [parameter.grad for parameter in module.parameters() if parameter.grad is not None]


def test_gradients_add_up_as_in_torchs_own_call() -> None:
    lean = gradients(Backward())
    without_engine = Backward()
    without_engine._engine = None
    public = gradients(without_engine)
    assert len(lean) == len(public) == 2
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(lean, public, strict=True))


def test_objectives_of_another_type_are_followed() -> None:
    backward = Backward()
    for dtype in (torch.float32, torch.float64):
        x = torch.ones(2, dtype=dtype, requires_grad=True)
        backward(x.square().sum())
        assert x.grad is not None
        assert x.grad.tolist() == [2.0, 2.0]
