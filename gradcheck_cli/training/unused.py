"""Which weights a network leaves out of its output; it changes no weight and no statistic."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def leaves_weights_out(module: nn.Module, rows: Tensor) -> bool:
    """Whether a trainable weight gets no gradient from the network's output on these rows `[n, ...]`."""
    weights = [parameter for parameter in module.parameters() if parameter.requires_grad]
    buffers = [buffer.clone() for buffer in module.buffers()]
    devices = [rows.device] if rows.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices), torch.enable_grad():
        output = module(rows)
        found = torch.autograd.grad(output.sum(), weights, allow_unused=True) if output.requires_grad else [None]
    with torch.no_grad():
        for buffer, before in zip(module.buffers(), buffers, strict=True):
            buffer.copy_(before)
    return any(gradient is None for gradient in found)
