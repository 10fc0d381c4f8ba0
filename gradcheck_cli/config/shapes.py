"""The output shape of one layer from its input shape, by arithmetic; it builds nothing and refuses nothing.

Shapes are of one row, without the batch dimension. None stands for a shape that is not known, or that torch would
refuse.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from gradcheck_cli.config.own_layers import find_layer

Shape = tuple[int, ...]
Arguments = Mapping[str, Any]

_KEEPING = frozenset(("normalization", "activation", "softmax", "dropout", "attention"))


def output_shape(layer: str, arguments: Arguments, shape: Shape | None) -> Shape | None:
    """The shape that a layer type gives with these arguments; of containers nothing is known here."""
    signature = find_layer(layer)
    if shape is None or signature is None:
        return None
    values = {name: p.default for name, p in signature.parameters.items()} | dict(arguments)
    rule = _RULES.get(layer) or _by_family(layer)
    if rule is not None:
        result = rule(values, shape)
        return result if result is not None and all(size > 0 for size in result) else None
    return shape if signature.kind in _KEEPING else None


def inferred_size(layer: str, shape: Shape | None) -> int | None:
    """The input size that a layer type infers from its input; None where it infers none, or not from the shape."""
    signature = find_layer(layer)
    if signature is None or not shape or not signature.inferred or signature.kind == "embedding":
        return None
    return shape[0] if signature.inferred in ("in_channels", "num_features", "num_channels") else shape[-1]


def per_dimension(value: Any, count: int) -> list[Any]:
    """A size for each of `count` dimensions, from one number or a list."""
    return list(value) if isinstance(value, list | tuple) else [value] * count


def _by_family(layer: str) -> Callable[[Arguments, Shape], Shape | None] | None:
    if not layer[-2:-1].isdigit() or layer[-1] != "d":
        return None
    dimensions = int(layer[-2])
    for family, rule in _FAMILIES.items():
        if layer.startswith(family):
            return lambda values, shape: rule(values, shape, dimensions)
    if "Pad" in layer:
        return lambda values, shape: _padded(values, shape, dimensions)
    return None


def _is_image(shape: Shape, dimensions: int) -> bool:
    return len(shape) == dimensions + 1


def _convolved(values: Arguments, shape: Shape, dimensions: int) -> Shape | None:
    if not _is_image(shape, dimensions):
        return None
    channels = int(values["out_channels"])
    if values["padding"] == "same":
        return (channels, *shape[1:])
    padding = per_dimension(0 if values["padding"] == "valid" else values["padding"], dimensions)
    names = (values["kernel_size"], values["stride"], values["dilation"])
    windows = zip(shape[1:], *(per_dimension(value, dimensions) for value in names), padding, strict=False)
    return (
        channels,
        *((size + 2 * pad - gap * (kernel - 1) - 1) // step + 1 for size, kernel, step, gap, pad in windows),
    )


def _transposed(values: Arguments, shape: Shape, dimensions: int) -> Shape | None:
    if not _is_image(shape, dimensions):
        return None
    names = ("kernel_size", "stride", "dilation", "padding", "output_padding")
    windows = zip(shape[1:], *(per_dimension(values[name], dimensions) for name in names), strict=False)
    sizes = (
        (size - 1) * step - 2 * pad + gap * (kernel - 1) + extra + 1 for size, kernel, step, gap, pad, extra in windows
    )
    return (int(values["out_channels"]), *sizes)


def _pooled(values: Arguments, shape: Shape, dimensions: int) -> Shape | None:
    if not _is_image(shape, dimensions):
        return None
    kernel = per_dimension(values["kernel_size"], dimensions)
    stride = kernel if values.get("stride") is None else per_dimension(values["stride"], dimensions)
    padding = per_dimension(values.get("padding", 0), dimensions)
    dilation = per_dimension(values.get("dilation", 1), dimensions)
    windows = zip(shape[1:], kernel, stride, dilation, padding, strict=False)
    sizes = [_pool_size(*window, ceil=bool(values.get("ceil_mode"))) for window in windows]
    return (shape[0], *sizes)


def _pool_size(size: int, kernel: int, step: int, gap: int, pad: int, *, ceil: bool) -> int:
    """Source: torch `pooling_output_shape`; with `ceil` the last window must still begin inside."""
    free = size + 2 * pad - gap * (kernel - 1) - 1
    if not ceil:
        return free // step + 1
    count = -(-free // step) + 1
    return count - 1 if (count - 1) * step >= size + pad else count


def _adapted(values: Arguments, shape: Shape, dimensions: int) -> Shape | None:
    if not _is_image(shape, dimensions):
        return None
    sizes = per_dimension(values["output_size"], dimensions)
    return (shape[0], *(old if new is None else new for old, new in zip(shape[1:], sizes, strict=False)))


def _fractional(values: Arguments, shape: Shape, dimensions: int) -> Shape | None:
    if values["output_size"] is not None:
        return _adapted(values, shape, dimensions)
    ratios = per_dimension(values["output_ratio"], dimensions)
    return (shape[0], *(int(size * ratio) for size, ratio in zip(shape[1:], ratios, strict=False)))


def _padded(values: Arguments, shape: Shape, dimensions: int) -> Shape | None:
    if not _is_image(shape, dimensions):
        return None
    pads = per_dimension(values["padding"], 2 * dimensions)
    # torch lists the sides of the last dimension first.
    added = [pads[2 * i] + pads[2 * i + 1] for i in reversed(range(dimensions))]
    return (shape[0], *(size + more for size, more in zip(shape[1:], added, strict=True)))


def _flattened(values: Arguments, shape: Shape) -> Shape | None:
    rank = len(shape) + 1
    start, end = (dim + rank if dim < 0 else dim for dim in (values["start_dim"], values["end_dim"]))
    if not 1 <= start <= end < rank:
        return None
    return (*shape[: start - 1], math.prod(shape[start - 1 : end]), *shape[end:])


def _unflattened(values: Arguments, shape: Shape) -> Shape | None:
    dim = values["dim"] + len(shape) + 1 if values["dim"] < 0 else values["dim"]
    if not 1 <= dim <= len(shape):
        return None
    sizes = _filled(values["unflattened_size"], shape[dim - 1])
    return None if sizes is None else (*shape[: dim - 1], *sizes, *shape[dim:])


def _filled(sizes: list[int], total: int) -> Shape | None:
    """The sizes with -1 replaced by what is left of `total`."""
    known = math.prod(size for size in sizes if size != -1)
    if known == 0 or total % known or (-1 not in sizes and known != total):
        return None
    return tuple(total // known if size == -1 else size for size in sizes)


def _reshaped(values: Arguments, shape: Shape) -> Shape | None:
    return _filled(values["shape"], math.prod(shape))


def _permuted(values: Arguments, shape: Shape) -> Shape | None:
    dims = values["dims"]
    return tuple(shape[dim] for dim in dims) if sorted(dims) == list(range(len(shape))) else None


def _recurrent(values: Arguments, shape: Shape) -> Shape | None:
    if len(shape) != 2:
        return None
    width = values.get("proj_size") or values["hidden_size"]
    return (shape[0], width * (2 if values["bidirectional"] else 1))


def _upsampled(values: Arguments, shape: Shape) -> Shape | None:
    count = len(shape) - 1
    if values["size"] is not None:
        return (shape[0], *per_dimension(values["size"], count))
    factors = per_dimension(values["scale_factor"], count)
    return (shape[0], *(int(size * factor) for size, factor in zip(shape[1:], factors, strict=False)))


def _shuffled(values: Arguments, shape: Shape) -> Shape | None:
    factor = values["upscale_factor"]
    if len(shape) != 3 or shape[0] % factor**2:
        return None
    return (shape[0] // factor**2, shape[1] * factor, shape[2] * factor)


def _unshuffled(values: Arguments, shape: Shape) -> Shape | None:
    factor = values["downscale_factor"]
    if len(shape) != 3 or shape[1] % factor or shape[2] % factor:
        return None
    return (shape[0] * factor**2, shape[1] // factor, shape[2] // factor)


def _gated(values: Arguments, shape: Shape) -> Shape | None:
    dim = values["dim"] + len(shape) + 1 if values["dim"] < 0 else values["dim"]
    if not 1 <= dim <= len(shape) or shape[dim - 1] % 2:
        return None
    return (*shape[: dim - 1], shape[dim - 1] // 2, *shape[dim:])


_RULES: Mapping[str, Callable[[Arguments, Shape], Shape | None]] = {
    "Linear": lambda values, shape: (*shape[:-1], values["out_features"]),
    "Embedding": lambda values, shape: (*shape, values["embedding_dim"]),
    "EmbeddingBag": lambda values, shape: (values["embedding_dim"],),
    "Flatten": _flattened,
    "Unflatten": _unflattened,
    "Reshape": _reshaped,
    "Permute": _permuted,
    "Identity": lambda values, shape: shape,
    "PositionalEncoding": lambda values, shape: shape,
    "ChannelShuffle": lambda values, shape: shape,
    "LastStep": lambda values, shape: shape[1:] if len(shape) == 2 else None,
    "MeanOverTime": lambda values, shape: shape[1:] if len(shape) == 2 else None,
    "RNN": _recurrent,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "GLU": _gated,
    "Upsample": _upsampled,
    "UpsamplingBilinear2d": _upsampled,
    "UpsamplingNearest2d": _upsampled,
    "PixelShuffle": _shuffled,
    "PixelUnshuffle": _unshuffled,
}
_FAMILIES: Mapping[str, Callable[[Arguments, Shape, int], Shape | None]] = {
    "ConvTranspose": _transposed,
    "Conv": _convolved,
    "AdaptiveAvgPool": _adapted,
    "AdaptiveMaxPool": _adapted,
    "FractionalMaxPool": _fractional,
    "AvgPool": _pooled,
    "MaxPool": _pooled,
    "LPPool": _pooled,
}
