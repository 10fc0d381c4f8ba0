"""The shape of a checked config: frozen values that every later stage reads; it does not parse or report errors.

Plain dataclasses, because the readers have checked each value with its place by then: a second validation would find
nothing, and loading a library for it took a third of the time of `gradcheck lint`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from gradcheck_cli.config.kinds import plain_data


class Task(StrEnum):
    """What the targets are."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class Missing(StrEnum):
    """What to do with missing cells in files."""

    ERROR = "error"
    DROP = "drop"
    MEAN = "mean"


class Interval(StrEnum):
    """The unit in which a learning-rate schedule counts."""

    EPOCH = "epoch"
    STEP = "step"


class Precision(StrEnum):
    """Number format of the forward and backward pass."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


class Device(StrEnum):
    """Where to train."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"


class Strategy(StrEnum):
    """How several processes train one network; `auto` is `ddp` where torchrun started several."""

    AUTO = "auto"
    DDP = "ddp"
    FSDP = "fsdp"


@dataclass(frozen=True, kw_only=True)
class Component:
    """A type by its torch name with its own keyword arguments, such as a loss or an initialiser."""

    type: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DataConfig(Component):
    """The data source (`type` and its own `arguments`) and the keys common to all sources."""

    val_fraction: float = 0.2
    shuffle: bool = True
    standardize: bool = False
    standardize_target: bool = False
    max_samples: int | None = None
    label_noise: float = 0.0
    missing: Missing = Missing.ERROR
    task: Task | None = None


GROUP = "Group"


@dataclass(frozen=True, kw_only=True)
class LayerConfig(Component):
    """One entry of `layers` as written. `type` is `Group` for a plain `repeat:` group without a type.

    Attributes:
        path: Config path of the entry, such as `model.layers[2].layers[0]`.
        repeat: How often the entry is written out.
        layers: Inner layers of a group, or of `Residual`.
        shortcut: Layers on the skip path of `Residual`.
        branches: The branches of `Concat`.
    """

    path: str
    name: str | None = None
    repeat: int = 1
    trainable: bool = True
    weight_init: Component | None = None
    bias_init: Component | None = None
    layers: tuple[LayerConfig, ...] = ()
    shortcut: tuple[LayerConfig, ...] = ()
    branches: tuple[tuple[LayerConfig, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The network and the default initialisers for its linear and convolution layers.

    Attributes:
        layers: Empty where `factory` makes the network.
        factory: `package.module:function` of the user's own, which returns an `nn.Module`.
        args: Its keyword arguments.
    """

    layers: tuple[LayerConfig, ...] = ()
    factory: str | None = None
    args: dict[str, Any] = field(default_factory=dict)
    weight_init: Component | None = None
    bias_init: Component | None = None


@dataclass(frozen=True, kw_only=True)
class SchedulerConfig(Component):
    """A learning-rate schedule; `schedulers` and `milestones` only with `SequentialLR` (and `ChainedScheduler`)."""

    interval: Interval = Interval.EPOCH
    schedulers: tuple[SchedulerConfig, ...] = ()
    milestones: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EarlyStopping:
    """Stop when the validation loss has not improved by `min_delta` for `patience` epochs."""

    patience: int
    min_delta: float = 0.0
    restore_best: bool = False


@dataclass(frozen=True, kw_only=True)
class TrainerConfig:
    """How training runs; at least one of `epochs` and `max_steps` is given.

    Attributes:
        max_steps: Optimizer steps, not batches.
        drop_last: None means auto: drop a last batch of 1 where there is batch normalisation.
        threads: CPU threads; None means all cores (`auto`).
    """

    epochs: int | None = None
    max_steps: int | None = None
    batch_size: int = 32
    clip_grad_norm: float | None = None
    clip_grad_value: float | None = None
    accumulate_grad_batches: int = 1
    precision: Precision = Precision.FP32
    device: Device = Device.AUTO
    l1_penalty: float = 0.0
    early_stopping: EarlyStopping | None = None
    drop_last: bool | None = None
    threads: int | None = 1
    strategy: Strategy = Strategy.AUTO


@dataclass(frozen=True, kw_only=True)
class DiagnosticsConfig:
    """Which rules judge the run, with which thresholds, and what the run must reach.

    Attributes:
        select: Codes, prefixes or names; None means all rules.
        rules: Rule name to threshold name to value; `severity` is a string, the rest are numbers.
        expect: `val_metric` (the validation metric at the end) to its lower limit.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    rules: dict[str, dict[str, float | str]] = field(default_factory=dict)
    expect: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Config:
    """One training run, checked. `name` is the file's stem where the file gives none."""

    name: str
    data: DataConfig
    model: ModelConfig
    loss: Component
    optimizer: Component
    trainer: TrainerConfig
    version: int = 1
    seed: int = 0
    lr_scheduler: SchedulerConfig | None = None
    diagnostics: DiagnosticsConfig = field(default_factory=DiagnosticsConfig)


def write_plain(part: Config | Component | TrainerConfig | DiagnosticsConfig) -> dict[str, Any]:
    """A config, or a part of it, as plain mappings, lists and scalars; every key is there."""
    plain: dict[str, Any] = plain_data(asdict(part))
    return plain
