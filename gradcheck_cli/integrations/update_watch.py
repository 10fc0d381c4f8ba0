"""Sees optimizers step, from hooks of their own, and tells the recorder; it changes neither gradients nor weights."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from weakref import ref

import torch
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from gradcheck_cli.recording.loss_scale import scale_inside_step
from gradcheck_cli.recording.recorder import Recorder


class UpdateWatch:
    """Between `start` and `close`: right before an optimizer's step the gradients are those that it gets, clipped or
    not; right behind it the weights are new.

    Attributes:
        steps: Steps of the optimizers since `expect`.
    """

    def __init__(self, optimizers: Sequence[Optimizer], recorder: Recorder) -> None:
        self._optimizers, self._recorder = optimizers, recorder
        self._handles: list[torch.utils.hooks.RemovableHandle] = []
        self._foreign: torch.utils.hooks.RemovableHandle | None = None
        self._before_hook, self._after_hook = _Weak(self._before_update), _Weak(self._after_update)
        self._late_s = 0.0
        self.steps = 0

    def start(self) -> None:
        """Put the hooks in place, where they are not."""
        for optimizer in () if self._handles else self._optimizers:
            self._handles += [
                optimizer.register_step_pre_hook(self._before_hook),
                optimizer.register_step_post_hook(self._after_hook),
            ]

    def pause(self) -> None:
        """The next steps are of no interest: even a hook that does nothing would cost what it costs to call it."""
        while self._handles:
            self._handles.pop().remove()

    def close(self) -> None:
        """Remove all hooks."""
        self.ignore_others()
        self.pause()

    def expect(self) -> None:
        """The optimizers step next."""
        self.start()
        self.steps = 0

    def forget_others(self) -> None:
        """From now on, what passes through the model before the step of somebody else's optimizer is for that one."""
        if self._foreign is None:
            self._foreign = register_optimizer_step_post_hook(_Weak(self._after_any_update))

    def ignore_others(self) -> None:
        """Others' optimizers matter no more."""
        if self._foreign is not None:
            self._foreign.remove()
            self._foreign = None

    def finish_update(self) -> float:
        """The next step begins or the run ends: what the measuring inside the optimizers' step took, in seconds."""
        if self._recorder.is_update_awaited:
            # Some of several optimizers have stepped, or none has: the scaler left the step out.
            if self.steps:
                self._recorder.see_update()
            else:
                self._recorder.forget_update()
        late, self._late_s = self._late_s, 0.0
        return late

    def _before_update(self, optimizer: Optimizer, arguments: Sequence[Any], options: dict[str, Any]) -> None:
        """The gradients are now those that the optimizer gets, unless it will make them itself by a closure."""
        if not _has_closure(arguments, options):
            self._recorder.see_clipping(scale_inside_step(optimizer))

    def _after_update(self, optimizer: Optimizer, arguments: Sequence[Any], options: dict[str, Any]) -> None:
        if _has_closure(arguments, options):
            self._recorder.see_clipping()
        self.steps += 1
        if self.steps == len(self._optimizers) and self._recorder.is_update_awaited:
            began = time.perf_counter()
            self._recorder.see_update()
            self._late_s = time.perf_counter() - began

    def _after_any_update(self, optimizer: Optimizer, arguments: Sequence[Any], options: dict[str, Any]) -> None:
        if not any(optimizer is own for own in self._optimizers):
            self._recorder.forget_signals()


class _Weak:
    """A hook that does not keep its object alive."""

    __slots__ = ("_function", "_owner")

    def __init__(self, method: Any) -> None:
        self._owner, self._function = ref(method.__self__), method.__func__

    def __call__(self, *arguments: Any) -> None:
        owner = self._owner()
        if owner is not None:
            self._function(owner, *arguments)


def _has_closure(arguments: Sequence[Any], options: dict[str, Any]) -> bool:
    return any(callable(one) for one in (*arguments[1:], options.get("closure")))
