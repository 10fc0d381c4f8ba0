from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.recording.history import Floats, History
from gradcheck_cli.recording.sampling import MOST_EPOCH_ENDS, choose_epoch_ends
from gradcheck_cli.recording.through_time import MOST_ROWS, ThroughTimeProbe, measure_through_time
from gradcheck_cli.training import own_layers
from gradcheck_cli.training.run import train

TYPES = (nn.RNN, nn.LSTM, nn.GRU, own_layers.RNN, own_layers.LSTM, own_layers.GRU)
INPUTS = {
    "tokens": "{type: delayed_recall, n_samples: 100, length: 6, n_symbols: 3}",
    "numbers": "{type: adding_problem, n_samples: 100, length: 6}",
}


def build(type: Callable[..., nn.RNNBase] = nn.GRU, *, width: int = 4, **arguments: Any) -> nn.RNNBase:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return type(3, width, **{"batch_first": True, **arguments})


def draw(rows: int = 5, length: int = 7) -> Tensor:
    return torch.randn(rows, length, 3, generator=torch.Generator().manual_seed(2))


def jacobian_norms(layer: nn.RNNBase, x: Tensor, *, reverse: bool = False) -> Floats:
    """The norm of the last state's Jacobian at each time step, RMS over rows, by one backward pass per unit."""
    inputs = x.clone().requires_grad_()
    output = layer(inputs)
    sequence = output[0] if isinstance(output, tuple) else output
    width = layer.proj_size or layer.hidden_size
    state = sequence[:, 0, width:] if reverse else sequence[:, -1, :width]
    squares = torch.zeros(x.shape[:2])
    for unit in range(width):
        gradient = torch.autograd.grad(state[:, unit].sum(), inputs, retain_graph=True)[0]
        squares += gradient.square().sum(dim=2)
    return np.asarray(squares.mean(dim=0).sqrt().numpy(), dtype=np.float64)


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("layers", [1, 2])
def test_one_unit_gives_the_jacobian_itself(type: Callable[..., nn.RNNBase], layers: int) -> None:
    layer = build(type, width=1, num_layers=layers, bidirectional=True)
    forward, backward = measure_through_time(layer, draw())
    np.testing.assert_allclose(forward, jacobian_norms(layer, draw()), rtol=1e-4)
    np.testing.assert_allclose(backward, jacobian_norms(layer, draw(), reverse=True), rtol=1e-4)


@pytest.mark.parametrize("type", TYPES)
def test_many_units_come_close_to_the_whole_jacobian(type: Callable[..., nn.RNNBase]) -> None:
    layer, x = build(type, width=16), draw(rows=64)
    (found,) = measure_through_time(layer, x)
    np.testing.assert_allclose(found, jacobian_norms(layer, x), rtol=0.25)


@pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
def test_projected_states() -> None:
    layer = build(nn.LSTM, width=4, proj_size=1)
    np.testing.assert_allclose(measure_through_time(layer, draw())[0], jacobian_norms(layer, draw()), rtol=1e-4)


def test_time_may_come_first() -> None:
    layer, other = build(), build(batch_first=False)
    np.testing.assert_allclose(measure_through_time(other, draw()), measure_through_time(layer, draw()), rtol=1e-6)


def test_tiny_gradients_are_not_lost() -> None:
    layer = build(nn.RNN, width=1)
    with torch.no_grad():
        layer.get_parameter("weight_hh_l0").fill_(1e-6)
    (found,) = measure_through_time(layer, draw())
    assert found[-4] == pytest.approx(found[-1] * 1e-18, rel=10)
    assert found[-4] > 0


def test_values_that_are_not_finite_stay_so() -> None:
    layer = build()
    with torch.no_grad():
        layer.get_parameter("weight_hh_l0").fill_(float("nan"))
    assert np.isnan(measure_through_time(layer, draw())[0][0])


def test_measuring_leaves_no_trace() -> None:
    layer = build(nn.LSTM, num_layers=2, dropout=0.5).train()
    x, state = draw(), torch.get_rng_state()
    first = measure_through_time(layer, x)
    np.testing.assert_array_equal(first, measure_through_time(layer, x))
    assert torch.equal(torch.get_rng_state(), state)
    assert layer.training
    assert not x.requires_grad
    assert all(parameter.grad is None for parameter in layer.parameters())


def evaluate(probe: ThroughTimeProbe, layer: nn.RNNBase, step: int, *inputs: Tensor) -> None:
    with probe.observe(), torch.no_grad():
        for x in inputs:
            layer(x)
    probe.end_evaluation(step)


def test_first_rows_at_chosen_steps_and_the_last() -> None:
    layer = build()
    probe = ThroughTimeProbe({"gru": layer}, chosen={0, 10})
    for step in (0, 5, 10, 15, 20):
        evaluate(probe, layer, step, draw(rows=MOST_ROWS + 9), torch.zeros(3, 7, 3))
    probe.close(20)
    taken = probe.finish()["gru"]
    assert taken.steps.tolist() == [0, 10, 20]
    np.testing.assert_allclose(taken.norms[0], measure_through_time(layer, draw(rows=MOST_ROWS + 9)[:MOST_ROWS])[0])


def test_inputs_of_older_weights_are_not_measured_at_the_end() -> None:
    layer = build()
    probe = ThroughTimeProbe({"gru": layer}, chosen={0})
    evaluate(probe, layer, 5, draw())
    probe.close(7)
    assert probe.finish() == {}
    evaluate(probe, layer, 7, draw())
    assert probe.finish()["gru"].steps.tolist() == [7]


def test_what_is_no_batch_of_sequences_is_unknown() -> None:
    layer = build()
    probe = ThroughTimeProbe({"gru": layer}, chosen={0})
    evaluate(probe, layer, 0, draw()[0])
    assert probe.finish() == {}


def test_no_hook_stays_behind() -> None:
    layer = build()
    evaluate(ThroughTimeProbe({"gru": layer}, chosen={0}), layer, 0, draw())
    assert not layer._forward_pre_hooks


@pytest.mark.parametrize(("steps", "per_epoch"), [(1000, 10), (30, 10), (25, 10), (7, 100), (100_000, 1)])
def test_ends_of_epochs_are_bounded_and_hold_start_and_end(steps: int, per_epoch: int) -> None:
    chosen = choose_epoch_ends(steps, per_epoch)
    assert {0, steps} <= chosen
    assert len(chosen) <= MOST_EPOCH_ENDS + 1
    assert all(step % per_epoch == 0 or step == steps for step in chosen)


def run(data: str, layers: str, *, epochs: int = 3, stop: str = "") -> History:
    text = f"""
data: {data}
model: {{layers: [{layers}, LastStep, {{type: Linear, out_features: {3 if "recall" in data else 1}}}]}}
loss: {"CrossEntropyLoss" if "recall" in data else "MSELoss"}
optimizer: {{type: Adam, lr: 0.01}}
trainer: {{epochs: {epochs}, batch_size: 16{stop}}}
"""
    return train(load_config(parse_document(text, source="config.yaml")), base=Path())


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("type", ["RNN", "LSTM", "GRU"])
def test_training_records_each_layer_and_direction(kind: str, type: str) -> None:
    embedding = "{type: Embedding, num_embeddings: 7, embedding_dim: 4}, " if kind == "tokens" else ""
    inner = f"{{type: {type}, hidden_size: 5, num_layers: 2, bidirectional: true, dropout: 0.5}}"
    found = run(INPUTS[kind], f"{embedding}{inner}, {{type: {type}, hidden_size: 5, name: top}}").through_time
    assert list(found) == [f"{type.lower()}_1", f"{type.lower()}_1:reverse", "top"]
    for taken in found.values():
        assert taken.steps.tolist() == [0, 5, 10, 15]
        assert taken.norms.shape == (4, 6)
        assert np.isfinite(taken.norms).all()
    assert found["top"].norms[0, -1] > found["top"].norms[0, 0]
    assert found[f"{type.lower()}_1:reverse"].norms[0, 0] > found[f"{type.lower()}_1:reverse"].norms[0, -1]


def test_the_last_epoch_is_there_when_training_stops_early() -> None:
    stop = ", early_stopping: {patience: 2, min_delta: 1000.0}"
    history = run(INPUTS["numbers"], "{type: GRU, hidden_size: 4}", epochs=200, stop=stop)
    assert history.steps_done < 60
    assert history.through_time["gru_1"].steps[-1] == history.steps_done


def test_networks_without_recurrence_have_none() -> None:
    assert run(INPUTS["numbers"], "{type: Linear, out_features: 4}, ReLU").through_time == {}


def test_training_is_the_same_bit_for_bit_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = "{type: LSTM, hidden_size: 6, num_layers: 2, dropout: 0.3}"
    watched = run(INPUTS["numbers"], layers)

    @contextmanager
    def observe(probe: ThroughTimeProbe) -> Iterator[None]:
        yield

    monkeypatch.setattr(ThroughTimeProbe, "observe", observe)
    bare = run(INPUTS["numbers"], layers)
    assert bare.through_time == {}
    assert watched.steps is not None
    assert bare.steps is not None
    np.testing.assert_array_equal(watched.steps.loss, bare.steps.loss)
    np.testing.assert_array_equal(watched.steps.gradient_norm, bare.steps.gradient_norm)
