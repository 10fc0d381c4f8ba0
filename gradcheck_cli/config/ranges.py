"""Ranges of numbers, and which range torch's arguments must lie in; it reads no config."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Range:
    """An interval of numbers. An infinite end is always open: no argument may be infinite where a range is set."""

    low: float
    high: float
    low_open: bool
    high_open: bool

    def __contains__(self, number: float) -> bool:
        above = number > self.low if self.low_open else number >= self.low
        return above and (number < self.high if self.high_open else number <= self.high)

    def __str__(self) -> str:
        low = "" if self.low == -math.inf else f"{'above' if self.low_open else 'of at least'} {self.low:.15g}"
        high = "" if self.high == math.inf else f"{'below' if self.high_open else 'at most'} {self.high:.15g}"
        if not low and not high:
            return "(finite)"
        if self.low == self.high:
            return f"equal to {self.low:.15g}"
        if low and high and not (self.low_open or self.high_open):
            return f"from {self.low:.15g} to {self.high:.15g}"
        return " and ".join(part for part in (low, high) if part)


@cache
def parse_range(text: str) -> Range:
    """Read an interval such as `[0, 1)` or `(0, inf)`."""
    low, high = text[1:-1].split(",")
    return Range(float(low), float(high), low_open=text[0] == "(", high_open=text[-1] == ")")


POSITIVE = "(0, inf)"
NOT_NEGATIVE = "[0, inf)"
SHARE = "[0, 1]"
BELOW_ONE = "[0, 1)"
FINITE = "(-inf, inf)"
COUNT = "[1, inf)"
FROM_ZERO = "[0, inf)"

LAYERS: Mapping[str, str] = {
    **dict.fromkeys(
        [
            "in_features",
            "out_features",
            "in_channels",
            "out_channels",
            "kernel_size",
            "stride",
            "dilation",
            "groups",
            "num_features",
            "embedding_dim",
            "num_embeddings",
            "hidden_size",
            "input_size",
            "num_layers",
            "d_model",
            "nhead",
            "dim_feedforward",
            "embed_dim",
            "num_heads",
            "num_groups",
            "num_channels",
            "output_size",
            "num_parameters",
            "upscale_factor",
            "downscale_factor",
            "size",
            "divisor_override",
            "normalized_shape",
        ],
        COUNT,
    ),
    **dict.fromkeys(["output_padding", "proj_size", "eps", "layer_norm_eps"], FROM_ZERO),
    **dict.fromkeys(["p", "dropout", "momentum"], SHARE),
    **dict.fromkeys(["scale_factor", "max_norm", "norm_type"], POSITIVE),
    **dict.fromkeys(["shape", "unflattened_size"], "[-1, inf)"),
    "output_ratio": "(0, 1)",
    "dims": FROM_ZERO,
}
PADDING = FROM_ZERO
"""Of convolutions and poolings; the padding layers themselves also cut, by a negative padding."""

LOSSES: Mapping[str, str] = {
    "label_smoothing": SHARE,
    "delta": POSITIVE,
    "beta": NOT_NEGATIVE,
    "p": "[1, 2]",
    "margin": FINITE,
    "weight": NOT_NEGATIVE,
    "pos_weight": NOT_NEGATIVE,
}

OPTIMIZERS: Mapping[str, str] = {
    **dict.fromkeys(["lr", "d"], POSITIVE),
    **dict.fromkeys(
        [
            "momentum",
            "weight_decay",
            "eps",
            "alpha",
            "lambd",
            "lr_decay",
            "initial_accumulator_value",
            "momentum_decay",
            "t0",
            "etas",
            "step_sizes",
        ],
        NOT_NEGATIVE,
    ),
    "betas": BELOW_ONE,
    "rho": SHARE,
    "dampening": FINITE,
    "beta2_decay": "(-inf, 0]",
}

SCHEDULERS: Mapping[str, str] = {
    **dict.fromkeys(
        [
            "T_max",
            "T_0",
            "T_mult",
            "step_size",
            "total_steps",
            "epochs",
            "steps_per_epoch",
            "step_size_up",
            "milestones",
        ],
        COUNT,
    ),
    **dict.fromkeys(["total_iters", "patience", "cooldown", "step_size_down"], FROM_ZERO),
    **dict.fromkeys(["max_lr", "div_factor", "final_div_factor"], POSITIVE),
    **dict.fromkeys(["eta_min", "min_lr", "base_lr", "threshold", "eps", "gamma", "power"], NOT_NEGATIVE),
    **dict.fromkeys(["pct_start", "end_factor", "factor"], SHARE),
    **dict.fromkeys(["base_momentum", "max_momentum"], BELOW_ONE),
    "start_factor": "(0, 1]",
}
BY_TYPE: Mapping[tuple[str, str], str] = {("ReduceLROnPlateau", "factor"): BELOW_ONE}
"""By class and argument, where one name means two things."""

INITIALIZERS: Mapping[str, str] = {
    **dict.fromkeys(["mean", "a", "b", "gain", "val"], FINITE),
    "std": NOT_NEGATIVE,
    "sparsity": BELOW_ONE,
    "groups": COUNT,
}
