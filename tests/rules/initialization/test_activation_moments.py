from __future__ import annotations

import math

import pytest

from gradcheck_cli.rules.initialization.activation_moments import find_function, find_moments
from tests.histories import make_layer


def moments(type: str, variance: float, **arguments: float) -> tuple[float, float]:
    function = find_function(make_layer(type, arguments=arguments))
    assert function is not None
    found = find_moments(function, variance)
    return found.square, found.squared_slope


@pytest.mark.parametrize("variance", [0.01, 1.0, 25.0])
def test_relu_keeps_half(variance: float) -> None:
    square, slope = moments("ReLU", variance)
    assert square == pytest.approx(variance / 2, rel=1e-3)
    assert slope == pytest.approx(0.5, rel=1e-6)


def test_leaky_relu_adds_its_slope() -> None:
    assert moments("LeakyReLU", 1.0, negative_slope=0.5)[1] == pytest.approx((1 + 0.25) / 2, rel=1e-6)


def test_small_inputs_see_the_slope_at_zero() -> None:
    assert moments("Tanh", 1e-6)[1] == pytest.approx(1.0, rel=1e-4)
    assert moments("Sigmoid", 1e-6) == pytest.approx((0.25, 1 / 16), rel=1e-4)


def test_large_inputs_find_a_saturated_activation_flat() -> None:
    assert moments("Tanh", 400.0)[1] < 0.05
    assert moments("Tanh", 400.0)[0] > 0.9


def test_selu_has_its_fixed_point_at_unit_variance() -> None:
    """Klambauer et al. 2017: mean 0 and variance 1 come out as they went in."""
    assert moments("SELU", 1.0)[0] == pytest.approx(1.0, abs=1e-3)


def test_gelu_against_numbers_from_the_literature() -> None:
    """E[GELU(z)^2] = 1/3 + 1/(2 pi sqrt(3)) for z from N(0, 1)."""
    assert moments("GELU", 1.0)[0] == pytest.approx(1 / 3 + 1 / (2 * math.pi * math.sqrt(3)), abs=2e-3)


@pytest.mark.parametrize(
    "type",
    [
        *("ReLU6", "PReLU", "RReLU", "ELU", "CELU", "SiLU", "Mish", "Hardswish", "Softplus", "Hardtanh", "Softsign"),
        *("Tanhshrink", "Hardsigmoid", "LogSigmoid"),
    ],
)
def test_every_function_agrees_with_torch(type: str) -> None:
    torch = pytest.importorskip("torch")
    function, live = find_function(make_layer(type)), getattr(torch.nn, type)().eval()
    assert function is not None
    for x in (-7.0, -1.3, -0.2, 0.4, 2.5, 8.0):
        assert function(x) == pytest.approx(float(live(torch.tensor([x])).detach()), abs=1e-5)


def test_what_is_no_ordinary_activation_has_no_function() -> None:
    assert find_function(make_layer("Elementwise", arguments={"function": "exp"})) is None
