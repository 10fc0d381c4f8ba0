"""How a run is laid out: rows, steps and epochs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gradcheck_cli.config.schema import TrainerConfig
from gradcheck_cli.errors import ConfigError
from gradcheck_cli.training.plan import Plan, make_plan

PLAIN = nn.Linear(2, 2)
WITH_NORM = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))


def plan(rows: int, module: nn.Module = PLAIN, **trainer: Any) -> Plan:
    return make_plan(TrainerConfig(**trainer), rows=rows, module=module)


@given(rows=st.integers(1, 500), batch=st.integers(1, 600), accumulate=st.integers(1, 7), epochs=st.integers(1, 5))
def test_steps_cover_every_row(rows: int, batch: int, accumulate: int, epochs: int) -> None:
    made = plan(rows, epochs=epochs, batch_size=batch, accumulate_grad_batches=accumulate)
    assert made.rows == rows
    assert (made.steps_per_epoch - 1) * made.step_rows < rows <= made.steps_per_epoch * made.step_rows
    assert (made.steps, made.epochs) == (epochs * made.steps_per_epoch, epochs)


@pytest.mark.parametrize(("max_steps", "steps", "epochs"), [(3, 3, 1), (4, 4, 1), (5, 5, 2), (100, 8, 2)])
def test_whichever_limit_comes_first_ends_the_run(max_steps: int, steps: int, epochs: int) -> None:
    made = plan(128, epochs=2, max_steps=max_steps, batch_size=32)
    assert (made.steps, made.epochs) == (steps, epochs)


def test_max_steps_alone_is_enough() -> None:
    assert plan(128, max_steps=9, batch_size=32).epochs == 3


def test_no_length_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="how long to train"):
        plan(10)


def test_drop_last_leaves_out_what_does_not_fill_a_batch() -> None:
    assert plan(70, epochs=1, batch_size=32, drop_last=True).rows == 64
    assert plan(70, epochs=1, batch_size=32, drop_last=False, module=WITH_NORM).rows == 70


def test_auto_leaves_out_one_row_only_where_batch_normalisation_would_fail() -> None:
    assert plan(65, WITH_NORM, epochs=1, batch_size=32).rows == 64
    assert "1 row" in plan(65, WITH_NORM, epochs=1, batch_size=32).notes[0]
    for rows, module in ((65, PLAIN), (66, WITH_NORM), (1, WITH_NORM)):
        made = plan(rows, module, epochs=1, batch_size=32)
        assert (made.rows, made.notes) == (rows, ())


def shared(rows: int, *, processes: int = 2, module: nn.Module = WITH_NORM, **trainer: Any) -> Plan:
    return make_plan(TrainerConfig(epochs=1, **trainer), rows=rows, module=module, processes=processes)


@pytest.mark.parametrize(("rows", "used"), [(128, 128), (132, 132), (131, 128), (129, 128), (20, 20)])
def test_parts_that_batch_norm_cannot_take_are_left_out(rows: int, used: int) -> None:
    made = shared(rows, batch_size=32)
    assert made.rows == used
    assert "16 rows and not 32" in made.notes[0] or rows < 32
    assert any("left out" in note for note in made.notes) == (rows != used)


def test_batches_that_give_no_process_two_rows_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"trainer.batch_size: batch normalisation needs 2 rows in each of 4 processes"
    ):
        shared(100, processes=4, batch_size=7)
    assert shared(100, processes=4, batch_size=8).rows == 96


def test_parts_are_of_no_concern_without_batch_norm() -> None:
    assert shared(33, module=PLAIN, batch_size=32) == plan(33, epochs=1, batch_size=32)
    assert shared(100, batch_size=32, drop_last=True).rows == 96
