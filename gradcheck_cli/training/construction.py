"""One layer as a live torch module with its initial weights; it does not join layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn

from gradcheck_cli.config.gain import gain_for
from gradcheck_cli.config.layers import Layer
from gradcheck_cli.config.schema import ModelConfig
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.training.initialization import Initialization, InitializerPaths, initialize, seed_default_generator
from gradcheck_cli.training.memory_budget import MemoryBudget
from gradcheck_cli.training.own_layers import OWN_MODULES
from gradcheck_cli.training.refusal import REFUSALS, blamed_path, shorten
from gradcheck_cli.training.sizes import Arguments, complete_arguments
from gradcheck_cli.training.streams import Stream, derive_seed


@dataclass(frozen=True)
class Workshop:
    """What it takes to build any layer of one model.

    Attributes:
        config: The model, for its default initialisers.
        layers: The whole network, for the activation that follows a layer.
        seed: The run's seed.
        largest_token: Of the training set; None where the inputs are numbers.
        budget: What the weights may weigh.
    """

    config: ModelConfig
    layers: Sequence[Layer]
    seed: int
    largest_token: int | None = None
    budget: MemoryBudget = field(default_factory=MemoryBudget)

    def construct(self, layer: Layer, x: Tensor) -> tuple[nn.Module, Arguments, dict[str, Initialization]]:
        """Build a layer without inner layers for the input `x`, in evaluation mode.

        Random numbers come from torch's default CPU generator, seeded by the layer's type and name.

        Raises:
            ModelError: torch refuses the type, its arguments or its initialisers, or it is too large.
        """
        kind = module_class(layer)
        arguments = complete_arguments(layer, x, largest_token=self.largest_token)
        seed_default_generator(derive_seed(self.seed, Stream.INITIALIZATION, layer.type, layer.name))
        try:
            self.budget.check(layer, kind, arguments=arguments.torch)
            module = kind(**arguments.torch)
        except REFUSALS as error:
            path = blamed_path(layer.path, layer.arguments, error=error)
            raise ModelError([Problem(path, f"torch refuses {layer.type}: {shorten(error)}")]) from error
        self.budget.spend(module)
        gain = gain_for(self.layers, layer.name, layer.weight_init) if layer.weight_init else None
        done = initialize(module, layer, seed=self.seed, gain=gain, paths=self._initializer_paths(layer))
        return module.requires_grad_(layer.trainable).eval(), arguments, done

    def _initializer_paths(self, layer: Layer) -> InitializerPaths:
        of_model = self.config
        inherits_weight = layer.weight_init is not None and layer.weight_init is of_model.weight_init
        inherits_bias = layer.bias_init is not None and layer.bias_init is of_model.bias_init
        return InitializerPaths(
            weight="model.weight_init" if inherits_weight else f"{layer.path}.weight_init",
            bias="model.bias_init" if inherits_bias else f"{layer.path}.bias_init",
        )


def module_class(layer: Layer) -> type[nn.Module]:
    """The class behind a layer's type.

    Raises:
        ModelError: Neither torch.nn nor we have it.
    """
    kind = OWN_MODULES.get(layer.type) or getattr(nn, layer.type, None)
    if not isinstance(kind, type) or not issubclass(kind, nn.Module):
        raise ModelError([Problem(f"{layer.path}.type", f"{layer.type!r} is not a layer of torch.nn")])
    return kind
