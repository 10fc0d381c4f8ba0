"""What counts as a cut through all paths."""

from __future__ import annotations

from gradcheck_cli.recording.description import LayerDescription, LayerKind
from gradcheck_cli.training.cut_paths import find_cut


def _relu(name: str, parent: str | None = None, branch: str = "") -> LayerDescription:
    return LayerDescription(name, "ReLU", LayerKind.ACTIVATION, parent=parent, branch=branch)


def _container(name: str, kind: LayerKind, parent: str | None = None, branch: str = "") -> LayerDescription:
    return LayerDescription(name, kind.value, kind, parent=parent, branch=branch)


def test_a_layer_on_the_only_path_cuts_it() -> None:
    assert find_cut([_relu("a"), _relu("b")], {"b"}) == ("b",)


def test_nothing_is_cut_where_nothing_is_dead() -> None:
    assert find_cut([_relu("a"), _relu("b")], set()) == ()


def test_a_shortcut_leads_around_a_dead_branch() -> None:
    layers = [_relu("a", "sum", "main"), _container("sum", LayerKind.RESIDUAL)]
    assert find_cut(layers, {"a"}) == ()


def test_a_residual_is_cut_where_its_shortcut_is_too() -> None:
    layers = [_relu("a", "sum", "main"), _relu("b", "sum", "shortcut"), _container("sum", LayerKind.RESIDUAL)]
    assert find_cut(layers, {"a", "b"}) == ("a", "b")
    assert find_cut(layers, {"b"}) == ()


def test_a_concat_is_cut_where_all_branches_are() -> None:
    layers = [_relu("a", "both", "0"), _relu("b", "both", "1"), _container("both", LayerKind.CONCAT)]
    assert find_cut(layers, {"a"}) == ()
    assert find_cut(layers, {"a", "b"}) == ("a", "b")


def test_a_container_in_a_branch_is_looked_into() -> None:
    layers = [
        _relu("a", "inner", "0"),
        _relu("b", "inner", "1"),
        _container("inner", LayerKind.CONCAT, "outer", "main"),
        _relu("c", "outer", "shortcut"),
        _container("outer", LayerKind.RESIDUAL),
    ]
    assert find_cut(layers, {"a", "b"}) == ()
    assert find_cut(layers, {"a", "b", "c"}) == ("a", "b", "c")
