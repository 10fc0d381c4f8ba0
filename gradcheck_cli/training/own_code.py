"""The network and the rows that factories of the user's own make; it decides nothing about permission."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gradcheck_cli.config.schema import Config, DataConfig
from gradcheck_cli.errors import DataError, ModelError, Problem
from gradcheck_cli.training.data.dataset import Rows
from gradcheck_cli.training.data.made import read_made
from gradcheck_cli.training.factory_seeding import seeded
from gradcheck_cli.training.imports import call_factory
from gradcheck_cli.training.live_network import describe_network
from gradcheck_cli.training.model import BuiltModel, refresh_parameters
from gradcheck_cli.training.refusal import REFUSALS, shorten, show_shape
from gradcheck_cli.training.streams import Stream, derive_seed

PATH = "model.factory"
_FIXED_SEED = 0
"""As the generators' `random_state`: the run's seed leaves the rows alone."""


def make_rows(data: DataConfig, allow_import: Sequence[str]) -> Rows:
    """Call the data factory of a config.

    Raises:
        DataError: It cannot be called, raises, or returns no rows.
    """
    factory, args = data.arguments["factory"], data.arguments["args"]
    with seeded(_FIXED_SEED):
        made, refuse = call_factory(factory, args, section="data", allowed=allow_import, kind=DataError)
        return read_made(made, task=data.task, refuse=refuse)


def build_own_model(config: Config, example: Tensor, *, allow_import: Sequence[str]) -> BuiltModel:
    """Call the model factory of a config and describe the network that it returns.

    torch's, numpy's and Python's global generators are seeded for the call by the run's seed.

    Args:
        example: Some rows of the data, `[n, ...]`.

    Raises:
        ModelError: It cannot be called, raises, or returns no network for such rows.
    """
    model = config.model
    assert model.factory is not None
    with (
        seeded(derive_seed(config.seed, Stream.INITIALIZATION, "factory")),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        made, refuse = call_factory(model.factory, model.args, section="model", allowed=allow_import, kind=ModelError)
        if not isinstance(made, nn.Module):
            raise refuse(f"returned a {type(made).__name__}; it must return an nn.Module")
        rows = torch.cat([example, example])[:8] if len(example) < 2 else example
        try:
            live = describe_network(made.cpu(), rows, path=PATH)
        except REFUSALS as error:
            shape = show_shape(rows.shape[1:])
            raise refuse(f"made a network that refuses rows of the shape {shape}: {shorten(error)}") from error
    _check_output(live.output, rows)
    notes = [str(warning.message) for warning in caught]
    if live.unused:
        notes.append(f"Not called in a forward pass: {', '.join(live.unused)}.")
    built = BuiltModel(
        module=made.train(),
        modules=live.modules,
        layers=live.layers,
        parameters={},
        output=live.output,
        notes=tuple(dict.fromkeys(notes)),
        is_own=True,
    )
    return refresh_parameters(built)


def _check_output(output: object, rows: Tensor) -> None:
    if not isinstance(output, Tensor):
        message = f"the network gives a {type(output).__name__}"
        raise ModelError([Problem(PATH, message, allowed="one tensor", hint="return the scores alone")])
    if not output.dim() or len(output) != len(rows):
        found = f"{show_shape(output.shape)} for {len(rows)} rows"
        raise ModelError([Problem(PATH, f"the network gives {found}", allowed="one row of outputs for each row")])
    if not output.is_floating_point():
        raise ModelError([Problem(PATH, f"the network gives {output.dtype} values", allowed="floating-point numbers")])
