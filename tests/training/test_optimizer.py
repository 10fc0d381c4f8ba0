"""Optimizers: torch's own weights to the last bit, whichever way they are stepped."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import Optimizer

from gradcheck_cli.config.catalog import OPTIMIZERS
from gradcheck_cli.errors import ModelError
from gradcheck_cli.training import lean_optimizer
from gradcheck_cli.training.lean_optimizer import construct_optimizer
from gradcheck_cli.training.optimizer import StepOptimizer, build_optimizer
from tests.training.networks import component, rows

VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((name, {"lr": 0.01}) for name in OPTIMIZERS),
    ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-2}),
    ("Adam", {"lr": 0.01, "betas": (0.8, 0.9), "amsgrad": True}),
    ("AdamW", {"lr": 0.01, "foreach": True}),
]


def small_net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 2))


def train(net: nn.Module, optimizer: Optimizer | StepOptimizer, *, steps: int = 5) -> list[torch.Tensor]:
    """Weights after some steps."""
    x, y = rows(16, 6), rows(16, 2, seed=1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss: torch.Tensor = nn.functional.mse_loss(net(x), y)
        torch.autograd.backward(loss)
        optimizer.step()
    return [parameter.detach().clone() for parameter in net.parameters()]


@pytest.mark.parametrize(("kind", "arguments"), VARIANTS)
def test_lean_steps_are_those_of_torch(kind: str, arguments: dict[str, Any]) -> None:
    plain, lean = small_net(), small_net()
    optimizer_class: type[Optimizer] = getattr(torch.optim, kind)
    expected = train(plain, optimizer_class(plain.parameters(), **arguments))
    optimizer = construct_optimizer(optimizer_class, list(lean.parameters()), arguments=arguments)
    assert "step" in vars(optimizer)
    assert all(map(torch.equal, train(lean, optimizer), expected))


@pytest.mark.parametrize(("kind", "arguments"), VARIANTS)
def test_built_optimizers_come_to_the_weights_of_torch(kind: str, arguments: dict[str, Any]) -> None:
    plain, built = small_net(), small_net()
    expected = train(plain, getattr(torch.optim, kind)(plain.parameters(), **arguments))
    written = {name: list(value) if isinstance(value, tuple) else value for name, value in arguments.items()}
    optimizer = build_optimizer(component({"type": kind, **written}), built.parameters())
    for ours, theirs in zip(train(built, optimizer), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_where_torch_is_built_otherwise_its_public_calls_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean_optimizer, "_plain_step", lambda kind: None)
    plain, lean = small_net(), small_net()
    optimizer = construct_optimizer(torch.optim.Adam, list(lean.parameters()), arguments={"lr": 0.01})
    assert "step" not in vars(optimizer)
    assert all(map(torch.equal, train(lean, optimizer), train(plain, torch.optim.Adam(plain.parameters(), lr=0.01))))


def test_differentiable_optimizers_are_left_to_torch() -> None:
    parameters = list(small_net().parameters())
    optimizer = construct_optimizer(torch.optim.SGD, parameters, arguments={"lr": 0.1, "differentiable": True})
    assert "step" not in vars(optimizer)


def test_nothing_of_torch_is_changed_for_good() -> None:
    wrapped = Optimizer.add_param_group.__wrapped__  # type: ignore[attr-defined]
    before = vars(wrapped).copy()
    construct_optimizer(torch.optim.SGD, list(small_net().parameters()), arguments={"lr": 0.1})
    assert vars(wrapped) == before


TRAINING = """
import sys, torch
from gradcheck_cli.config.schema import Component, SchedulerConfig
from gradcheck_cli.training.optimizer import build_optimizer
from gradcheck_cli.training.schedule import build_schedule
for kind in ("SGD", "Adam", "AdamW", "RMSprop"):
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.TransformerEncoderLayer(4, 2, 8, batch_first=True))
    optimizer = build_optimizer(Component(type=kind, arguments={"lr": 0.1}), net.parameters())
    config = SchedulerConfig(type="SequentialLR", milestones=(2,), schedulers=(
        SchedulerConfig(type="LinearLR"), SchedulerConfig(type="CosineAnnealingLR", arguments={"T_max": 3})))
    schedule = build_schedule(config, optimizer, planned_steps=5, steps_per_epoch=1)
    scaler = torch.amp.GradScaler("cpu")
    for _ in range(5):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = net(torch.randn(2, 5, 3)).square().mean()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer.raw)
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        scaler.step(optimizer.raw)
        scaler.update()
        schedule.after_epoch(0.0)
print(sorted(name for name in sys.modules if name in ("torch._dynamo", "sympy", "torch._inductor")))
"""


def test_training_imports_no_dynamo() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", TRAINING], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


class TestStepOptimizer:
    def test_fused_where_the_user_does_not_say_how(self) -> None:
        optimizer = build_optimizer(component({"type": "Adam", "lr": 0.1}), small_net().parameters())
        assert optimizer.raw.param_groups[0]["fused"]
        asked = build_optimizer(component({"type": "Adam", "lr": 0.1, "foreach": False}), small_net().parameters())
        assert not asked.raw.param_groups[0]["fused"]

    def test_equal_runs_give_equal_bits(self) -> None:
        def weights() -> list[torch.Tensor]:
            net = small_net()
            return train(net, build_optimizer(component({"type": "AdamW", "lr": 0.1}), net.parameters()), steps=20)

        assert all(map(torch.equal, weights(), weights()))

    def test_frozen_weights_are_left_out(self) -> None:
        net = small_net()
        net[0].requires_grad_(False)
        optimizer = build_optimizer(component({"type": "SGD", "lr": 0.1}), net.parameters())
        before, after = next(net.parameters()).clone(), train(net, optimizer)[0]
        assert torch.equal(before, after)
        assert optimizer.parameters == tuple(net[2].parameters())

    def test_zero_grad_forgets(self) -> None:
        net = small_net()
        optimizer = build_optimizer(component({"type": "SGD", "lr": 0.1}), net.parameters())
        net(rows(2, 6)).sum().backward()
        optimizer.zero_grad()
        assert [parameter.grad for parameter in net.parameters()] == [None] * 4

    def test_lr_is_that_of_the_next_step(self) -> None:
        optimizer = build_optimizer(component({"type": "SGD", "lr": 0.1}), small_net().parameters())
        assert optimizer.lr == 0.1
        optimizer.raw.param_groups[0]["lr"] = 0.05
        assert optimizer.lr == 0.05


class TestRefusals:
    def test_argument_that_torch_refuses(self) -> None:
        with pytest.raises(ModelError) as caught:
            build_optimizer(component({"type": "SGD", "lr": 0.1, "nesterov": True}), small_net().parameters())
        assert caught.value.problems[0].path == "optimizer"
        assert "Nesterov momentum requires" in caught.value.problems[0].message
        with pytest.raises(ModelError) as caught:
            build_optimizer(component({"type": "SGD", "lr": 0.1, "momentun": 0.9}), small_net().parameters())
        assert caught.value.problems[0].path == "optimizer.momentun"

    def test_nothing_to_train(self) -> None:
        with pytest.raises(ModelError, match="no layer has weights that train"):
            build_optimizer(component({"type": "SGD", "lr": 0.1}), small_net().requires_grad_(False).parameters())

    def test_unknown_name(self) -> None:
        with pytest.raises(ModelError, match=r"optimizer\.type: 'Sgd'"):
            build_optimizer(component({"type": "Sgd", "lr": 0.1}), small_net().parameters())
