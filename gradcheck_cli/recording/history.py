"""What was measured during one run, as plain numpy arrays with names; it never imports torch and never judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.data_profile import DataProfile
from gradcheck_cli.recording.description import RunDescription

Floats: TypeAlias = "np.typing.NDArray[np.float64]"
Ints: TypeAlias = "np.typing.NDArray[np.int64]"
Bools: TypeAlias = "np.typing.NDArray[np.bool_]"


class RunStatus(StrEnum):
    """How a run ended (contracts §4)."""

    COMPLETED = "completed"
    EARLY_STOPPING = "early-stopping"
    STOPPED_BY_VERDICT = "stopped-by-verdict"
    DIVERGED = "diverged"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    LINTED = "linted"


class Quantity(StrEnum):
    """A signal kept in `History.signals`. Design 3 §3 defines each; norms are L2 over all elements, in fp64.

    Rows are parameter names for GRADIENT_NORM, WEIGHT_NORM and UPDATE_RATIO, and layer names for the rest.
    """

    GRADIENT_NORM = "gradient_norm"  # every step; after unscaling, before clipping
    WEIGHT_NORM = "weight_norm"  # sampled steps, before the update
    UPDATE_RATIO = "update_ratio"  # sampled steps: |dw| / |w| of the step really taken
    BACKWARD_SIGNAL = (
        "backward_signal"  # sampled: per-sample L2 of dLoss/d(output), RMS over samples, x N if mean-reduced
    )
    FORWARD_SIGNAL = "forward_signal"  # sampled: per-sample L2 of (a - batch mean), RMS over samples
    FORWARD_RELATIVE = "forward_relative"  # sampled: the same divided by the RMS over samples of per-sample |a|
    SENSITIVITY = "sensitivity"  # sampled: per-sample |a - batch mean| x |dLoss/da|, RMS over samples (x N as above)
    ACTIVATION_SLOPE = "activation_slope"  # sampled: mean of |f'(x)| over elements (activations only)
    SATURATED_FRACTION = "saturated_fraction"  # sampled: share of elements with |f'(x)| < 0.01 x max slope of f
    DEAD_FRACTION = "dead_fraction"  # epoch ends: share of units with f' = 0 on every row of the slice


@dataclass(frozen=True)
class Signal:
    """One quantity over rows (layers or parameters) and recorded steps.

    Attributes:
        rows: Names, in forward order.
        steps: Optimizer steps at which it was taken, from 0, ascending, `[S]`.
        values: `[L, S]` float64. A measured NaN or Inf stays what it is.
        known: `[L, S]`; False where nothing was measured. Unknown is never 0 (the value there is NaN).
    """

    rows: tuple[str, ...]
    steps: Ints
    values: Floats
    known: Bools

    def row(self, name: str) -> Floats:
        """Values of one row at its known steps, `[<=S]`; empty for a name that was never measured."""
        if name not in self.rows:
            return np.empty(0)
        index = self.rows.index(name)
        return np.asarray(self.values[index, self.known[index]])

    def column(self, position: int) -> Floats:
        """Values of all rows at one recorded step, `[L]`, NaN where unknown."""
        return np.where(self.known[:, position], self.values[:, position], np.nan)


@dataclass(frozen=True)
class StepSeries:
    """What is kept of every optimizer step, each `[S]`.

    Attributes:
        loss: Mean training loss of the step's batches, penalties excluded.
        learning_rate: Largest over the parameter groups, as used by the step.
        gradient_norm: L2 over all trainable parameters, before clipping.
        clip_factor: What the gradients were multiplied by; 1 where not clipped.
        skipped: True where a GradScaler left the step out.
    """

    loss: Floats
    learning_rate: Floats
    gradient_norm: Floats
    clip_factor: Floats
    skipped: Bools


@dataclass(frozen=True)
class EpochSeries:
    """What is kept of every epoch, each `[E]`. Validation and metrics are NaN where there is no validation.

    Attributes:
        step: Optimizer steps done at its end.
        train_loss: Mean over the epoch's batches, in training mode.
        slice_loss, slice_metric: Evaluation mode on the fixed slice of at most 512 training rows.
        validation_loss, validation_metric: Over all validation rows, in evaluation mode.
        validation_halves: Mean loss of the two fixed halves of the validation rows, `[E, 2]`.
        seconds: Since the run began.
    """

    step: Ints
    train_loss: Floats
    slice_loss: Floats
    slice_metric: Floats
    validation_loss: Floats
    validation_metric: Floats
    validation_halves: Floats
    seconds: Floats

    def __len__(self) -> int:
        return len(self.step)


@dataclass(frozen=True)
class ValidationLosses:
    """Per-sample validation losses of chosen windows of epochs, for paired tests. `N` <= 4,096 seeded rows.

    Attributes:
        window: Epochs in a window: max(3, 10 % of the epochs planned), at most the epochs done.
        second_half: `[N]`: which of the two fixed halves a row belongs to.
        best: `[2, N]`: each row's mean loss over the best window, as chosen by the first (0) or second (1) half.
        best_epoch: `[2]`: the last epoch (from 0) of those windows.
        last: `[N]`: each row's mean loss over the last window.
        thinned_epochs: `[K]`: at most 16 epochs spread over the run.
        thinned: `[K, N]`: the losses at those epochs.
    """

    window: int
    second_half: Bools
    best: Floats
    best_epoch: Ints
    last: Floats
    thinned_epochs: Ints
    thinned: Floats


@dataclass(frozen=True)
class ThroughTime:
    """How far back one direction of a recurrent layer remembers, at a few epoch ends.

    Attributes:
        steps: Optimizer steps done by then, ascending, `[K]`; 0 is before the first step.
        norms: `[K, T]`: gradient of the last state by the layer's input at each time step (design 3 §3), L2 over
            features, RMS over rows. Time runs forward in both directions; the last state of the backward direction is
            that of time step 0.
    """

    steps: Ints
    norms: Floats


@dataclass(frozen=True)
class Reference:
    """A cheap predictor on the same split, against the run's final predictions.

    Attributes:
        metric: Its metric.
        difference: Metric of the run minus that of the reference.
        standard_error: Of `difference`, from paired rows (class-weighted for balanced accuracy; squared error over
            the target variance for R2).
    """

    metric: float
    difference: float
    standard_error: float


@dataclass(frozen=True)
class Outcome:
    """How good the trained network is, in the metric of its task.

    Attributes:
        metric_name: `accuracy`, `balanced_accuracy` or `r2`.
        value, best: Final and best validation metric.
        standard_error: Of `value`.
        train_metric: On the training slice, evaluation mode, at the end.
        trivial_loss: Mean validation loss of the best constant output, in the run's own loss.
        trivial_train_loss: The same on the training rows.
        final_slice_loss: Mean evaluation-mode loss of the training slice at the end.
        final_slice_error: Standard error of that mean.
        initial_slice_loss: The same before the first step.
        references: `trivial`, `nearest_neighbours`, `linear`; a missing key was not computed.
        train_references: The same on the training slice's rows (`trivial` only).
        constant_target: Whether all targets of the training rows are equal.
        accuracy: Plain validation accuracy, beside a balanced one; NaN for regression and where unknown.
        validation_loss: Mean validation loss of the network that the run hands over, which is that of its best epoch
            where early stopping restores it; NaN where there is no validation.
    """

    metric_name: str
    value: float
    best: float
    standard_error: float
    train_metric: float
    trivial_loss: float
    trivial_train_loss: float
    initial_slice_loss: float
    final_slice_loss: float
    final_slice_error: float
    references: Mapping[str, Reference] = field(default_factory=dict)
    train_references: Mapping[str, Reference] = field(default_factory=dict)
    constant_target: bool = False
    accuracy: float = float("nan")
    validation_loss: float = float("nan")


@dataclass(frozen=True)
class NonFinite:
    """The first NaN or Inf of the run.

    Attributes:
        step: Optimizer step, from 0.
        quantity: `loss`, `gradient`, `parameter`, or `activation`.
        layers: Layers seen non-finite at that step, in forward order; empty where only the loss was.
        lasting: Whether it stayed so until the run ended.
        origin: What produced it: a layer's name, `input`, `target` or `loss`; empty where that was not found. Whatever
            else was not finite had it from there.
        direction: `forward`, `backward` or `update`: the part of the step in which it was produced.
        rows: Rows of the step's batch that it belongs to, ascending, the first 32; empty where to none.
        value: `nan`, `inf` or `-inf`: what was seen first.
    """

    step: int
    quantity: str
    layers: tuple[str, ...] = ()
    lasting: bool = True
    origin: str = ""
    direction: str = ""
    rows: tuple[int, ...] = ()
    value: str = ""


@dataclass(frozen=True)
class Environment:
    """What a run depended on beside its config."""

    seed: int
    threads: int
    device: str
    precision: str = "fp32"
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class History:
    """One run as recorded. A linted config is a History with a description and nothing measured.

    Attributes:
        signals: By quantity; a missing key was not recorded, `unavailable` may say why.
        steps_done: Optimizer steps completed.
        epochs_done: Epochs completed.
        seconds: Training and evaluation, without start-up.
        stopped_because: Why a run was stopped before its end; empty otherwise.
        notes: Plain sentences for the coverage line (`the last batch of 1 row is left out`).
        unavailable: What could not be recorded, with the reason.
        data_profile: What the data look like; None where they were not loaded.
        through_time: Of recurrent layers, by name; with `:reverse` behind it for a backward direction.
        symmetric_at_end: Names of parameters all of whose outputs still had equal weights when the run ended.
    """

    description: RunDescription
    environment: Environment
    status: RunStatus = RunStatus.LINTED
    steps: StepSeries | None = None
    epochs: EpochSeries | None = None
    signals: Mapping[Quantity, Signal] = field(default_factory=dict)
    validation_losses: ValidationLosses | None = None
    outcome: Outcome | None = None
    non_finite: NonFinite | None = None
    steps_done: int = 0
    epochs_done: int = 0
    seconds: float = 0.0
    stopped_because: str = ""
    notes: tuple[str, ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)
    data_profile: DataProfile | None = None
    symmetric_at_end: tuple[str, ...] = ()
    through_time: Mapping[str, ThroughTime] = field(default_factory=dict)

    @property
    def judged_length(self) -> int:
        """Optimizer steps whose fractions rules speak of: those planned, or what there is of a run stopped as lost."""
        stopped = self.status is RunStatus.STOPPED_BY_VERDICT
        return self.steps_done if stopped else self.description.planned_steps or self.steps_done
