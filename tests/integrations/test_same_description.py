"""A network is described alike by the recorder in somebody's own loop and by `check` on its factory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gradcheck_cli import Recorder
from gradcheck_cli.recording.description import LayerDescription
from gradcheck_cli.training.own_code import build_own_model
from gradcheck_cli.training.run import train
from tests.training.runs import read

TEXT = """
data: {{type: python, factory: "tests.own_networks:rows_of", args: {data}, task: classification}}
model: {{factory: "tests.own_networks:{network}"}}
loss: CrossEntropyLoss
optimizer: {{type: SGD, lr: 0.01}}
trainer: {{max_steps: 2, batch_size: 16}}
"""
NUMBERS, IMAGES, SEQUENCES, TOKENS = "{shape: [2]}", "{shape: [1, 5, 5]}", "{shape: [4, 2]}", "{shape: [3], tokens: 5}"
NETWORKS = {
    "perceptron": (NUMBERS, torch.randn(16, 2)),
    "deep": (NUMBERS, torch.randn(16, 2)),
    "skipping": (NUMBERS, torch.randn(16, 2)),
    "sharing": (NUMBERS, torch.randn(16, 2)),
    "tied": (NUMBERS, torch.randn(16, 2)),
    "derived": (NUMBERS, torch.randn(16, 2)),
    "convolutional": (IMAGES, torch.randn(16, 1, 5, 5)),
    "last_state": (SEQUENCES, torch.randn(16, 4, 2)),
    "attending": (TOKENS, torch.randint(0, 5, (16, 3))),
}


def told_by_modules(layers: Iterable[LayerDescription], names: Iterable[str]) -> dict[str, LayerDescription]:
    """The layers by name, without what a forward pass or a config adds."""
    return {
        layer.name: replace(
            layer,
            ordinal=1,
            path=None,
            parent=None,
            branch="",
            input_shape=None,
            output_shape=None,
            parameters=tuple(replace(one, no_effect="") for one in layer.parameters),
        )
        for layer in layers
        if layer.name in names
    }


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_and_parameters_are_the_same_through_the_recorder_and_through_a_factory(name: str) -> None:
    data, x = NETWORKS[name]
    config = read(TEXT.format(data=data, network=name))
    built = build_own_model(config, x, allow_import=["tests"])
    history = train(config, base=Path(), allow_import=["tests"])
    optimizer = torch.optim.SGD(built.module.parameters(), lr=0.01)
    with Recorder(built.module, optimizer) as recorder:
        loss: Tensor = F.cross_entropy(built.module(x), torch.arange(16) % 2)
        loss.backward()  # type: ignore[no-untyped-call]
        recorder.step(loss)
        optimizer.step()
    recorded = recorder.history().description.layers
    names = [layer.name for layer in recorded]
    assert set(built.modules) == set(names)
    assert len(set(names)) == len(names)
    by_factory = told_by_modules(history.description.layers, names)
    assert by_factory == told_by_modules(recorded, names)
    trained = {one.name for layer in by_factory.values() for one in layer.parameters if one.trainable}
    assert {one for one, weight in built.parameters.items() if weight.requires_grad} <= trained
