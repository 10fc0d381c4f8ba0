"""What is evaluated and kept at the end of each epoch; it does not train and stops nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from gradcheck_cli.recording.history import EpochSeries, ValidationLosses
from gradcheck_cli.recording.recorder import Recorder
from gradcheck_cli.recording.validation_windows import ValidationWindows
from gradcheck_cli.training.evaluation import Evaluation, Evaluator, Rows
from gradcheck_cli.training.evaluation_rows import EvaluationRows


@dataclass(frozen=True)
class Epoch:
    """One epoch's numbers; see `EpochSeries`."""

    step: int
    train_loss: float
    slice_loss: float
    slice_metric: float
    validation_loss: float
    validation_metric: float
    validation_halves: tuple[float, float]
    seconds: float

    def as_line(self, number: int) -> Mapping[str, object]:
        """As written to a run's log: plain values by name."""
        return {"epoch": number, **asdict(self)}


class EpochLog:
    """Evaluates the slice of training rows and the validation rows, and keeps the results.

    Attributes:
        epochs: One entry an epoch, also for a last one that was cut short.
        final: The last evaluations, of the slice and of the validation rows; None before the first epoch's end.
        initial_slice_loss: Before the first step; NaN until `start`.
    """

    def __init__(
        self,
        evaluator: Evaluator,
        *,
        train_slice: Rows,
        validation: Rows,
        chosen: EvaluationRows,
        recorder: Recorder,
        planned_epochs: int,
    ) -> None:
        self._evaluator, self._recorder = evaluator, recorder
        self._train_slice, self._validation, self._chosen = train_slice, validation, chosen
        self._windows = ValidationWindows(chosen.second_half[chosen.sample], planned_epochs=planned_epochs)
        self._began = time.perf_counter()
        self.epochs: list[Epoch] = []
        self.final: tuple[Evaluation, Evaluation] | None = None
        self.initial_slice_loss = float("nan")

    def start(self) -> None:
        """Look at the slice before the first step."""
        self._began = time.perf_counter()
        self.initial_slice_loss = self._observe_slice().loss

    def end_epoch(self) -> Epoch:
        """Evaluate after the steps since the last call."""
        began = self.epochs[-1].step if self.epochs else 0
        self._recorder.flush()
        seen = self._observe_slice()
        validation = self._evaluator.evaluate(self._validation)
        epoch = Epoch(
            step=self._recorder.steps_done,
            train_loss=self._recorder.tables.mean_loss(began),
            slice_loss=seen.loss,
            slice_metric=seen.metric,
            validation_loss=validation.loss,
            validation_metric=validation.metric,
            validation_halves=self._mean_halves(validation),
            seconds=self.seconds,
        )
        self.epochs.append(epoch)
        self.final = seen, validation
        if len(self._validation):
            self._windows.add(validation.losses[self._chosen.sample])
        return epoch

    def evaluate_again(self) -> None:
        """Replace the final evaluations: the weights were changed after the last epoch."""
        self.final = self._evaluator.evaluate(self._train_slice), self._evaluator.evaluate(self._validation)

    @property
    def has_validation(self) -> bool:
        """Whether there are validation rows."""
        return len(self._validation) > 0

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._began

    @property
    def best_metric(self) -> float:
        """The best validation metric of any epoch; NaN where there is none."""
        known = [epoch.validation_metric for epoch in self.epochs if not np.isnan(epoch.validation_metric)]
        return max(known, default=float("nan"))

    def finish(self) -> tuple[EpochSeries, ValidationLosses | None]:
        """Everything kept."""
        return _as_series(self.epochs), self._windows.finish()

    def _observe_slice(self) -> Evaluation:
        with self._recorder.observe_evaluation():
            seen = self._evaluator.evaluate(
                self._train_slice, before_batch=self._recorder.begin_batch, with_variation=True
            )
        self._recorder.end_evaluation()
        return seen

    def _mean_halves(self, validation: Evaluation) -> tuple[float, float]:
        second = self._chosen.second_half
        first_losses, second_losses = validation.losses[~second], validation.losses[second]
        return _mean(first_losses), _mean(second_losses)


def _mean(losses: np.typing.NDArray[np.float64]) -> float:
    return float(losses.mean()) if len(losses) else float("nan")


def _as_series(epochs: list[Epoch]) -> EpochSeries:
    def column(name: str) -> np.typing.NDArray[np.float64]:
        return np.array([getattr(epoch, name) for epoch in epochs], dtype=np.float64)

    return EpochSeries(
        step=np.array([epoch.step for epoch in epochs], dtype=np.int64),
        train_loss=column("train_loss"),
        slice_loss=column("slice_loss"),
        slice_metric=column("slice_metric"),
        validation_loss=column("validation_loss"),
        validation_metric=column("validation_metric"),
        validation_halves=column("validation_halves").reshape(len(epochs), 2),
        seconds=column("seconds"),
    )
