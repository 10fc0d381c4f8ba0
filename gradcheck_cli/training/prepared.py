"""What a run needs before its first step: data, network, loss, plan and their description; it trains nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gradcheck_cli.config.schema import Config
from gradcheck_cli.config.sources import PYTHON
from gradcheck_cli.recording.describing import describe
from gradcheck_cli.recording.description import DataDescription, RunDescription
from gradcheck_cli.recording.refused_network import described
from gradcheck_cli.training.data.dataset import Array, Dataset
from gradcheck_cli.training.data.loading import load_data
from gradcheck_cli.training.evaluation_rows import EvaluationRows, choose_rows
from gradcheck_cli.training.imports import check_permissions
from gradcheck_cli.training.loss import Loss, build_loss
from gradcheck_cli.training.model import BuiltModel, build_model
from gradcheck_cli.training.own_code import build_own_model, make_rows
from gradcheck_cli.training.plan import Plan, make_plan
from gradcheck_cli.training.processes import Processes


@dataclass(frozen=True, eq=False)
class Prepared:
    """Everything built, nothing trained yet."""

    dataset: Dataset
    model: BuiltModel
    loss: Loss
    plan: Plan
    chosen: EvaluationRows
    description: RunDescription
    device: torch.device

    @property
    def outputs(self) -> int:
        """Width of the network's output."""
        return self.model.output.shape[1] if self.model.output.dim() > 1 else 1


def prepare(
    config: Config,
    *,
    base: Path,
    device: torch.device,
    processes: Processes | None = None,
    allow_import: Sequence[str] = (),
) -> Prepared:
    """Load the data and build the network and the loss.

    Args:
        processes: Those that will train the network together.
        allow_import: Packages whose code the config may name.

    Raises:
        ConfigError, DataError, ModelError: As `train`.
    """
    check_permissions(config, allow_import)
    made = make_rows(config.data, allow_import) if config.data.type == PYTHON else None
    dataset = load_data(config.data, base=base, seed=config.seed, made=made)
    known = _describe_data(dataset)
    with described(describe(config, data=known)):
        model = _build_model(config, dataset, allow_import)
    with described(replace(describe(config, data=known), layers=model.layers)):
        loss = build_loss(config.loss, dataset, output=model.output, output_path=model.output_path).to(device)
    model.module.to(device)
    size = 1 if processes is None else processes.launch.size
    plan = make_plan(config.trainer, rows=len(dataset.x_train), module=model.module, processes=size)
    chosen = choose_rows(dataset.y_train, dataset.y_validation, seed=config.seed)
    description = replace(
        describe(config, data=known),
        layers=model.layers,
        mean_reduced=loss.mean_reduced,
        planned_steps=plan.steps,
        steps_per_epoch=plan.steps_per_epoch,
    )
    return Prepared(dataset, model, loss, plan, chosen, description, device)


def as_tensor(array: Array) -> Tensor:
    """The array as a CPU tensor, sharing its memory where that is safe."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def _build_model(config: Config, dataset: Dataset, allow_import: Sequence[str]) -> BuiltModel:
    if config.model.factory is not None:
        return build_own_model(config, as_tensor(dataset.x_train[:8]), allow_import=allow_import)
    inputs = [part for part in (dataset.x_train, dataset.x_validation) if len(part)]
    largest_token = max(int(part.max()) for part in inputs) if dataset.tokens else None
    return build_model(config, as_tensor(dataset.x_train[:8]), seed=config.seed, largest_token=largest_token)


def _describe_data(dataset: Dataset) -> DataDescription:
    return DataDescription(
        task=dataset.task.value,
        train_rows=len(dataset.y_train),
        validation_rows=len(dataset.y_validation),
        classes=dataset.classes,
        input_shape=dataset.input_shape,
        target_columns=dataset.y_train.shape[1] if dataset.classes is None else None,
        target_range=_target_range(dataset),
    )


def _target_range(dataset: Dataset) -> tuple[float, float] | None:
    """None for classes, and where no target is finite."""
    finite = dataset.y_train[np.isfinite(dataset.y_train)]
    if dataset.classes is not None or not finite.size:
        return None
    return float(finite.min()), float(finite.max())
