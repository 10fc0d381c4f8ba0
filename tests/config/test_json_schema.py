"""The JSON Schema agrees with the readers: on every config of the project and on what mutation makes of some."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from gradcheck_cli.cli.schema_text import render_schema
from gradcheck_cli.config.catalog import INITIALIZERS, LAYERS, LOSSES, OPTIMIZERS, SCHEDULERS
from gradcheck_cli.config.document import Document, parse_document, read_document
from gradcheck_cli.config.loading import parse_config
from gradcheck_cli.config.own_layers import OWN_LAYERS
from gradcheck_cli.config.sources import SOURCES
from gradcheck_cli.rules.selection import rule_table
from tests.config.configs import HEALTHY
from tests.config.test_loading import FULL

ROOT = Path(__file__).parents[2]
CONFIGS = sorted([*(ROOT / "configs").glob("*.yaml"), *(ROOT.parent / "shared/corpus/cases").rglob("*.yaml")])
SCHEMA = json.loads(render_schema())
VALIDATOR = Draft7Validator(SCHEMA)
BETWEEN_SECTIONS = (
    "loading.check_validation",
    "loading.check_loss",
    "loading.check_class_weights",
    "loading.check_sizes",
    "layer_reading.check_arguments",
    "layer_reading.check_initializers",
    "model_reading._check_names",
    "model_reading._check_count",
    "model_reading._check_defaults",
    "component_reading._check_optimizer",
    "schedule_reading._check_momentum",
    "schedule_reading._check_lengths",
    "schedule_reading._check_milestones",
    "data_reading._check_source",
)
"""Checks of values against each other, which no schema holds."""


def read(document: Document) -> list[str]:
    return [str(problem) for problem in parse_config(document, rules=rule_table())[1]]


def read_structure(document: Document) -> list[str]:
    """What is wrong with keys and values one by one."""
    with ExitStack() as stack:
        for name in BETWEEN_SECTIONS:
            stack.enter_context(patch(f"gradcheck_cli.config.{name}"))
        return read(document)


def complaints(data: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in VALIDATOR.iter_errors(data)]


def test_it_is_a_schema_of_draft_7() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_of_the_project_is_judged_as_lint_judges_it(path: Path) -> None:
    document = read_document(path, collect=True)
    assert bool(complaints(document.data)) == bool(read_structure(document))


def test_aliases_and_merge_keys_are_written_out_before() -> None:
    text = """
data: &data {type: csv, path: a.csv, target: y}
model:
  layers:
    - &wide {type: Linear, out_features: 8, name: first}
    - {<<: *wide, name: second, bias: false}
    - ReLU
    - {<<: [*wide], out_features: 1, name: last}
loss: MSELoss
optimizer: {type: Adam, lr: 1e-3}
trainer: {max_steps: 3}
"""
    document = parse_document(text, source="x.yaml")
    assert read(document) == []
    assert complaints(document.data) == []


BASES: list[dict[str, Any]] = [
    parse_document(FULL, source="full.yaml").data,
    HEALTHY,
    {
        **HEALTHY,
        "data": {"type": "csv", "path": "x.csv", "target": ["a", "b"], "features": None, "missing": "drop"},
        "model": {
            "bias_init": None,
            "weight_init": "xavier_normal_",
            "layers": [
                "ReLU",
                {"repeat": 2, "layers": [{"type": "Conv1d", "out_channels": 3, "kernel_size": [3], "padding": "same"}]},
                {"type": "Elementwise", "function": "sin"},
                {"type": "LayerNorm", "normalized_shape": [3], "trainable": False},
                {"type": "Linear", "out_features": 2, "weight_init": {"type": "normal_", "std": 1}},
            ],
        },
        "lr_scheduler": {"type": "ReduceLROnPlateau", "factor": 0.5},
        "diagnostics": {
            "select": ["GC1", "overfitting", "all"],
            "ignore": None,
            "rules": {"GC101": {"min_ratio": 1, "severity": "info"}},
            "expect": {"val_metric": 0.9},
        },
    },
    {
        **HEALTHY,
        "data": {"type": "blobs", "centers": [[0, 1], [2, 3.5]], "cluster_std": [1, 2], "task": "classification"},
        "loss": {"type": "BCEWithLogitsLoss", "pos_weight": [[1.5]], "reduction": "sum"},
        "optimizer": {"type": "Adafactor", "lr": 1, "eps": [None, 1e-3]},
        "lr_scheduler": {"type": "ChainedScheduler", "schedulers": ["ConstantLR", {"type": "ConstantLR"}]},
    },
    {
        **HEALTHY,
        "data": {"type": "python", "factory": "rows.made:load", "args": {"wide": 3}, "val_fraction": 0.1},
        "model": {"factory": "networks:Tall.build", "args": {"sizes": [1, {"a": None}]}},
        "trainer": {"epochs": 1, "strategy": "fsdp"},
    },
]
NUMBERS: list[Any] = [0, 1, 2, -1, 40, 2**63, 10**30, 0.5, -1.5, 1e-3, 1e300, float("inf"), float("-inf")]
WORDS = [
    "",
    " ",
    "1",
    "x",
    "auto",
    "same",
    "Linear",
    "ReLU",
    "digits",
    "csv",
    "MSELoss",
    "SGD",
    "StepLR",
    "zeros_",
    "gc101",
    " GC1 ",
    "GC9",
    "Overfitting",
    "epoch",
    "step",
    "a/b",
    "fp16",
    "sum",
    "warning",
    "ddp",
    "python",
    "networks:Net",
    "networks/net.py:Net",
    "net.py:Net",
]
LISTS: list[Any] = [[], [1], [0.5, 2], ["ReLU"], [[1, 2], [3]], [None]]
MAPPINGS: list[Any] = [{}, {"layers": ["ReLU"]}, *({"type": name} for name in ("ReLU", "normal_", "Adam", "Linear"))]
VALUES = st.sampled_from([None, True, False, *NUMBERS, *WORDS, *LISTS, *MAPPINGS])
KEYS = st.sampled_from(
    [
        "extra",
        "type",
        "name",
        "layers",
        "repeat",
        "lr",
        "epochs",
        "bias",
        "seed",
        "branches",
        "shortcut",
        "weight_init",
        "val_fraction",
        "select",
        "severity",
        "learning_rate",
        "interval",
        "dim",
        "num_layers",
        "overfitting",
        "_target_",
        "factory",
        "args",
        "no name",
        "strategy",
    ]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    steps = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for step in steps:
        yield from places(value[step], (*path, step))


def mutate(data: Any, draw: st.DrawFn) -> Any:
    data = copy.deepcopy(data)
    path = draw(st.sampled_from(list(places(data))))
    holder = data
    for step in path[:-1]:
        holder = holder[step]
    target = holder[path[-1]] if path else data
    action = draw(st.sampled_from(["replace", "remove", "add"]))
    if action == "add" and isinstance(target, dict):
        target[draw(KEYS)] = draw(VALUES)
    elif action == "add" and isinstance(target, list):
        target.append(draw(VALUES))
    elif not path:
        return data
    elif action == "remove":
        del holder[path[-1]]
    else:
        holder[path[-1]] = draw(VALUES)
    return data


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    data = draw(st.sampled_from(BASES))
    for _ in range(draw(st.integers(1, 3))):
        data = mutate(data, draw)
    return data


@given(mutated())
@settings(max_examples=150, deadline=None)
def test_it_takes_what_lint_takes_and_nothing_whose_structure_lint_refuses(data: Any) -> None:
    text = json.dumps(data).replace("-Infinity", "-.inf").replace("Infinity", ".inf")
    document = parse_document(text, source="x.yaml")
    found = complaints(document.data)
    if found:
        assert read(document), found
    else:
        assert read_structure(document) == []


def walk(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every key of a mapping that the schema describes, with its own schema."""
    if isinstance(schema, dict):
        properties = schema.get("properties", {})
        yield from properties.items() if schema.get("additionalProperties") is False else ()
        for value in schema.values():
            yield from walk(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from walk(value)


def test_every_key_is_explained() -> None:
    silent = {name for name, entry in walk(SCHEMA) if not (entry.get("description") or "$ref" in entry)}
    assert silent == set()
    assert all(SCHEMA["definitions"][f"rule.{code}"]["description"] for code in rule_table() if code.startswith("GC"))


@pytest.mark.parametrize(
    ("section", "value"),
    [
        ("model", {"factory": "networks:build"}),
        ("model", {"factory": "networks.tall:Net.build", "args": None}),
        ("model", {"factory": "networks.py:build"}),
        ("model", {"factory": "a.py.b:build"}),
        ("model", {"factory": "networks.pyramid:build"}),
        ("model", {"factory": "networks/tall:build"}),
        ("model", {"factory": "networks.build"}),
        ("model", {"factory": None, "layers": ["ReLU"]}),
        ("model", {"factory": "networks:build", "layers": ["ReLU"]}),
        ("model", {"factory": "networks:build", "weight_init": "zeros_"}),
        ("model", {"factory": "networks:build", "args": {"deep width": 3}}),
        ("model", {"factory": "networks:build", "args": [3]}),
        ("model", {"args": {"width": 3}}),
        ("data", "python"),
        ("data", {"type": "python"}),
        ("data", {"type": "python", "factory": "rows:load", "args": {"n": [1, {"a": None}]}}),
        ("data", {"type": "python", "factory": "rows:load", "task": "regression", "max_samples": 3}),
        ("data", {"type": "python", "factory": 3}),
        ("data", {"type": "digits", "factory": "rows:load"}),
        *(("trainer", {"epochs": 1, "strategy": name}) for name in ("auto", "ddp", "fsdp", "fsdp2", None)),
    ],
)
def test_code_of_ones_own_and_strategies_are_taken_where_lint_takes_them(section: str, value: Any) -> None:
    document = parse_document(json.dumps({**HEALTHY, section: value}), source="x.yaml")
    assert bool(complaints(document.data)) == bool(read_structure(document))


def test_no_list_of_words_is_empty() -> None:
    """The YAML language server refuses a whole schema for that."""
    text = json.dumps(SCHEMA)
    assert '"enum": []' not in text
    assert '"anyOf": []' not in text


def test_every_type_is_offered_with_its_arguments() -> None:
    kinds: dict[str, Any] = {
        "layer": {**LAYERS, **OWN_LAYERS},
        "loss": LOSSES,
        "optimizer": OPTIMIZERS,
        "schedule": SCHEDULERS,
    }
    for kind, types in {**kinds, "initializer": INITIALIZERS, "data": SOURCES}.items():
        for name, signature in types.items():
            definition = SCHEMA["definitions"][f"{kind}.{name}"]
            assert set(signature.parameters) <= set(definition["properties"])
            assert definition["description"]


def test_a_wrong_argument_is_told_at_its_own_place() -> None:
    data = copy.deepcopy(HEALTHY)
    data["model"]["layers"] = [{"type": "Linear", "out_feature": 3}]
    [error] = VALIDATOR.iter_errors(data)
    deepest = [f"{e.json_path} {e.message}" for e in error.context or ()]
    assert any("out_feature" in text for text in deepest)
