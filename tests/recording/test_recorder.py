"""The recorder against an independent plain computation, and that it leaves the training alone."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gradcheck_cli.recording.history import Quantity
from gradcheck_cli.recording.recorder import Recorder
from tests.recording.plain_signals import AddingBlock, make_recorder, name_layers, plain_signals, record_step


def mlp() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 3))


def in_place_mlp() -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(inplace=True), nn.Linear(8, 8), nn.ELU(inplace=True), nn.Linear(8, 3))


def cnn() -> nn.Sequential:
    convolution = nn.Conv2d(1, 4, 3, padding=1)
    return nn.Sequential(
        nn.Unflatten(1, (1, 2, 3)), convolution, nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(24, 3)
    )


def view_then_in_place() -> nn.Sequential:
    return nn.Sequential(
        nn.Unflatten(1, (1, 6)), nn.Conv1d(1, 4, 3), nn.Flatten(), nn.ReLU(inplace=True), nn.Linear(16, 3)
    )


def residual() -> nn.Sequential:
    def block() -> nn.Module:
        return AddingBlock(nn.Linear(6, 6), nn.ReLU(inplace=True), nn.Linear(6, 6))

    return nn.Sequential(block(), nn.LayerNorm(6), block(), nn.Linear(6, 3))


NETWORKS = [mlp, in_place_mlp, cnn, view_then_in_place, residual]


def rows(count: int = 12) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, 6, generator=generator), torch.arange(count) % 3


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("build", NETWORKS)
def test_gradient_norms_equal_those_of_a_plain_backward_pass(build: Callable[[], nn.Sequential]) -> None:
    model = build()
    x, y = rows()
    recorder = make_recorder(model)
    record_step(recorder, model, x, y, objective=F.cross_entropy)
    signal = recorder.finish().signals[Quantity.GRADIENT_NORM]
    plain = deepcopy(model)
    plain.zero_grad()
    F.cross_entropy(plain(x), y).backward()  # type: ignore[no-untyped-call]
    for name, module in name_layers(plain).items():
        for key, parameter in module.named_parameters(recurse=not isinstance(module, AddingBlock)):
            if isinstance(module, AddingBlock):
                continue
            assert parameter.grad is not None
            assert signal.row(f"{name}.{key}") == pytest.approx([float(parameter.grad.double().norm())], rel=1e-5)
    assert signal.known.all()


@pytest.mark.parametrize("build", NETWORKS)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_layer_signals_equal_those_of_plain_autograd(build: Callable[[], nn.Sequential], reduction: str) -> None:
    objective = partial(F.cross_entropy, reduction=reduction)
    model = build()
    x, y = rows()
    recorder = make_recorder(model, mean_reduced=reduction == "mean")
    factor = len(x) if reduction == "mean" else 1
    expected = plain_signals(deepcopy(model), x, y, objective=objective, factor=factor)
    record_step(recorder, model, x, y, objective=objective)
    signals = recorder.finish().signals
    quantities = (
        Quantity.BACKWARD_SIGNAL,
        Quantity.FORWARD_SIGNAL,
        Quantity.FORWARD_RELATIVE,
        Quantity.SENSITIVITY,
    )
    for quantity in quantities:
        rows_known = [name for name in signals[quantity].rows if signals[quantity].row(name).size]
        assert set(rows_known) == set(expected[quantity])
        for name, value in expected[quantity].items():
            assert signals[quantity].row(name) == pytest.approx([value], rel=1e-4), (quantity, name)


def test_mean_and_sum_reduction_give_the_same_backward_signal() -> None:
    found = []
    for reduction in ("mean", "sum"):
        torch.manual_seed(0)
        model = mlp()
        recorder = make_recorder(model, mean_reduced=reduction == "mean")
        record_step(recorder, model, *rows(), objective=partial(F.cross_entropy, reduction=reduction))
        found.append(recorder.finish().signals[Quantity.BACKWARD_SIGNAL].values)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


def test_a_first_layer_norm_that_underflows_in_fp32_is_not_zero() -> None:
    layers = [layer for _ in range(29) for layer in (nn.Linear(16, 16), nn.Sigmoid())]
    model = nn.Sequential(nn.Linear(6, 16), nn.Sigmoid(), *layers, nn.Linear(16, 3))
    for parameter in model.parameters():
        parameter.data.mul_(0.3)
    recorder = make_recorder(model, planned_steps=70)
    x, y = rows()
    for _ in range(70):
        record_step(recorder, model, x, y, objective=F.cross_entropy)
    signals = recorder.finish().signals
    gradient = model[0].weight.grad
    assert isinstance(gradient, Tensor)
    assert float(torch._foreach_norm([gradient])[0]) == 0.0
    expected = float(gradient.double().norm())
    assert 0 < expected < 1e-20
    first = signals[Quantity.GRADIENT_NORM].row("0.weight")
    assert first == pytest.approx(np.full(70, expected), rel=1e-9, abs=0)
    assert (signals[Quantity.BACKWARD_SIGNAL].row("0") > 0).all()


def test_a_parameter_without_gradient_is_unknown_and_not_zero() -> None:
    class HalfUsed(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return self[0](x)  # type: ignore[no-any-return]

    model = HalfUsed(nn.Linear(6, 3), nn.Linear(6, 3))
    recorder = make_recorder(model)
    record_step(recorder, model, *rows(), objective=F.cross_entropy)
    recorded = recorder.finish()
    gradient_norm = recorded.signals[Quantity.GRADIENT_NORM]
    assert gradient_norm.known[:, 0].tolist() == [True, True, False, False]
    assert np.isnan(gradient_norm.values[2:, 0]).all()
    assert recorded.steps.gradient_norm[0] == pytest.approx(np.sqrt((gradient_norm.values[:2, 0] ** 2).sum()))
    assert recorded.signals[Quantity.BACKWARD_SIGNAL].row("1").size == 0


def test_a_dead_layer_has_a_norm_of_exactly_zero() -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 3))
    model[0].bias.data.fill_(-100.0)  # type: ignore[operator]
    recorder = make_recorder(model, planned_steps=200)
    for _ in range(200):
        record_step(recorder, model, *rows(), objective=F.cross_entropy)
    signal = recorder.finish().signals[Quantity.GRADIENT_NORM]
    assert signal.row("0.weight").tolist() == [0.0] * 200


def test_a_frozen_layer_is_left_out_of_parameters_but_seen_in_the_forward_pass() -> None:
    model = mlp()
    model[0].requires_grad_(False)
    recorder = make_recorder(model)
    record_step(recorder, model, *rows(), objective=F.cross_entropy)
    signals = recorder.finish().signals
    assert signals[Quantity.GRADIENT_NORM].rows == ("2.weight", "2.bias", "4.weight", "4.bias")
    assert signals[Quantity.FORWARD_SIGNAL].row("0").size == 1
    assert signals[Quantity.BACKWARD_SIGNAL].row("0").size == 0


def test_a_batch_of_one_row_has_no_forward_signal() -> None:
    model = mlp()
    recorder = make_recorder(model)
    record_step(recorder, model, *rows(1), objective=F.cross_entropy)
    signals = recorder.finish().signals
    assert not signals[Quantity.FORWARD_SIGNAL].known.any()
    assert not signals[Quantity.SENSITIVITY].known.any()
    assert signals[Quantity.BACKWARD_SIGNAL].known.all()


def test_uses_of_one_module_count_as_further_samples() -> None:
    class Twice(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return self[1](self[0](self[1](x)))  # type: ignore[no-any-return]

    model = Twice(nn.Linear(6, 6), nn.Tanh())
    x, _ = rows()
    recorder = make_recorder(model)
    record_step(recorder, model, x, x, objective=F.mse_loss)
    first = model[1](x)
    second = model(x)
    varying = [(out - out.mean(dim=0)).detach().double().norm(dim=1) for out in (first, second)]
    expected = float(torch.cat(varying).square().mean().sqrt())
    assert recorder.finish().signals[Quantity.FORWARD_SIGNAL].row("1") == pytest.approx([expected], rel=1e-5)


def test_tuples_of_a_recurrent_layer_are_measured_as_one_output() -> None:
    class LastState(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            sequence, (state, _) = self[0](x.unsqueeze(2))
            return self[1](sequence[:, -1] + state[0])  # type: ignore[no-any-return]

    model = LastState(nn.LSTM(1, 4, batch_first=True), nn.Linear(4, 3))
    recorder = make_recorder(model)
    x, y = rows()
    record_step(recorder, model, x, y, objective=F.cross_entropy)
    signals = recorder.finish().signals
    sequence, (state, cell) = model[0](x.unsqueeze(2))
    whole = torch.cat([sequence.flatten(1), state[0], cell[0]], dim=1).detach()
    expected = float((whole - whole.mean(dim=0)).norm(dim=1).square().mean().sqrt())
    assert signals[Quantity.FORWARD_SIGNAL].row("0") == pytest.approx([expected], rel=1e-5)
    assert (signals[Quantity.BACKWARD_SIGNAL].row("0") > 0).all()


def test_update_ratio_is_that_of_the_step_really_taken() -> None:
    model = mlp()
    model[4].bias.data.zero_()  # type: ignore[operator]
    recorder = make_recorder(model, planned_steps=3)
    expected = []
    for _ in range(3):
        before = [parameter.detach().clone() for parameter in model.parameters()]
        recorder.begin_step()
        model.zero_grad()
        loss = F.cross_entropy(model(rows()[0]), rows()[1])
        loss.backward()  # type: ignore[no-untyped-call]
        recorder.after_backward(12)
        for parameter in model.parameters():
            assert parameter.grad is not None
            parameter.data.sub_(0.1 * parameter.grad.sign() + 0.01 * parameter)
        recorder.after_update(loss.detach(), learning_rate=0.1)
        after = [parameter.detach() for parameter in model.parameters()]
        expected.append([float((b - a).norm() / a.norm()) for a, b in zip(before, after, strict=True)])
    signal = recorder.finish().signals[Quantity.UPDATE_RATIO]
    np.testing.assert_allclose(signal.values[:-1].T, np.array(expected)[:, :-1], rtol=1e-5)
    assert signal.known[-1].tolist() == [False, True, True]


def hooks_on(model: nn.Module) -> int:
    return sum(
        len(module._forward_hooks) + len(module._forward_pre_hooks) + len(module._backward_hooks)
        for module in model.modules()
    )


def test_no_hook_stays_behind_after_a_sampled_step() -> None:
    model = in_place_mlp()
    recorder = make_recorder(model, planned_steps=1000)
    record_step(recorder, model, *rows(), objective=F.cross_entropy)
    assert hooks_on(model) == 0
    assert model[1].inplace


def test_close_removes_the_hooks_of_an_interrupted_step() -> None:
    model = in_place_mlp()
    recorder = make_recorder(model)
    recorder.begin_step()
    assert hooks_on(model) > 0
    recorder.close()
    assert hooks_on(model) == 0
    assert model[1].inplace


def test_an_interrupted_step_is_not_recorded() -> None:
    model = mlp()
    recorder = make_recorder(model, planned_steps=2)
    record_step(recorder, model, *rows(), objective=F.cross_entropy)
    recorder.begin_step()
    F.cross_entropy(model(rows()[0]), rows()[1]).backward()  # type: ignore[no-untyped-call]
    recorder.after_backward(12)
    recorder.close()
    recorded = recorder.finish()
    assert recorder.steps_done == len(recorded.steps.loss) == 1
    assert all(signal.steps.tolist() == [0] for signal in recorded.signals.values())


def test_hooks_are_attached_on_sampled_steps_alone() -> None:
    model = mlp()
    recorder = make_recorder(model, planned_steps=100_000)
    sampled = []
    for step in range(10):
        recorder.begin_step()
        assert (hooks_on(model) > 0) == recorder.is_sampling
        if recorder.is_sampling:
            sampled.append(step)
        end_step(recorder)
    assert sampled == [0, 1, 2, 4, 8]


def end_step(recorder: Recorder) -> None:
    recorder.after_backward(12)
    recorder.after_update(0.0, learning_rate=0.0)


def test_the_first_layers_that_are_not_finite_are_named() -> None:
    model = mlp()
    recorder = make_recorder(model, planned_steps=2)
    x, y = rows()
    record_step(recorder, model, x, y, objective=F.cross_entropy)
    model[2].weight.data.fill_(float("nan"))  # type: ignore[operator]
    record_step(recorder, model, x, y, objective=F.cross_entropy)
    fault = recorder.finish().non_finite
    assert fault is not None
    assert (fault.step, fault.quantity, fault.layers, fault.lasting) == (1, "activation", ("2", "3", "4"), True)


def test_half_precision_gradients_neither_overflow_nor_vanish() -> None:
    for value in (300.0, 1e-7):
        model = nn.Sequential(nn.Linear(64, 64, bias=False).to(torch.float16))
        recorder = make_recorder(model, planned_steps=50_000)
        for _ in range(4):
            record_half_step(recorder, model, value)
        stored = float(torch.tensor(value, dtype=torch.float16))
        norms = recorder.finish().signals[Quantity.GRADIENT_NORM].row("0.weight")
        assert norms == pytest.approx(np.full(4, 64 * stored), rel=1e-4)


def record_half_step(recorder: Recorder, model: nn.Module, value: float) -> None:
    recorder.begin_step()
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, value)
    end_step(recorder)
