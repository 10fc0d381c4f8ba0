"""The layer types that torch.nn lacks, and torch's own where their forward is not tensor in, tensor out.

Tensors are `[N, ...]`: all of these leave the batch dimension alone. Nothing is checked in `forward`: what a layer
cannot take is said once, by `refuse_input`, when the model is built.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from gradcheck_cli.config.own_layers import ELEMENTWISE_FUNCTIONS

# As in "Attention Is All You Need" (Vaswani et al., 2017), section 3.5.
_LONGEST_WAVE = 10_000.0
# As learned position embeddings start in BERT (Devlin et al., 2018) and GPT-2.
_LEARNED_POSITION_STD = 0.02

_FUNCTIONS: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {name: getattr(torch, name) for name in ELEMENTWISE_FUNCTIONS}
)


class Residual(nn.Module):
    """Adds what its layers make of the input to the input, or to what `shortcut` makes of it."""

    def __init__(self, main: Iterable[nn.Module], shortcut: Iterable[nn.Module] = ()) -> None:
        super().__init__()
        self.main = nn.ModuleList(main)
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        out = x
        for layer in self.main:
            out = layer(out)
        skipped: Tensor = self.shortcut(x)
        return out + skipped


class PlainResidual(Residual):
    """A `Residual` without layers on its shortcut, which so costs no call."""

    def forward(self, x: Tensor) -> Tensor:
        out = x
        for layer in self.main:
            out = layer(out)
        return out + x


class Concat(nn.Module):
    """Joins what its branches make of one input along `dim`, which counts the batch dimension as torch.cat does."""

    def __init__(self, branches: Iterable[Iterable[nn.Module]], dim: int = 1) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*branch) for branch in branches)
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=self.dim)


class LastStep(nn.Module):
    """`[N, T, D]` to its last time step `[N, D]`."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, -1]

    def refuse_input(self, shape: Sequence[int]) -> str:
        """Why a row of this shape cannot be taken; empty where it can."""
        return "" if len(shape) >= 2 else "it takes one step out of [time, features]"


class MeanOverTime(nn.Module):
    """`[N, T, D]` to its mean over the time steps `[N, D]`."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(dim=1)

    def refuse_input(self, shape: Sequence[int]) -> str:
        """Why a row of this shape cannot be taken; empty where it can."""
        return "" if len(shape) >= 2 else "it averages over the time of [time, features]"


class PositionalEncoding(nn.Module):
    """Adds to `[N, T, D]` what tells the time steps apart: sine waves, or a learned `weight` `[T, D]`."""

    def __init__(self, *, kind: str = "sinusoidal", length: int, features: int) -> None:
        super().__init__()
        if kind == "learned":
            self.weight = nn.Parameter(torch.empty(length, features).normal_(0.0, _LEARNED_POSITION_STD))
        else:
            self.register_buffer("weight", sinusoids(length, features), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight


def sinusoids(length: int, features: int) -> Tensor:
    """Sine and cosine waves in turn, of wavelengths from 2 pi to 10,000 x 2 pi.

    Returns:
        `[T, D]`, float32.

    Source:
        Vaswani et al. 2017, section 3.5: PE(t, 2i) = sin(t / 10000^(2i / D)), PE(t, 2i + 1) = cos of the same.
    """
    time = torch.arange(length, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, features, 2, dtype=torch.float32) * (-math.log(_LONGEST_WAVE) / features))
    waves = torch.empty(length, features)
    waves[:, 0::2] = torch.sin(time * rate)
    waves[:, 1::2] = torch.cos(time * rate[: features // 2])
    return waves


class Elementwise(nn.Module):
    """One function of torch, applied to each number."""

    def __init__(self, function: str) -> None:
        super().__init__()
        self.function = _FUNCTIONS[function]
        self.function_name = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)

    def extra_repr(self) -> str:
        return self.function_name


class Permute(nn.Module):
    """Reorders the dimensions of a row; `dims` count from 0 after the batch dimension."""

    def __init__(self, dims: Sequence[int]) -> None:
        super().__init__()
        self.dims = tuple(dims)
        self._torch_dims = (0, *(dim + 1 for dim in self.dims))

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self._torch_dims)

    def refuse_input(self, shape: Sequence[int]) -> str:
        """Why a row of this shape cannot be taken; empty where it can."""
        return "" if sorted(self.dims) == list(range(len(shape))) else "`dims` must name each dimension of a row once"


class Reshape(nn.Module):
    """Gives each row the shape `shape`, in which one size may be -1."""

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], *self.shape)

    def refuse_input(self, shape: Sequence[int]) -> str:
        """Why a row of this shape cannot be taken; empty where it can."""
        numbers = math.prod(shape)
        known = math.prod(size for size in self.shape if size != -1)
        fits = numbers % known == 0 if -1 in self.shape else numbers == known
        return "" if fits else f"{numbers} numbers do not fill {list(self.shape)}"


class CopyInput(nn.Module):
    """Keeps in-place layers from writing into the data set."""

    def forward(self, x: Tensor) -> Tensor:
        return x.clone()


class RNN(nn.RNN):
    """torch's RNN that passes on its output sequence alone."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x)[0]


class LSTM(nn.LSTM):
    """torch's LSTM that passes on its output sequence alone."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x)[0]


class GRU(nn.GRU):
    """torch's GRU that passes on its output sequence alone."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x)[0]


class MultiheadAttention(nn.MultiheadAttention):
    """torch's attention as self-attention that passes on its output alone."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x, x, x, need_weights=False)[0]


class TransformerEncoderLayer(nn.TransformerEncoderLayer):
    """torch's layer, computed in evaluation as in training: its inference path would go round the inner layers."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        # Read by nothing but the choice of that path.
        self.activation_relu_or_gelu = 0


BATCH_FIRST_TYPES = frozenset({"RNN", "LSTM", "GRU", "MultiheadAttention", "TransformerEncoderLayer"})

OWN_MODULES: Mapping[str, type[nn.Module]] = MappingProxyType(
    {
        module.__name__: module
        for module in (
            LastStep,
            MeanOverTime,
            PositionalEncoding,
            Elementwise,
            Permute,
            Reshape,
            RNN,
            LSTM,
            GRU,
            MultiheadAttention,
            TransformerEncoderLayer,
        )
    }
)
