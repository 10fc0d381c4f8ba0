"""The recorder for somebody's own training loop; it changes no number in that loop."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from torch import nn
from torch.optim import Optimizer

from gradcheck_cli.diagnosis.own_loop import judge_recorded
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.errors import Problem, UsageError
from gradcheck_cli.integrations.arguments import check_options, find_optimizers
from gradcheck_cli.integrations.loop_recorder import LoopRecorder
from gradcheck_cli.integrations.output import render_report, save_run
from gradcheck_cli.integrations.recorded_run import OwnLoop, tell_run
from gradcheck_cli.integrations.scalars import ScalarWriter, pick_scalars, write_scalars
from gradcheck_cli.integrations.stopping import FindingWatch, StopTraining
from gradcheck_cli.integrations.validation_log import ValidationLog
from gradcheck_cli.recording.distributed import is_sharded
from gradcheck_cli.recording.history import History, RunStatus
from gradcheck_cli.recording.live_model import describe_model
from gradcheck_cli.recording.module_classes import find_class
from gradcheck_cli.recording.recorder import STEPS_PER_FLUSH
from gradcheck_cli.recording.recorder import Recorder as StepRecorder
from gradcheck_cli.recording.sampling_budget import SamplingBudget

_NO_PLAN = 2**31
_MOST_STEPS_PENDING = 512
"""Losses that may wait for their transfer where nobody waits for them."""


class Recorder(LoopRecorder):
    """Records one model and its optimizer in any loop, and diagnoses what it saw.

    ```python
    with Recorder(model, optimizer) as recorder:
        for x, y in batches:
            optimizer.zero_grad()
            loss = loss_function(model(x), y)
            loss.backward()
            recorder.step(loss)
            optimizer.step()
    print(recorder.report())
    ```

    Each step: loss and learning rate. Each step that `budget` pays for, the first 8 in any case: the gradient norm of
    each parameter before clipping (L2, in fp32 or better), and the clip factor. At steps 0, 12, 24, 48, ... and as many
    others as `budget` pays for: the signal between layers, the slopes of activations, weights and updates. Nothing of
    the training is changed, and copies and pickles of the model keep nothing of the recorder.

    Where several processes hold a piece of each weight (FSDP2) all of them do what one does: a recorder in each, with
    steps and validations at the same points, and reports from all or after the `with` block.

    With several optimizers that step in turn, as in a GAN, make a recorder for each; each sees the parameters of its
    own optimizer, at that optimizer's steps.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer | Sequence[Optimizer],
        *,
        name: str | None = None,
        budget: float | None = 0.02,
        stop_on: str | None = None,
        planned_steps: int | None = None,
        mean_reduced: bool = True,
        writer: ScalarWriter | None = None,
        log_layers: int | None = 3,
    ) -> None:
        """Args:
        model: After it was moved, wrapped or sharded, and may be compiled.
        optimizer: What changes its parameters; several where one `step` stands for a step of each of them.
        name: Of the run; by default the class of the model.
        budget: Share of the training time that measuring may cost: it sets how often steps are sampled, and where the
            norms of all gradients would take more than a quarter of it, they are taken at each 2nd, 4th, ... or 64th
            step only. None: each step is looked at and each 64th sampled, whatever it costs, so that equal runs give
            equal records; so it is for sharded weights, because clocks differ between processes.
        stop_on: `error`, `warning` or `info`: leave the `with` block once such a finding is there to stay.
        planned_steps: Optimizer steps of the whole run; rules judge from a tenth of them on. None: of the steps done.
        mean_reduced: Whether the loss is a mean over the rows of a batch (False: their sum).
        writer: Takes `add_scalar(tag, value, step)` now and then, such as a `SummaryWriter` of TensorBoard.
        log_layers: How many layers it is told of, those farthest from the others; None for all.

        Raises:
            UsageError: An argument is of the wrong kind, or no parameter of the model is in the optimizer.
        """
        optimizers = find_optimizers(optimizer)
        check_options(model, budget=budget, planned_steps=planned_steps, log_layers=log_layers)
        trained = [one for owner in optimizers for group in owner.param_groups for one in group["params"]]
        live = describe_model(model, trained)
        if not any(one.trainable for layer in live.layers for one in layer.parameters):
            raise UsageError(
                [Problem("optimizer", "it holds no parameter of the model", hint="give the optimizer of this model")]
            )
        self._loop = OwnLoop(name or find_class(live.root).__name__, live, optimizers, planned_steps, mean_reduced)
        sampling = SamplingBudget(None if any(map(is_sharded, trained)) else budget)
        recorder = StepRecorder(
            live.modules,
            live.layers,
            planned_steps=planned_steps or _NO_PLAN,
            steps_per_epoch=planned_steps or _NO_PLAN,
            mean_reduced=mean_reduced,
            sampled_steps=sampling,
            root=live.root,
            unseen=live.compiled,
            steps_per_flush=STEPS_PER_FLUSH if writer is not None or stop_on is not None else _MOST_STEPS_PENDING,
        )
        super().__init__(recorder, optimizers, budget=sampling)
        self._validations = ValidationLog()
        self._watch = FindingWatch(stop_on) if stop_on is not None else None
        self._writer, self._log_layers = writer, log_layers
        self._status, self._stopped_because = RunStatus.COMPLETED, ""

    def __enter__(self) -> Recorder:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        stopped = isinstance(error, StopTraining) and error.recorder is self
        if error is not None and not stopped:
            self._status = RunStatus.INTERRUPTED
        self.close(failed=error is not None and not stopped)
        return stopped

    def validation(self, losses: Any, metric: float | None = None) -> None:
        """Call once for each validation.

        Args:
            losses: The loss of each validation row `[N]`, the same rows in the same order each time; or their mean
                alone, and then what compares rows is left out.
            metric: Of the same rows, larger is better (accuracy, R2).

        Raises:
            UsageError: `losses` have another shape, or other rows than before.
            StopTraining: As in `step`.
        """
        self._recorder.flush()
        step = self._recorder.steps_done
        train_loss = self._recorder.tables.mean_loss(self._validations.last_step)
        planned = self._loop.planned_steps
        self._validations.add(losses, metric, step=step, train_loss=train_loss, planned_steps=planned)
        self._stop_if_needed(judge=True)

    def history(self) -> History:
        """What has been recorded so far, as rules read it."""
        recorded = self._recorder.finish(parameters_finite=self._parameters_finite)
        return tell_run(
            self._loop,
            recorded,
            self._validations,
            status=self._status,
            stopped_because=self._stopped_because,
            shapes=self._recorder.output_shapes,
            trainer=dict(zip(("batch_size", "accumulate_grad_batches"), self._batch_sizes, strict=False)),
        )

    def diagnose(self, *, select: Sequence[str] | None = None, ignore: Sequence[str] = ()) -> RunReport:
        """Judge what has been recorded so far; inside the loop too.

        Args:
            select: Codes, prefixes or names of rules; None for all.
            ignore: The same, of rules to leave out.

        Returns:
            Ranked `findings`, and `rules` with the reason of each one that was skipped.

        Raises:
            UsageError: There is no such rule.
        """
        return judge_recorded(self.history(), select=select, ignore=ignore)

    def report(
        self,
        format: str = "full",
        path: str | Path | None = None,
        *,
        select: Sequence[str] | None = None,
        ignore: Sequence[str] = (),
        verbose: bool = False,
    ) -> str:
        """The diagnosis as text.

        Args:
            format: One of the formats of `gradcheck check --output-format`.
            path: Also written there, whole or not at all.
            verbose: Every layer and every rule, in `full`.

        Raises:
            UsageError: There is no such format or rule, or the file cannot be written.
        """
        return render_report(self.diagnose(select=select, ignore=ignore), format, path, verbose=verbose)

    def save(self, run_dir: str | Path | None = None) -> Path:
        """Keep the run where `gradcheck report` finds it; the folder.

        Args:
            run_dir: The folder of all runs; `.gradcheck/runs` by default.

        Raises:
            RunFolderError: It cannot be written.
        """
        return save_run(self.diagnose(), None if run_dir is None else Path(run_dir))

    def note_stop(self, reason: str) -> None:
        """The loop ends before its time because of what was recorded; the report will say why."""
        self._status, self._stopped_because = RunStatus.STOPPED_BY_VERDICT, reason

    def scalars(self, layers: int | None = 3) -> dict[str, float]:
        """Numbers of the last step for an experiment tracker, by tag: the total gradient norm and that of some layers.

        Args:
            layers: How many, those farthest from the others; None for all.
        """
        self._recorder.flush()
        return pick_scalars(self._recorder, self._loop.model.layers, count=layers)

    def has_optimizer(self, optimizer: Optimizer) -> bool:
        """Whether it is (a wrapper of) one of those whose steps are recorded."""
        return any(one is own for one in find_optimizers(optimizer) for own in self._optimizers)

    @property
    def steps_done(self) -> int:
        """Optimizer steps recorded."""
        return self._recorder.steps_done

    @property
    def broken_steps(self) -> int:
        """How many of the last steps that have left the device, in a row, had a non-finite loss or gradient."""
        return self._recorder.tables.broken_steps

    @property
    def overhead(self) -> float:
        """What recording has cost so far, as a share of the training time; NaN before it is known."""
        return self._budget.own_share + self._budget.sampled_share

    def _after_flush(self, step: int) -> None:
        if self._writer is not None:
            scalars = pick_scalars(self._recorder, self._loop.model.layers, count=self._log_layers)
            write_scalars(self._writer, scalars, step=step - 1)
        self._stop_if_needed(judge=False)

    def _stop_if_needed(self, *, judge: bool) -> None:
        reason = self._watch.look(self, judge=judge) if self._watch is not None else ""
        if reason:
            self.note_stop(reason)
            raise StopTraining(reason, self)
