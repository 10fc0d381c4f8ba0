"""What the catalog offers of torch, and why it leaves out the rest; it reads no signature and writes no file."""

from __future__ import annotations

from torch import nn
from torch.nn.modules import activation, batchnorm, conv, dropout, instancenorm, normalization, padding, pooling, rnn

from gradcheck_cli.config.agreement import CLASS_LOSSES, NUMBER_LOSSES
from gradcheck_cli.recording.description import LayerKind

INFERRED = (
    "in_features",
    "in_channels",
    "num_features",
    "input_size",
    "d_model",
    "embed_dim",
    "num_channels",
    "normalized_shape",
    "num_embeddings",
)

LOSSES = (*CLASS_LOSSES, *NUMBER_LOSSES)
LOSSES_NAMED_OTHERWISE = ("AdaptiveLogSoftmaxWithLoss", "NLLLoss2d")
NO_TARGETS = "its targets are neither one class nor numbers for each row"
LOSSES_LEFT_OUT = {
    "AdaptiveLogSoftmaxWithLoss": "it has weights of its own; use a Linear layer and CrossEntropyLoss",
    "LinearCrossEntropyLoss": "it has weights of its own; use a Linear layer and CrossEntropyLoss",
    "KLDivLoss": "its target is a distribution for each row",
    "MultiLabelMarginLoss": "its targets are several classes for each row",
    "MultiLabelSoftMarginLoss": "its targets are several classes for each row",
    "NLLLoss2d": "torch deprecates it; use NLLLoss",
    "PoissonNLLLoss": "its targets are counts",
}

OPTIMIZERS_LEFT_OUT = {
    "LBFGS": "it needs a closure that evaluates the loss several times in one step",
    "Muon": "it takes only matrices, and biases and other tensors are left over",
    "SparseAdam": "it takes only sparse gradients",
}

SCHEDULERS_LEFT_OUT = {
    "LambdaLR": "it needs a Python function",
    "MultiplicativeLR": "it needs a Python function",
}

_CONTAINER = "a container; write its layers one after another, or a group with 'layers'"
_CELL = "one step of a recurrence, with a state to pass on; use"
LAYERS_LEFT_OUT = {
    "Container": _CONTAINER,
    "DataParallel": "devices are set by 'trainer'",
    "GRUCell": f"{_CELL} GRU",
    "LSTMCell": f"{_CELL} LSTM",
    "ModuleDict": _CONTAINER,
    "ModuleList": _CONTAINER,
    "ParameterDict": _CONTAINER,
    "ParameterList": _CONTAINER,
    "RNNBase": "the base of RNN, LSTM and GRU; use one of them",
    "RNNCell": f"{_CELL} RNN",
    "RNNCellBase": f"{_CELL} RNN, LSTM or GRU",
    "Sequential": _CONTAINER,
    "SyncBatchNorm": "it needs several processes; use BatchNorm1d, BatchNorm2d or BatchNorm3d",
    "Transformer": "its forward takes src, tgt; use TransformerEncoderLayer",
    "TransformerEncoder": "it takes a layer as an argument; put 'repeat' on a TransformerEncoderLayer",
}

SELF_ATTENTION = ("MultiheadAttention",)
"""Classes whose several inputs are here one and the same."""

GIVEN_BY_US = ("params", "optimizer", "schedulers", "tensor")
"""Arguments that the tool itself fills in; `schedulers` is a key of the config's own."""

_DEPRECATED = "torch deprecates it; use 'reduction'"
_KEYS_AND_VALUES = "attention here is self-attention: keys and values are the input"
LEFT_OUT_ARGUMENTS = {
    "_freeze": "use 'trainable: false'",
    "_random_samples": "it is private to torch",
    "_weight": "use 'weight_init'",
    "capturable": "it is for CUDA graphs",
    "device": "it is set by 'trainer.device'",
    "differentiable": "it is for training through the optimizer",
    "dtype": "it is set by 'trainer.precision'",
    "generator": "random numbers are drawn from 'seed'",
    "include_last_offset": "a bag is one row of tokens here",
    "kdim": _KEYS_AND_VALUES,
    "last_epoch": "a run starts at its beginning",
    "max_value": "torch deprecates it; use 'max_val'",
    "min_value": "torch deprecates it; use 'min_val'",
    "process_group": "it needs several processes",
    "reduce": _DEPRECATED,
    "return_indices": "the layer would return two tensors",
    "scale_fn": "it is a Python function",
    "size_average": _DEPRECATED,
    "sparse": "sparse gradients are not recorded",
    "vdim": _KEYS_AND_VALUES,
}

UNANNOTATED: dict[str, tuple[str, ...]] = {"embed_dim": ("int",), "num_heads": ("int",)}

_RESAMPLING = ["nearest", "linear", "bilinear", "bicubic", "trilinear", "nearest-exact"]
CHOICES = {
    ("", "reduction"): ["mean", "sum"],
    ("", "approximate"): ["none", "tanh"],
    ("", "activation"): ["relu", "gelu"],
    ("", "padding"): ["valid", "same"],
    ("RNN", "nonlinearity"): ["tanh", "relu"],
    ("EmbeddingBag", "mode"): ["sum", "mean", "max"],
    ("Upsample", "mode"): _RESAMPLING,
}
"""The strings that torch takes where its annotation says only `str`, by class and argument (any class: "")."""

SAMPLE_VALUES = {"affine": True, "elementwise_affine": True, "unflattened_size": [2, 2], "output_ratio": 0.5}
"""Arguments for one module of each class, built to see which weights it has."""

_KINDS: dict[LayerKind, tuple[type[nn.Module], ...]] = {
    LayerKind.AFFINE: (nn.Linear, nn.Bilinear),
    LayerKind.CONVOLUTION: (conv._ConvNd,),
    LayerKind.RECURRENT: (rnn.RNNBase,),
    LayerKind.ATTENTION: (nn.MultiheadAttention, nn.TransformerEncoderLayer),
    LayerKind.EMBEDDING: (nn.Embedding, nn.EmbeddingBag),
    LayerKind.NORMALIZATION: (batchnorm._NormBase, instancenorm._InstanceNorm),
    LayerKind.SOFTMAX: (nn.Softmax, nn.LogSoftmax, nn.Softmin, nn.Softmax2d),
    LayerKind.DROPOUT: (dropout._DropoutNd,),
    # Half of its input gates the other half: neither elementwise nor of the same width.
    LayerKind.OTHER: (nn.GLU,),
    LayerKind.SHAPE: (
        nn.Flatten,
        nn.Unflatten,
        nn.Identity,
        nn.Fold,
        nn.Unfold,
        nn.PixelShuffle,
        nn.PixelUnshuffle,
        nn.ChannelShuffle,
        nn.Upsample,
    ),
}
_KINDS_BY_MODULE = {
    activation.__name__: LayerKind.ACTIVATION,
    normalization.__name__: LayerKind.NORMALIZATION,
    pooling.__name__: LayerKind.POOLING,
    padding.__name__: LayerKind.SHAPE,
}


def kind_of(cls: type[nn.Module]) -> LayerKind:
    """What a layer class does: by its base class, else by the torch module it stands in."""
    for kind, bases in _KINDS.items():
        if issubclass(cls, bases):
            return kind
    return _KINDS_BY_MODULE.get(cls.__module__, LayerKind.OTHER)
