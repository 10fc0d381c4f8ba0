"""The recorder leaves nothing behind, keeps nothing alive, and does not grow."""

from __future__ import annotations

import copy
import gc
import io
import pickle
import tracemalloc
import weakref
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.optimizer import _global_optimizer_post_hooks

from gradcheck_cli import Recorder
from tests.integrations.loops import mlp, rows, sgd, train


def hooks_on(model: nn.Module) -> int:
    return sum(
        len(one._forward_hooks) + len(one._forward_pre_hooks) + len(one._backward_hooks) for one in model.modules()
    )


def hooks_of(optimizer: torch.optim.Optimizer) -> int:
    return len(optimizer._optimizer_step_pre_hooks) + len(optimizer._optimizer_step_post_hooks)


def update(model: nn.Module, optimizer: torch.optim.Optimizer, recorder: Recorder) -> None:
    x, y = rows()
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()  # type: ignore[no-untyped-call]
    recorder.step(loss)
    optimizer.step()


def test_nothing_is_left_on_model_and_optimizer() -> None:
    model = mlp()
    model[3].inplace = True  # type: ignore[assignment]
    optimizer = sgd(model)
    globally = len(_global_optimizer_post_hooks)
    train(model, optimizer=optimizer)
    assert hooks_on(model) == hooks_of(optimizer) == 0
    assert len(_global_optimizer_post_hooks) == globally
    assert model[3].inplace


def test_an_error_inside_a_sampled_step_leaves_nothing_behind_and_comes_out() -> None:
    model = mlp()
    optimizer = sgd(model)
    recorder = Recorder(model, optimizer)
    with pytest.raises(RuntimeError, match="mat1 and mat2"), recorder:
        model(torch.zeros(2, 7))
    assert hooks_on(model) == hooks_of(optimizer) == len(_global_optimizer_post_hooks) == 0
    assert recorder.history().status.value == "interrupted"


def test_copies_made_at_any_moment_are_those_of_the_bare_model() -> None:
    model = mlp()
    optimizer = sgd(model)
    with Recorder(model, optimizer) as recorder:
        for _ in range(3):
            assert_bare_copies(model)
            update(model, optimizer, recorder)
            copy.deepcopy(optimizer)
            pickle.dumps(optimizer)
        assert_bare_copies(model)
    assert recorder.steps_done == 3


def assert_bare_copies(model: nn.Module) -> None:
    buffer = io.BytesIO()
    torch.save(model, buffer)
    assert b"gradcheck" not in buffer.getvalue()
    buffer.seek(0)
    x, _ = rows()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), torch.load(buffer, weights_only=False)):
        output = other(x)
        output.sum().backward()
        assert torch.equal(output, model(x))


def test_a_copy_does_not_report_to_the_recorder() -> None:
    model = mlp()
    optimizer = sgd(model)
    x, _ = rows()
    with Recorder(model, optimizer) as recorder:
        other = copy.deepcopy(model)
        for _ in range(3):
            other(x).sum().backward()
        update(model, optimizer, recorder)
    assert recorder.history().description.trainer["accumulate_grad_batches"] == 1


def test_there_are_no_reference_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        model = mlp()
        optimizer = sgd(model)
        recorder = Recorder(model, optimizer)
        with recorder:
            update(model, optimizer, recorder)
        dead: list[weakref.ref[Any]] = [weakref.ref(one) for one in (recorder, recorder._recorder, model[0])]
        del recorder
        assert [one() is None for one in dead] == [True, True, False]
        del model, optimizer
        assert dead[2]() is None
    finally:
        gc.enable()


def test_a_recorder_that_is_dropped_inside_a_step_is_gone() -> None:
    model = mlp()
    optimizer = sgd(model)
    recorder = Recorder(model, optimizer)
    recorder.start()
    dead = weakref.ref(recorder)
    gc.disable()
    try:
        del recorder
        assert dead() is None
    finally:
        gc.enable()
    x, _ = rows()
    model(x).sum().backward()
    optimizer.step()


def count_tensors() -> int:
    gc.collect()
    return sum(issubclass(type(one), torch.Tensor) for one in gc.get_objects())


def test_memory_does_not_grow_over_ten_thousand_steps() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x = torch.randn(4, 2)
    sizes, tensors = [], []
    tracemalloc.start()
    try:
        with Recorder(model, optimizer, budget=None) as recorder:
            for step in range(10_048):
                optimizer.zero_grad()
                loss = model(x).square().mean()
                loss.backward()
                recorder.step(loss)
                optimizer.step()
                if step in (1_023, 10_047):
                    recorder.scalars()
                    sizes.append(tracemalloc.get_traced_memory()[0])
                    tensors.append(count_tensors())
    finally:
        tracemalloc.stop()
    assert tensors[1] <= tensors[0] + 4
    # 33 bytes a step are kept of all steps, and a few numbers of each 64th.
    assert sizes[1] - sizes[0] < 1_500_000
    history = recorder.history()
    assert history.steps_done == 10_048


def test_what_is_kept_of_sampled_steps_is_bounded() -> None:
    from gradcheck_cli.recording.history import Quantity
    from gradcheck_cli.recording.layer_signals import Column
    from gradcheck_cli.recording.signal_table import MOST_COLUMNS, SignalTable

    table = SignalTable({Quantity.WEIGHT_NORM: ("a",)})
    for step in range(5 * MOST_COLUMNS):
        table.put(step, {Quantity.WEIGHT_NORM: Column.unknown(1)})
    steps = table.finish()[Quantity.WEIGHT_NORM].steps
    assert len(steps) <= MOST_COLUMNS
    assert (steps[0], steps[-1]) == (0, 5 * MOST_COLUMNS - 1)
