"""The loop step by step: against a plain loop, interrupted, stopped early, clipped, accumulated, in other formats."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gradcheck_cli.recording.history import Quantity, RunStatus
from gradcheck_cli.recording.recorder import Recorder
from gradcheck_cli.training.evaluation import Evaluator
from gradcheck_cli.training.prepared import Prepared
from gradcheck_cli.training.run import train
from gradcheck_cli.training.stepping import Stepper, penalized_weights
from tests.training.runs import MLP, assemble, read, run

RANDOM = MLP.replace("ReLU,", "{type: RReLU, inplace: true}, {type: Dropout, p: 0.4},")


def copy_of(prepared: Prepared) -> nn.Sequential:
    module = deepcopy(prepared.model.module)
    assert isinstance(module, nn.Sequential)
    return module


def weights(module: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def equal(first: list[Tensor], second: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def train_plainly(module: nn.Module, loop: Any, *, epochs: int) -> None:
    """The same training without gradcheck's loop, recorder and evaluations; momentum as in the config."""
    velocity = [torch.zeros_like(parameter) for parameter in module.parameters()]
    for _ in range(epochs):
        for inputs, targets in loop.batches.epoch():
            module.zero_grad()
            F.cross_entropy(module(inputs), targets).backward()  # type: ignore[no-untyped-call]
            with torch.no_grad():
                for parameter, speed in zip(module.parameters(), velocity, strict=True):
                    assert parameter.grad is not None
                    speed.mul_(0.9).add_(parameter.grad)
                    parameter.sub_(speed, alpha=0.1)


def test_recording_and_evaluating_do_not_change_the_training() -> None:
    loop, prepared = assemble(RANDOM)
    plain_loop, plain = assemble(RANDOM)
    assert equal(weights(prepared.model.module), weights(plain.model.module))
    torch.manual_seed(0)
    train_plainly(plain.model.module, plain_loop, epochs=4)
    torch.manual_seed(0)
    assert loop.run().status is RunStatus.COMPLETED
    for ours, theirs in zip(weights(prepared.model.module), weights(plain.model.module), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


def test_weights_are_bit_equal_with_and_without_sampled_steps() -> None:
    found = []
    for sampled in (True, False):
        loop, prepared = assemble(RANDOM)
        if not sampled:
            loop.recorder._sampled_steps = frozenset()
        loop.run()
        found.append(weights(prepared.model.module))
    assert equal(*found)


def test_evaluation_leaves_statistics_and_random_numbers_alone() -> None:
    loop, prepared = assemble(MLP.replace("ReLU,", "BatchNorm1d, {type: Dropout, p: 0.5},"))
    module = prepared.model.module
    before, state = deepcopy(module.state_dict()), torch.get_rng_state()
    loop.log.start()
    loop.log.end_epoch()
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert module.training
    assert all(parameter.grad is None for parameter in module.parameters())


def test_evaluation_in_small_batches_gives_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, _ = assemble()
    whole = loop.log.end_epoch()
    monkeypatch.setattr("gradcheck_cli.training.evaluation.MOST_ELEMENTS", 8 * 7)
    parts = assemble()[0].log.end_epoch()
    assert parts.validation_loss == pytest.approx(whole.validation_loss, rel=1e-6)
    assert parts.slice_metric == whole.slice_metric


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("rows", [96, 80])
def test_accumulated_gradients_are_those_of_one_large_batch(reduction: str, rows: int) -> None:
    loop, prepared = assemble(
        trainer__accumulate_grad_batches=3, loss=f"{{type: CrossEntropyLoss, reduction: {reduction}}}"
    )
    inputs, targets = next(iter(loop.batches.epoch()))
    assert len(inputs) == 96
    inputs, targets = inputs[:rows], targets[:rows]
    plain = copy_of(prepared)
    loss = F.cross_entropy(plain(inputs), targets, reduction=reduction)
    loss.backward()  # type: ignore[no-untyped-call]
    loop.stepper.take(inputs, targets)
    recorded = loop.recorder.finish()
    expected = [float(parameter.grad.norm()) for parameter in plain.parameters() if parameter.grad is not None]
    assert recorded.signals[Quantity.GRADIENT_NORM].values[:, 0] == pytest.approx(expected, rel=1e-5)
    mean = loss.item() if reduction == "mean" else loss.item() / rows
    assert recorded.steps.loss[0] == pytest.approx(mean, rel=1e-6)
    output = plain[0](inputs)
    gradient = torch.autograd.grad(F.cross_entropy(plain[2](plain[1](output)), targets, reduction="sum"), output)[0]
    signal = float(gradient.norm(dim=1).square().mean().sqrt())
    assert recorded.signals[Quantity.BACKWARD_SIGNAL].row("first") == pytest.approx([signal], rel=1e-5)


def test_an_epoch_whose_last_group_is_incomplete_still_steps() -> None:
    history = run(trainer__accumulate_grad_batches=3, trainer__epochs=2)
    assert history.steps_done == 4
    assert history.description.steps_per_epoch == 2


def test_the_norm_is_recorded_before_clipping_and_the_factor_after() -> None:
    plain, clipped = run(trainer__max_steps=1), run(trainer__max_steps=1, trainer__clip_grad_norm=0.1)
    assert plain.steps is not None
    assert clipped.steps is not None
    assert plain.steps.clip_factor.tolist() == [1.0]
    assert clipped.steps.gradient_norm[0] == pytest.approx(plain.steps.gradient_norm[0])
    assert clipped.steps.clip_factor[0] == pytest.approx(0.1 / (plain.steps.gradient_norm[0] + 1e-6), rel=1e-5)
    ratios = [history.signals[Quantity.UPDATE_RATIO].values[:, 0] for history in (clipped, plain)]
    np.testing.assert_allclose(ratios[0] / ratios[1], clipped.steps.clip_factor[0], rtol=1e-3)


def test_clipping_by_norm_equals_torchs_own() -> None:
    loop, prepared = assemble(trainer__clip_grad_norm=0.1)
    inputs, targets = next(iter(loop.batches.epoch()))
    plain = deepcopy(prepared.model.module)
    F.cross_entropy(plain(inputs), targets).backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(plain.parameters(), 0.1)
    loop.stepper.take(inputs, targets)
    for ours, theirs in zip(prepared.model.module.parameters(), plain.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        torch.testing.assert_close(ours.grad, theirs.grad)


def test_clipping_by_value_bounds_every_element() -> None:
    loop, prepared = assemble(trainer__clip_grad_value=0.01)
    loop.stepper.take(*next(iter(loop.batches.epoch())))
    recorded = loop.recorder.finish()
    gradients = [parameter.grad for parameter in prepared.model.module.parameters() if parameter.grad is not None]
    assert max(float(gradient.abs().max()) for gradient in gradients) == pytest.approx(0.01)
    after = float(torch.cat([gradient.flatten() for gradient in gradients]).norm())
    assert recorded.steps.clip_factor[0] == pytest.approx(after / recorded.steps.gradient_norm[0], rel=1e-5)


def test_the_l1_penalty_adds_its_sign_to_weights_alone() -> None:
    loop, prepared = assemble(trainer__l1_penalty=0.5)
    inputs, targets = next(iter(loop.batches.epoch()))
    plain = copy_of(prepared)
    loss = F.cross_entropy(plain(inputs), targets)
    penalty = sum(weight.abs().sum() for weight in plain.parameters() if weight.dim() > 1)
    (loss + 0.5 * penalty).backward()  # type: ignore[no-untyped-call]
    loop.stepper.take(inputs, targets)
    for ours, theirs in zip(prepared.model.module.parameters(), plain.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        torch.testing.assert_close(ours.grad, theirs.grad)
    assert loop.recorder.finish().steps.loss[0] == pytest.approx(loss.item(), rel=1e-6)


def test_no_penalty_on_biases_norms_and_frozen_weights() -> None:
    frozen = nn.Linear(4, 4).requires_grad_(False)
    linear, norm = nn.Linear(4, 4), nn.LayerNorm((2, 2))
    penalized = penalized_weights(nn.Sequential(linear, norm, nn.BatchNorm1d(4), frozen))
    assert [id(weight) for weight in penalized] == [id(linear.weight)]


def interrupt_after(monkeypatch: pytest.MonkeyPatch, owner: type, name: str, calls: int) -> None:
    """Let the user press Ctrl-C at the start of a later call."""
    original, left = getattr(owner, name), [calls]

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        left[0] -= 1
        if left[0] == -1:
            raise KeyboardInterrupt
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, interrupted)


@pytest.mark.parametrize(
    ("owner", "name", "calls", "steps", "epochs"),
    [
        (Stepper, "take", 6, 6, [4, 6]),
        (Stepper, "_backward", 6, 6, [4, 6]),
        (Evaluator, "evaluate", 0, 0, []),
        (Evaluator, "evaluate", 4, 8, [4, 8]),
    ],
)
def test_an_interrupt_keeps_what_was_recorded(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, calls: int, steps: int, epochs: list[int]
) -> None:
    interrupt_after(monkeypatch, owner, name, calls)
    history = run()
    assert history.status is RunStatus.INTERRUPTED
    assert history.steps_done == steps
    assert history.steps is not None
    assert history.epochs is not None
    assert history.outcome is not None
    assert len(history.steps.loss) == steps
    assert history.epochs.step.tolist() == epochs
    assert not np.isnan(history.outcome.value)


def test_an_interrupt_while_references_are_made_keeps_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gradcheck_cli.training.run.judge_outcome", interrupted)
    history = run()
    assert (history.status, history.steps_done, history.outcome) == (RunStatus.INTERRUPTED, 16, None)


def test_an_interrupt_while_the_run_is_told_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_after(monkeypatch, Recorder, "finish", 0)
    history = run()
    assert (history.status, history.steps_done) == (RunStatus.INTERRUPTED, 16)
    assert history.outcome is not None


def test_a_second_interrupt_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_after(monkeypatch, Stepper, "take", 6)
    interrupt_after(monkeypatch, Recorder, "finish", 0)
    with pytest.raises(KeyboardInterrupt):
        run()


def test_an_error_leaves_no_hooks(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, prepared = assemble()
    monkeypatch.setattr(type(loop.stepper), "_backward", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loop.run()
    modules = list(prepared.model.module.modules())
    assert all(not module._forward_hooks and not module._forward_pre_hooks for module in modules)


STOPPING = MLP.replace("epochs: 4", "epochs: 40, early_stopping: {patience: 2, restore_best: %s}").replace(
    "lr: 0.1", "lr: 2.0"
)


def test_early_stopping_waits_for_its_patience() -> None:
    history = run(STOPPING % "false")
    assert history.status is RunStatus.EARLY_STOPPING
    assert "2 epochs" in history.stopped_because
    assert history.epochs is not None
    losses = history.epochs.validation_loss
    assert int(np.argmin(losses)) == len(losses) - 3
    assert history.outcome is not None
    assert history.outcome.final_slice_loss == history.epochs.slice_loss[-1]


def test_the_best_weights_are_restored_where_asked() -> None:
    history = run(STOPPING % "true")
    assert history.epochs is not None
    assert history.outcome is not None
    best = int(np.argmin(history.epochs.validation_loss))
    assert best < len(history.epochs) - 1
    assert history.outcome.final_slice_loss == pytest.approx(history.epochs.slice_loss[best])
    assert history.outcome.value == pytest.approx(history.epochs.validation_metric[best])


def test_an_improving_run_is_not_stopped() -> None:
    stopping = "{patience: 2, restore_best: true}"
    history = run(trainer__early_stopping=stopping, optimizer__lr=0.01)
    assert history.status is RunStatus.COMPLETED
    assert history.epochs is not None
    assert history.outcome is not None
    assert history.outcome.final_slice_loss == history.epochs.slice_loss[-1]


def test_schedules_count_steps_or_epochs() -> None:
    by_epoch = run(lr_scheduler="{type: StepLR, step_size: 1, gamma: 0.5}", trainer__epochs=2)
    by_step = run(lr_scheduler="{type: StepLR, step_size: 1, gamma: 0.5, interval: step}", trainer__max_steps=3)
    assert by_epoch.steps is not None
    assert by_step.steps is not None
    assert by_epoch.steps.learning_rate == pytest.approx([0.1] * 4 + [0.05] * 4)
    assert by_step.steps.learning_rate == pytest.approx([0.1, 0.05, 0.025])


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_records_the_gradients_of_full_precision(precision: str) -> None:
    full, half = run(trainer__max_steps=1), run(trainer__max_steps=1, trainer__precision=precision)
    assert half.environment.precision == precision
    for quantity in (Quantity.GRADIENT_NORM, Quantity.BACKWARD_SIGNAL):
        np.testing.assert_allclose(half.signals[quantity].values, full.signals[quantity].values, rtol=0.05)
    assert run(trainer__precision=precision).status is RunStatus.COMPLETED


def test_steps_that_the_loss_scale_leaves_out_are_marked_and_no_divergence() -> None:
    text = MLP.replace("{type: iris, standardize: true}", "{type: regression, n_samples: 100, n_features: 4}")
    text = text.replace("CrossEntropyLoss", "MSELoss").replace("out_features: 3", "out_features: 1")
    history = run(text, trainer__precision="fp16", optimizer__lr=1e-7, trainer__epochs=8)
    assert history.steps is not None
    assert history.steps.skipped[0]
    assert not history.steps.skipped[-1]
    assert history.non_finite is None
    assert history.status is RunStatus.COMPLETED
    ratios = history.signals[Quantity.UPDATE_RATIO]
    assert ratios.values[0, 0] == 0.0


def test_a_dead_network_is_seen_dead() -> None:
    text = MLP.replace("name: first}", "name: first, bias_init: {type: constant_, val: -100}}")
    history = run(text, full=True)
    assert history.signals[Quantity.DEAD_FRACTION].row("relu_1").tolist() == [1.0] * 4
    assert history.signals[Quantity.DEAD_FRACTION].steps.tolist() == [0, 4, 8, 12, 16]
    healthy = run(optimizer__lr=0.001)
    assert healthy.signals[Quantity.DEAD_FRACTION].row("relu_1").max() < 0.5


def test_train_equals_its_parts() -> None:
    config = read()
    torch.manual_seed(0)
    loop, _ = assemble()
    loop.run()
    history = train(config, base=Path())
    assert history.steps is not None
    assert history.steps.loss.tolist() == loop.recorder.finish().steps.loss.tolist()
