"""Number formats: autocast for the forward pass, loss scaling for fp16; it does not choose the device."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor
from torch.optim import Optimizer

from gradcheck_cli.config.schema import Precision
from gradcheck_cli.errors import ConfigError, Problem

_TYPES = {Precision.BF16: torch.bfloat16, Precision.FP16: torch.float16}


class MixedPrecision:
    """Autocast, and a GradScaler where the format has too small a range for gradients (fp16).

    Attributes:
        scales_loss: Whether there is a GradScaler: it leaves out steps whose gradients are not finite.
    """

    def __init__(self, precision: Precision, *, device: torch.device) -> None:
        """Raises:
        ConfigError: torch cannot compute in this format on this device.
        """
        self._device_type = device.type
        self._dtype = _TYPES.get(precision)
        self._scaler = _make_scaler(device) if precision is Precision.FP16 else None
        self.scales_loss = self._scaler is not None
        self._refuse_unusable(precision)

    @property
    def is_plain(self) -> bool:
        """Whether everything is fp32."""
        return self._dtype is None

    def autocast(self) -> AbstractContextManager[object]:
        """Around each forward pass and loss."""
        if self._dtype is None:
            return nullcontext()
        return torch.autocast(self._device_type, dtype=self._dtype)

    def adopt(self, optimizer: Optimizer) -> None:
        """Call once before the first step.

        torch's fused SGD leaves its momentum uninitialised when the scaler skips its first step (2.13): there the
        scaler is made to decide by itself whether to step.
        """
        if self._scaler is not None and isinstance(optimizer, torch.optim.SGD):
            optimizer._step_supports_amp_scaling = False

    def backward(self, objective: Tensor) -> None:
        """The backward pass, of the scaled objective where it is scaled."""
        (objective if self._scaler is None else self._scaler.scale(objective)).backward()  # type: ignore[no-untyped-call]

    def unscale(self, optimizer: Optimizer) -> None:
        """Bring the gradients back to their own size; a fused optimizer would else do so inside its step."""
        if self._scaler is not None:
            self._scaler.unscale_(optimizer)

    def step(self, optimizer: Optimizer) -> None:
        """Step, unless a scaled run has non-finite gradients."""
        if self._scaler is None:
            optimizer.step()
        else:
            self._scaler.step(optimizer)
            self._scaler.update()

    @property
    def loss_scale(self) -> float:
        """What the objective is multiplied by; waits for the device where it is scaled."""
        return 1.0 if self._scaler is None else float(self._scaler.get_scale())

    def _refuse_unusable(self, precision: Precision) -> None:
        """torch only warns, and computes in fp32, where it cannot autocast to this format."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.autocast()
        if caught:
            message = f"{precision.value!r} is not available on {self._device_type}"
            raise ConfigError([Problem("trainer.precision", message, hint="use fp32")])


def _make_scaler(device: torch.device) -> torch.amp.GradScaler:
    try:
        return torch.amp.GradScaler(device.type)
    except (RuntimeError, ValueError, TypeError) as error:
        message = f"'fp16' needs a loss scale, which torch does not offer on {device.type}"
        raise ConfigError([Problem("trainer.precision", message, allowed="fp32, bf16")]) from error
