"""How many steps and epochs a run has and which rows go into each step; it moves no data."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from gradcheck_cli.config.schema import TrainerConfig
from gradcheck_cli.errors import ConfigError, Problem


@dataclass(frozen=True)
class Plan:
    """The course of a run that nothing stops early.

    Attributes:
        rows: Training rows used in an epoch.
        batch_rows: Rows in one forward pass.
        step_rows: Rows in one optimizer step: the batches whose gradients are accumulated.
        steps_per_epoch: Optimizer steps; the last one may have fewer rows.
        steps: Of the whole run.
        epochs: Begun in the whole run; `max_steps` may end the last one early.
        notes: What the user should know.
    """

    rows: int
    batch_rows: int
    step_rows: int
    steps_per_epoch: int
    steps: int
    epochs: int
    notes: tuple[str, ...] = ()


def make_plan(trainer: TrainerConfig, *, rows: int, module: nn.Module, processes: int = 1) -> Plan:
    """Lay out a run.

    Args:
        trainer: Its `batch_size`, `accumulate_grad_batches`, `drop_last`, `epochs` and `max_steps`.
        rows: Training rows there are.
        module: The network; batch normalisation cannot learn from a single row.
        processes: That share each batch.

    Raises:
        ConfigError: No whole batch is left, or neither `epochs` nor `max_steps` is given.
    """
    used, notes = _used_rows(trainer, rows, module, processes)
    step_rows = trainer.batch_size * trainer.accumulate_grad_batches
    steps_per_epoch = math.ceil(used / step_rows)
    lengths = [] if trainer.epochs is None else [trainer.epochs * steps_per_epoch]
    lengths += [] if trainer.max_steps is None else [trainer.max_steps]
    if not lengths:
        raise ConfigError([Problem("trainer", "it does not say how long to train", allowed="epochs, max_steps")])
    steps = min(lengths)
    return Plan(
        rows=used,
        batch_rows=trainer.batch_size,
        step_rows=step_rows,
        steps_per_epoch=steps_per_epoch,
        steps=steps,
        epochs=math.ceil(steps / steps_per_epoch),
        notes=notes,
    )


def _used_rows(trainer: TrainerConfig, rows: int, module: nn.Module, processes: int) -> tuple[int, tuple[str, ...]]:
    batch_rows = trainer.batch_size
    rest = rows % batch_rows
    if processes > 1 and _has_batch_norm(module):
        return _rows_for_parts(trainer, rows, processes)
    if trainer.drop_last and rest:
        if rows < batch_rows:
            message = f"true leaves nothing: the {rows} training rows do not fill one batch of {batch_rows}"
            raise ConfigError([Problem("trainer.drop_last", message, hint="lower trainer.batch_size")])
        return rows - rest, ()
    if trainer.drop_last is None and rest == 1 and 1 < batch_rows < rows and _has_batch_norm(module):
        return rows - 1, ("The last batch of 1 row is left out of each epoch, since batch normalisation needs more.",)
    return rows, ()


def _rows_for_parts(trainer: TrainerConfig, rows: int, processes: int) -> tuple[int, tuple[str, ...]]:
    """Rows where each process normalises its own part of a batch, which needs two rows or more."""
    fewest, batch_rows = 2 * processes, min(trainer.batch_size, rows)
    if batch_rows < fewest:
        message = f"batch normalisation needs 2 rows in each of {processes} processes, but a batch has {batch_rows}"
        raise ConfigError([Problem("trainer.batch_size", message, allowed=f"at least {fewest}")])
    rest = rows % batch_rows
    note = (
        "Batch normalisation takes its statistics from each process's part of a batch, "
        f"{batch_rows // processes} rows and not {batch_rows}, and evaluates with those of the first process."
    )
    if not rest or (rest >= fewest and not trainer.drop_last):
        return rows, (note,)
    left_out = f"The last batch of {rest} row{'s' if rest > 1 else ''} is left out of each epoch."
    return rows - rest, (note, left_out)


def _has_batch_norm(module: nn.Module) -> bool:
    return any(isinstance(inner, _BatchNorm) for inner in module.modules())
