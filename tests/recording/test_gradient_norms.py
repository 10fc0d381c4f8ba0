"""Gradient norms step by step: who has a gradient, and which zeros are believed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from gradcheck_cli.recording.gradient_norms import GradientNorms


def parameters(*gradients: float | None) -> list[nn.Parameter]:
    made = [nn.Parameter(torch.zeros(4)) for _ in gradients]
    set_gradients(made, *gradients)
    return made


def set_gradients(made: list[nn.Parameter], *gradients: float | None) -> None:
    for parameter, gradient in zip(made, gradients, strict=True):
        parameter.grad = None if gradient is None else torch.full((4,), gradient)


def test_gradients_that_come_and_go_are_known_only_while_they_are_there() -> None:
    made = parameters(1.0, None)
    norms = GradientNorms(made)
    taken = [norms.take(check=True)]
    for gradients in ((1.0, 2.0), (None, 2.0), (None, None), (3.0, None)):
        set_gradients(made, *gradients)
        taken.append(norms.take(check=False))
    values, known = norms.transfer(taken)
    assert known.tolist() == [[True, False], [True, True], [False, True], [False, False], [True, False]]
    assert values[known] == pytest.approx([2.0, 2.0, 4.0, 4.0, 6.0])
    assert np.isnan(values[~known]).all()


def test_a_zero_between_checks_is_unknown_until_a_check_confirms_it() -> None:
    made = parameters(1.0, 1.0)
    norms = GradientNorms(made)
    taken = [norms.take(check=True)]
    set_gradients(made, 0.0, 1e-30)
    taken.append(norms.take(check=False))
    values, known = norms.transfer(taken)
    assert known.tolist() == [[True, True], [False, False]]
    later = [norms.take(check=False) for _ in range(3)]
    values, known = norms.transfer(later)
    assert known.all()
    np.testing.assert_allclose(values, [[0.0, 2e-30]] * 3, rtol=1e-6)


def test_a_norm_that_recovers_is_again_taken_cheaply() -> None:
    made = parameters(1e-30)
    norms = GradientNorms(made)
    assert float(norms.take(check=True).norms[0]) == pytest.approx(2e-30)
    set_gradients(made, 1.0)
    taken = norms.take(check=True)
    assert taken.norms[0].dtype is torch.float32
    assert norms.take(check=False).norms[0].dtype is torch.float32


def test_a_norm_that_overflows_fp32_is_finite_and_a_real_infinity_stays() -> None:
    made = parameters(1e30, float("inf"), float("nan"))
    norms = GradientNorms(made)
    values, known = norms.transfer([norms.take(check=True), norms.take(check=False)])
    assert known.all()
    assert values[:, 0] == pytest.approx([2e30, 2e30])
    assert np.isposinf(values[:, 1]).all()
    assert np.isnan(values[:, 2]).all()


def test_sparse_gradients_have_the_norm_of_their_values() -> None:
    embedding = nn.Embedding(10, 3, sparse=True)
    embedding(torch.tensor([1, 1, 4])).sum().backward()
    norms = GradientNorms(list(embedding.parameters()))
    values, _ = norms.transfer([norms.take(check=True)])
    assert values[0, 0] == pytest.approx(np.sqrt(3 * 4 + 3))
