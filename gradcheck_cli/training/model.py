"""Builds the network of a config layer by layer, inferring sizes on the way; it trains and records nothing."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from gradcheck_cli.config.layers import Layer, expand
from gradcheck_cli.config.schema import Config
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.recording.description import LayerDescription, LayerKind
from gradcheck_cli.training.construction import Workshop
from gradcheck_cli.training.layer_description import describe_container, describe_layer
from gradcheck_cli.training.memory_budget import MemoryBudget
from gradcheck_cli.training.offsets import BuiltLayer, layers_with_removed_bias, without_effect
from gradcheck_cli.training.own_layers import Concat, CopyInput, PlainResidual, Residual
from gradcheck_cli.training.refusal import REFUSALS, show_shape
from gradcheck_cli.training.shape_refusal import refused_input, torch_reason

# Sizes are inferred from so many rows of the example: a number that is no likely product of other sizes, so that a
# layer which mixes rows with features shows.
_PROBE_ROWS = 3


@dataclass(frozen=True)
class BuiltModel:
    """A network ready to train.

    Attributes:
        module: In training mode, on the CPU; as lean as a hand-written `nn.Sequential`.
        modules: Layer name to module, in forward order; a Residual or Concat comes after its inner layers.
        layers: Their descriptions, in the same order.
        parameters: Parameter name (as in the descriptions) to tensor, frozen ones too, each tensor once.
        output: What `module` makes of the first rows of the example in evaluation mode, `[n, ...]`.
        notes: What torch warned of while building.
        is_own: Whether the user's own code made it, which may use other weights from step to step.
    """

    module: nn.Module
    modules: Mapping[str, nn.Module]
    layers: tuple[LayerDescription, ...]
    parameters: Mapping[str, nn.Parameter]
    output: Tensor
    notes: tuple[str, ...] = ()
    is_own: bool = False

    @property
    def output_path(self) -> str:
        """Config path of the layer that sets the width of the output: the last linear or convolution layer, if any."""
        sized = [layer for layer in self.layers if layer.kind in (LayerKind.AFFINE, LayerKind.CONVOLUTION)]
        return (sized or self.layers)[-1].path or "model"


def build_model(
    config: Config, example: Tensor, *, seed: int, largest_token: int | None = None, memory_limit: int | None = None
) -> BuiltModel:
    """Build the network that `config.model` describes.

    Each layer draws its initial values from a stream of its own, made of the seed, its type and its name, and each
    tensor with an initialiser from one more. So an inserted layer does not shift the others' draws, and runs of equal
    seed begin alike in all tensors whose shape and initialiser are alike. torch's own generators are left as they were.

    Args:
        config: Only `model` is read.
        example: Some rows of the data, `[n, ...]` with n >= 1, float32 or int64 token ids.
        seed: The run's seed.
        largest_token: Of the whole training set, where the inputs are token ids.
        memory_limit: Bytes of weights at most; by default what fits into the machine with gradients and Adam's state.

    Raises:
        ModelError: torch refuses a layer, or the layers do not fit together; with the layer's config path.
    """
    layers = expand(config.model)
    workshop = Workshop(config.model, layers, seed, largest_token, MemoryBudget(memory_limit))
    builder = _Builder(workshop)
    x = example[:_PROBE_ROWS].detach().cpu().clone()
    with _undisturbed() as caught:
        modules, output = builder.build_sequence(layers, x, place=_Place())
    return BuiltModel(
        module=nn.Sequential(*modules).train(),
        modules=builder.modules,
        layers=tuple(builder.descriptions.values()),
        parameters=_name_parameters(builder.modules, builder.descriptions),
        output=output,
        notes=tuple(dict.fromkeys(str(warning.message) for warning in caught)),
    )


@contextmanager
def _undisturbed() -> Iterator[list[warnings.WarningMessage]]:
    """Neither gradients nor lasting changes of torch's random state, and warnings collected instead of shown."""
    with torch.random.fork_rng(devices=[]), torch.no_grad(), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def refresh_parameters(model: BuiltModel) -> BuiltModel:
    """The same network with the tensors that its modules hold now: sharding replaces them."""
    descriptions = {layer.name: layer for layer in model.layers}
    return replace(model, parameters=_name_parameters(model.modules, descriptions))


def _name_parameters(
    modules: Mapping[str, nn.Module], descriptions: Mapping[str, LayerDescription]
) -> dict[str, nn.Parameter]:
    return {
        parameter.name: modules[layer.name].get_parameter(parameter.name.removeprefix(f"{layer.name}."))
        for layer in descriptions.values()
        for parameter in layer.parameters
        if parameter.alias_of is None
    }


@dataclass(frozen=True)
class _Place:
    """Where a sequence of layers stands.

    Attributes:
        parent: Name of the enclosing layer; None at top level.
        branch: Which part of it; empty at top level.
    """

    parent: str | None = None
    branch: str = ""


@dataclass
class _Builder:
    """Builds nested layers; what has been built so far is kept in forward order."""

    workshop: Workshop
    modules: dict[str, nn.Module] = field(default_factory=dict)
    descriptions: dict[str, LayerDescription] = field(default_factory=dict)

    def build_sequence(self, layers: Sequence[Layer], x: Tensor, *, place: _Place) -> tuple[list[nn.Module], Tensor]:
        """Build layers that follow one another, and run `x` through them."""
        start, version = x, x._version
        built = []
        for layer in layers:
            incoming = tuple(x.shape[1:])
            module, x = self._build(layer, x)
            self.modules[layer.name] = module
            self.descriptions[layer.name] = replace(
                self.descriptions[layer.name],
                input_shape=incoming,
                output_shape=tuple(x.shape[1:]),
                parent=place.parent,
                branch=place.branch,
            )
            built.append(BuiltLayer(self.descriptions[layer.name], module))
        for name in layers_with_removed_bias(built):
            self.descriptions[name] = without_effect(self.descriptions[name])
        modules = [layer.module for layer in built]
        # What comes in is also the data set, the input of a shortcut or that of the next branch.
        return ([CopyInput(), *modules] if start._version != version else modules), x

    def _build(self, layer: Layer, x: Tensor) -> tuple[nn.Module, Tensor]:
        if layer.type == "Residual":
            return self._build_residual(layer, x)
        if layer.type == "Concat":
            return self._build_concat(layer, x)
        module, arguments, initializations = self.workshop.construct(layer, x)
        self.descriptions[layer.name] = describe_layer(layer, module, arguments.given, initializations=initializations)
        return module, _run(layer, module, x)

    def _build_residual(self, layer: Layer, x: Tensor) -> tuple[nn.Module, Tensor]:
        main, out = self.build_sequence(layer.layers, x.clone(), place=_Place(layer.name, "main"))
        shortcut, skipped = self.build_sequence(layer.shortcut, x.clone(), place=_Place(layer.name, "shortcut"))
        if out.shape != skipped.shape:
            through = "its shortcut" if layer.shortcut else "what comes in"
            message = f"its layers make {show_shape(out.shape[1:])}, {through} is {show_shape(skipped.shape[1:])}"
            hint = "give both the same shape, such as by layers in `shortcut`"
            raise ModelError([Problem(layer.path, f"Residual {layer.name!r} cannot add: {message}", hint=hint)])
        self.descriptions[layer.name] = describe_container(layer)
        return (Residual(main, shortcut) if shortcut else PlainResidual(main)), out + skipped

    def _build_concat(self, layer: Layer, x: Tensor) -> tuple[nn.Module, Tensor]:
        branches = [
            self.build_sequence(branch, x.clone(), place=_Place(layer.name, str(index)))
            for index, branch in enumerate(layer.branches)
        ]
        outputs = [out for _, out in branches]
        dim = layer.arguments.get("dim", 1)
        try:
            joined = torch.cat(outputs, dim=dim)
        except REFUSALS as error:
            shapes = ", ".join(show_shape(out.shape[1:]) for out in outputs)
            message = f"Concat {layer.name!r} cannot join {shapes} along dim {dim}: {torch_reason(error)}"
            raise ModelError([Problem(layer.path, message, allowed="shapes that differ in `dim` alone")]) from error
        _check_rows(layer, x, joined)
        self.descriptions[layer.name] = describe_container(layer)
        return Concat((modules for modules, _ in branches), dim=dim), joined


def _run(layer: Layer, module: nn.Module, x: Tensor) -> Tensor:
    refuse_input = getattr(module, "refuse_input", None)
    reason = refuse_input(tuple(x.shape[1:])) if refuse_input else ""
    if reason:
        raise refused_input(layer, module, x, reason=reason)
    try:
        out: Tensor = module(x)
    except REFUSALS as error:
        raise refused_input(layer, module, x, reason=torch_reason(error)) from error
    _check_rows(layer, x, out)
    return out


def _check_rows(layer: Layer, x: Tensor, out: Tensor) -> None:
    """A layer keeps each row of the batch apart."""
    if out.dim() == 0 or out.shape[0] != x.shape[0]:
        rows = "one number for the whole batch" if out.dim() == 0 else f"{out.shape[0]} rows for {x.shape[0]}"
        message = f"{layer.type} {layer.name!r} mixes the rows of a batch: it gives {rows}"
        raise ModelError([Problem(layer.path, message, hint="leave the first (batch) dimension as it is")])
