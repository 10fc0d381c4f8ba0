"""Slopes of activations against their formulas."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gradcheck_cli.recording.activations import absolute_slopes, largest_slope, share_below

X = torch.linspace(-3, 3, 40).reshape(8, 5)


class Exponential(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.exp()


class Sign(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return (x > 0).float()


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (nn.ReLU(), (X > 0).float()),
        (nn.ReLU(inplace=True), (X > 0).float()),
        (nn.Tanh(), 1 - X.tanh() ** 2),
        (nn.Sigmoid(), X.sigmoid() * (1 - X.sigmoid())),
        (nn.PReLU(5), torch.where(X > 0, 1.0, 0.25)),
        (Sign(), torch.zeros_like(X)),
    ],
)
def test_slopes_are_those_of_the_formula(module: nn.Module, expected: Tensor) -> None:
    before = X.clone()
    torch.testing.assert_close(absolute_slopes(module, X), expected)
    assert torch.equal(X, before)
    assert all(parameter.grad is None for parameter in module.parameters())


@pytest.mark.parametrize(
    "module",
    [nn.ReLU(), nn.LeakyReLU(0.2), nn.Tanh(), nn.Sigmoid(), nn.SiLU(), nn.GELU(), nn.GELU(approximate="tanh")],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_slopes_are_those_of_autograd(module: nn.Module, dtype: torch.dtype) -> None:
    x = torch.cat([torch.linspace(-30, 30, 61), torch.tensor([float("inf"), -float("inf"), float("nan")])]).to(dtype)
    wide = x.to(torch.float64 if dtype is torch.float64 else torch.float32).requires_grad_()
    (expected,) = torch.autograd.grad(module(wide).sum(), wide)
    torch.testing.assert_close(absolute_slopes(module, x), expected.abs(), rtol=0, atol=0, equal_nan=True)


def test_the_forward_pass_that_a_module_was_given_counts() -> None:
    module = nn.ReLU()
    module.forward = torch.tanh  # type: ignore[method-assign]
    torch.testing.assert_close(absolute_slopes(module, X), 1 - X.tanh() ** 2)


def test_the_share_below_a_limit_leaves_out_nan() -> None:
    assert float(share_below(torch.tensor([0.0, 0.005, 0.01, float("nan")]), 0.01)) == 0.5


def test_slopes_are_found_without_gradients_being_on() -> None:
    with torch.no_grad():
        torch.testing.assert_close(absolute_slopes(nn.ReLU(), X), (X > 0).float())


def test_a_random_activation_draws_nothing_and_stays_in_training_mode() -> None:
    module = nn.RReLU(0.1, 0.3)
    state = torch.get_rng_state()
    torch.testing.assert_close(absolute_slopes(module, X), torch.where(X > 0, 1.0, 0.2))
    assert torch.equal(torch.get_rng_state(), state)
    assert module.training


@pytest.mark.parametrize(
    ("module", "inputs", "expected"),
    [
        (nn.Sigmoid(), X, 0.25),
        (nn.Tanh(), X, 1.0),
        (nn.ReLU6(), X, 1.0),
        (nn.PReLU(3), torch.zeros(2, 3, 4, 4), 1.0),
        (Exponential(), X, 1.0),
    ],
)
def test_largest_slope(module: nn.Module, inputs: Tensor, expected: float) -> None:
    assert largest_slope(module, inputs) == pytest.approx(expected, abs=1e-3)
