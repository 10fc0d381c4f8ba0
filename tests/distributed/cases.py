"""The runs that are compared, each a few steps of a small network; the same file serves one process and two."""

from __future__ import annotations

_SETTINGS = """
data: {type: iris, standardize: true}
optimizer: {type: SGD, lr: 0.05, momentum: 0.9}
"""
MLP = (
    _SETTINGS
    + """
loss: CrossEntropyLoss
model:
  layers:
    - {type: Linear, out_features: 7, name: first}
    - {type: Tanh, name: tanh}
    - {type: Residual, name: sum, layers: [{type: Linear, out_features: 7, name: inside}, {type: ReLU, name: relu}]}
    - {type: LayerNorm, name: norm}
    - {type: Linear, out_features: 3, name: last}
trainer: {max_steps: 11, batch_size: 37}
"""
)
UNEVEN = MLP.replace("batch_size: 37", "batch_size: 119, epochs: 3")
"""120 training rows: each epoch ends with a batch of one row."""
ACCUMULATED = MLP.replace("batch_size: 37", "batch_size: 9, accumulate_grad_batches: 4, clip_grad_norm: 0.3")
WEIGHTED = MLP.replace("CrossEntropyLoss", "{type: CrossEntropyLoss, weight: [1, 5, 0.2]}")
SUMMED = MLP.replace("CrossEntropyLoss", "{type: CrossEntropyLoss, reduction: sum}").replace("0.05", "0.001")
CLIPPED_BY_VALUE = MLP.replace("batch_size: 37", "batch_size: 37, clip_grad_value: 0.01, l1_penalty: 1e-3")
ADAM = MLP.replace("{type: SGD, lr: 0.05, momentum: 0.9}", "{type: Adam, lr: 0.01}")
DEAD = MLP.replace("name: first}", "name: first, weight_init: zeros_, bias_init: zeros_}")
FROZEN = MLP.replace("name: inside}", "name: inside, trainable: false}")
RECURRENT = """
data: {type: delayed_recall, n_samples: 60, length: 5}
optimizer: {type: SGD, lr: 0.05, momentum: 0.9}
loss: CrossEntropyLoss
model:
  layers:
    - {type: Embedding, embedding_dim: 4, name: embedding}
    - {type: LSTM, hidden_size: 5, name: lstm}
    - {type: LastStep, name: last_step}
    - {type: Linear, out_features: 4, name: last}
trainer: {max_steps: 6, batch_size: 17}
"""
BROKEN = MLP.replace("lr: 0.05", "lr: 1e38")

CASES = {
    "mlp": MLP,
    "uneven": UNEVEN,
    "accumulated": ACCUMULATED,
    "weighted": WEIGHTED,
    "summed": SUMMED,
    "clipped_by_value": CLIPPED_BY_VALUE,
    "adam": ADAM,
    "dead": DEAD,
    "frozen": FROZEN,
    "recurrent": RECURRENT,
    "broken": BROKEN,
}
SHARDED = ("mlp", "accumulated", "clipped_by_value", "adam", "frozen", "recurrent", "broken")
"""How rows are shared is the same under both strategies; these concern weights."""
RUNS = (*((case, "ddp") for case in CASES), *((case, "fsdp") for case in SHARDED))
"""Case and strategy."""
