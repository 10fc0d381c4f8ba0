"""Edits on the text: what changes, how it is written, and what stays."""

from __future__ import annotations

import copy
from textwrap import dedent
from typing import Any

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.edits import Edit, EditOp, apply_edits, apply_to_data, diff_lines

CONFIG = dedent("""\
    # head
    data: {type: digits}   # d
    model:
      layers:  # l
        # the first layer
        - {type: Linear, out_features: 128, name: fc1}   # in
        - ReLU  # act
        # a group
        - repeat: 3  # three
          layers:
            - type: Linear
              out_features: 128  # wide
            - ReLU
        - {type: Residual, layers: [{type: Linear, out_features: 128}, ReLU]}

        # the last layer
        - {type: Linear, out_features: 10}
    loss: "CrossEntropyLoss" # loss
    optimizer: SGD  # o
    trainer: {
      epochs: 20,   # e
      batch_size: 64  # b
    }

    # tail
    """)


def set_(path: str, value: Any) -> Edit:
    return Edit(EditOp.SET, path, value)


def insert(path: str, value: Any) -> Edit:
    return Edit(EditOp.INSERT, path, value)


def remove(path: str) -> Edit:
    return Edit(EditOp.REMOVE, path)


@pytest.mark.parametrize(
    ("edit", "lines"),
    [
        (set_("trainer.epochs", 40), ["-   epochs: 20,   # e", "+   epochs: 40,   # e"]),
        (set_("trainer.epochs", 20), []),
        (
            set_("trainer.clip_grad_norm", 1.0),
            ["-   batch_size: 64  # b", "+   batch_size: 64,  # b", "+   clip_grad_norm: 1.0"],
        ),
        (
            set_("optimizer", {"type": "Adam", "lr": 1e-3}),
            ["- optimizer: SGD  # o", "+ optimizer: {type: Adam, lr: 1e-3}  # o"],
        ),
        (set_("optimizer.lr", 0.01), ["- optimizer: SGD  # o", "+ optimizer: {type: SGD, lr: 0.01}  # o"]),
        (set_("lr_scheduler.type", "ConstantLR"), ["+ lr_scheduler: {type: ConstantLR}"]),
        (set_("loss", "MSELoss"), ['- loss: "CrossEntropyLoss" # loss', '+ loss: "MSELoss" # loss']),
        (set_("model.weight_init", "zeros_"), ["+   weight_init: zeros_"]),
        (
            set_("model.layers[1]", {"type": "LeakyReLU", "negative_slope": 0.02}),
            ["-     - ReLU  # act", "+     - {type: LeakyReLU, negative_slope: 0.02}  # act"],
        ),
        (set_("model.layers[4]", "Identity"), ["-     - {type: Linear, out_features: 10}", "+     - Identity"]),
        (set_("model.layers.2.layers.0.bias", False), ["+           bias: false"]),
        (
            set_("model.layers[2].layers[0]", "Flatten"),
            ["-         - type: Linear", "-           out_features: 128  # wide", "+         - Flatten"],
        ),
        (insert("model.layers[0]", "Flatten"), ["+     - Flatten"]),
        (insert("model.layers[5]", "Tanh"), ["+     - Tanh"]),
        (insert("model.layers[2].layers[2]", {"type": "Dropout", "p": 0.1}), ["+         - {type: Dropout, p: 0.1}"]),
        (
            insert("model.layers[3].layers[1]", "Tanh"),
            [
                "-     - {type: Residual, layers: [{type: Linear, out_features: 128}, ReLU]}",
                "+     - {type: Residual, layers: [{type: Linear, out_features: 128}, Tanh, ReLU]}",
            ],
        ),
        (remove("model.layers[1]"), ["-     - ReLU  # act"]),
        (remove("data"), ["- data: {type: digits}   # d"]),
        (remove("trainer.epochs"), ["-   epochs: 20,   # e"]),
        (
            remove("trainer.batch_size"),
            ["-   epochs: 20,   # e", "-   batch_size: 64  # b", "+   epochs: 20   # e"],
        ),
        (
            remove("model.layers[2].repeat"),
            ["-     - repeat: 3  # three", "-       layers:", "+     - layers:"],
        ),
        (
            remove("model.layers[0].name"),
            [
                "-     - {type: Linear, out_features: 128, name: fc1}   # in",
                "+     - {type: Linear, out_features: 128}   # in",
            ],
        ),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_only_these_lines_change(edit: Edit, lines: list[str], newline: str) -> None:
    before = "\ufeff" + CONFIG.replace("\n", newline)
    after = apply_edits(before, [edit])
    assert diff_lines(before, after) == lines
    assert after.count("\n") == after.count(newline)
    assert parse_document(after, source="").data == apply_to_data(parse_document(CONFIG, source="").data, [edit])


def test_insertion_goes_above_the_comment_of_the_next_entry() -> None:
    text = apply_edits(
        CONFIG, [insert("model.layers[0]", "A"), insert("model.layers[2]", "B"), insert("model.layers[4]", "C")]
    )
    assert "  layers:  # l\n    - A\n    # the first layer\n" in text
    assert "    - ReLU  # act\n    - B\n    # a group\n" in text
    assert "ReLU]}\n    - C\n\n    # the last layer\n" in text


def test_a_new_top_level_key_follows_its_forerunner() -> None:
    text = apply_edits(CONFIG, [set_("lr_scheduler", "ConstantLR"), set_("diagnostics.expect.val_metric", 0.9)])
    assert "optimizer: SGD  # o\nlr_scheduler: ConstantLR\ntrainer: {\n" in text
    assert "\n}\ndiagnostics: {expect: {val_metric: 0.9}}\n\n# tail\n" in text


def test_indexes_refer_to_the_document_before_all_edits() -> None:
    text = "layers: [A, B, C, D]\n"
    edits = [
        remove("layers[0]"),
        insert("layers[2]", "X"),
        insert("layers[2]", "Z"),
        set_("layers[3]", "E"),
        remove("layers[1]"),
    ]
    assert apply_edits(text, edits) == "layers: [X, Z, C, E]\n"
    assert apply_edits(text, edits[::-1]) == "layers: [Z, X, C, E]\n"


def test_setting_a_mapping_changes_only_what_differs() -> None:
    text = dedent("""\
        optimizer:
          type: SGD
          # chosen with care
          lr: 0.10  # high
          momentum: 0.9  # m
        """)
    edited = apply_edits(text, [set_("optimizer", {"type": "AdamW", "lr": 0.1, "weight_decay": 1e-4})])
    assert edited == dedent("""\
        optimizer:
          type: AdamW
          # chosen with care
          lr: 0.10  # high
          weight_decay: 1e-4
        """)


def test_setting_a_list_changes_only_what_differs() -> None:
    text = "layers:\n- A  # a\n- B  # b\n- {type: C, p: 0.10}  # c\n"
    new = ["A", "X", "Z", {"type": "C", "p": 0.1}]
    assert apply_edits(text, [set_("layers", new)]) == "layers:\n- A  # a\n- X  # b\n- Z\n- {type: C, p: 0.10}  # c\n"
    assert apply_edits(text, [set_("layers", new[3:])]) == "layers:\n- {type: C, p: 0.10}  # c\n"


@pytest.mark.parametrize(
    ("before", "edit", "after"),
    [
        ("a: []\n", insert("a[0]", "x"), "a: [x]\n"),
        ("a: [ ]\n", insert("a[0]", {"b": 1}), "a: [{b: 1}]\n"),
        ("a: {}  # c\n", set_("a.b", 1), "a: {b: 1}  # c\n"),
        ("a: {b: 1,}\n", set_("a.c", 2), "a: {b: 1, c: 2,}\n"),
        ("a: { b: 1 }\n", set_("a.c", 2), "a: { b: 1, c: 2 }\n"),
        ("a: [1, 2]\n", insert("a[2]", 3), "a: [1, 2, 3]\n"),
        ("a: [1, 2]\n", remove("a[0]"), "a: [2]\n"),
        ("a: [1, 2]\n", remove("a[1]"), "a: [1]\n"),
        ("a: [1]\n", remove("a[0]"), "a: []\n"),
        ("a: {b: 1}\n", remove("a.b"), "a: {}\n"),
        ("a:  # c\n- 1  # one\n", remove("a[0]"), "a: []  # c\n"),
        ("a:\n  b: 1\nc: 2\n", remove("a.b"), "a: {}\nc: 2\n"),
        ("a: 1\n", remove("a"), "{}\n"),
        ("a:\n  - 1\n  - 2", remove("a[1]"), "a:\n  - 1"),
        ("a:\n  - 1", insert("a[1]", 2), "a:\n  - 1\n  - 2"),
        ("a:\n- 1\nb: 2\n", insert("a[0]", 0), "a:\n- 0\n- 1\nb: 2\n"),
        ("a:\n  # own\n\n  # above\n  - 1\n", insert("a[0]", 0), "a:\n  # own\n\n  - 0\n  # above\n  - 1\n"),
        ("a:\n- - 1\n  - 2\n", insert("a[0][0]", 0), "a:\n- - 0\n  - 1\n  - 2\n"),
        ("a:\n- - 1\n  - 2\n", remove("a[0][0]"), "a:\n- - 2\n"),
        ("a:\n- b: 1  # b\n  # of c\n  c: 2\n", remove("a[0].b"), "a:\n- # of c\n  c: 2\n"),
        ("a:  # c\n", set_("a", 1), "a: 1  # c\n"),
        ("a:\n", set_("a.b.c", 1), "a: {b: {c: 1}}\n"),
        ("a: ~\n", set_("a.b", 1), "a: {b: 1}\n"),
        ("a: {b, c: }\n", set_("a.b", 1), "a: {b: 1, c: }\n"),
        ("a: {b, c: }\n", set_("a.c", 1), "a: {b, c: 1 }\n"),
        ("a:\n-\n- 2\n", set_("a[0]", 1), "a:\n- 1\n- 2\n"),
        ("a:  # c\n  b: 1  # b\nd: 2\n", set_("a", "x"), "a: x  # c\nd: 2\n"),
        ("a: |\n  text\n  more\nb: 1\n", set_("a", "x"), "a: x\nb: 1\n"),
        ("a: |\n  text\n\n# c\nb: 1\n", set_("c", 2), "a: |\n  text\n\n# c\nb: 1\nc: 2\n"),
        ("a: 'x'\n", set_("a", "it's"), "a: 'it''s'\n"),
        ("a: x\n", set_("a", "010"), 'a: "010"\n'),
        ("a: x\n", set_("a", "yes"), 'a: "yes"\n'),
        ("a: x\n", set_("a", "k: v # c"), 'a: "k: v # c"\n'),
        ("a: x\n", set_("a", "two\nlines\x85"), 'a: "two\\nlines\\u0085"\n'),
        ("a: x\n", set_("a", None), "a: null\n"),
        ("a: 1\n", set_("a", float("inf")), "a: .inf\n"),
        ("a: 1\n", set_("a", (1, 2.5)), "a: [1, 2.5]\n"),
        ("a: 1\n", set_('["b.c"]', True), "a: 1\nb.c: true\n"),
        ("a: &x 1\nb: 2\n", set_("a", 3), "a: 3\nb: 2\n"),
        ("a: [\n  1,\n  2,\n]\n", insert("a[1]", 9), "a: [\n  1,\n  9,\n  2,\n]\n"),
        ("a: [\n  1,  # one\n  2\n]\n", insert("a[2]", 3), "a: [\n  1,  # one\n  2,\n  3\n]\n"),
        ("a: [\n  1,  # one\n  2,  # two\n]\n", remove("a[1]"), "a: [\n  1,  # one\n]\n"),
        ("a: [ # c\n  1, # one\n]\n", remove("a[0]"), "a: [ # c\n]\n"),
        ("a: [x, y,\n    z]\n", insert("a[2]", "w"), "a: [x, y,\n    w,\n    z]\n"),
        ("a: [x, # c\n  y]\n", remove("a[0]"), "a: [\n  y]\n"),
    ],
)
def test_small_edits(before: str, edit: Edit, after: str) -> None:
    assert apply_edits(before, [edit]) == after


def test_long_values_are_written_as_blocks_but_not_inside_brackets() -> None:
    layers = [{"type": "Linear", "out_features": 128, "weight_init": {"type": "normal_", "std": 0.01}}, "ReLU"] * 2
    block = apply_edits("model: {}  # m\nx:\n- y  # c\n", [insert("x[1]", {"repeat": 2, "layers": layers})])
    assert block == dedent("""\
        model: {}  # m
        x:
        - y  # c
        - repeat: 2
          layers:
            - {type: Linear, out_features: 128, weight_init: {type: normal_, std: 0.01}}
            - ReLU
            - {type: Linear, out_features: 128, weight_init: {type: normal_, std: 0.01}}
            - ReLU
        """)
    flow = apply_edits("model: {a: 1}\n", [set_("model.layers", layers)])
    assert flow.count("\n") == 1
    replaced = apply_edits("a: x  # c\nb: y\n", [set_("a", layers)])
    assert replaced.startswith("a:  # c\n  - {type: Linear")
    assert replaced.endswith("  - ReLU\nb: y\n")


def test_data_given_is_left_as_it_was() -> None:
    data = {"a": [{"b": 1}, "ReLU"], "layers": ["ReLU"]}
    before = copy.deepcopy(data)
    value = {"list": [1]}
    result = apply_to_data(data, [set_("a[0].b", value), insert("a[2]", value), set_("layers[0].p", 1)])
    assert data == before
    assert result == {"a": [{"b": value}, "ReLU", value], "layers": [{"type": "ReLU", "p": 1}]}
    result["a"][2]["list"].append(2)
    assert value == {"list": [1]}


def test_no_edits_change_nothing() -> None:
    assert apply_edits(CONFIG, []) == CONFIG
    data = parse_document(CONFIG, source="").data
    assert apply_edits(CONFIG, [set_("", data)]) == CONFIG
