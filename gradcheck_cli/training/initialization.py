"""Gives tensors the initial values that the config asks for; it leaves torch's own where the config is silent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from gradcheck_cli.config.layers import Layer
from gradcheck_cli.config.schema import Component
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.training.refusal import REFUSALS, as_plain_arguments, shorten, show_shape
from gradcheck_cli.training.streams import Stream, derive_seed

_TANH_GAIN = 5.0 / 3.0


@dataclass(frozen=True)
class Initialization:
    """What was done to one tensor.

    Attributes:
        function: Name in torch.nn.init.
        gain: The gain it used; None where it has none.
    """

    function: str
    gain: float | None = None


@dataclass(frozen=True)
class InitializerPaths:
    """Where the config says how `weight_init` and `bias_init` of one layer are done, for error messages."""

    weight: str
    bias: str


def initialize(
    module: nn.Module, layer: Layer, *, seed: int, gain: float | None, paths: InitializerPaths
) -> dict[str, Initialization]:
    """Overwrite the tensors of one layer that an initialiser reaches; each has a random stream of its own.

    It draws from torch's default CPU generator, whose state it changes.

    Args:
        module: The layer as torch built it.
        layer: What the config says of it.
        seed: The run's seed.
        gain: That of `weight_init`, as `config.gain` has it; None where it has none.
        paths: For error messages.

    Returns:
        By torch's parameter name; tensors left as torch made them are missing.

    Raises:
        ModelError: torch refuses the initialiser for a tensor.
    """
    done = {}
    for name, parameter in module.named_parameters():
        component, path = layer.weight_init, paths.weight
        if is_bias(name):
            component, path = layer.bias_init, paths.bias
        if component is None or not _reaches(module, name, parameter):
            continue
        seed_default_generator(derive_seed(seed, Stream.INITIALIZATION, layer.type, layer.name, name))
        try:
            done[name] = apply_initializer(parameter, component, gain=None if is_bias(name) else gain)
        except REFUSALS as error:
            shape = show_shape(parameter.shape)
            message = f"{component.type} cannot fill {layer.name}.{name} of shape {shape}: {shorten(error)}"
            raise ModelError([Problem(path, message)]) from error
    return done


def is_bias(parameter_name: str) -> bool:
    """Whether torch's name, such as `bias_ih_l0` or `self_attn.in_proj_bias`, is that of a bias."""
    last = parameter_name.rpartition(".")[2]
    return last.startswith("bias") or last.endswith("bias")


def _reaches(module: nn.Module, name: str, parameter: Tensor) -> bool:
    """Whether an initialiser of the layer is meant for this tensor.

    Of a layer made of others, as attention is, it is meant for their matrices and biases and not for a normalisation
    inside; a layer that has but one weight, such as a normalisation with an initialiser of its own, means that one.
    """
    owner = module.get_submodule(name.rpartition(".")[0])
    if owner is not module and isinstance(owner, nn.LayerNorm):
        return False
    return is_bias(name) or parameter.dim() >= 2 or name == "weight"


def seed_default_generator(seed: int) -> None:
    """Seed the generator behind all random numbers on the CPU, and no other device's."""
    torch.default_generator.manual_seed(seed)


def apply_initializer(tensor: Tensor, component: Component, *, gain: float | None) -> Initialization:
    """Fill `tensor` in place by a function of torch.nn.init; `gain` stands where the arguments say nothing of it."""
    arguments = as_plain_arguments(component.arguments)
    if gain is not None and component.type.startswith("xavier_"):
        arguments.setdefault("gain", gain)
    elif gain is not None and component.type.startswith("kaiming_") and not {"nonlinearity", "a"} & arguments.keys():
        arguments.update(_kaiming_arguments(gain))
    getattr(nn.init, component.type)(tensor, **arguments)
    return Initialization(component.type, gain)


def _kaiming_arguments(gain: float) -> Mapping[str, Any]:
    """Arguments with which torch's `kaiming_*`, which take no gain, come to this one."""
    if math.isclose(gain, _TANH_GAIN):
        return {"nonlinearity": "tanh"}
    return {"nonlinearity": "leaky_relu", "a": math.sqrt(max(0.0, 2.0 / gain**2 - 1.0))}
