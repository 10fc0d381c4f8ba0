"""Says in plain words why a layer cannot take what comes in; it runs no layer."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

from gradcheck_cli.config.layers import Layer
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.training.refusal import shorten, show_shape

_SPACE = {"1d": "length", "2d": "height, width", "3d": "depth, height, width"}


def refused_input(layer: Layer, module: nn.Module, x: Tensor, *, reason: str) -> ModelError:
    """The error for a layer that cannot take `x` `[N, ...]`.

    Args:
        reason: What torch or the layer itself said.
    """
    incoming = show_shape(x.shape[1:])
    message = f"{layer.type} {layer.name!r} cannot take rows of shape {incoming}"
    expected = _expectation(module)
    hint = _hint(module, x)
    return ModelError([Problem(layer.path, f"{message}: {reason}", allowed=expected, hint=hint)])


def torch_reason(error: BaseException) -> str:
    """torch's message as a reason."""
    if "allocate memory" in str(error) or "out of memory" in str(error):
        return "there is not enough memory for what it makes of them"
    return f"torch says {shorten(error)!r}"


def _expectation(module: nn.Module) -> str:
    """The rows that a module takes, in words."""
    name = type(module).__name__
    space = _SPACE.get(name[-2:], "")
    if isinstance(module, nn.Linear):
        return f"rows of shape [..., {module.in_features}]"
    if isinstance(module, _ConvNd):
        return f"rows of shape [{module.in_channels}, {space}]"
    if isinstance(module, nn.BatchNorm1d):
        return f"rows of shape [{module.num_features}] or [{module.num_features}, length]"
    if isinstance(module, _NormBase):
        return f"rows of shape [{module.num_features}, {space}]"
    if isinstance(module, nn.LayerNorm | nn.RMSNorm):
        return f"rows that end in {show_shape(module.normalized_shape)}"
    if isinstance(module, nn.RNNBase):
        return f"rows of shape [time, {module.input_size}]"
    if isinstance(module, nn.MultiheadAttention):
        return f"rows of shape [time, {module.embed_dim}]"
    if isinstance(module, nn.TransformerEncoderLayer):
        return f"rows of shape [time, {module.self_attn.embed_dim}]"
    return f"rows of shape [channels, {space}]" if space and "Pool" in name else ""


def _hint(module: nn.Module, x: Tensor) -> str:
    if not x.is_floating_point() and not isinstance(module, nn.Embedding | nn.EmbeddingBag):
        return "these are token ids: put an Embedding layer first"
    if isinstance(module, nn.Linear) and x[0].numel() == module.in_features:
        return "put a Flatten layer before it"
    if isinstance(module, _ConvNd) and x.dim() == 2:
        return "a convolution needs channels: give the rows a shape by Unflatten or Reshape"
    inferred = isinstance(module, nn.Linear | _ConvNd | _NormBase | nn.RNNBase)
    return "leave its input size out: it is then inferred" if inferred else ""
