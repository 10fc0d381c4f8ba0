"""Makes a `History` of what was recorded in somebody's own loop; it judges nothing."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.optim import Optimizer

from gradcheck_cli import __version__
from gradcheck_cli.integrations.validation_log import ValidationLog
from gradcheck_cli.recording.description import (
    ComponentDescription,
    DataDescription,
    LayerDescription,
    ParameterDescription,
    RunDescription,
)
from gradcheck_cli.recording.distributed import is_sharded
from gradcheck_cli.recording.history import Environment, History, NonFinite, Quantity, RunStatus, Signal
from gradcheck_cli.recording.live_layers import number_layers
from gradcheck_cli.recording.live_model import LiveModel
from gradcheck_cli.recording.recorder import Recorded
from gradcheck_cli.recording.symmetry import find_symmetric

RARE_SHARE = 0.5
"""Share of the steps with a gradient below which a parameter is said to be rarely used."""
MOST_NAMES = 3
_OF_LAYERS = (Quantity.BACKWARD_SIGNAL, Quantity.FORWARD_SIGNAL, Quantity.SENSITIVITY)


@dataclass(frozen=True, eq=False)
class OwnLoop:
    """What is known of the loop, apart from what was recorded in it.

    Attributes:
        planned_steps: None where nobody told.
        mean_reduced: Whether the loss is a mean over the rows of a batch.
    """

    name: str
    model: LiveModel
    optimizers: Sequence[Optimizer]
    planned_steps: int | None
    mean_reduced: bool


def tell_run(
    loop: OwnLoop,
    recorded: Recorded,
    validations: ValidationLog,
    *,
    status: RunStatus,
    stopped_because: str = "",
    shapes: Mapping[str, tuple[int, ...]],
    trainer: Mapping[str, int],
) -> History:
    """Put everything together.

    Args:
        shapes: Of the layers' outputs without the rows, in the order in which they were first called.
        trainer: What was seen of the trainer's settings, by their config names.
    """
    norms = recorded.signals[Quantity.GRADIENT_NORM]
    layers = tuple(number_layers(_settle_layers(loop.model.layers, norms, shapes, loop=loop)))
    epochs, validation_losses = validations.finish()
    broken = recorded.non_finite is not None and recorded.non_finite.lasting
    return History(
        description=RunDescription(
            name=loop.name,
            layers=layers,
            loss=ComponentDescription(""),
            optimizer=_describe_optimizer(loop.optimizers[0]),
            trainer=trainer,
            data=DataDescription(validation_rows=validations.rows),
            mean_reduced=loop.mean_reduced,
            planned_steps=loop.planned_steps,
            from_config=False,
            is_sequence=loop.model.is_sequence,
        ),
        environment=_describe_environment(loop.model),
        status=RunStatus.DIVERGED if broken and status is RunStatus.COMPLETED else status,
        steps=recorded.steps,
        epochs=epochs if len(epochs) else None,
        signals=recorded.signals,
        validation_losses=validation_losses,
        non_finite=recorded.non_finite,
        steps_done=len(recorded.steps.loss),
        epochs_done=len(epochs),
        seconds=validations.seconds,
        stopped_because=stopped_because,
        notes=tuple(_note(layers, norms, recorded.non_finite)),
        unavailable=dict(_list_unavailable(loop.model, recorded)),
        symmetric_at_end=find_symmetric(
            (layer for layer in layers if not any(map(is_sharded, loop.model.modules[layer.name].parameters()))),
            loop.model.modules,
        ),
    )


def _settle_layers(
    layers: Sequence[LayerDescription],
    norms: Signal,
    shapes: Mapping[str, tuple[int, ...]],
    *,
    loop: OwnLoop,
) -> Iterator[LayerDescription]:
    """Layers in the order of their first calls, those that were never called where they are registered."""
    order = {name: place for place, name in enumerate(shapes)}
    last = -1.0
    ranks: dict[str, float] = {}
    for layer in layers:
        last = ranks[layer.name] = order.get(layer.name, last)
    used = {name for name, known in zip(norms.rows, norms.known, strict=True) if known.any()}
    for layer in sorted(layers, key=lambda one: ranks[one.name]):
        tensors = dict(loop.model.modules[layer.name].named_parameters(remove_duplicate=False))
        parameters = tuple(
            _settle_parameter(one, tensors.get(_own_name(one)), is_used=one.name in used) for one in layer.parameters
        )
        yield replace(
            layer,
            parameters=parameters,
            output_shape=shapes.get(layer.name),
            trainable=not parameters or any(one.trainable for one in parameters),
        )


def _settle_parameter(
    described: ParameterDescription, tensor: torch.Tensor | None, *, is_used: bool
) -> ParameterDescription:
    """What is frozen counts as trained where it was once; a lazy tensor has its shape from the first call on.

    Args:
        tensor: As the model has it now; None where it has none of that name any more.
    """
    if tensor is None:
        return described
    shape = described.shape if torch.nn.parameter.is_lazy(tensor) else tuple(tensor.shape)
    return replace(described, shape=shape, trainable=described.trainable and (is_used or tensor.requires_grad))


def _own_name(parameter: ParameterDescription) -> str:
    return parameter.name.removeprefix(f"{parameter.layer}.")


def _describe_optimizer(optimizer: Optimizer) -> ComponentDescription:
    """Its class and the plain arguments of its first group; the learning rate is the first one set."""
    plain = {
        key: float(value) if isinstance(value, torch.Tensor) else value
        for key, value in optimizer.param_groups[0].items()
        if key not in ("params", "initial_lr") and isinstance(value, bool | int | float | str | tuple | torch.Tensor)
    }
    plain["lr"] = float(optimizer.param_groups[0].get("initial_lr", plain.get("lr", 0.0)))
    return ComponentDescription(type(optimizer).__name__, plain)


def _describe_environment(model: LiveModel) -> Environment:
    parameter = next(model.root.parameters(), None)
    dtype = "fp32" if parameter is None else str(parameter.dtype).removeprefix("torch.")
    return Environment(
        seed=torch.initial_seed(),
        threads=torch.get_num_threads(),
        device="cpu" if parameter is None else str(parameter.device),
        precision={"float32": "fp32", "bfloat16": "bf16", "float16": "fp16"}.get(dtype, dtype),
        versions={
            "gradcheck": __version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "torch": str(torch.__version__),
        },
    )


def _note(layers: Sequence[LayerDescription], norms: Signal, fault: NonFinite | None) -> Iterator[str]:
    """Plain sentences on what was left out of the numbers, and why."""
    parameters = [parameter for layer in layers for parameter in layer.parameters]
    trained = {one.name for one in parameters if one.trainable}
    shares = {
        name: known.mean()
        for name, known in zip(norms.rows, norms.known, strict=True)
        if name in trained and len(known)
    }
    yield from _list_names("frozen or in no optimizer", [one.name for one in parameters if not one.trainable])
    yield from _list_names("never used", [name for name, share in shares.items() if share == 0])
    rare = [f"{name} ({share:.0%} of the steps)" for name, share in shares.items() if 0 < share < RARE_SHARE]
    yield from _list_names("rarely used", rare)
    tied = [f"{one.name} to {one.alias_of}" for one in parameters if one.alias_of is not None]
    yield from _list_names("tied and counted once", tied)
    if fault is not None:
        yield (
            "In a loop of one's own a non-finite value is traced to the first step and the first parameter gradients"
            " that it reached, not to what produced it"
        )


def _list_names(what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        subject = "1 parameter is" if len(names) == 1 else f"{len(names)} parameters are"
        yield f"{subject} {what}: {', '.join(names[:MOST_NAMES])}{more}"


def _list_unavailable(model: LiveModel, recorded: Recorded) -> Iterator[tuple[str, str]]:
    signal = recorded.signals.get(Quantity.FORWARD_SIGNAL)
    seen = signal is not None and bool(signal.known.any())
    if model.compiled:
        inside = len(model.compiled)
        which = (
            "the model is compiled" if inside == len(model.layers) else f"{inside} layers are inside compiled modules"
        )
        yield "signals between layers", f"{which}, where no call can be seen; gradients of parameters are complete"
    elif not seen and recorded.steps.loss.size and model.layers:
        yield (
            "signals between layers",
            "no layer was called as a module with more than one row; if the model is compiled, that is why",
        )
    if recorded.steps.loss.size and bool(np.isnan(recorded.steps.loss).all()) and recorded.non_finite is None:
        yield "training loss", "the loop did not tell it"
