"""The training loop: epochs of steps, an evaluation after each, and the ways a run ends; it records nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.recording.progress import Progress, ProgressPoint
from gradcheck_cli.recording.recorder import Recorder
from gradcheck_cli.training.batches import Batches
from gradcheck_cli.training.early_stopping import Patience
from gradcheck_cli.training.epoch_log import Epoch, EpochLog
from gradcheck_cli.training.plan import Plan
from gradcheck_cli.training.processes import Processes
from gradcheck_cli.training.replay import Replay
from gradcheck_cli.training.schedule import Schedule
from gradcheck_cli.training.stepping import BROKEN_STEPS, Stepper
from gradcheck_cli.training.verdict_stop import EpochEnd, VerdictStop

OnEpoch = Callable[[Mapping[str, object]], None]


@dataclass(frozen=True)
class Ending:
    """How a run ended, and why where it did so early."""

    status: RunStatus
    reason: str = ""


@dataclass(frozen=True, eq=False)
class Watchers:
    """Who is told how it goes, at the most each 64 steps and at the ends of epochs.

    Attributes:
        progress: Shows where the run stands.
        on_epoch: Takes the numbers of each epoch.
    """

    progress: Progress | None = None
    on_epoch: OnEpoch | None = None


@dataclass(frozen=True, eq=False)
class TrainingLoop:
    """Trains to the end of the plan, or until it is stopped.

    Attributes:
        patience: Early stopping; None where it is not asked for.
        replay: Finds the origin of what is not finite, once the run is over; None where it cannot.
        verdict: Stops a run that cannot recover; None where it is to go on.
        most_broken_steps: After so many non-finite steps in a row the run is lost.
        full: Train on all the same.
        last_step: Leave off after so many optimizer steps, with the schedule of the whole plan; None to go to its end.
        processes: Those that train together and end together; None for one.
    """

    plan: Plan
    batches: Batches
    stepper: Stepper
    schedule: Schedule
    recorder: Recorder
    log: EpochLog
    patience: Patience | None = None
    replay: Replay | None = None
    verdict: VerdictStop | None = None
    watchers: Watchers = Watchers()
    most_broken_steps: int = BROKEN_STEPS
    full: bool = False
    last_step: int | None = None
    processes: Processes | None = None

    def run(self) -> Ending:
        """Train. A keyboard interrupt ends the run, wherever it comes, and keeps what was recorded.

        Raises:
            ModelError: torch refuses a batch.
        """
        try:
            ending = self._train()
        except KeyboardInterrupt:
            ending = Ending(RunStatus.INTERRUPTED)
        finally:
            self.recorder.close()
        return ending

    def _train(self) -> Ending:
        last_step = self.plan.steps if self.last_step is None else self.last_step
        self.log.start()
        for _ in range(self.plan.epochs):
            if self.replay is not None and not self.recorder.tables.is_broken:
                self.replay.snapshots.take(self.recorder.steps_done)
            for inputs, targets in self.batches.epoch():
                if self.stepper.take(inputs, targets):
                    self._show_progress()
                    ending = self._agree(self._give_up())
                    if ending is not None:
                        return ending
                if self.recorder.steps_done == last_step:
                    break
            ending = self._agree(self._end_epoch())
            if ending is not None:
                return ending
            if self.recorder.steps_done == last_step:
                break
        return Ending(RunStatus.COMPLETED)

    def _end_epoch(self) -> Ending | None:
        epoch = self.log.end_epoch()
        if self.watchers.on_epoch is not None:
            self.watchers.on_epoch(epoch.as_line(len(self.log.epochs)))
        self._show_progress()
        self.schedule.after_epoch(epoch.validation_loss if self.log.has_validation else None)
        ending = self._give_up()
        if ending is not None:
            return ending
        if self.patience is not None and self.patience.is_exhausted(epoch.validation_loss):
            return Ending(RunStatus.EARLY_STOPPING, self.patience.reason)
        return self._stop_by_verdict(epoch)

    def _stop_by_verdict(self, epoch: Epoch) -> Ending | None:
        if self.verdict is None or self.log.final is None:
            return None
        variation = self.log.final[0].variation
        end = EpochEnd(
            epoch.step,
            train_loss=epoch.train_loss,
            slice_loss=epoch.slice_loss,
            variation=variation,
            slice_metric=epoch.slice_metric,
        )
        reason = self.verdict.judge(end)
        return Ending(RunStatus.STOPPED_BY_VERDICT, reason) if reason else None

    def _give_up(self) -> Ending | None:
        if self.full or self.recorder.tables.broken_steps < self.most_broken_steps:
            return None
        return Ending(RunStatus.DIVERGED, _lost_because(self.most_broken_steps))

    def _agree(self, ending: Ending | None) -> Ending | None:
        """What all processes do: one that went on alone would wait for the others for ever."""
        if self.processes is None:
            return ending
        agreed, is_interrupted = self.processes.agree(ending)
        return Ending(RunStatus.INTERRUPTED) if is_interrupted else agreed

    def _show_progress(self) -> None:
        if self.watchers.progress is None:
            return
        loss, gradient_norm = self.recorder.tables.last_step
        last = self.log.epochs[-1] if self.log.epochs else None
        point = ProgressPoint(
            step=self.recorder.steps_done,
            planned_steps=self.plan.steps,
            epoch=len(self.log.epochs),
            epochs=self.plan.epochs,
            train_loss=loss,
            validation_loss=last.validation_loss if last else float("nan"),
            metric=last.validation_metric if last else float("nan"),
            gradient_norm=gradient_norm,
        )
        self.watchers.progress.advanced(point)


def _lost_because(steps: int) -> str:
    return f"the loss or the gradients were not finite for {steps} steps in a row"
