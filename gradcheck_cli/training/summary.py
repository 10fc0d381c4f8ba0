"""Describes a run from its config and data, with the network as built and initialised; it trains nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from gradcheck_cli.config.schema import Config
from gradcheck_cli.recording.description import RunDescription
from gradcheck_cli.training.prepared import prepare


def summarize(config: Config, base: Path, *, allow_import: Sequence[str] = ()) -> RunDescription:
    """Load the data, build the network on the CPU and describe both: shapes, parameters, initial std and gain.

    Args:
        config: The run.
        base: Folder to which the config's file paths are relative.
        allow_import: Packages whose code the config may name.

    Raises:
        ConfigError, DataError, ModelError: As when the run is trained.
    """
    return prepare(config, base=base, device=torch.device("cpu"), allow_import=allow_import).description
