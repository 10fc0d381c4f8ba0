"""Whatever the network looks like inside, the numbers are those of a plain computation."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
import torch._dynamo.testing
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from gradcheck_cli import Recorder
from gradcheck_cli.recording.history import History, Quantity
from tests.integrations.loops import (
    assert_norms,
    assert_same_signals,
    mlp,
    norms_of,
    plain_norms,
    rows,
    sgd,
    train,
    train_plainly,
)


class Shortcut(nn.Module):
    """Residual blocks as they are written by hand, in place or not."""

    def __init__(self, *, in_place: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.in_place = in_place
        self.first, self.second, self.head = nn.Linear(6, 6), nn.Linear(6, 6), nn.Linear(6, 3)
        self.activation = nn.ReLU(inplace=in_place)

    def forward(self, x: Tensor) -> Tensor:
        for layer in (self.first, self.second):
            out: Tensor = layer(x)
            if self.in_place:
                out += x
            else:
                out = out + x
            x = self.activation(out)
        return self.head(x)  # type: ignore[no-any-return]


def test_in_place_activations_and_sums_give_the_same_numbers() -> None:
    model = Shortcut(in_place=True)
    plain = Shortcut(in_place=False)
    expected = train_plainly(deepcopy(plain))
    history = train(model).history()
    assert_norms(history, expected)
    assert_same_signals(history, train(plain).history(), ["first", "second", "head", "activation"])
    assert model.activation.inplace


@dataclass
class Answer:
    scores: Tensor
    hidden: list[Tensor]
    loss: Tensor | None = None


class Nested(nn.Module):
    """A block whose output comes in the given wrapping."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.layer = nn.Linear(6, 4)

    def forward(self, x: Tensor) -> Any:
        hidden = self.layer(x)
        scores = hidden[:, :3]
        return {
            "tuple": (scores, hidden),
            "dict": {"scores": scores, "hidden": hidden},
            "nested": {"a": [scores, {"b": (hidden,)}], "text": "x", "count": 3},
            "dataclass": Answer(scores, [hidden]),
        }[self.kind]


class WithBlock(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.block = Nested(kind)
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        output = self.block(x)
        scores, hidden = {
            "tuple": lambda: (output[0], output[1]),
            "dict": lambda: (output["scores"], output["hidden"]),
            "nested": lambda: (output["a"][0], output["a"][1]["b"][0]),
            "dataclass": lambda: (output.scores, output.hidden[0]),
        }[self.block.kind]()
        return scores * self.weight + hidden.sum(dim=1, keepdim=True)  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", ["tuple", "dict", "nested", "dataclass"])
def test_every_tensor_of_an_output_is_measured(kind: str) -> None:
    model = WithBlock(kind)
    model.block.scale = nn.Parameter(torch.ones(1))  # a block that owns a parameter counts as a layer
    x, y = rows()
    history = train(model, steps=1).history()
    expected = WithBlock(kind)
    hidden = expected.block.layer(x)
    scores = hidden[:, :3]
    loss = F.cross_entropy(scores * expected.weight + hidden.sum(dim=1, keepdim=True), y)
    gradients = torch.autograd.grad(loss, [scores, hidden])
    both = torch.cat([scores, hidden], dim=1).detach()
    varying = (both - both.mean(dim=0)).norm(dim=1)
    slope = torch.cat(gradients, dim=1).norm(dim=1) * len(x)
    rms = {
        Quantity.FORWARD_SIGNAL: varying,
        Quantity.BACKWARD_SIGNAL: slope,
        Quantity.SENSITIVITY: varying * slope,
    }
    for quantity, values in rms.items():
        assert history.signals[quantity].row("block") == pytest.approx([float(values.square().mean().sqrt())], rel=1e-4)


class LastState(nn.Module):
    """Only the last state of a recurrent layer is used, as in most classifiers of sequences."""

    def __init__(self, kind: type[nn.RNNBase], *, batch_first: bool, bidirectional: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.batch_first = batch_first
        self.recurrent = kind(1, 4, batch_first=batch_first, bidirectional=bidirectional)  # type: ignore[call-arg, arg-type]
        self.head = nn.Linear(8 if bidirectional else 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        sequence = x.unsqueeze(2) if self.batch_first else x.t().unsqueeze(2)
        _, state = self.recurrent(sequence)
        last = state[0] if isinstance(state, tuple) else state
        return self.head(torch.cat(list(last), dim=1))  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_recurrent_layers_are_seen_by_row_whatever_comes_first(
    kind: type[nn.RNNBase], batch_first: bool, bidirectional: bool
) -> None:
    model = LastState(kind, batch_first=batch_first, bidirectional=bidirectional)
    plain = deepcopy(model)
    x, y = rows()
    history = train(model, steps=1).history()
    assert_norms(history, train_plainly(deepcopy(plain), steps=1))
    sequence, state = plain.recurrent(x.unsqueeze(2) if batch_first else x.t().unsqueeze(2))
    states = list(state) if isinstance(state, tuple) else [state]
    F.cross_entropy(plain.head(torch.cat(list(states[0]), dim=1)), y)
    gradient = torch.autograd.grad(F.cross_entropy(plain.head(torch.cat(list(states[0]), dim=1)), y), states[0])[0]
    by_row = [sequence if batch_first else sequence.transpose(0, 1), *(one.transpose(0, 1) for one in states)]
    whole = torch.cat([one.flatten(1) for one in by_row], dim=1).detach()
    expected = float((whole - whole.mean(dim=0)).norm(dim=1).square().mean().sqrt())
    assert history.signals[Quantity.FORWARD_SIGNAL].row("recurrent") == pytest.approx([expected], rel=1e-4)
    slope = float((gradient.transpose(0, 1).flatten(1).norm(dim=1) * len(x)).square().mean().sqrt())
    assert history.signals[Quantity.BACKWARD_SIGNAL].row("recurrent") == pytest.approx([slope], rel=1e-4)


class Sometimes(nn.Module):
    """One layer for every step, one for every third, one that is never called, and one that is frozen."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.always, self.rarely, self.never, self.frozen = (nn.Linear(6, 6) for _ in range(4))
        self.head = nn.Linear(6, 3)
        self.frozen.requires_grad_(False)
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        x = self.frozen(self.always(x))
        if self.calls % 3 == 0:
            x = self.rarely(x)
        self.calls += 1
        return self.head(x)  # type: ignore[no-any-return]


def test_frozen_unused_and_rarely_used_parameters_are_listed_and_left_out() -> None:
    model = Sometimes()
    expected = train_plainly(Sometimes(), steps=6)
    history = train(model, steps=6).history()
    signal = history.signals[Quantity.GRADIENT_NORM]
    assert signal.known[signal.rows.index("rarely.weight")].tolist() == [True, False, False] * 2
    assert norms_of(history, "rarely.weight") == pytest.approx(
        [expected[0]["rarely.weight"], expected[3]["rarely.weight"]], rel=1e-4
    )
    assert not norms_of(history, "never.weight").size
    assert history.steps is not None
    totals = [np.linalg.norm(list(step.values())) for step in expected]
    np.testing.assert_allclose(history.steps.gradient_norm, totals, rtol=1e-4)
    assert "2 parameters are frozen or in no optimizer: frozen.weight, frozen.bias" in history.notes
    assert "2 parameters are never used: never.weight, never.bias" in history.notes
    assert (
        "2 parameters are rarely used: rarely.weight (33% of the steps), rarely.bias (33% of the steps)"
        in history.notes
    )
    assert not history.signals[Quantity.FORWARD_SIGNAL].row("never").size
    trainable = {one.name: one.trainable for one in history.description.parameters}
    assert (trainable["frozen.weight"], trainable["never.weight"]) == (False, True)


class Tied(nn.Module):
    """Embedding and output share their weight, and one layer is used twice."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(CLASSES_OF_TOKENS, 6)
        self.shared = nn.Linear(6, 6)
        self.alias = self.shared
        self.head = nn.Linear(6, CLASSES_OF_TOKENS, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.embedding(tokens)
        x = torch.tanh(self.alias(torch.tanh(self.shared(x))))
        return self.head(x)  # type: ignore[no-any-return]


CLASSES_OF_TOKENS = 5


def test_tied_weights_count_once_and_each_use_of_a_layer_is_a_sample() -> None:
    model = Tied()
    tokens, y = torch.arange(10) % CLASSES_OF_TOKENS, torch.arange(10) % 3
    recorder = train(model, batch=(tokens, y), steps=1)
    history = recorder.history()
    plain = Tied()
    F.cross_entropy(plain(tokens), y).backward()  # type: ignore[no-untyped-call]
    assert_norms(history, [plain_norms(plain)])
    assert history.signals[Quantity.GRADIENT_NORM].rows == ("embedding.weight", "shared.weight", "shared.bias")
    assert "1 parameter is tied and counted once: head.weight to embedding.weight" in history.notes
    aliases = {one.name: one.alias_of for one in history.description.parameters}
    assert aliases["head.weight"] == "embedding.weight"
    plain = Tied()
    x = plain.embedding(tokens)
    first = plain.shared(x)
    second = plain.shared(torch.tanh(first))
    both = torch.cat([out - out.mean(dim=0) for out in (first, second)]).detach()
    expected = float(both.norm(dim=1).square().mean().sqrt())
    assert history.signals[Quantity.FORWARD_SIGNAL].row("shared") == pytest.approx([expected], rel=1e-4)
    loss = F.cross_entropy(plain.head(torch.tanh(second)), y)
    slopes = torch.cat(torch.autograd.grad(loss, [first, second])) * len(tokens)
    expected = float(slopes.norm(dim=1).square().mean().sqrt())
    assert history.signals[Quantity.BACKWARD_SIGNAL].row("shared") == pytest.approx([expected], rel=1e-4)


def test_an_activation_that_stands_at_two_places_is_not_missed_at_the_second() -> None:
    torch.manual_seed(0)
    relu = nn.ReLU()
    model = nn.Sequential(nn.Linear(6, 8), relu, nn.Linear(8, 8), relu, nn.Linear(8, 3))
    recorder = train(model, steps=30)
    assert not recorder.diagnose().findings
    assert not recorder.history().description.is_sequence


class Gated(nn.ReLU):
    """Derived from an activation, and none: it takes two inputs."""

    def forward(self, x: Tensor, gate: Tensor | None = None) -> Tensor:
        assert gate is not None
        return super().forward(x) * gate


class WithOddParts(nn.Module):
    """A gate, a lazy layer, and numbers that cannot be trained."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.gated, self.head = nn.Linear(6, 6), Gated(), nn.LazyLinear(3)
        self.mask = nn.Parameter(torch.ones(6, 6, dtype=torch.bool), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        return self.head(self.gated(x, x.sigmoid() * self.mask[0]))  # type: ignore[no-any-return]


def test_a_loop_goes_on_as_without_a_recorder_whatever_is_in_the_model() -> None:
    model = WithOddParts()
    history = train(model, optimizer=torch.optim.SGD(model.parameters(), lr=0.1)).history()
    plain = WithOddParts()
    assert_norms(history, train_plainly(plain, optimizer=torch.optim.SGD(plain.parameters(), lr=0.1)))
    assert {one.name: one.shape for one in history.description.parameters}["head.weight"] == (3, 6)
    assert "1 parameter is frozen or in no optimizer: withoddparts.mask" in history.notes


class Checkpointed(nn.Module):
    """Two checkpointed segments; the second one uses a layer of the first again."""

    def __init__(self, reentrant: bool | None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.reentrant = reentrant
        self.first, self.head = nn.Linear(6, 6), nn.Linear(6, 3)
        self.activation, self.dropout = nn.ELU(), nn.Dropout(0.2)

    def segment(self, x: Tensor) -> Tensor:
        return self.dropout(self.activation(self.first(x)))  # type: ignore[no-any-return]

    def forward(self, x: Tensor) -> Tensor:
        # The reentrant kind needs an input with a gradient.
        x = x.clone().requires_grad_()
        for _ in range(2):
            plain = self.reentrant is None
            x = self.segment(x) if plain else checkpoint(self.segment, x, use_reentrant=self.reentrant)
        return self.head(x)  # type: ignore[no-any-return]


def train_with_validation(model: Checkpointed) -> History:
    """A validation without gradients before each step, in training mode, as some forget to leave it."""
    optimizer = sgd(model)
    x, y = rows()
    with Recorder(model, optimizer) as recorder:
        for step in range(5):
            with torch.no_grad():
                torch.manual_seed(1)
                F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            torch.manual_seed(step)
            loss = F.cross_entropy(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(loss)
            optimizer.step()
    return recorder.history()


@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
def test_the_recomputed_forward_pass_of_checkpointing_is_not_counted_twice(reentrant: bool) -> None:
    history = train_with_validation(Checkpointed(reentrant))
    plain = train_with_validation(Checkpointed(None))
    names = history.signals[Quantity.GRADIENT_NORM].rows
    for name in names:
        np.testing.assert_allclose(norms_of(history, name), norms_of(plain, name), rtol=1e-4)
    assert_same_signals(history, plain, ["first", "activation", "dropout", "head"])
    for quantity in (Quantity.ACTIVATION_SLOPE, Quantity.SATURATED_FRACTION):
        np.testing.assert_allclose(history.signals[quantity].values, plain.signals[quantity].values, rtol=1e-4)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_a_compiled_model_has_the_same_gradients_and_says_what_cannot_be_seen(backend: str) -> None:
    model = mlp()
    expected = train_plainly(mlp())
    history = train(torch.compile(model, backend=backend)).history()  # type: ignore[arg-type]
    assert_norms(history, expected)
    assert not {Quantity.FORWARD_SIGNAL, Quantity.BACKWARD_SIGNAL} & set(history.signals)
    reason = "the model is compiled, where no call can be seen; gradients of parameters are complete"
    assert history.unavailable == {"signals between layers": reason}
    rules = {result.rule: result for result in train(torch.compile(mlp(), backend=backend), steps=2).diagnose().rules}  # type: ignore[arg-type]
    assert "the model is compiled" in (rules["GC101"].reason or "")


@pytest.mark.filterwarnings("ignore")
def test_hooks_do_not_get_into_a_model_that_is_compiled_elsewhere() -> None:
    torch._dynamo.reset()
    counter = torch._dynamo.testing.CompileCounter()
    model = mlp()
    compiled = torch.compile(model, backend=counter)
    history = train(model, call=compiled, steps=10).history()
    assert_norms(history, train_plainly(mlp(), steps=10))
    # Once with the hooks of the first step, which do nothing, and once without them.
    assert counter.frame_count <= 2
    assert "if the model is compiled, that is why" in history.unavailable["signals between layers"]


@pytest.mark.filterwarnings("ignore")
def test_layers_around_a_compiled_part_are_seen() -> None:
    model = mlp()
    plain = deepcopy(model)
    model[2] = torch.compile(model[2], backend="eager")  # type: ignore[assignment]
    history = train(model).history()
    assert_norms(history, train_plainly(plain))
    assert_same_signals(history, train(mlp()).history(), ["0", "1", "3", "4"])
    assert not history.signals[Quantity.FORWARD_SIGNAL].rows.count("2")
    assert history.unavailable["signals between layers"].startswith("1 layers are inside compiled modules")


@pytest.mark.filterwarnings("ignore")
def test_a_module_compiled_in_place_is_known_as_such() -> None:
    model = mlp()
    expected = train_plainly(mlp())
    model.compile(backend="eager")
    history = train(model).history()
    assert_norms(history, expected)
    assert "the model is compiled" in history.unavailable["signals between layers"]
