"""The recorder as a callback of Hugging Face's Trainer; it changes nothing but `should_training_stop`.

The Trainer clips gradients before it tells its callbacks of an optimizer step. They are therefore looked at when the
step's last backward pass ends, which the engine of autograd tells.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.utils import logging

from gradcheck_cli.errors import UsageError
from gradcheck_cli.integrations.recorder import Recorder
from gradcheck_cli.integrations.scalars import count_findings
from gradcheck_cli.integrations.stopping import FindingWatch, describe_finding
from gradcheck_cli.recording.found_layers import unwrap_model
from gradcheck_cli.recording.hooks import is_inside_backward
from gradcheck_cli.recording.inert_hook import InertHook

_LOG = logging.get_logger("transformers.gradcheck")
FINDINGS = "gradcheck/findings"


class GradcheckCallback(TrainerCallback):  # type: ignore[misc]
    """Records a `Trainer.train` and diagnoses it.

    ```python
    callback = GradcheckCallback()
    trainer = Trainer(model, args, train_dataset=dataset, callbacks=[callback])
    trainer.train()
    print(callback.recorder.report())
    ```

    Gradient norms and the numbers of errors and warnings are in the Trainer's logs as `gradcheck/...`; findings are in
    `state.log_history` and in transformers' log. Given as `callbacks=[...]` it comes after those that report to
    TensorBoard and others; `callback.add_to(trainer)` puts it before them, so that they get its numbers too.
    """

    def __init__(self, *, budget: float | None = 0.02, stop_on: str | None = None, log_layers: int | None = 3) -> None:
        """Args:
        budget: Share of the training time that measuring may cost; see `Recorder`.
        stop_on: `error`, `warning` or `info`: end the training once such a finding is there to stay.
        log_layers: How many layers are logged, those farthest from the others; None for all.

        Raises:
            UsageError: There is no such severity.
        """
        self._budget, self._stop_on, self._log_layers = budget, stop_on, log_layers
        self._watch = FindingWatch(stop_on)
        self._told: list[str] = []
        self._optimizer: Any = None
        self._handles: list[torch.utils.hooks.RemovableHandle] = []
        self._losses: list[Tensor] = []
        self._is_sum = False
        self._queued = False
        self._recorder: Recorder | None = None

    @property
    def recorder(self) -> Recorder:
        """What was recorded.

        Raises:
            UsageError: Training has not begun.
        """
        if self._recorder is None:
            raise UsageError("nothing has been recorded: training has not begun")
        return self._recorder

    def add_to(self, trainer: Trainer) -> None:
        """Add it to a trainer, before the callbacks that report elsewhere."""
        trainer.callback_handler.callbacks.insert(0, self)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin to record."""
        self._close()
        model, self._optimizer = unwrap_model(kwargs["model"]), kwargs["optimizer"]
        self._watch, self._told = FindingWatch(self._stop_on), []
        self._recorder = Recorder(
            model, self._optimizer, budget=self._budget, planned_steps=state.max_steps if state.max_steps > 0 else None
        )
        self._handles = [model.register_forward_hook(InertHook(self._after_forward), with_kwargs=True)]
        self._recorder.start()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Judge at steps 128, 256, ..."""
        self._look(state, control, judge=False)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Take the validation loss and judge."""
        loss = (metrics or {}).get("eval_loss")
        if self._recorder is None or not self._recorder.steps_done or loss is None:
            return
        name = args.metric_for_best_model or ""
        chosen = (metrics or {}).get(name if name.startswith("eval_") else f"eval_{name}")
        self._recorder.validation(loss, chosen if args.greater_is_better else None)
        self._look(state, control, judge=True)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Add the numbers of the last step to what is logged."""
        if self._recorder is None or not self._recorder.steps_done or logs is None or "loss" not in logs:
            return
        numbers = {**self._recorder.scalars(self._log_layers), **count_findings(self._watch.findings)}
        logs.update(numbers)
        if state.log_history:
            state.log_history[-1].update(numbers)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Judge for the last time."""
        self._close()
        if self._recorder is not None and self._recorder.steps_done:
            self._look(state, control, judge=True)

    def _after_forward(self, _model: nn.Module, _inputs: Any, options: dict[str, Any], output: Any) -> None:
        if not torch.is_grad_enabled() or is_inside_backward():
            return
        loss = output.get("loss") if hasattr(output, "get") else None
        if isinstance(loss, Tensor) and loss.numel() == 1:
            self._losses.append(loss.detach().reshape(()))
            self._is_sum = options.get("num_items_in_batch") is not None
        logits = output.get("logits") if hasattr(output, "get") else output
        for tensor in (loss, logits):
            if isinstance(tensor, Tensor) and tensor.requires_grad:
                tensor.register_hook(self._during_backward)  # type: ignore[no-untyped-call]

    def _during_backward(self, _gradient: Tensor) -> None:
        if not self._queued:
            self._queued = True
            torch.autograd.Variable._execution_engine.queue_callback(self._at_end_of_backward)

    def _at_end_of_backward(self) -> None:
        # Once more: what a wrapper for data parallelism has queued meanwhile comes first.
        torch.autograd.Variable._execution_engine.queue_callback(self._after_backward)

    def _after_backward(self) -> None:
        self._queued = False
        if self._recorder is None or not self._optimizer.gradient_state.sync_gradients:
            return
        losses, self._losses = self._losses, []
        total = torch.stack(losses).sum() if losses else None
        loss = total / len(losses) if total is not None and not self._is_sum else total
        self._recorder.step(loss, scaler=self._optimizer.scaler)

    def _look(self, state: TrainerState, control: TrainerControl, *, judge: bool) -> None:
        reason = self._watch.look(self.recorder, judge=judge)
        if reason and not control.should_training_stop:
            self.recorder.note_stop(reason)
            control.should_training_stop = True
            _LOG.warning(f"gradcheck stops the training: {reason}")
        told = [describe_finding(finding) for finding in self._watch.findings]
        fresh = [line for line in told if line not in self._told]
        if fresh:
            state.log_history.append({FINDINGS: fresh, "step": state.global_step})
        for line in fresh:
            _LOG.warning(line)
        self._told = told

    def _close(self) -> None:
        while self._handles:
            self._handles.pop().remove()
        if self._recorder is not None:
            self._recorder.close()
