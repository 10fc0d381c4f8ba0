"""From a checked config to the History of one training run: the front door of this folder; it judges nothing."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from gradcheck_cli import __version__
from gradcheck_cli.config.schema import Config
from gradcheck_cli.recording.history import Environment, History, NonFinite, Outcome, Quantity, RunStatus
from gradcheck_cli.recording.launch import read_launch
from gradcheck_cli.recording.progress import Progress
from gradcheck_cli.recording.refused_network import described
from gradcheck_cli.recording.symmetry import find_symmetric
from gradcheck_cli.training.assembly import build_loop
from gradcheck_cli.training.device import choose_device, cpu_threads
from gradcheck_cli.training.loop import Ending, OnEpoch, TrainingLoop, Watchers
from gradcheck_cli.training.outcome import judge_outcome
from gradcheck_cli.training.prepared import Prepared, prepare
from gradcheck_cli.training.processes import joined
from gradcheck_cli.training.streams import Stream, derive_seed

_OVER_ROWS = (Quantity.FORWARD_SIGNAL, Quantity.FORWARD_RELATIVE, Quantity.SENSITIVITY)


def train(
    config: Config,
    *,
    base: Path,
    progress: Progress | None = None,
    on_epoch: OnEpoch | None = None,
    full: bool = False,
    share: float = 1.0,
    allow_import: Sequence[str] = (),
) -> History:
    """Train the network of a config and record how it went.

    A run that becomes non-finite, and one that is interrupted from the keyboard, is a result like any other. Equal
    configs (seed and threads among them) give equal bits on a CPU. torch's random state and its number of threads
    are afterwards what they were before.

    Args:
        config: Checked.
        base: The folder that paths in it start from.
        progress: Told at the most each 64 steps and at the ends of epochs.
        on_epoch: Takes the numbers of each epoch.
        full: Train on when the run is lost.
        share: Leave off after this share of the planned steps, in (0, 1]; what is done is done as in the whole run.
        allow_import: Packages whose code the config may name.

    Raises:
        ConfigError: The device, the number format or the plan is impossible here.
        DataError: The data cannot be loaded or used.
        ModelError: torch refuses the network, the loss, the optimizer or a batch.
    """
    launch = read_launch()
    device = choose_device(
        config.trainer.device, local_rank=launch.local_rank if launch is not None and launch.size > 1 else None
    )
    watchers = Watchers(progress, on_epoch)
    with (
        joined(config.trainer.strategy, launch, device=device) as processes,
        cpu_threads(config.trainer.threads) as threads,
        _own_random_state(config.seed, device, rank=launch.rank if launch else 0),
    ):
        with processes.together() if processes is not None else nullcontext():
            prepared = prepare(config, base=base, device=device, processes=processes, allow_import=allow_import)
        with processes.watched() if processes is not None else nullcontext():
            loop = build_loop(config, prepared, watchers=watchers, full=full, share=share, processes=processes)
            if progress is not None:
                progress.started(prepared.description, prepared.plan.steps)
            with described(prepared.description):
                ending = loop.run()
            history = _finish(config, prepared, loop=loop, ending=ending, threads=threads)
        if processes is None or processes.launch.reports:
            history = _explain(history, loop)
        if progress is not None:
            progress.finished(history.status)
    return history


@contextmanager
def _own_random_state(seed: int, device: torch.device, *, rank: int) -> Iterator[None]:
    """Dropout and its kin draw from torch's default generators: seed them for the run and put them back after it.

    Each process draws for rows of its own.
    """
    keys = [str(rank)] if rank else []
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if device.type == "cuda" else []):
        torch.manual_seed(derive_seed(seed, Stream.DROPOUT, *keys))
        yield


def _finish(config: Config, prepared: Prepared, *, loop: TrainingLoop, ending: Ending, threads: int) -> History:
    """Evaluate once more where needed and tell; a first interrupt counts as one of the run, a second one is let go."""
    try:
        _close_gaps(loop)
        return _tell(config, prepared, loop=loop, ending=ending, threads=threads)
    except KeyboardInterrupt:
        if ending.status is RunStatus.INTERRUPTED:
            raise
        return _tell(config, prepared, loop=loop, ending=Ending(RunStatus.INTERRUPTED), threads=threads)


def _close_gaps(loop: TrainingLoop) -> None:
    """Evaluate what has not been: a last epoch that was cut short, or the best weights once restored."""
    steps = loop.log.epochs[-1].step if loop.log.epochs else 0
    if loop.recorder.steps_done > steps:
        loop.log.end_epoch()
    if (loop.patience is not None and loop.patience.restore_best()) or loop.log.final is None:
        loop.log.evaluate_again()


def _tell(config: Config, prepared: Prepared, *, loop: TrainingLoop, ending: Ending, threads: int) -> History:
    log, plan = loop.log, prepared.plan
    recorded = loop.recorder.finish()
    epochs, validation_losses = log.finish()
    seconds = log.seconds
    status = _final_status(ending.status, recorded.non_finite)
    outcome: Outcome | None = None
    try:
        if log.final is not None:
            chosen, outputs = prepared.chosen.train_slice, prepared.outputs
            outcome = judge_outcome(log, prepared.dataset, loss=config.loss, train_slice=chosen, outputs=outputs)
    except KeyboardInterrupt:
        status = RunStatus.INTERRUPTED
    return History(
        description=prepared.description,
        environment=_environment(config, prepared, threads=threads),
        status=status,
        steps=recorded.steps,
        epochs=epochs,
        signals=recorded.signals,
        validation_losses=validation_losses,
        outcome=outcome,
        non_finite=recorded.non_finite,
        steps_done=loop.recorder.steps_done,
        epochs_done=sum(1 for epoch in log.epochs if epoch.step % plan.steps_per_epoch == 0),
        seconds=seconds,
        stopped_because=ending.reason,
        notes=(*prepared.dataset.notes, *prepared.model.notes, *plan.notes),
        unavailable=_unavailable(config),
        data_profile=prepared.dataset.profile,
        through_time=recorded.through_time,
        symmetric_at_end=find_symmetric(prepared.model.layers, prepared.model.modules),
    )


def _explain(history: History, loop: TrainingLoop) -> History:
    """Find what produced the first NaN or Inf, now that the weights are needed no more."""
    if history.non_finite is None:
        return history
    if loop.replay is None and loop.processes is not None and loop.processes.is_sharded:
        note = "Where the first NaN or Inf came from is not looked for under fsdp: no process holds a whole weight."
        return replace(history, notes=(*history.notes, note))
    if loop.replay is None:
        return history
    try:
        return replace(history, non_finite=loop.replay.explain(history.non_finite))
    except KeyboardInterrupt:
        return history


def _final_status(status: RunStatus, fault: NonFinite | None) -> RunStatus:
    """A run that went to its end, but with NaN, has diverged too."""
    went_on = status in (RunStatus.COMPLETED, RunStatus.EARLY_STOPPING)
    return RunStatus.DIVERGED if went_on and fault is not None and fault.lasting else status


def _environment(config: Config, prepared: Prepared, *, threads: int) -> Environment:
    versions = {
        "gradcheck": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }
    return Environment(config.seed, threads, str(prepared.device), config.trainer.precision.value, versions)


def _unavailable(config: Config) -> dict[str, str]:
    if config.trainer.batch_size > 1:
        return {}
    reason = "a batch of one row has no variation between rows"
    return {quantity.value: reason for quantity in _OVER_ROWS}
