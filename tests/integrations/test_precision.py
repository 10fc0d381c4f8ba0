"""Scaled and half-precision gradients come out as they would in fp32."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradcheck_cli import Recorder
from gradcheck_cli.recording.history import Quantity
from tests.integrations.loops import assert_norms, assert_same_signals, mlp, norms_of, rows, train, train_plainly

OPTIMIZERS: dict[str, Callable[[nn.Module], torch.optim.Optimizer]] = {
    "sgd": lambda model: torch.optim.SGD(model.parameters(), lr=0.1),
    "fused adam": lambda model: torch.optim.Adam(model.parameters(), lr=0.01, fused=True),
    "foreach adam": lambda model: torch.optim.AdamW(model.parameters(), lr=0.01, foreach=True),
}


def train_scaled(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    unscale: bool,
    clip: float | None = None,
    spoil: int | None = None,
    steps: int = 5,
) -> Recorder:
    """A loop with a GradScaler; `spoil` is a step whose gradients overflow."""
    x, y = rows()
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    with Recorder(model, optimizer) as recorder:
        for step in range(steps):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            scaler.scale(loss * (1e38 if step == spoil else 1.0)).backward()  # type: ignore[no-untyped-call]
            if unscale:
                scaler.unscale_(optimizer)
            recorder.step(loss, scaler=scaler)
            if clip is not None:
                torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            scaler.step(optimizer)
            scaler.update()
    return recorder


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("unscale", [False, True])
def test_scaled_gradients_are_recorded_unscaled(name: str, unscale: bool) -> None:
    model = mlp()
    plain = deepcopy(model)
    recorder = train_scaled(model, OPTIMIZERS[name](model), unscale=unscale)
    history = recorder.history()
    assert_norms(history, train_plainly(plain, optimizer=OPTIMIZERS[name](plain)))
    assert history.steps is not None
    np.testing.assert_allclose(history.steps.clip_factor, 1.0, rtol=1e-6)
    assert not history.steps.skipped.any()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_signals_between_layers_are_unscaled_too(name: str) -> None:
    model = mlp()
    plain = deepcopy(model)
    scaled = train_scaled(model, OPTIMIZERS[name](model), unscale=False).history()
    unscaled = train(plain, optimizer=OPTIMIZERS[name](plain)).history()
    assert_same_signals(scaled, unscaled, ["0", "1", "2", "4"])
    for weight in ("0.weight", "4.weight"):
        expected = unscaled.signals[Quantity.UPDATE_RATIO].row(weight)
        np.testing.assert_allclose(scaled.signals[Quantity.UPDATE_RATIO].row(weight), expected, rtol=1e-3)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_skipped_steps_are_counted_and_are_no_fault(name: str) -> None:
    model = mlp()
    history = train_scaled(model, OPTIMIZERS[name](model), unscale=False, spoil=2).history()
    assert history.steps is not None
    assert history.steps.skipped.tolist() == [False, False, True, False, False]
    assert history.non_finite is None
    assert not np.isfinite(history.steps.gradient_norm[2])


def test_the_update_of_a_skipped_step_is_unknown() -> None:
    model = mlp()
    history = train_scaled(model, OPTIMIZERS["sgd"](model), unscale=False, spoil=0, steps=13).history()
    signal = history.signals[Quantity.UPDATE_RATIO]
    assert signal.steps.tolist() == [12]


def test_clipping_after_unscaling_gives_the_norm_before_it_and_the_factor() -> None:
    model = mlp()
    plain = deepcopy(model)
    history = train_scaled(model, OPTIMIZERS["sgd"](model), unscale=True, clip=0.1).history()
    optimizer = OPTIMIZERS["sgd"](plain)
    x, y = rows()
    assert history.steps is not None
    for step in range(5):
        optimizer.zero_grad()
        F.cross_entropy(plain(x), y).backward()  # type: ignore[no-untyped-call]
        before = float(torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.1))
        optimizer.step()
        assert history.steps.gradient_norm[step] == pytest.approx(before, rel=1e-4)
        assert history.steps.clip_factor[step] == pytest.approx(0.1 / (before + 1e-6), rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("value", [3000.0, 1e-7])
def test_norms_of_half_precision_gradients_neither_overflow_nor_vanish(dtype: torch.dtype, value: float) -> None:
    model = nn.Sequential(nn.Linear(64, 64, bias=False).to(dtype))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    stored = float(torch.tensor(value, dtype=dtype))
    with Recorder(model, optimizer) as recorder:
        for _ in range(6):
            model[0].weight.grad = torch.full((64, 64), value, dtype=dtype)
            recorder.step(1.0)
            optimizer.step()
    assert norms_of(recorder.history(), "0.weight") == pytest.approx(np.full(6, 64 * stored), rel=1e-4)


def test_bfloat16_training_is_recorded_close_to_fp32() -> None:
    model = mlp()
    plain = deepcopy(model)
    model.to(torch.bfloat16)
    x, y = rows()
    recorder = train(model, batch=(x.to(torch.bfloat16), y), steps=1)
    assert_norms(recorder.history(), train_plainly(plain, steps=1), rel=0.05)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_autocast_on_a_gpu_with_a_scaler(name: str) -> None:
    model = mlp().cuda()
    plain = deepcopy(model)
    x, y = (tensor.cuda() for tensor in rows())
    optimizer, scaler = OPTIMIZERS[name](model), torch.amp.GradScaler("cuda", init_scale=1024.0)
    with Recorder(model, optimizer) as recorder:
        for _ in range(3):
            optimizer.zero_grad()
            with torch.autocast("cuda", dtype=torch.float16):
                loss = F.cross_entropy(model(x), y)
            scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            recorder.step(loss, scaler=scaler)
            scaler.step(optimizer)
            scaler.update()
    other = OPTIMIZERS[name](plain)
    for step in range(3):
        other.zero_grad()
        F.cross_entropy(plain(x), y).backward()  # type: ignore[no-untyped-call]
        total = float(torch.nn.utils.get_total_norm([p.grad for p in plain.parameters() if p.grad is not None]))
        steps = recorder.history().steps
        assert steps is not None
        assert steps.gradient_norm[step] == pytest.approx(total, rel=0.02)
        other.step()
