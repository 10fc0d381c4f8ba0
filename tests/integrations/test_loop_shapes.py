"""Accumulation, clipping, several optimizers, several backward passes: what counts is the optimizer step."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gradcheck_cli import Recorder
from gradcheck_cli.recording.history import Quantity
from tests.integrations.loops import (
    assert_norms,
    assert_same_signals,
    mlp,
    plain_norms,
    rows,
    sgd,
    train,
    train_plainly,
)


def test_accumulated_gradients_are_recorded_once_for_each_optimizer_step() -> None:
    model = mlp()
    plain = deepcopy(model)
    optimizer = sgd(model)
    x, y = rows()
    with Recorder(model, optimizer) as recorder:
        for _ in range(5):
            optimizer.zero_grad()
            losses = [
                F.cross_entropy(model(part), target) / 3
                for part, target in zip(torch.split(x, 4), torch.split(y, 4), strict=True)
            ]
            for loss in losses:
                loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(torch.stack(losses).sum())
            optimizer.step()
    history = recorder.history()
    assert_norms(history, train_plainly(plain))
    assert history.description.trainer == {"batch_size": 4, "accumulate_grad_batches": 3}


def test_signals_of_accumulated_batches_are_those_of_the_whole_batch() -> None:
    model = mlp()
    plain = deepcopy(model)
    optimizer = sgd(model)
    x, y = rows()
    with Recorder(model, optimizer) as recorder:
        for part, target in zip(torch.split(x, 6), torch.split(y, 6), strict=True):
            (F.cross_entropy(model(part), target) / 2).backward()  # type: ignore[no-untyped-call]
        recorder.step(0.0)
        optimizer.step()
    whole = train(plain, steps=1).history().signals[Quantity.BACKWARD_SIGNAL]
    parts = recorder.history().signals[Quantity.BACKWARD_SIGNAL]
    np.testing.assert_allclose(parts.values, whole.values, rtol=1e-4)


def clip_norm(model: nn.Module) -> None:
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.3)


def clip_value(model: nn.Module) -> None:
    torch.nn.utils.clip_grad_value_(model.parameters(), 0.01)


def replace_gradients(model: nn.Module) -> None:
    for parameter in model.parameters():
        assert parameter.grad is not None
        parameter.grad = parameter.grad * 0.5


def leave(model: nn.Module) -> None:
    pass


@pytest.mark.parametrize("clip", [clip_norm, clip_value, replace_gradients, leave])
def test_norms_are_those_before_clipping_and_the_factor_is_known(clip: Callable[[nn.Module], None]) -> None:
    model = mlp()
    plain = deepcopy(model)
    optimizer, other = sgd(model), sgd(plain)
    x, y = rows()
    expected, factors = [], []
    with Recorder(model, optimizer) as recorder:
        for _ in range(5):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(loss)
            clip(model)
            optimizer.step()
            other.zero_grad()
            F.cross_entropy(plain(x), y).backward()  # type: ignore[no-untyped-call]
            before = plain_norms(plain)
            clip(plain)
            after = plain_norms(plain)
            other.step()
            expected.append(before)
            factors.append(np.linalg.norm(list(after.values())) / np.linalg.norm(list(before.values())))
    history = recorder.history()
    assert_norms(history, expected)
    assert history.steps is not None
    np.testing.assert_allclose(history.steps.clip_factor, factors, rtol=1e-5)
    if clip is leave:
        assert (history.steps.clip_factor == 1).all()


def test_a_closure_that_clips_is_seen() -> None:
    model = mlp()
    optimizer = sgd(model)
    x, y = rows()
    before: list[float] = []

    def closure() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        recorder.step(loss)
        before.append(float(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.3)))
        return float(loss.detach())

    with Recorder(model, optimizer) as recorder:
        for _ in range(4):
            optimizer.step(closure)
    steps = recorder.history().steps
    assert steps is not None
    np.testing.assert_allclose(steps.gradient_norm, before, rtol=1e-5)
    np.testing.assert_allclose(steps.clip_factor, np.minimum(0.3 / np.array(before), 1), rtol=1e-4)
    assert recorder.history().signals[Quantity.UPDATE_RATIO].known.all()


def generator_and_critic() -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 6)), nn.Sequential(
        nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1)
    )


def train_gan(
    generator: nn.Module, critic: nn.Module, *, steps: int, recorded: bool
) -> tuple[list[Recorder], list[list[dict[str, float]]]]:
    """Two networks in turn: the critic twice as often; the generator's pass leaves gradients in the critic too."""
    optimizers = [torch.optim.SGD(one.parameters(), lr=0.05) for one in (generator, critic)]
    recorders = [Recorder(one, optimizer) for one, optimizer in zip((generator, critic), optimizers, strict=True)]
    random = torch.Generator().manual_seed(3)
    seen: list[list[dict[str, float]]] = [[], []]
    if recorded:
        for recorder in recorders:
            recorder.start()

    def update(which: int, loss: Tensor, model: nn.Module) -> None:
        optimizers[which].zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        seen[which].append(plain_norms(model))
        if recorded:
            recorders[which].step(loss)
        optimizers[which].step()

    for _ in range(steps):
        for _ in range(2):
            real, noise = torch.randn(8, 6, generator=random), torch.randn(8, 4, generator=random)
            update(1, critic(generator(noise).detach()).mean() - critic(real).square().mean(), critic)
        update(0, -critic(generator(torch.randn(8, 4, generator=random))).mean(), generator)
    for recorder in recorders:
        recorder.close()
    return recorders, seen


def test_two_optimizers_in_turn_have_a_recorder_each() -> None:
    generator, critic = generator_and_critic()
    recorders, seen = train_gan(generator, critic, steps=4, recorded=True)
    for recorder, expected in zip(recorders, seen, strict=True):
        assert_norms(recorder.history(), expected)
    assert [recorder.steps_done for recorder in recorders] == [4, 8]


def test_a_critic_does_not_count_what_passed_through_it_for_the_generator() -> None:
    generator, critic = generator_and_critic()
    recorders, _ = train_gan(generator, critic, steps=4, recorded=True)
    signal = recorders[1].history().signals[Quantity.BACKWARD_SIGNAL]
    assert recorders[1].history().description.trainer["accumulate_grad_batches"] == 2
    # Of its own loss, the mean over 8 rows of each of two passes: 16 rows times 1/8 in the first of them.
    generator, critic = generator_and_critic()
    random = torch.Generator().manual_seed(3)
    real, noise = torch.randn(8, 6, generator=random), torch.randn(8, 4, generator=random)
    one, two = critic(generator(noise).detach()), critic(real)
    loss = one.mean() - two.square().mean()
    gradients = torch.autograd.grad(loss, [one, two])
    expected = float(torch.cat(gradients).square().mean().sqrt()) * 16
    assert signal.row("2")[0] == pytest.approx(expected, rel=1e-4)


def test_one_step_may_stand_for_several_optimizers() -> None:
    model = mlp()
    plain = deepcopy(model)
    parts = [
        torch.optim.SGD(model[0].parameters(), lr=0.1),
        torch.optim.Adam([*model[2].parameters(), *model[4].parameters()]),
    ]
    others = [
        torch.optim.SGD(plain[0].parameters(), lr=0.1),
        torch.optim.Adam([*plain[2].parameters(), *plain[4].parameters()]),
    ]
    x, y = rows()
    expected = []
    with Recorder(model, parts) as recorder:
        for _ in range(3):
            model.zero_grad()
            plain.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(loss)
            F.cross_entropy(plain(x), y).backward()  # type: ignore[no-untyped-call]
            expected.append(plain_norms(plain))
            for optimizer in (*parts, *others):
                optimizer.step()
    history = recorder.history()
    assert_norms(history, expected)
    assert history.signals[Quantity.UPDATE_RATIO].known.all()
    assert history.steps is not None
    assert history.steps.learning_rate.tolist() == [0.1] * 3


def test_parameters_of_another_optimizer_are_left_out_and_listed() -> None:
    model = mlp()
    history = train(model, optimizer=torch.optim.SGD(model[4].parameters(), lr=0.1)).history()
    assert history.signals[Quantity.GRADIENT_NORM].rows == ("4.weight", "4.bias")
    assert "4 parameters are frozen or in no optimizer: 0.weight, 0.bias, 2.weight and 1 more" in history.notes


def test_further_backward_passes_add_up_in_the_parameters_and_count_apart_between_layers() -> None:
    model = mlp()
    optimizer = sgd(model)
    x, y = rows()
    with Recorder(model, optimizer) as recorder:
        output = model(x)
        first, second = F.cross_entropy(output, y), output.square().mean()
        first.backward(retain_graph=True)  # type: ignore[no-untyped-call]
        second.backward()
        recorder.step(first + second)
        expected = plain_norms(model)
        optimizer.step()
    torch.manual_seed(0)
    history = recorder.history()
    assert_norms(history, [expected])
    output = output.detach().requires_grad_()
    gradients = torch.cat(
        [
            torch.autograd.grad(F.cross_entropy(output, y), output)[0],
            torch.autograd.grad(output.square().mean(), output)[0],
        ]
    )
    rms = float((gradients * len(x)).norm(dim=1).square().mean().sqrt())
    assert history.signals[Quantity.BACKWARD_SIGNAL].row("4") == pytest.approx([rms], rel=1e-4)


def test_validation_between_steps_is_not_taken_for_training() -> None:
    model, plain = mlp(), mlp()
    optimizer = sgd(model)
    x, y = rows()
    with Recorder(model, optimizer) as recorder:
        for _ in range(5):
            with torch.no_grad():
                model.eval()
                model(100 * x)
                model.train()
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(loss)
            optimizer.step()
    assert_same_signals(recorder.history(), train(plain).history(), ["0", "1", "4"])
    assert recorder.history().description.trainer == {"batch_size": 12, "accumulate_grad_batches": 1}
