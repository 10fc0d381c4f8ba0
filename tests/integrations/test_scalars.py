"""Scalars for experiment trackers: the total and the layers farthest from the others."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn
from torch.utils.tensorboard import SummaryWriter

from gradcheck_cli import Recorder
from tests.integrations.loops import mlp, plain_norms, rows, sgd, train


def test_the_total_and_the_worst_layers_by_default() -> None:
    model = mlp()
    optimizer = sgd(model)
    with Recorder(model, optimizer) as recorder:
        for name, parameter in model.named_parameters():
            parameter.grad = torch.full_like(parameter, 1e-6 if name.startswith("2") else 1.0)
        recorder.step(1.0)
        optimizer.step()
    scalars = recorder.scalars(layers=1)
    assert list(scalars) == ["gradcheck/gradient_norm", "gradcheck/gradient_norm/2", "gradcheck/update_ratio/2"]


def test_all_layers_on_request_as_plain_norms() -> None:
    model, plain = mlp(), mlp()
    recorder = train(model, steps=1)
    scalars = recorder.scalars(layers=None)
    x, y = rows()
    F.cross_entropy(plain(x), y).backward()  # type: ignore[no-untyped-call]
    norms = plain_norms(plain)
    for name in ("0", "2", "4"):
        expected = (norms[f"{name}.weight"] ** 2 + norms[f"{name}.bias"] ** 2) ** 0.5
        assert scalars[f"gradcheck/gradient_norm/{name}"] == pytest.approx(expected, rel=1e-4)
    assert scalars["gradcheck/gradient_norm"] == pytest.approx(
        sum(value**2 for value in norms.values()) ** 0.5, rel=1e-4
    )


def test_a_layer_that_is_not_finite_comes_first() -> None:
    model = mlp()
    optimizer = sgd(model)
    with Recorder(model, optimizer) as recorder:
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        model[4].weight.grad.fill_(float("nan"))  # type: ignore[union-attr, operator]
        recorder.step(1.0)
    assert list(recorder.scalars(layers=1))[1] == "gradcheck/gradient_norm/4"


@pytest.mark.parametrize(("layers", "count"), [(0, 1), (3, 4), (None, 4)])
def test_tensorboard_gets_them_while_the_loop_runs(tmp_path: Path, layers: int | None, count: int) -> None:
    model = nn.Sequential(*mlp())
    optimizer = sgd(model)
    x, y = rows()
    with (
        SummaryWriter(str(tmp_path)) as writer,
        Recorder(model, optimizer, writer=writer, log_layers=layers, budget=None) as recorder,
    ):
        for _ in range(130):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(loss)
            optimizer.step()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    tags = [tag for tag in events.Tags()["scalars"] if "update_ratio" not in tag]
    assert len(tags) == count
    written = events.Scalars("gradcheck/gradient_norm")
    steps = recorder.history().steps
    assert steps is not None
    assert [event.step for event in written] == [63, 127]
    assert [event.value for event in written] == pytest.approx(
        [steps.gradient_norm[63], steps.gradient_norm[127]], rel=1e-5
    )
