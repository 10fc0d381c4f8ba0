"""Whether layers that pass nothing on cut every path from the input to the output; it measures no layer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gradcheck_cli.recording.description import LayerDescription, LayerKind

_BYPASSES = frozenset({LayerKind.RESIDUAL, LayerKind.CONCAT})


def find_cut(layers: Sequence[LayerDescription], dead: Collection[str]) -> tuple[str, ...]:
    """Names of the dead layers that together leave no way through; empty where one is left.

    A layer that no container holds cuts the network by itself. A `Concat` is cut where all of its branches are, and a
    `Residual` where its shortcut is too, which it is not while nothing stands on it.

    Args:
        layers: Leaf layers and containers.
        dead: Names of the layers that pass nothing on.
    """
    return _find_cut(layers, dead, parent=None, branch="")


def _find_cut(
    layers: Sequence[LayerDescription], dead: Collection[str], *, parent: str | None, branch: str
) -> tuple[str, ...]:
    """What cuts one sequence of layers."""
    for layer in layers:
        if (layer.parent, layer.branch) != (parent, branch):
            continue
        if layer.name in dead:
            return (layer.name,)
        if layer.kind in _BYPASSES:
            cut = _cut_branches(layers, dead, container=layer)
            if cut:
                return cut
    return ()


def _cut_branches(
    layers: Sequence[LayerDescription], dead: Collection[str], *, container: LayerDescription
) -> tuple[str, ...]:
    inside = {layer.branch for layer in layers if layer.parent == container.name}
    expected = {"main", "shortcut"} if container.kind is LayerKind.RESIDUAL else inside
    if not expected <= inside:
        return ()
    cuts = [_find_cut(layers, dead, parent=container.name, branch=branch) for branch in sorted(expected)]
    return tuple(name for cut in cuts for name in cut) if cuts and all(cuts) else ()
