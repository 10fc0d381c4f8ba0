"""What users of other tools write, and what it is called here; it accepts nothing, it only says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gradcheck_cli.config.quoting import suggest

_TO_TYPE = "write the class name as 'type'"
_TO_FLAT = "write the arguments beside 'type'"

COMPONENT: Mapping[str, str] = {
    **dict.fromkeys(("_target_", "class_path", "class_name", "class", "cls", "target", "_type_", "kind"), _TO_TYPE),
    **dict.fromkeys(("init_args", "args", "kwargs", "params", "arguments", "config", "_args_", "options"), _TO_FLAT),
}
"""In every mapping with a `type`, the source of data aside."""

_LR = "write 'optimizer.lr'"
_EPOCHS = "write 'trainer.epochs'"
_BATCH = "write 'trainer.batch_size'"
_RATE_KEYS = ("learning_rate", "lr0", "learningrate", "init_lr", "base_lr", "eta", "step_size")
_EPOCH_KEYS = ("max_epochs", "num_epochs", "nb_epoch", "n_epochs", "num_train_epochs", "nepochs", "epoch")
_BATCH_KEYS = ("batchsize", "bs", "train_batch_size", "per_device_train_batch_size", "mini_batch_size", "batch")
_STEP_KEYS = ("num_steps", "steps", "max_iter", "max_iters", "iterations", "total_steps", "num_iterations")

TOP: Mapping[str, str] = {
    **dict.fromkeys(("lr", *_RATE_KEYS), _LR),
    **dict.fromkeys(("epochs", *_EPOCH_KEYS), _EPOCHS),
    **dict.fromkeys(("batch_size", *_BATCH_KEYS), _BATCH),
    **dict.fromkeys(("max_steps", *_STEP_KEYS), "write 'trainer.max_steps'"),
    **dict.fromkeys(("criterion", "loss_fn", "loss_function", "objective", "lossfn"), "write 'loss'"),
    **dict.fromkeys(("scheduler", "lr_schedule", "schedule", "lr_scheduler_config"), "write 'lr_scheduler'"),
    **dict.fromkeys(("dataset", "datamodule", "dataloader", "train_data", "datasets", "input"), "write 'data'"),
    **dict.fromkeys(("optim", "optimiser", "solver"), "write 'optimizer'"),
    **dict.fromkeys(("random_seed", "random_state", "seed_everything", "manual_seed"), "write 'seed'"),
    **dict.fromkeys(("layers", "weight_init", "bias_init"), "write it under 'model'"),
    **dict.fromkeys(("network", "net", "architecture", "module"), "write 'model'"),
    **dict.fromkeys(("train", "training", "fit", "trainer_args"), "write 'trainer'"),
    **dict.fromkeys(("early_stopping", "early_stop", "device", "precision", "threads"), "write it under 'trainer'"),
    **dict.fromkeys(("rules", "select", "ignore", "expect"), "write it under 'diagnostics'"),
    "weight_decay": "write 'optimizer.weight_decay'",
    "callbacks": "early stopping is 'trainer.early_stopping'",
    "metrics": "the metric follows from the task",
    "defaults": "there is no composition of configs; YAML anchors work within a file",
    "standardize": "write it under 'data'",
    "val_fraction": "write it under 'data'",
}

DATA: Mapping[str, str] = {
    **dict.fromkeys(("name", "dataset", "source", "format", "_target_", "class_path"), "write 'type'"),
    **dict.fromkeys(("val_split", "validation_split", "test_size", "valid_size", "val_size"), "write 'val_fraction'"),
    **dict.fromkeys(("normalize", "normalise", "standardise", "scale", "scaler"), "write 'standardize'"),
    **dict.fromkeys(("file", "filename", "filepath", "data_path", "root"), "write 'path'"),
    **dict.fromkeys(("label", "labels", "label_column", "target_column", "y"), "write 'target'"),
    **dict.fromkeys(("columns", "feature_columns", "inputs"), "write 'features'"),
    **dict.fromkeys(("batch_size", *_BATCH_KEYS), _BATCH),
    **dict.fromkeys(("seed", "random_seed"), "the split follows the 'seed' at the top"),
    "num_workers": "data that fits in memory is held there, without workers",
}

MODEL: Mapping[str, str] = {
    **dict.fromkeys(
        ("hidden_units", "hidden_sizes", "hidden_layer_sizes", "units"), "write 'layers', one entry a layer"
    ),
    **dict.fromkeys(("sequential", "modules", "network", "architecture"), "write 'layers'"),
    **dict.fromkeys(
        ("init", "initializer", "kernel_initializer", "weights_init", "init_weights"), "write 'weight_init'"
    ),
    "bias_initializer": "write 'bias_init'",
    "activation": "write the activation as an entry of 'layers'",
    "dropout": "write a Dropout entry in 'layers'",
    "type": "write 'layers'; the model is the list of its layers",
}

LAYER: Mapping[str, str] = {
    **dict.fromkeys(("units", "out", "out_dim", "output_dim", "nodes", "neurons"), "write 'out_features'"),
    **dict.fromkeys(("input_dim", "in_dim", "input_shape", "in"), "input sizes are inferred; leave it out"),
    **dict.fromkeys(("filters", "channels"), "write 'out_channels'"),
    **dict.fromkeys(("hidden_units", "hidden_dim", "hidden"), "write 'out_features' (Linear) or 'hidden_size' (RNN)"),
    **dict.fromkeys(("kernel_initializer", "init", "initializer", "weights_init"), "write 'weight_init'"),
    "bias_initializer": "write 'bias_init'",
    "use_bias": "write 'bias'",
    "strides": "write 'stride'",
    "pool_size": "write 'kernel_size'",
    "rate": "write 'p'",
    "activation": "write the activation as the next entry of 'layers'",
    "requires_grad": "write 'trainable'",
    "frozen": "write 'trainable: false'",
    "freeze": "write 'trainable: false'",
    "times": "write 'repeat'",
    "return_sequences": "the whole sequence is passed on; add LastStep for its last step",
}

OPTIMIZER: Mapping[str, str] = {
    **dict.fromkeys(_RATE_KEYS, "write 'lr'"),
    **dict.fromkeys(("l2", "wd", "decay", "weightdecay", "l2_penalty"), "write 'weight_decay'"),
    **dict.fromkeys(("clipnorm", "clip_norm", "max_grad_norm"), "write 'trainer.clip_grad_norm'"),
    **dict.fromkeys(("clipvalue", "clip_value"), "write 'trainer.clip_grad_value'"),
    **dict.fromkeys(("beta1", "beta2", "beta_1", "beta_2"), "write 'betas', a list of two numbers"),
    "epsilon": "write 'eps'",
    "lr_scheduler": "write 'lr_scheduler' at the top",
}

SCHEDULER: Mapping[str, str] = {
    **dict.fromkeys(("t_max", "tmax"), "write 'T_max'"),
    **dict.fromkeys(("frequency", "every", "step_on", "update"), "write 'interval'"),
    **dict.fromkeys(
        ("warmup", "warmup_steps", "num_warmup_steps", "warmup_epochs"), "write a LinearLR in SequentialLR"
    ),
    "decay_rate": "write 'gamma'",
    "monitor": "ReduceLROnPlateau watches the validation loss",
    "lr": "the learning rate is 'optimizer.lr'",
}

TRAINER: Mapping[str, str] = {
    **dict.fromkeys(_EPOCH_KEYS, "write 'epochs'"),
    **dict.fromkeys(_STEP_KEYS, "write 'max_steps'"),
    **dict.fromkeys(_BATCH_KEYS, "write 'batch_size'"),
    **dict.fromkeys(("lr", *_RATE_KEYS), _LR),
    **dict.fromkeys(
        ("gradient_clip_val", "max_grad_norm", "clip_norm", "grad_clip", "gradient_clip", "clipnorm"),
        "write 'clip_grad_norm'",
    ),
    **dict.fromkeys(("clip_value", "clipvalue"), "write 'clip_grad_value'"),
    **dict.fromkeys(
        ("gradient_accumulation_steps", "accumulate", "accumulation_steps", "grad_accum"),
        "write 'accumulate_grad_batches'",
    ),
    **dict.fromkeys(("accelerator", "gpus", "devices"), "write 'device'"),
    **dict.fromkeys(("l1", "l1_lambda", "l1_reg"), "write 'l1_penalty'"),
    **dict.fromkeys(("l2", "weight_decay", "l2_penalty"), "write 'optimizer.weight_decay'"),
    **dict.fromkeys(("patience", "early_stop", "callbacks"), "write 'early_stopping: {patience: ...}'"),
    **dict.fromkeys(("amp", "fp16", "bf16", "mixed_precision"), "write 'precision'"),
    **dict.fromkeys(("num_threads", "n_jobs"), "write 'threads'"),
    **dict.fromkeys(("seed", "random_seed"), "write 'seed' at the top"),
    "shuffle": "write 'data.shuffle'",
}

DIAGNOSTICS: Mapping[str, str] = {
    **dict.fromkeys(("enable", "only", "include"), "write 'select'"),
    **dict.fromkeys(("disable", "exclude", "skip"), "write 'ignore'"),
    **dict.fromkeys(("thresholds", "settings"), "write 'rules'"),
    **dict.fromkeys(("expected", "require"), "write 'expect'"),
}

TYPES: Mapping[str, Mapping[str, str]] = {
    "layers": {
        "dense": "Linear",
        "fullyconnected": "Linear",
        "fc": "Linear",
        "convolution2d": "Conv2d",
        "maxpooling1d": "MaxPool1d",
        "maxpooling2d": "MaxPool2d",
        "averagepooling2d": "AvgPool2d",
        "globalaveragepooling1d": "MeanOverTime",
        "globalaveragepooling2d": "AdaptiveAvgPool2d",
        "globalavgpool2d": "AdaptiveAvgPool2d",
        "batchnormalization": "BatchNorm1d",
        "batchnorm": "BatchNorm1d",
        "layernormalization": "LayerNorm",
        "simplernn": "RNN",
        "spatialdropout2d": "Dropout2d",
        "swish": "SiLU",
        "multiheadselfattention": "MultiheadAttention",
        "skip": "Residual",
        "sum": "Residual",
        "view": "Reshape",
        "transpose": "Permute",
        "lambda": "Elementwise",
    },
    "losses": {
        "ce": "CrossEntropyLoss",
        "crossentropy": "CrossEntropyLoss",
        "categoricalcrossentropy": "CrossEntropyLoss",
        "sparsecategoricalcrossentropy": "CrossEntropyLoss",
        "binarycrossentropy": "BCELoss",
        "bce": "BCELoss",
        "mse": "MSELoss",
        "meansquarederror": "MSELoss",
        "mae": "L1Loss",
        "meanabsoluteerror": "L1Loss",
        "nll": "NLLLoss",
        "hinge": "HingeEmbeddingLoss",
    },
    "optimizers": {"momentum": "SGD", "gradientdescent": "SGD", "adamweightdecay": "AdamW"},
    "schedulers": {
        "cosine": "CosineAnnealingLR",
        "cosinedecay": "CosineAnnealingLR",
        "step": "StepLR",
        "plateau": "ReduceLROnPlateau",
        "warmup": "LinearLR",
        "lambda": "PolynomialLR",
    },
    "initializers": {
        "henormal": "kaiming_normal_",
        "heuniform": "kaiming_uniform_",
        "he": "kaiming_normal_",
        "glorotnormal": "xavier_normal_",
        "glorotuniform": "xavier_uniform_",
        "xavier": "xavier_normal_",
        "kaiming": "kaiming_normal_",
        "randomnormal": "normal_",
        "truncatednormal": "trunc_normal_",
    },
    "sources": {"cancer": "breast_cancer", "mnist": "digits", "tsv": "csv", "images": "image_folder", "numpy": "npz"},
}
"""Names of types elsewhere, without case and separators, to the name here."""


VALUES: Mapping[str, str] = {
    **dict.fromkeys(("32", "float32", "32-true", "single", "full"), "fp32"),
    **dict.fromkeys(("16", "float16", "16-mixed", "half", "amp"), "fp16"),
    **dict.fromkeys(("bfloat16", "bf16-mixed", "bf16-true"), "bf16"),
    **dict.fromkeys(("gpu", "cuda:0", "nvidia"), "cuda"),
    **dict.fromkeys(("metal", "apple"), "mps"),
    **dict.fromkeys(("classify", "class", "binary", "multiclass"), "classification"),
    **dict.fromkeys(("batch", "iteration"), "step"),
    **dict.fromkeys(("all", "max", "-1"), "auto"),
    "sine": "sin",
    "cosine": "cos",
}
"""Words elsewhere to the word here, among a closed list of them."""


def hint_for_value(value: str, allowed: Collection[str]) -> str:
    """Which word of a closed list is meant."""
    known = VALUES.get(value.casefold())
    return f"did you mean {known!r}?" if known in allowed else suggest(value, allowed)


def hint_for_key(key: object, dialect: Mapping[str, str], allowed: Collection[str]) -> str:
    """What to write instead of an unknown key."""
    known = dialect.get(key.casefold()) if isinstance(key, str) else None
    return known or suggest(key, allowed)


def hint_for_type(name: str, kind: str, allowed: Collection[str]) -> str:
    """What to write instead of an unknown type; `torch.nn.Linear` and `Dense` lead to `Linear`."""
    last = name.rpartition(".")[2]
    if last in allowed:
        return f"did you mean {last!r}?"
    plain = last.casefold().replace("_", "").replace("-", "").replace(" ", "")
    known = TYPES.get(kind, {}).get(plain)
    return f"did you mean {known!r}?" if known in allowed else suggest(last, allowed)
