"""Annotations, defaults and summaries as plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import pytest
import torch

from gradcheck_cli.training.signature_reader import read_parameters, read_summary, spell_types


@pytest.mark.parametrize(
    ("annotation", "spelt"),
    [
        (int, ("int",)),
        (float | None, ("float", "null")),
        (int | tuple[int, int], ("int", "int[2]")),
        (tuple[int, ...], ("int[]",)),
        (tuple[int], ("int[1]",)),
        (Sequence[float], ("float[]",)),
        (Iterable[int], ("int[]",)),
        (int | tuple[int | None, ...] | None, ("int", "int?[]", "null")),
        (tuple[float | None, float], ("float?[2]",)),
        (float | torch.Tensor, ("float",)),
        (tuple[float | torch.Tensor, float | torch.Tensor], ("float[2]",)),
        (torch.Tensor | None, ("tensor", "null")),
        (torch.Size | list[int], ("int[]",)),
        (Literal["a", "b"], ("str",)),
        (Callable[[int], float], ("callable",)),
        (torch.nn.Module, ("callable",)),
        (list[torch.nn.Module], ("callable",)),
        (Any, ("callable",)),
    ],
)
def test_types_are_spelt(annotation: Any, spelt: tuple[str, ...]) -> None:
    assert spell_types(annotation) == spelt


class Example:
    """
    Applies :math:`y = x` to :class:`~torch.Tensor` inputs, see \\text{here}. And more.

    Args: none.
    """

    def __init__(  # type: ignore[no-untyped-def]
        self,
        size: int,
        mode: Literal["up", "down"] = "up",
        rate: float = 0.5,
        hidden: NotThere = None,  # type: ignore[name-defined] # noqa: F821
        heads=None,
        flag=True,
        activation: Callable[..., Any] = torch.relu,
        betas: tuple[float, float] = (0.9, 0.99),
        **kwargs: Any,
    ) -> None: ...


def test_parameters_are_read_in_order_with_defaults() -> None:
    read = read_parameters(Example, unannotated={"heads": ("int",)})
    assert [(p["name"], p["types"], p["required"]) for p in read] == [
        ("size", ["int"], True),
        ("mode", ["str"], False),
        ("rate", ["float"], False),
        ("hidden", ["callable", "null"], False),
        ("heads", ["int", "null"], False),
        ("flag", ["bool"], False),
        ("activation", ["callable"], False),
        ("betas", ["float[2]"], False),
    ]
    assert "default" not in read[0]
    assert read[1]["choices"] == ["up", "down"]
    assert read[6]["default"] == "relu"
    assert read[7]["default"] == [0.9, 0.99]


def test_a_summary_is_the_first_sentence_without_marks() -> None:
    assert read_summary(Example) == "Applies y = x to torch.Tensor inputs, see here."
    assert read_summary(type("Silent", (torch.nn.Module,), {"__doc__": None})) == ""
