"""What the recorder should have measured, computed plainly: one layer after another, every output kept, in fp64."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from gradcheck_cli.recording.description import LayerDescription, LayerKind, ParameterDescription
from gradcheck_cli.recording.history import Quantity
from gradcheck_cli.recording.recorder import Recorder

Objective = Callable[[Tensor, Tensor], Tensor]

ACTIVATIONS = (nn.ReLU, nn.Sigmoid, nn.Tanh, nn.ELU, nn.LeakyReLU, nn.RReLU, nn.PReLU, nn.GELU)


class AddingBlock(nn.Module):
    """A residual block that adds in place, as many hand-written ones do."""

    def __init__(self, *inner: nn.Module) -> None:
        super().__init__()
        self.inner = nn.Sequential(*inner)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.inner(x)
        out += x
        return out


def name_layers(model: nn.Module) -> dict[str, nn.Module]:
    """Leaf layers and blocks by dotted name, a block after its inner layers."""
    names: dict[str, nn.Module] = {}
    for name, module in model.named_children():
        inner = name_layers(module.inner if isinstance(module, AddingBlock) else nn.Sequential())
        names.update({f"{name}.{key}": value for key, value in inner.items()})
        names[name] = module
    return names


def describe(modules: Mapping[str, nn.Module]) -> list[LayerDescription]:
    """As the builder of networks would, as far as the recorder reads it."""
    return [_describe(name, module) for name, module in modules.items()]


def _describe(name: str, module: nn.Module) -> LayerDescription:
    kind = LayerKind.OTHER
    if isinstance(module, ACTIVATIONS):
        kind = LayerKind.ACTIVATION
    elif isinstance(module, nn.Conv1d | nn.Conv2d):
        kind = LayerKind.CONVOLUTION
    elif isinstance(module, nn.Linear):
        kind = LayerKind.AFFINE
    own = () if isinstance(module, AddingBlock) else module.named_parameters()
    parameters = tuple(
        ParameterDescription(f"{name}.{key}", name, tuple(value.shape), trainable=value.requires_grad)
        for key, value in own
    )
    return LayerDescription(name, type(module).__name__, kind, parameters=parameters)


def make_recorder(model: nn.Module, *, planned_steps: int = 1, mean_reduced: bool = True) -> Recorder:
    """A recorder of a plain network, for runs whose every step is sampled if they have 10 or fewer."""
    modules = name_layers(model)
    return Recorder(
        modules,
        describe(modules),
        planned_steps=planned_steps,
        steps_per_epoch=planned_steps,
        mean_reduced=mean_reduced,
    )


def record_step(recorder: Recorder, model: nn.Module, x: Tensor, y: Tensor, *, objective: Objective) -> None:
    """One step of a loop without an update."""
    recorder.begin_step()
    model.zero_grad()
    loss = objective(model(x), y)
    loss.backward()  # type: ignore[no-untyped-call]
    recorder.after_backward(len(x))
    recorder.after_update(loss.detach(), learning_rate=0.0)


def plain_outputs(layers: Sequence[tuple[str, nn.Module]], x: Tensor, prefix: str = "") -> dict[str, Tensor]:
    """Every layer's output, none of them overwritten."""
    outputs: dict[str, Tensor] = {}
    for name, layer in layers:
        if isinstance(layer, AddingBlock):
            inner = plain_outputs(list(layer.inner.named_children()), x, f"{prefix}{name}.")
            outputs.update(inner)
            x = list(inner.values())[-1] + x
        else:
            x = layer(x.clone())
        outputs[prefix + name] = x
    return outputs


def plain_signals(
    model: nn.Module, x: Tensor, y: Tensor, *, objective: Objective, factor: float
) -> dict[Quantity, dict[str, float]]:
    """Per-sample norms and their root mean square over samples, by numpy in fp64."""
    outputs = plain_outputs(list(model.named_children()), x)
    loss = objective(list(outputs.values())[-1], y)
    trained = {name: output for name, output in outputs.items() if output.requires_grad}
    gradients = dict(zip(trained, torch.autograd.grad(loss, list(trained.values())), strict=True))
    found: dict[Quantity, dict[str, float]] = {quantity: {} for quantity in Quantity}
    for name, output in outputs.items():
        a = output.detach().double().numpy().reshape(len(x), -1)
        size, varying = (np.linalg.norm(rows, axis=1) for rows in (a, a - a.mean(axis=0)))
        found[Quantity.FORWARD_SIGNAL][name] = _rms(varying)
        found[Quantity.FORWARD_RELATIVE][name] = _rms(varying) / _rms(size)
        if name in gradients:
            slope = np.linalg.norm(gradients[name].double().numpy().reshape(len(x), -1), axis=1) * factor
            found[Quantity.BACKWARD_SIGNAL][name] = _rms(slope)
            found[Quantity.SENSITIVITY][name] = _rms(varying * slope)
    return found


def _rms(values: np.typing.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))
