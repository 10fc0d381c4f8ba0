"""What people put into a loop of their own to watch its gradients, each as its documentation sets it up."""

from __future__ import annotations

import importlib.util
import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gradcheck_cli import Recorder


class Watcher:
    """Nothing: the bare loop."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: nn.Module) -> None:
        self.model, self.optimizer, self.criterion = model, optimizer, criterion

    def backward(self, loss: Tensor, output: Tensor, targets: Tensor) -> None:
        """The backward pass of one step, before the optimizer steps."""
        loss.backward()  # type: ignore[no-untyped-call]

    def after_step(self, loss: float) -> None:
        """The optimizer has stepped."""

    def close(self) -> None:
        """The loop is over."""


class OurRecorder(Watcher):
    """Ours, as the README has it; its validation losses are not given, as others take none."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: nn.Module) -> None:
        super().__init__(model, optimizer, criterion)
        self.recorder = Recorder(model, optimizer)
        self.recorder.start()

    def backward(self, loss: Tensor, output: Tensor, targets: Tensor) -> None:
        super().backward(loss, output, targets)
        self.recorder.step(loss)

    def close(self) -> None:
        self.recorder.close()


class LightningGradNorm(Watcher):
    """`lightning.pytorch.utilities.grad_norm` before each optimizer step, as its page shows."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: nn.Module) -> None:
        super().__init__(model, optimizer, criterion)
        from lightning.pytorch.utilities import grad_norm

        self.grad_norm: Callable[..., Any] = grad_norm

    def backward(self, loss: Tensor, output: Tensor, targets: Tensor) -> None:
        super().backward(loss, output, targets)
        self.grad_norm(self.model, norm_type=2)


class WandbWatch(Watcher):
    """`wandb.watch` with its defaults (gradients each 1,000 logged steps), offline, the loss logged each step."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: nn.Module) -> None:
        super().__init__(model, optimizer, criterion)
        import wandb

        self.run = wandb.init(mode="offline", dir=tempfile.mkdtemp(), settings=wandb.Settings(silent=True))
        self.run.watch(model)

    def after_step(self, loss: float) -> None:
        self.run.log({"loss": loss})

    def close(self) -> None:
        self.run.finish()


class TorchExplorer(Watcher):
    """`torchexplorer.watch` with its standalone backend and its defaults otherwise (histograms each 1,000 steps)."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: nn.Module) -> None:
        super().__init__(model, optimizer, criterion)
        import torchexplorer

        torchexplorer.watch(model, backend="standalone", log=["io", "io_grad", "params", "params_grad"])


class TorchMortem(Watcher):
    """`torchmortem.Autopsy` with its defaults."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: nn.Module) -> None:
        super().__init__(model, optimizer, criterion)
        from torchmortem import Autopsy

        self.autopsy = Autopsy(model, optimizer=optimizer)
        self.autopsy.attach()

    def after_step(self, loss: float) -> None:
        self.autopsy.step(loss=loss)

    def close(self) -> None:
        self.autopsy.detach()


class CockpitEconomy(Watcher):
    """Cockpit with its `economy` configuration, which tracks each step."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, criterion: nn.Module) -> None:
        from backpack import extend
        from cockpit import Cockpit
        from cockpit.utils.configuration import configuration

        super().__init__(extend(model), optimizer, extend(criterion))
        self.individual = type(criterion)(reduction="none")
        self.cockpit = Cockpit(model.parameters(), quantities=configuration("economy"))
        self.step = 0

    def backward(self, loss: Tensor, output: Tensor, targets: Tensor) -> None:
        info = {
            "batch_size": len(targets),
            "individual_losses": self.individual(output, targets),
            "loss": loss,
            "optimizer": self.optimizer,
        }
        with self.cockpit(self.step, info=info):
            loss.backward(create_graph=self.cockpit.create_graph(self.step))  # type: ignore[no-untyped-call]
        self.step += 1


PEERS: dict[str, tuple[str, type[Watcher]]] = {
    "Lightning grad_norm": ("lightning", LightningGradNorm),
    "wandb.watch": ("wandb", WandbWatch),
    "torchexplorer": ("torchexplorer", TorchExplorer),
    "torchmortem": ("torchmortem", TorchMortem),
    "Cockpit economy": ("cockpit", CockpitEconomy),
}
"""Name to the package that it needs and to the watcher."""


def find_peers() -> dict[str, type[Watcher]]:
    """Those whose package is installed."""
    return {name: kind for name, (package, kind) in PEERS.items() if importlib.util.find_spec(package) is not None}


@contextmanager
def undisturbed() -> Iterator[None]:
    """Peers warn and log as they like; what they print is not what is measured."""
    os.environ.setdefault("WANDB_SILENT", "true")
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
