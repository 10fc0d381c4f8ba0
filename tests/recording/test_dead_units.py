"""Dead units: slope 0 on every row, at two evaluations in a row."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from gradcheck_cli.recording.dead_units import DeadUnits


def watch(module: nn.Module, *, channels_first: bool = False) -> DeadUnits:
    return DeadUnits({"act": module}, channels_first={"act": channels_first})


def evaluate(units: DeadUnits, module: nn.Module, *batches: Tensor) -> float | None:
    with units.observe():
        for batch in batches:
            units.begin_batch()
            module(batch)
    column = units.finish()
    return float(column.values[0]) if column.known[0] else None


def features(rows: int, *dead: int, width: int = 4) -> Tensor:
    x = torch.ones(rows, width)
    x[:, list(dead)] = -1.0
    return x


def test_a_unit_counts_when_dead_at_two_evaluations() -> None:
    module = nn.ReLU()
    units = watch(module)
    assert evaluate(units, module, features(100, 0, 1)) is None
    assert evaluate(units, module, features(100, 1, 2)) == pytest.approx(0.25)
    assert evaluate(units, module, features(100)) == 0.0
    assert module._forward_pre_hooks == {}


@pytest.mark.parametrize("row", [0, 70, 199])
def test_one_row_on_which_a_unit_moves_is_enough_for_life(row: int) -> None:
    module = nn.ReLU()
    units = watch(module)
    x = features(200, 0, 1, 2, 3)
    x[row, 2] = 1.0
    for _ in range(2):
        share = evaluate(units, module, x[:120], x[120:])
    assert share == pytest.approx(0.75)


@pytest.mark.parametrize(("shape", "channels_first", "axis"), [((9, 3, 5), True, 1), ((9, 3, 5), False, 2)])
def test_three_axes_are_read_as_told(shape: tuple[int, ...], channels_first: bool, axis: int) -> None:
    module = nn.ReLU()
    units = watch(module, channels_first=channels_first)
    x = torch.ones(shape)
    x.select(axis, 0).fill_(-1.0)
    for _ in range(2):
        share = evaluate(units, module, x)
    assert share == pytest.approx(1 / shape[axis])


def test_a_channel_lives_through_any_of_its_positions() -> None:
    module = nn.PReLU(3, init=0.0)
    units = watch(module)
    x = -torch.ones(80, 3, 4, 4)
    x[79, 1, 3, 3] = 1.0
    for _ in range(2):
        share = evaluate(units, module, x)
    assert share == pytest.approx(2 / 3)


def test_smooth_activations_do_not_die() -> None:
    module = nn.Tanh()
    units = watch(module)
    for _ in range(2):
        share = evaluate(units, module, features(10, 0, 1, 2))
    assert share == 0.0


def test_uses_of_one_activation_are_told_apart() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = nn.ReLU()

        def forward(self, x: Tensor) -> Tensor:
            return self.act(-1 - self.act(x))  # type: ignore[no-any-return]

    module = Twice()
    units = watch(module.act)
    for _ in range(2):
        share = evaluate(units, module, features(10, 0), features(10, 0))
    assert share == pytest.approx((1 + 4) / 8)
