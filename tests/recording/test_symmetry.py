from __future__ import annotations

import torch
from torch import nn

from gradcheck_cli.recording.symmetry import is_symmetric

EQUAL = torch.full((4, 3), 0.5)


def test_equal_rows_are_symmetric() -> None:
    assert is_symmetric(EQUAL, nn.Linear(3, 4))
    assert is_symmetric(torch.tensor([[1.0, 2.0], [1.0, 2.0]]), nn.Linear(2, 2))
    assert is_symmetric(torch.zeros(4, 3), nn.Linear(3, 4))


def test_one_weight_that_differs_is_enough() -> None:
    weight = EQUAL.clone()
    weight[2, 1] += 1e-6
    assert not is_symmetric(weight, nn.Linear(3, 4))
    assert is_symmetric(weight, nn.Linear(3, 4), tolerance=1e-3)


def test_one_output_and_one_dimension_cannot_be_symmetric() -> None:
    assert not is_symmetric(EQUAL[:1], nn.Linear(3, 1))
    assert not is_symmetric(EQUAL[0], nn.Linear(3, 1))


def test_outputs_of_a_transposed_convolution_are_on_the_second_axis() -> None:
    weight = torch.randn(1, 4, 3).expand(1, 4, 3).clone()
    assert not is_symmetric(weight, nn.ConvTranspose1d(1, 4, 3))
    assert is_symmetric(weight[:, :1].expand(1, 4, 3), nn.ConvTranspose1d(1, 4, 3))


def test_outputs_of_a_grouped_convolution_see_different_inputs() -> None:
    assert not is_symmetric(torch.ones(4, 1, 3), nn.Conv1d(4, 4, 3, groups=4))
