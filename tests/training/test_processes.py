"""Parts of batches and choices of processes; what they compute together is tested in `tests/distributed`."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from gradcheck_cli.config.schema import Strategy
from gradcheck_cli.diagnosis.check import CheckOptions, check_many
from gradcheck_cli.errors import ConfigError, UsageError
from gradcheck_cli.recording.distributed import Ranks
from gradcheck_cli.recording.launch import Launch
from gradcheck_cli.training.failure_board import FailureBoard
from gradcheck_cli.training.processes import Processes, choose_strategy, joined
from gradcheck_cli.training.unused import leaves_weights_out
from tests.training.runs import run

CPU = torch.device("cpu")


def processes(size: int) -> list[Processes]:
    boards = [FailureBoard(None, rank=rank, size=size) for rank in range(size)]
    return [Processes(Launch(rank, size, rank), Strategy.DDP, board=boards[rank], device=CPU) for rank in range(size)]


@given(rows=st.integers(1, 60), size=st.integers(2, 7))
def test_each_row_is_in_one_part_or_equally_in_all(rows: int, size: int) -> None:
    parts = [one.part(rows) for one in processes(size)]
    taken = [row for part in parts for row in list(range(rows))[part.rows]]
    assert {part.copies for part in parts} == {1 if rows >= size else size}
    assert sorted(taken) == sorted(list(range(rows)) * parts[0].copies)
    assert all(list(range(rows))[part.rows] for part in parts)


@given(rows=st.integers(1, 80), size=st.integers(1, 9))
def test_the_first_rows_of_a_batch_are_the_first_of_the_parts(rows: int, size: int) -> None:
    counts = [Ranks(rank, size, CPU).rows_of(rows) for rank in range(size)]
    assert sum(counts) == max(rows, size)


@pytest.mark.parametrize(
    ("wanted", "launch", "chosen"),
    [
        (Strategy.AUTO, None, None),
        (Strategy.AUTO, Launch(0, 1), None),
        (Strategy.DDP, Launch(0, 1), None),
        (Strategy.AUTO, Launch(1, 2), Strategy.DDP),
        (Strategy.FSDP, Launch(1, 2), Strategy.FSDP),
    ],
)
def test_strategies_follow_the_launch(wanted: Strategy, launch: Launch | None, chosen: Strategy | None) -> None:
    assert choose_strategy(wanted, launch) is chosen


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_several_processes_must_be_started(strategy: str) -> None:
    with pytest.raises(ConfigError, match=f"trainer.strategy: '{strategy}' trains in several processes.*torchrun"):
        run(trainer__strategy=strategy)


def test_a_single_process_joins_none() -> None:
    with joined(Strategy.AUTO, None, device=CPU) as found:
        assert found is None


def test_several_runs_are_not_for_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "x", "MASTER_PORT": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match="2 processes train one run together, not 3 of them"):
        check_many(["a.yaml"], CheckOptions(seeds=3))


def test_a_second_interrupt_ends_the_process() -> None:
    one = processes(2)[0]
    one.note_interrupt()
    with pytest.raises(SystemExit) as caught:
        one.note_interrupt()
    assert caught.value.code == 130


def test_weights_without_a_gradient_are_found_and_nothing_is_changed() -> None:
    class Spare(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.spare = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.used(x)
            return out

    network = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(), nn.Linear(2, 1))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    torch.manual_seed(0)
    assert not leaves_weights_out(network, torch.randn(4, 2))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    spare = Spare()
    assert leaves_weights_out(spare, torch.ones(4, 2))
    spare.spare.requires_grad_(False)
    assert not leaves_weights_out(spare, torch.ones(4, 2))
