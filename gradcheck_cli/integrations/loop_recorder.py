"""Takes the optimizer steps of somebody's own loop, as often and as closely as a budget allows; it judges nothing."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradcheck_cli.errors import Problem, UsageError
from gradcheck_cli.integrations.arguments import read_loss
from gradcheck_cli.integrations.update_watch import UpdateWatch
from gradcheck_cli.recording.loss_scale import backward_scale, gradient_scale
from gradcheck_cli.recording.recorder import Recorder
from gradcheck_cli.recording.sampling_budget import SamplingBudget


class LoopRecorder(ABC):
    """What the public `Recorder` does at each step.

    It is a base class, and no part, of that: one call more at each step would be felt in loops of small networks.
    """

    def __init__(self, recorder: Recorder, optimizers: Sequence[Optimizer], *, budget: SamplingBudget) -> None:
        """Args:
        recorder: Samples the steps that the budget chooses.
        optimizers: Those that step once at each step.
        """
        self._recorder, self._optimizers, self._budget = recorder, optimizers, budget
        self._updates = UpdateWatch(optimizers, recorder)
        self._last_end = 0.0
        self._passes_left = self._passes = 0
        self._is_started = self._is_closed = False
        self._parameters_finite: bool | None = None
        self._batch_sizes: tuple[int, int] | tuple[()] = ()

    @abstractmethod
    def _after_flush(self, step: int) -> None:
        """Everything up to a step has left the device."""

    def start(self) -> None:
        """Begin; the `with` statement does this."""
        if self._is_started:
            return
        self._is_started, self._is_closed, self._parameters_finite = True, False, None
        self._updates.start()
        self._begin_step()
        self._last_end = time.perf_counter()

    def close(self, *, failed: bool = False) -> None:
        """End, and remove every hook; the `with` statement does this. What was recorded stays.

        Args:
            failed: The loop broke off here, and maybe not in other processes: nothing that needs them is done.
        """
        alone = failed and self._recorder.is_sharded
        if not alone:
            self._updates.finish_update()
        self._updates.close()
        self._is_started, self._passes_left, self._passes = False, 0, 0
        self._recorder.close()
        if alone:
            self._recorder.forget_pending()
            self._parameters_finite = True
        elif not self._is_closed:
            self._recorder.flush()
            # Measured while all processes are here: a report may be asked of one of them.
            self._parameters_finite = self._recorder.check_parameters()
        self._is_closed = True

    def step(
        self,
        loss: Tensor | float | None,
        *,
        scaler: torch.amp.GradScaler | None = None,
        rows: int | None = None,
        clip_factor: Tensor | float | None = None,
    ) -> None:
        """Call once for each optimizer step: after its last `backward()`, before clipping and `optimizer.step()`.

        Args:
            loss: Mean loss of the step's batches, one number, as a tensor (which stays on its device) or a float; None
                where it is not known.
            scaler: The GradScaler, where there is one; `scaler.unscale_` may have been called or not.
            rows: Rows of all the step's batches; by default those that went through the model.
            clip_factor: What the gradients have been multiplied by already, where clipping cannot come later.

        Raises:
            UsageError: `loss` is not one number, the recorder is closed, or there are no gradients at the first step.
            StopTraining: `stop_on` asks for it; the `with` statement ends the block and lets nothing through.
        """
        if self._passes_left and scaler is None and self._pass_over(loss):
            return
        recorder, step = self._recorder, self._recorder.steps_done
        value = read_loss(loss)
        self._prepare(step)
        began = time.perf_counter()
        if scaler is not None:
            self._budget.look_at_all()
            recorder.loss_is_scaled = recorder.loss_is_scaled or scaler.is_enabled()
        is_sampling = recorder.is_sampling
        if is_sampling and recorder.batches_seen and not self._batch_sizes:
            self._batch_sizes = (recorder.rows_seen // recorder.batches_seen, recorder.batches_seen)
        scale = 1.0 if scaler is None else gradient_scale(scaler, self._optimizers)
        norms = recorder.after_backward(
            (rows or recorder.rows_seen or 1) if is_sampling else 1,
            loss_scale=backward_scale(scaler) if scaler is not None and is_sampling else 1.0,
            awaits_clipping=clip_factor is None,
        )
        if not norms and not step:
            self._refuse_bare()
        if clip_factor is not None:
            recorder.after_clipping(clip_factor)
        recorder.end_step(value, learning_rate=self._find_rate(), scale=scale)
        self._updates.expect()
        self._see_time(step, is_sampling=is_sampling, began=began)
        self._begin_step()

    def _begin_step(self) -> None:
        self._recorder.begin_step()
        if self._recorder.is_sampling:
            self._updates.forget_others()

    def _pass_over(self, loss: Tensor | float | None) -> bool:
        """Keep nothing but the loss of a step, where that is as it should be: looking at more would cost too much.

        What happens here happens at nearly each step of a small network's loop, with the caches full of other things:
        each further function and object would be fetched from far. The last one of a row tells what they take.
        """
        began = time.perf_counter() if self._passes_left == 1 else 0.0
        value = loss.item() if loss.__class__ is Tensor and loss.is_cpu and not loss.dim() else read_loss(loss)
        if value.__class__ is float and not math.isfinite(value):
            return False
        if not self._passes:
            self._see_late()
            self._updates.pause()
            self._recorder.pass_over()
            self._passes = self._passes_left
        groups = self._optimizers[0].param_groups
        rate = groups[0]["lr"]
        if rate.__class__ is not float or len(groups) > 1 or len(self._optimizers) > 1:
            rate = self._find_rate()
        self._recorder.pending.keep((value, rate))
        self._passes_left -= 1
        if began:
            self._end_passes(began)
        return True

    def _end_passes(self, began: float) -> None:
        """The next step is looked at, and what the last one took stands for all that were passed over."""
        self._begin_step()
        ended = time.perf_counter()
        self._budget.passing_s = (ended - began) * self._passes
        if self._recorder.is_sampling:
            self._budget.see_passes(self._recorder.steps_done - 1, ended - self._last_end)
            self._last_end = ended

    def _prepare(self, step: int) -> None:
        """What comes before a look at a step's gradients."""
        self._passes_left = self._passes = 0
        if not self._is_started:
            self._refuse_closed()
            self.start()
        if not step:
            self._refuse_misplaced()
        self._see_late()
        began = time.perf_counter()
        if self._recorder.flush_if_full():
            taken = time.perf_counter() - began
            self._budget.see_transfer(taken)
            self._last_end += taken
            self._after_flush(step)

    def _find_rate(self) -> Tensor | float:
        groups = self._optimizers[0].param_groups
        if len(groups) == 1 == len(self._optimizers):
            rate: Tensor | float = groups[0]["lr"]
            return rate.detach().clone() if isinstance(rate, Tensor) else rate
        return max(float(group["lr"]) for optimizer in self._optimizers for group in optimizer.param_groups)

    def _refuse_closed(self) -> None:
        if self._is_closed:
            message = "the recorder is closed"
            raise UsageError([Problem("step", message, hint="call it inside the `with` block, or start() it again")])

    def _refuse_misplaced(self) -> None:
        if self._updates.steps:
            message, hint = (
                "the optimizer has stepped before it",
                "call it after loss.backward() and before optimizer.step()",
            )
            raise UsageError([Problem("step", message, hint=hint)])

    def _refuse_bare(self) -> None:
        hint = "call it after loss.backward() and before optimizer.zero_grad()"
        raise UsageError([Problem("step", "no parameter has a gradient", hint=hint)])

    def _see_late(self) -> None:
        late = self._updates.finish_update()
        if late:
            self._budget.see_late(late)
            self._last_end += late

    def _see_time(self, step: int, *, is_sampling: bool, began: float) -> None:
        ended = time.perf_counter()
        total, own = ended - self._last_end, ended - began
        if is_sampling:
            self._updates.ignore_others()
            self._budget.see_sampled(step, total, own)
        else:
            self._budget.see_look(step, total, own)
        self._last_end = ended
        self._passes_left = self._budget.count_passes(step)
