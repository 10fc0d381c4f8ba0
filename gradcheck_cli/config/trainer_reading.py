"""Reads the trainer section; it looks at no other section."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradcheck_cli.config.catalog import Parameter
from gradcheck_cli.config.fields import is_mapping, read_fields
from gradcheck_cli.config.hints import TRAINER
from gradcheck_cli.config.node import Node
from gradcheck_cli.config.schema import Device, EarlyStopping, Precision, Strategy, TrainerConfig

_AUTO = "auto"
PARAMETERS = {
    parameter.name: parameter
    for parameter in (
        Parameter(
            "epochs",
            ("int", "null"),
            range="[1, inf)",
            help="How often the training rows are gone through; with max_steps, whichever comes first.",
        ),
        Parameter("max_steps", ("int", "null"), range="[1, inf)", help="Optimizer steps after which training ends."),
        Parameter("batch_size", ("int",), default=32, range="[1, inf)", help="Rows in a batch."),
        Parameter(
            "clip_grad_norm",
            ("float", "null"),
            range="(0, inf)",
            help="Scale the gradient down to this norm, over all parameters, where it is larger.",
        ),
        Parameter(
            "clip_grad_value", ("float", "null"), range="(0, inf)", help="Cut each entry of the gradient to this size."
        ),
        Parameter(
            "accumulate_grad_batches",
            ("int",),
            default=1,
            range="[1, inf)",
            help="Batches whose gradients are added up before a step.",
        ),
        Parameter(
            "precision",
            ("str",),
            default="fp32",
            choices=tuple(map(str, Precision)),
            help="Number format of the forward and backward pass; fp16 scales the loss.",
        ),
        Parameter(
            "device",
            ("str",),
            default="auto",
            choices=tuple(map(str, Device)),
            help="Where to train; auto takes a GPU where there is one.",
        ),
        Parameter(
            "l1_penalty",
            ("float",),
            default=0.0,
            range="[0, inf)",
            help="Factor of an L1 penalty on weights; L2 is the weight_decay of the optimizer.",
        ),
        Parameter(
            "drop_last",
            ("bool", "str"),
            default=_AUTO,
            choices=(_AUTO,),
            help="Drop a last batch that is not full; auto drops one of a single row where there is batch norm.",
        ),
        Parameter(
            "threads",
            ("int", "str"),
            default=1,
            choices=(_AUTO,),
            range="[1, 1024]",
            help="CPU threads; equal seeds and threads give equal bits. auto takes all cores.",
        ),
        Parameter(
            "strategy",
            ("str",),
            default=_AUTO,
            choices=tuple(map(str, Strategy)),
            help="How several processes of torchrun train one network; auto is ddp where there are several.",
        ),
    )
}
STOPPING = {
    "patience": Parameter(
        "patience",
        ("int",),
        required=True,
        range="[1, inf)",
        help="Epochs without improvement of the validation loss after which training stops.",
    ),
    "min_delta": Parameter(
        "min_delta",
        ("float",),
        default=0.0,
        range="[0, inf)",
        help="By how much the validation loss must fall to count as improved.",
    ),
    "restore_best": Parameter(
        "restore_best", ("bool",), default=False, help="Go back to the weights of the best epoch in the end."
    ),
}


def read_trainer(node: Node) -> TrainerConfig | None:
    """How training runs; None where the section is no mapping."""
    if not is_mapping(node, what="the trainer", allowed=(*PARAMETERS, "early_stopping")):
        return None
    values = read_fields(node, PARAMETERS, owner="trainer", reserved=("early_stopping",), dialect=TRAINER)
    if not _has_length(node.value):
        allowed = "epochs: a whole number of at least 1"
        node.report("trainer needs 'epochs' or 'max_steps', and has neither", allowed=allowed)
    if values.get("clip_grad_norm") is not None and values.get("clip_grad_value") is not None:
        message = "'clip_grad_value' cannot stand beside 'clip_grad_norm'"
        node.child("clip_grad_value").report_key(message, hint="leave one of the two out")
    for name, kind in (("precision", Precision), ("device", Device), ("strategy", Strategy)):
        if name in values:
            values[name] = kind(values[name])
    for name in ("drop_last", "threads"):
        if values.get(name) == _AUTO:
            values[name] = None
    stopping = node.child("early_stopping")
    return TrainerConfig(**values, early_stopping=None if stopping.value is None else _read_stopping(stopping))


def _has_length(trainer: Mapping[Any, Any]) -> bool:
    """Whether epochs or steps are given, if only under a key of another tool, which is reported by itself."""
    if trainer.get("epochs") is not None or trainer.get("max_steps") is not None:
        return True
    meant = (TRAINER.get(key.casefold(), "") for key in trainer if isinstance(key, str))
    return any(hint in ("write 'epochs'", "write 'max_steps'") for hint in meant)


def _read_stopping(node: Node) -> EarlyStopping | None:
    if not is_mapping(node, what="early stopping", allowed=STOPPING):
        return None
    values: dict[str, Any] = read_fields(
        node, STOPPING, owner="early_stopping", dialect={"monitor": "it watches the validation loss"}
    )
    return EarlyStopping(**values) if values.get("patience") is not None else None
