"""The whole config: valid ones, everything wrong at once, nothing raised whatever comes."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config, parse_config
from gradcheck_cli.config.schema import Interval, Task
from gradcheck_cli.errors import ConfigError
from tests.config.configs import HEALTHY, load, only_problem, problems_of

FULL = """
version: 1
name: digits-mlp
seed: 3
data: {type: digits, image: true, val_fraction: 0.3, standardize: true, max_samples: 600, label_noise: 0.1}
model:
  weight_init: kaiming_normal_
  bias_init: zeros_
  layers:
    - {type: Conv2d, out_channels: 8, kernel_size: 3, padding: same, name: stem}
    - type: Residual
      layers: [{type: Conv2d, out_channels: 8, kernel_size: [3, 3], padding: 1}, BatchNorm2d]
      shortcut: [{type: Conv2d, out_channels: 8, kernel_size: 1, bias: false}]
    - {type: Concat, branches: [[{type: Conv2d, out_channels: 2, kernel_size: 1}], []], dim: 1}
    - Flatten
    - repeat: 2
      trainable: false
      layers: [{type: Linear, out_features: 16, weight_init: {type: normal_, std: 1e-2}}, ReLU]
    - {type: Linear, out_features: 10, repeat: 2}
loss: {type: CrossEntropyLoss, label_smoothing: 0.1, weight: [1, 1, 1, 1, 1, 1, 1, 1, 1, 2]}
optimizer: {type: AdamW, lr: 1, betas: [0, 0.9], weight_decay: 1e-2}
lr_scheduler:
  type: SequentialLR
  milestones: [2]
  interval: step
  schedulers: [{type: LinearLR, total_iters: 2}, {type: CosineAnnealingLR, T_max: 10}]
trainer:
  epochs: 2
  max_steps: 50
  batch_size: 16
  clip_grad_norm: 1
  early_stopping: {patience: 2, min_delta: 0.1, restore_best: true}
  drop_last: auto
  threads: auto
diagnostics:
  select: [GC101]
  ignore: [slow-convergence]
  rules: {vanishing-gradient: {min_ratio: 1e-4, severity: warning}}
  expect: {val_metric: 0.9}
"""


def test_everything_that_a_config_can_say_is_kept() -> None:
    config = load_config(parse_document(FULL, source="some/file.yaml"))
    assert (config.name, config.seed, config.data.val_fraction) == ("digits-mlp", 3, 0.3)
    assert config.data.arguments == {"image": True}
    assert config.model.layers[0].arguments == {"out_channels": 8, "kernel_size": 3, "padding": "same"}
    assert [layer.type for layer in config.model.layers[1].layers] == ["Conv2d", "BatchNorm2d"]
    assert config.model.layers[1].shortcut[0].arguments["bias"] is False
    assert [len(branch) for branch in config.model.layers[2].branches] == [1, 0]
    assert (config.model.layers[4].type, config.model.layers[4].trainable) == ("Group", False)
    assert config.model.layers[4].layers[0].path == "model.layers[4].layers[0]"
    assert config.lr_scheduler is not None
    assert (config.lr_scheduler.interval, config.lr_scheduler.milestones) == (Interval.STEP, (2,))
    assert [inner.type for inner in config.lr_scheduler.schedulers] == ["LinearLR", "CosineAnnealingLR"]
    assert config.trainer.threads is None
    assert config.trainer.drop_last is None
    assert config.trainer.early_stopping is not None
    assert config.diagnostics.select == ("GC101",)
    assert config.diagnostics.rules == {"vanishing-gradient": {"min_ratio": 1e-4, "severity": "warning"}}
    assert config.diagnostics.expect == {"val_metric": 0.9}


def test_whole_numbers_become_floats_where_torch_wants_floats() -> None:
    arguments = load(optimizer={"type": "Adam", "lr": 1, "betas": [0, 0.9]}).optimizer.arguments
    assert arguments == {"lr": 1.0, "betas": [0.0, 0.9]}
    assert isinstance(arguments["betas"][0], float)


def test_defaults_are_those_of_the_contract() -> None:
    config = load()
    assert (config.version, config.seed, config.name, config.lr_scheduler) == (1, 0, "test", None)
    assert (config.data.val_fraction, config.data.shuffle, config.data.standardize) == (0.2, True, False)
    assert (config.trainer.batch_size, config.trainer.threads, config.trainer.early_stopping) == (32, 1, None)


def test_null_stands_for_what_is_left_out() -> None:
    config = load(lr_scheduler=None, diagnostics=None, trainer={"epochs": 1, "early_stopping": None})
    assert config == load(trainer={"epochs": 1})


def test_all_problems_are_reported_together_in_the_order_of_their_lines() -> None:
    text = """
optimizer: {type: SGD, lr: -0.1}
trainer: {epochs: 0, bacth_size: 3}
loss: MSLoss
model:
  layers:
    - {type: Linear, out_feature: 3}
    - Relu
"""
    with pytest.raises(ConfigError) as caught:
        load_config(parse_document(text, source="x.yaml"))
    found = [(problem.line, problem.column, problem.path) for problem in caught.value.problems]
    assert found == [
        (2, 1, ""),
        (2, 28, "optimizer.lr"),
        (3, 19, "trainer.epochs"),
        (3, 22, "trainer.bacth_size"),
        (4, 7, "loss"),
        (7, 22, "model.layers[0].out_feature"),
        (8, 7, "model.layers[1]"),
    ]


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("learning_rate", "write 'optimizer.lr'"),
        ("lr", "write 'optimizer.lr'"),
        ("max_epochs", "write 'trainer.epochs'"),
        ("batchsize", "write 'trainer.batch_size'"),
        ("random_state", "write 'seed'"),
        ("Scheduler", "write 'lr_scheduler'"),
        ("diagnostic", "did you mean 'diagnostics'?"),
        ("xyz", ""),
    ],
)
def test_unknown_keys_at_the_top_get_a_hint(key: str, hint: str) -> None:
    [problem] = problems_of(**{key: 1})
    assert (problem.path, problem.message, problem.hint) == (key, f"unknown key {key!r} of the config", hint)


def test_a_missing_section_is_not_reported_beside_the_key_that_was_meant_for_it() -> None:
    data = {key: value for key, value in HEALTHY.items() if key != "loss"} | {"criterion": "MSELoss"}
    problems = parse_config(parse_document(json.dumps(data), source="x"))[1]
    assert [problem.path for problem in problems] == ["criterion"]


@pytest.mark.parametrize("section", ["data", "model", "loss", "optimizer", "trainer"])
def test_each_required_section_is_asked_for(section: str) -> None:
    data = {key: value for key, value in HEALTHY.items() if key != section}
    problems = parse_config(parse_document(json.dumps(data), source="x"))[1]
    assert list(map(str, problems)) == [f"the config needs {section!r}, which is missing"]


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"version": 2}, "version: 2 is not possible; allowed: a whole number equal to 1"),
        ({"seed": -1}, "seed: -1 is not possible; allowed: a whole number from 0 to 4294967295"),
        ({"seed": 1.5}, "seed: 1.5 is not a whole number; allowed: a whole number from 0 to 4294967295"),
        (
            {"name": "a/b"},
            "name: 'a/b' cannot be the name of a run; allowed: up to 100 printable characters without '/'",
        ),
    ],
)
def test_wrong_values_at_the_top(sections: dict[str, Any], message: str) -> None:
    assert only_problem(**sections) == message


def test_a_value_of_set_is_named_as_such() -> None:
    document = parse_document(json.dumps(HEALTHY), source="x", overrides=["optimizer.lr=0"])
    [problem] = parse_config(document)[1]
    assert problem.message == "0 is not possible (given by --set optimizer.lr=0)"


def test_problems_that_reading_left_over_are_reported_with_the_others() -> None:
    text = json.dumps({**HEALTHY, "seed": -1})[:-1] + ", seed: 3}"
    config, problems = parse_config(parse_document(text, source="x", collect=True))
    assert config is None
    assert any("seed" in problem.message and "twice" in problem.message for problem in problems), problems


def test_the_task_is_known_as_an_enum() -> None:
    data = {"type": "csv", "path": "a.csv", "target": "y", "task": "regression"}
    assert load(data=data, loss="MSELoss").data.task is Task.REGRESSION


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(["type", "Linear", "-1"])
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["type", "layers", "repeat", "lr", "branches", "shortcut", "schedulers", "name", "p", "x"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


def _places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, value in steps for place in _places(value, (*path, key)))]


def _replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    data = copy.deepcopy(data)
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return data


FULL_DATA: dict[str, Any] = parse_document(FULL, source="x").data


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(_places(FULL_DATA)[1:]), value=ANYTHING)
def test_any_value_anywhere_is_either_fine_or_a_problem(place: tuple[Any, ...], value: Any) -> None:
    text = json.dumps(_replaced(FULL_DATA, place, value)).replace("NaN", ".nan").replace("Infinity", ".inf")
    config, problems = parse_config(parse_document(text, source="x"))
    assert (config is None) == bool(problems)
    assert all(problem.line is not None for problem in problems)


@settings(max_examples=80, deadline=None)
@given(data=st.dictionaries(st.sampled_from([*HEALTHY, "lr_scheduler", "diagnostics", "lr"]), ANYTHING, min_size=1))
def test_no_data_makes_the_parser_raise(data: dict[str, Any]) -> None:
    text = json.dumps(data).replace("NaN", ".nan").replace("Infinity", ".inf")
    config, problems = parse_config(parse_document(text, source="x"))
    assert (config is None) == bool(problems)


@pytest.mark.parametrize(
    "text", ["services: {web: {image: x}}\nversion: '3'\n", "name: ci\non: push\njobs: {}\n", "a: 2\n", "seed: 1\n"]
)
def test_a_file_of_another_program_is_told_in_one_sentence(text: str) -> None:
    [problem] = parse_config(parse_document(text, source="x.yaml", collect=True))[1]
    assert problem.message.startswith("this is no gradcheck config")


@pytest.mark.parametrize("text", ["modle: {}\n", "dataset: digits\n", "criterion: x\n", "loss: MSELoss\n", "Data: x\n"])
def test_a_config_in_the_making_is_told_what_it_lacks(text: str) -> None:
    assert len(parse_config(parse_document(text, source="x.yaml"))[1]) > 1
