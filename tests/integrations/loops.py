"""Small training loops as people write them, and what the recorder should have seen in them, computed plainly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gradcheck_cli import Recorder
from gradcheck_cli.recording.history import Floats, History, Quantity

ROWS, FEATURES, CLASSES = 12, 6, 3


def rows(count: int = ROWS) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, FEATURES, generator=generator), torch.arange(count) % CLASSES


def mlp() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))


def sgd(model: nn.Module, lr: float = 0.1) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)


def train(
    model: nn.Module,
    *,
    steps: int = 5,
    optimizer: torch.optim.Optimizer | None = None,
    batch: tuple[Tensor, Tensor] | None = None,
    call: Callable[[Tensor], Tensor] | None = None,
    **options: Any,
) -> Recorder:
    """The loop that everybody knows; the recorder it leaves behind."""
    optimizer = optimizer or sgd(model)
    x, y = batch or rows()
    with Recorder(model, optimizer, **options) as recorder:
        for _ in range(steps):
            optimizer.zero_grad()
            loss = F.cross_entropy((call or model)(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(loss)
            optimizer.step()
    return recorder


def plain_norms(model: nn.Module) -> dict[str, float]:
    """The norm of each gradient that is there, in fp64, each tensor once."""
    return {
        name: float(parameter.grad.double().norm())
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }


def train_plainly(
    model: nn.Module, *, steps: int = 5, optimizer: torch.optim.Optimizer | None = None
) -> list[dict[str, float]]:
    """The same loop without a recorder; the norms of each step."""
    optimizer = optimizer or sgd(model)
    x, y = rows()
    found = []
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]
        found.append(plain_norms(model))
        optimizer.step()
    return found


def norms_of(history: History, name: str) -> Floats:
    return history.signals[Quantity.GRADIENT_NORM].row(name)


def assert_norms(history: History, expected: Sequence[dict[str, float]], *, rel: float = 1e-4) -> None:
    """Every parameter at every step, and the total."""
    signal = history.signals[Quantity.GRADIENT_NORM]
    assert set(signal.rows) == {name for step in expected for name in step}
    for position, step in enumerate(expected):
        column = dict(zip(signal.rows, signal.column(position), strict=True))
        for name, value in step.items():
            np.testing.assert_allclose(column[name], value, rtol=rel, atol=1e-12, err_msg=f"{name} at step {position}")
    assert history.steps is not None
    totals = [np.sqrt(sum(value**2 for value in step.values())) for step in expected]
    np.testing.assert_allclose(history.steps.gradient_norm, totals, rtol=rel)


def assert_same_signals(one: History, other: History, names: Iterable[str], *, rel: float = 1e-4) -> None:
    """The signals between layers at all sampled steps."""
    for quantity in (Quantity.FORWARD_SIGNAL, Quantity.BACKWARD_SIGNAL, Quantity.SENSITIVITY):
        for name in names:
            expected = other.signals[quantity].row(name)
            assert expected.size
            np.testing.assert_allclose(
                one.signals[quantity].row(name), expected, rtol=rel, err_msg=f"{quantity} of {name}"
            )


def assert_plain_loop(history: History, *, accumulate: int, clip: float | None) -> None:
    """Losses, norms and clip factors of 24 rows in batches of 4, by SGD with a rate of 0.1."""
    plain = mlp()
    optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
    x, y = rows(24)
    steps = history.steps
    assert steps is not None
    assert len(steps.loss) == 6 // accumulate
    for step in range(6 // accumulate):
        optimizer.zero_grad()
        batch = slice(4 * accumulate * step, 4 * accumulate * (step + 1))
        loss = F.cross_entropy(plain(x[batch]), y[batch])
        loss.backward()  # type: ignore[no-untyped-call]
        norm = float(nn.utils.clip_grad_norm_(plain.parameters(), clip or float("inf")))
        optimizer.step()
        np.testing.assert_allclose(steps.loss[step], loss.item(), rtol=1e-4)
        np.testing.assert_allclose(steps.gradient_norm[step], norm, rtol=1e-4)
        np.testing.assert_allclose(steps.clip_factor[step], min(1.0, (clip or np.inf) / (norm + 1e-6)), rtol=1e-4)
