"""A torch-free description of a run: layers in forward order, loss, optimizer, schedule; it holds no measurement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class LayerKind(StrEnum):
    """What a layer does, as rules need to know it."""

    AFFINE = "affine"  # Linear, Bilinear
    CONVOLUTION = "convolution"
    RECURRENT = "recurrent"
    ATTENTION = "attention"  # MultiheadAttention, TransformerEncoderLayer
    EMBEDDING = "embedding"
    NORMALIZATION = "normalization"
    ACTIVATION = "activation"  # elementwise
    SOFTMAX = "softmax"  # Softmax, LogSoftmax and kin: activations over a dimension
    DROPOUT = "dropout"
    POOLING = "pooling"
    SHAPE = "shape"  # Flatten, Unflatten, Reshape, Permute, LastStep, MeanOverTime, Identity, padding, ...
    RESIDUAL = "residual"  # a container whose output is shortcut + branch
    CONCAT = "concat"
    OTHER = "other"


@dataclass(frozen=True)
class ParameterDescription:
    """One parameter tensor.

    Attributes:
        name: Unique in the run, `<layer>.<torch name>`, such as `fc1.weight`.
        layer: Name of the layer that owns it.
        shape: As torch has it.
        trainable: False where frozen.
        no_effect: Why its gradient is zero by construction (a bias before a normalisation, ...); empty otherwise.
        alias_of: Name of the parameter that this one is tied to; None where it stands alone.
        init: The initialiser's name, None for torch's own default.
        init_std: Standard deviation right after initialisation, in lint the one to be expected; None where unknown.
        init_gain: The gain that the initialiser used; None where it has none.
        init_symmetric: Whether right after initialisation all outputs of the tensor had equal weights, so that no
            output can be told from another; False for tensors of one dimension or one output.
    """

    name: str
    layer: str
    shape: tuple[int, ...]
    trainable: bool = True
    no_effect: str = ""
    alias_of: str | None = None
    init: str | None = None
    init_std: float | None = None
    init_gain: float | None = None
    init_symmetric: bool = False


@dataclass(frozen=True)
class LayerDescription:
    """One layer as built, after groups are written out.

    Attributes:
        name: Unique: the user's (`fc1`, `fc1.0`), else type and ordinal in forward order (`linear_1`); that of the
            module in somebody's own network.
        type: Class name, such as `Linear`.
        kind: What it does.
        ordinal: From 1 among the layers of its type, in forward order.
        arguments: Keyword arguments as given, with inferred input sizes added once known.
        path: Config path of the place where it is written; None outside YAML runs.
        parent: Name of the enclosing `Residual` or `Concat`; None at top level.
        branch: `main` or `shortcut` in a Residual, `0`, `1`, ... in a Concat; empty at top level.
        input_shape: Without the batch dimension; None where unknown (lint).
        output_shape: Likewise.
        parameters: The tensors that this layer owns itself.
        trainable: False where frozen.
    """

    name: str
    type: str
    kind: LayerKind
    ordinal: int = 1
    arguments: Mapping[str, Any] = field(default_factory=dict)
    path: str | None = None
    parent: str | None = None
    branch: str = ""
    input_shape: tuple[int, ...] | None = None
    output_shape: tuple[int, ...] | None = None
    parameters: tuple[ParameterDescription, ...] = ()
    trainable: bool = True


@dataclass(frozen=True)
class ComponentDescription:
    """Loss, optimizer or schedule: a class name and its arguments."""

    type: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DataDescription:
    """What rules may know of the data; counts are None in lint, where no file is opened.

    Attributes:
        task: `classification` or `regression`; empty where unknown.
        train_rows, validation_rows: Rows in each split.
        classes: Number of classes; None for regression.
        input_shape: Of one row.
        target_columns: Numbers a row in the targets of a regression; None for classes and where unknown.
        target_range: Smallest and largest training target of a regression, as the loss sees them; None where unknown.
    """

    task: str = ""
    train_rows: int | None = None
    validation_rows: int | None = None
    classes: int | None = None
    input_shape: tuple[int, ...] | None = None
    target_columns: int | None = None
    target_range: tuple[float, float] | None = None


@dataclass(frozen=True)
class RunDescription:
    """Everything about a run that is known without measuring.

    Attributes:
        layers: In the order of forward execution; a Residual or Concat comes after its inner layers.
        trainer: The trainer's settings by their config names.
        mean_reduced: Whether the loss is a mean over the batch.
        planned_steps: Optimizer steps of the whole schedule; None where unknown.
        steps_per_epoch: Optimizer steps of one epoch; None where unknown.
        from_config: Whether a YAML config stands behind it, so that fixes can be edits.
        is_sequence: Whether the layers tell all that happens between input and output. In somebody's own module any
            function may stand between two of them, and a sum may lead around them.
    """

    name: str
    layers: tuple[LayerDescription, ...]
    loss: ComponentDescription
    optimizer: ComponentDescription
    schedule: ComponentDescription | None = None
    trainer: Mapping[str, Any] = field(default_factory=dict)
    data: DataDescription = DataDescription()
    mean_reduced: bool = True
    planned_steps: int | None = None
    steps_per_epoch: int | None = None
    from_config: bool = True
    is_sequence: bool = True

    def layer(self, name: str) -> LayerDescription:
        """The layer called `name`.

        Raises:
            KeyError: There is none.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)

    @property
    def parameters(self) -> tuple[ParameterDescription, ...]:
        """All parameter tensors, in forward order of their layers."""
        return tuple(parameter for layer in self.layers for parameter in layer.parameters)
