"""Edits that are refused, each with a message, and leave nothing half done."""

from __future__ import annotations

from typing import Any

import pytest

from gradcheck_cli.config.edits import Edit, EditConflict, EditOp, apply_edits
from gradcheck_cli.errors import ConfigError, GradcheckError

SHARED = """\
base: &base {lr: 0.1, betas: [0.9, 0.999]}
free: &unused {a: 1}
optimizer:
  <<: *base
  type: Adam
copy: *base
list: [*base, 1]
outer: {inner: &inner [1]}
more: *inner
"""


@pytest.mark.parametrize(
    ("op", "path"),
    [
        (EditOp.SET, "base"),
        (EditOp.SET, "base.lr"),
        (EditOp.SET, "base.fresh"),
        (EditOp.INSERT, "base.betas[0]"),
        (EditOp.REMOVE, "base.betas[0]"),
        (EditOp.SET, "optimizer.lr"),
        (EditOp.REMOVE, "optimizer.lr"),
        (EditOp.INSERT, "optimizer.betas[1]"),
        (EditOp.SET, "copy"),
        (EditOp.SET, "copy.lr"),
        (EditOp.REMOVE, "copy"),
        (EditOp.SET, "list[0].lr"),
    ],
)
def test_shared_values_are_refused(op: EditOp, path: str) -> None:
    with pytest.raises(EditConflict, match="shared through an alias or a merge key") as caught:
        apply_edits(SHARED, [Edit(op, path, 2)])
    assert caught.value.problems[0].path == path


@pytest.mark.parametrize(("op", "value"), [(EditOp.REMOVE, None), (EditOp.SET, 1)])
def test_a_value_with_an_anchor_that_is_used_elsewhere_is_refused(op: EditOp, value: Any) -> None:
    with pytest.raises(EditConflict, match="an anchor in the value is used elsewhere"):
        apply_edits(SHARED, [Edit(op, "outer", value)])


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (Edit(EditOp.SET, "free.a", 2), "free: &unused {a: 2}"),
        (Edit(EditOp.SET, "optimizer.eps", 2), "  eps: 2"),
        (Edit(EditOp.SET, "optimizer.type", "SGD"), "  type: SGD"),
        (Edit(EditOp.INSERT, "list[0]", 2), "list: [2, *base, 1]"),
        (Edit(EditOp.SET, "list[1]", 2), "list: [*base, 2]"),
    ],
)
def test_what_stands_beside_shared_values_can_be_edited(edit: Edit, line: str) -> None:
    assert line in apply_edits(SHARED, [edit]).splitlines()


def test_removing_a_key_that_a_merge_key_also_gives_is_refused() -> None:
    with pytest.raises(EditConflict, match="without changing something else"):
        apply_edits("a: &a {x: 1}\nb: {<<: *a, x: 2}\n", [Edit(EditOp.REMOVE, "b.x")])


@pytest.mark.parametrize(
    ("op", "path", "message"),
    [
        (EditOp.SET, "layers[2]", "the index 2 is out of range: layers has 2 entries"),
        (EditOp.INSERT, "layers[3]", "the index 3 is out of range"),
        (EditOp.REMOVE, "layers[2]", "out of range"),
        (EditOp.INSERT, "layers", "a place in a list ends with an index"),
        (EditOp.INSERT, "none[0]", "there is nothing at none"),
        (EditOp.SET, "none[0]", "there is nothing at none"),
        (EditOp.REMOVE, "none", "there is no none to remove"),
        (EditOp.REMOVE, "name.x", "name is text, so it has no key 'x'"),
        (EditOp.SET, "name.x", "name is text, so it has no key 'x'"),
        (EditOp.REMOVE, "optimizer.type", "optimizer is text, so it has no key 'type'"),
        (EditOp.SET, "layers.x", "layers is a list"),
        (EditOp.SET, "a..b", "not a config path"),
        (EditOp.REMOVE, "", "an edit without a path"),
    ],
)
def test_edits_that_do_not_fit_are_refused(op: EditOp, path: str, message: str) -> None:
    with pytest.raises(EditConflict) as caught:
        apply_edits("layers: [A, B]\nname: x\noptimizer: SGD\n", [Edit(op, path, 1)])
    assert message in str(caught.value)
    assert isinstance(caught.value, GradcheckError)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Edit(EditOp.SET, "a.b", 1), Edit(EditOp.SET, "a.b", 2)),
        (Edit(EditOp.SET, "a", 1), Edit(EditOp.SET, "a.b", 2)),
        (Edit(EditOp.REMOVE, "a"), Edit(EditOp.REMOVE, "a.b")),
        (Edit(EditOp.REMOVE, "list[0]"), Edit(EditOp.SET, "list[0]", 2)),
        (Edit(EditOp.REMOVE, "list"), Edit(EditOp.INSERT, "list[0]", 2)),
        (Edit(EditOp.SET, "list", []), Edit(EditOp.INSERT, "list.0", 2)),
    ],
)
def test_edits_inside_one_another_are_refused(first: Edit, second: Edit) -> None:
    text = "a: {b: 0}\nlist: [1]\n"
    for edits in [first, second], [second, first]:
        with pytest.raises(EditConflict, match="two edits change the same place"):
            apply_edits(text, edits)


def test_an_edit_given_twice_counts_once_but_insertions_add_up() -> None:
    text = "a: {b: 0}\nlist: [1]\n"
    assert apply_edits(text, [Edit(EditOp.SET, "a.b", 1)] * 2) == "a: {b: 1}\nlist: [1]\n"
    assert apply_edits(text, [Edit(EditOp.REMOVE, "a.b")] * 2) == "a: {}\nlist: [1]\n"
    assert apply_edits(text, [Edit(EditOp.INSERT, "list[0]", 0)] * 2) == "a: {b: 0}\nlist: [0, 0, 1]\n"


@pytest.mark.parametrize("value", [object(), {1: 2}, {"a": {1, 2}}])
def test_values_that_cannot_stand_in_a_config_are_refused(value: Any) -> None:
    with pytest.raises(EditConflict):
        apply_edits("a: 1\n", [Edit(EditOp.SET, "a", value)])


@pytest.mark.parametrize("text", ["? a\n: 1\n? b\n: 2\n", "a: [b: 1, c]\n"])
def test_layouts_that_cannot_be_kept_are_refused(text: str) -> None:
    path = "a" if text.startswith("?") else "a[0].new"
    op = EditOp.REMOVE if text.startswith("?") else EditOp.SET
    with pytest.raises(EditConflict, match="by hand"):
        apply_edits(text, [Edit(op, path, 1)])


def test_a_text_that_cannot_be_read_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="twice"):
        apply_edits("a: 1\na: 2\n", [Edit(EditOp.SET, "a", 3)])
