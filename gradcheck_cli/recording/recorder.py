"""Records what one training run does, step by step; it changes nothing about the training and judges nothing.

Every step: loss, learning rate, global and per-parameter gradient norms, which stay on the device until 64 steps are
transferred at once. On the steps that `sampling` chooses from the plan alone: the signal between layers, weights and
true updates. At evaluations of the slice: dead units, and the gradient through time of recurrent layers. Memory is
bounded, see `norm_table`.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from gradcheck_cli.recording.dead_units import DeadUnits
from gradcheck_cli.recording.description import LayerDescription
from gradcheck_cli.recording.distributed import Ranks, Shards, pieces_of
from gradcheck_cli.recording.gradient_norms import GradientNorms
from gradcheck_cli.recording.history import NonFinite, Quantity, Signal, StepSeries, ThroughTime
from gradcheck_cli.recording.hooks import SignalHooks
from gradcheck_cli.recording.layer_signals import Column
from gradcheck_cli.recording.measured_signals import MeasuredSignals
from gradcheck_cli.recording.observed import find_observed
from gradcheck_cli.recording.pending_steps import Look, PendingSteps
from gradcheck_cli.recording.run_tables import RunTables
from gradcheck_cli.recording.sampling import choose_epoch_ends, choose_steps
from gradcheck_cli.recording.statistics import exact_norms
from gradcheck_cli.recording.through_time import ThroughTimeProbe
from gradcheck_cli.recording.updates import UpdateRatios

STEPS_PER_FLUSH = 64
ROWS_PER_WINDOW = 128
"""Of training batches in which a unit must be dead, twice in a row, to count as such."""


@dataclass(frozen=True)
class Recorded:
    """What a recorder contributes to a History."""

    steps: StepSeries
    signals: Mapping[Quantity, Signal]
    non_finite: NonFinite | None
    through_time: Mapping[str, ThroughTime]


@dataclass(frozen=True, eq=False)
class _Sample:
    """A sampled step: what is still on the device of it, and what is not."""

    step: int
    signals: MeasuredSignals
    columns: Mapping[Quantity, Column]


class Recorder:
    """Around each optimizer step: `begin_step`, `after_backward`, perhaps `after_clipping`, `after_update`.

    Always `close` it: hooks may be attached when a step is interrupted. Such a step is not recorded.

    Attributes:
        tables: What has been transferred.
        pending: The steps that have not been transferred; takes those whose gradients are not looked at.
    """

    def __init__(
        self,
        modules: Mapping[str, nn.Module],
        layers: Sequence[LayerDescription],
        *,
        planned_steps: int,
        steps_per_epoch: int,
        mean_reduced: bool = True,
        loss_is_scaled: bool = False,
        ranks: Ranks | None = None,
        sampled_steps: Container[int] | None = None,
        root: nn.Module | None = None,
        unseen: Collection[str] = (),
        steps_per_flush: int = STEPS_PER_FLUSH,
    ) -> None:
        """Args:
        modules: By layer name.
        layers: Leaf layers and containers, in forward order.
        planned_steps: Optimizer steps of the whole run.
        steps_per_epoch: Optimizer steps of one epoch.
        mean_reduced: Whether the loss is a mean over the batch's rows.
        loss_is_scaled: Whether a GradScaler is at work: it leaves out steps whose gradients are not finite.
        ranks: The processes that share the rows of each batch, each with a recorder of its own; None where this one
            has them all. Gradients, which DDP averages, and the loss are taken as they are.
        sampled_steps: Steps to look at more closely; None lets the plan choose them.
        root: The whole network, for a loop that tells neither how many rows a step has nor evaluates a slice: rows are
            then counted, and dead units looked for in the training batches.
        steps_per_flush: After so many steps all is transferred from the device, or after 64 that were looked at.
        unseen: Layers whose calls cannot be seen; their parameters are recorded all the same.
        """
        observed = find_observed(modules, layers, unseen=unseen)
        self._parameters = list(observed.parameters.values())
        self._mean_reduced, self.loss_is_scaled = mean_reduced, loss_is_scaled
        self._sampled_steps = choose_steps(planned_steps, steps_per_epoch) if sampled_steps is None else sampled_steps
        self._shards = Shards(self._parameters)
        self._dead_units = DeadUnits(observed.activations, channels_first=observed.channels_first)
        self._shares_rows = ranks is not None
        self._watches_batches, self._steps_per_flush = root is not None, steps_per_flush
        self._hooks = SignalHooks(
            observed.layers,
            observed.activations,
            ranks=ranks,
            root=root,
            dead_units=self._dead_units if root is not None else None,
        )
        ends = choose_epoch_ends(planned_steps, steps_per_epoch)
        self._through_time = ThroughTimeProbe(observed.recurrent, chosen=ends)
        self._gradients = GradientNorms(self._parameters)
        self._updates = UpdateRatios(self._parameters)
        self.tables = RunTables(observed, planned_steps=planned_steps)
        self.pending = PendingSteps()
        self._sampling = False
        self._sample: _Sample | None = None
        self._samples: list[_Sample] = []
        self._look: Look | None = None
        self._updating: int | None = None
        self._awaits_clipping = False

    def begin_step(self) -> None:
        """Call before the forward pass of a step's first batch."""
        self._sampling = self._step in self._sampled_steps
        if self._sampling:
            self._hooks.attach()

    def after_backward(self, rows: int, *, loss_scale: float = 1.0, awaits_clipping: bool = False) -> list[Tensor]:
        """Call after the last backward pass of a step, with gradients unscaled and not yet clipped.

        Args:
            rows: Rows over which the step's loss is averaged.
            loss_scale: What the loss was multiplied by for the backward pass.
            awaits_clipping: Nobody will tell of clipping: `see_clipping` is to find out.

        Returns:
            Norms of the gradients that exist, 0-d, for clipping by the global norm.
        """
        if self._sampling:
            self._hooks.detach()
            self._measure_signals((rows if self._mean_reduced else 1) / loss_scale)
        self._look = Look(self._step, self._gradients.take(check=self._sampling, mark=awaits_clipping))
        self._awaits_clipping = awaits_clipping
        return self._look.norms.norms

    def pass_over(self) -> None:
        """Call where the gradients of the steps to come are not to be looked at, which `pending` alone takes."""
        self._awaits_clipping = False

    def after_clipping(self, factor: Tensor | float) -> None:
        """Call after clipping, with what the gradients were multiplied by."""
        self._taken.clip_factor = factor

    def after_update(self, loss: Tensor | float, *, learning_rate: float) -> bool:
        """Call after the optimizer step.

        Args:
            loss: Mean loss of the step's batches; a tensor stays where it is.
            learning_rate: As used by the step.

        Returns:
            Whether everything so far has just been transferred.
        """
        self.end_step(loss, learning_rate=learning_rate)
        self.see_update()
        return self.flush_if_full()

    def end_step(
        self, loss: Tensor | float | None, *, learning_rate: Tensor | float, scale: Tensor | float = 1.0
    ) -> None:
        """Close a step before its update is known, which `see_update` and `see_clipping` may add later.

        Args:
            loss: None where it is not known.
            learning_rate: As used by the step.
            scale: What the gradients were multiplied by when `after_backward` saw them.
        """
        look = self._taken
        look.scale = scale
        if self._sampling:
            self._keep_sample()
        self.pending.add_look(look)
        self._look = None
        self._sampling = False
        self.pending.keep((loss, learning_rate))

    def see_update(self) -> None:
        """The weights are those after the last step: on a sampled one, measure by how much they changed."""
        if self._updating is not None:
            self.tables.put_signals(self._updating, {Quantity.UPDATE_RATIO: self._updates.after()})
            self._updating = None

    def forget_update(self) -> None:
        """The last step was left out, so that no update is to be measured."""
        if self._updating is not None:
            self._updating = None
            self._updates.forget()

    def see_clipping(self, scale: Tensor | float = 1.0) -> None:
        """The gradients are those that the optimizer gets: see whether they were clipped, where that was awaited.

        Args:
            scale: What they are still multiplied by.
        """
        if not self._awaits_clipping:
            return
        self._awaits_clipping = False
        taken, look = self._gradients.take_if_changed(), self.pending.last_look
        if taken is not None and look is not None:
            look.clipped = taken.divide(scale)

    def forget_signals(self) -> None:
        """What was seen since `begin_step` belongs to the step of another optimizer."""
        self._hooks.forget()

    def forget_pending(self) -> None:
        """Leave out what needs other processes to be transferred: they have gone their own way."""
        if self._shares_rows:
            self._samples = []
        self._read_samples()
        self.pending = PendingSteps(self.pending.end)
        self.forget_update()

    def flush_if_full(self) -> bool:
        """Transfer what is on the device once it is enough; whether that was done now."""
        if len(self.pending) < self._steps_per_flush and self.pending.looks < STEPS_PER_FLUSH:
            return False
        self.flush()
        return True

    def flush(self) -> None:
        """Transfer what is still on the device. Interrupted, it may be called again."""
        pending = self.pending
        if not len(pending):
            return
        self._read_samples()
        read = pending.read(self._gradients, loss_is_scaled=self.loss_is_scaled)
        self.tables.put_steps(read)
        self.pending = PendingSteps(pending.end)

    @contextmanager
    def observe_evaluation(self) -> Iterator[None]:
        """Watch for dead units and memory during one evaluation of the slice; `begin_batch` announces each batch."""
        with self._dead_units.observe(), self._through_time.observe():
            yield

    def begin_batch(self) -> None:
        """Call before each forward pass of an observed evaluation."""
        self._dead_units.begin_batch()

    def end_evaluation(self) -> None:
        """Call after each evaluation of the slice: before the first step and at each end of an epoch."""
        self.tables.put_signals(self._step, {Quantity.DEAD_FRACTION: self._dead_units.finish()})
        self._through_time.end_evaluation(self._step)

    def check_parameters(self) -> bool:
        """Whether all trainable parameters are finite; waits for the device."""
        norms = self._shards.whole(exact_norms(pieces_of(self._parameters)))
        bad = np.flatnonzero(~np.isfinite(norms))
        self.flush()
        self.tables.put_bad_parameters(max(self._step - 1, 0), bad)
        return not len(bad)

    def close(self) -> None:
        """The training is over: remove whatever hooks are still attached."""
        self._hooks.detach()
        self._through_time.close(self._step)

    def finish(self, *, parameters_finite: bool | None = None) -> Recorded:
        """Everything recorded so far.

        Args:
            parameters_finite: Where `check_parameters` has been asked and no step taken since.
        """
        self.flush()
        finite = self.check_parameters() if parameters_finite is None else parameters_finite
        return Recorded(*self.tables.finish(parameters_finite=finite), self._through_time.finish())

    @property
    def is_sharded(self) -> bool:
        """Whether several processes hold a piece each of a weight: they must all do here what one of them does."""
        return bool(self._shards)

    @property
    def is_update_awaited(self) -> bool:
        """Whether the last step was sampled and its update not seen yet."""
        return self._updating is not None

    @property
    def rows_seen(self) -> int:
        """Rows that went through the network at the step at hand, while it is sampled and the network is known."""
        return self._hooks.rows

    @property
    def batches_seen(self) -> int:
        """Forward passes through the network at that step."""
        return self._hooks.batches

    @property
    def output_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each layer's output without the rows, in the order in which the layers were first called."""
        return self._hooks.shapes

    @property
    def is_sampling(self) -> bool:
        """Whether the step at hand is a sampled one."""
        return self._sampling

    @property
    def steps_done(self) -> int:
        """Optimizer steps recorded; right also when the last one was interrupted between two lines."""
        return max(self._step, len(self.tables))

    @property
    def _step(self) -> int:
        """The step at hand."""
        return self.pending.end

    @property
    def _taken(self) -> Look:
        if self._look is None:
            raise RuntimeError("a step was closed before after_backward was called")
        return self._look

    def _measure_signals(self, gradient_factor: float) -> None:
        columns = {Quantity.WEIGHT_NORM: self._updates.before()}
        if self._watches_batches and self._dead_units.rows >= ROWS_PER_WINDOW:
            columns[Quantity.DEAD_FRACTION] = self._dead_units.finish()
        self._sample = _Sample(self._step, self._hooks.take(gradient_factor), columns)

    def _keep_sample(self) -> None:
        if self._sample is not None:
            self._samples.append(self._sample)
        self._sample, self._updating = None, self._step

    def _read_samples(self) -> None:
        for sample in self._samples:
            self.tables.put_signals(sample.step, {**sample.signals.read(), **sample.columns})
        self._samples = []
