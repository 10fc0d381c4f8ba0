"""What a data factory returned, as rows; it calls no factory and knows torch's types by their form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck_cli.config.schema import Task
from gradcheck_cli.errors import DataError
from gradcheck_cli.training.data.arrays import join_pairs
from gradcheck_cli.training.data.dataset import Array, Rows

Refuse = Callable[[str], DataError]
ALLOWED = "(training, validation): datasets of (input, target) rows, or pairs of tensors; validation may be None"


def read_made(made: Any, *, task: Task | None, refuse: Refuse) -> Rows:
    """Rows `[N, ...]` with targets `[N]` or `[N, K]`; validation rows of its own where there are some.

    Args:
        made: `(training, validation)`, each a map-style `Dataset`, or a pair of tensors or arrays; a single one is
            training alone.
        task: Of the config; guessed from the targets where None.
        refuse: A message into an error.

    Raises:
        DataError: It is nothing of that kind, or shapes and values do not fit.
    """
    parts = _split(made, refuse)
    pairs = [_read_part(part, which, refuse) for part, which in zip(parts, ("training", "validation"), strict=False)]
    shapes = {x.shape[1:] for x, _ in pairs}
    if len(shapes) > 1:
        training, validation = (list(x.shape[1:]) for x, _ in pairs)
        raise refuse(f"returned training rows of the shape {training} and validation rows of {validation}")
    return join_pairs(pairs, task, source="")


def _split(made: Any, refuse: Refuse) -> list[Any]:
    """The parts that are there, training first."""
    if not isinstance(made, tuple | list) or _is_pair(made):
        return [made]
    if len(made) != 2 or made[0] is None:
        raise refuse(f"returned {_describe(made)}; it must return {ALLOWED}")
    return [part for part in made if part is not None]


def _read_part(part: Any, which: str, refuse: Refuse) -> tuple[Array, Array]:
    x, y = _columns(part, which, refuse)
    try:
        inputs, targets = _as_array(x), _as_array(y)
    except (TypeError, ValueError, RuntimeError) as error:
        raise refuse(f"returned {which} rows that are no arrays of one shape: {error}") from error
    targets = targets.reshape(len(targets)) if targets.ndim > 1 and targets.size == len(targets) else targets
    if inputs.dtype.kind not in "biuf" or targets.dtype.kind not in "biufUS":
        raise refuse(f"returned {which} rows of {inputs.dtype} with targets of {targets.dtype}, which are no numbers")
    if inputs.ndim < 2 or targets.ndim not in (1, 2) or len(inputs) != len(targets) or not inputs.size:
        found = f"{list(inputs.shape)} with targets {list(targets.shape)}"
        raise refuse(f"returned {which} rows of the shape {found}; it must be [N, ...] with [N] or [N, K]")
    return inputs, targets


def _columns(part: Any, which: str, refuse: Refuse) -> tuple[Any, Any]:
    if _is_pair(part):
        return part[0], part[1]
    tensors = getattr(part, "tensors", None)
    if isinstance(tensors, tuple) and _is_pair(tensors):
        return tensors[0], tensors[1]
    if not hasattr(part, "__getitem__") or not hasattr(part, "__len__"):
        raise refuse(
            f"returned {_describe(part)} as {which} data, which has no rows to count; it must return {ALLOWED}"
        )
    return _take_rows(part, which, refuse)


def _take_rows(part: Any, which: str, refuse: Refuse) -> tuple[Array, Array]:
    inputs, targets = [], []
    for index in range(len(part)):
        try:
            row = part[index]
        except Exception as error:
            raise refuse(
                f"returned a dataset whose {which} row {index} raised {type(error).__name__}: {error}"
            ) from error
        if not isinstance(row, tuple | list) or len(row) != 2:
            raise refuse(f"returned a dataset whose {which} row {index} is {_describe(row)}, not (input, target)")
        inputs.append(_as_array(row[0]))
        targets.append(_as_array(row[1]))
    if not inputs:
        raise refuse(f"returned no {which} rows")
    try:
        return np.stack(inputs), np.stack(targets)
    except ValueError as error:
        raise refuse(f"returned {which} rows of several shapes: {error}") from error


def _is_pair(value: Any) -> bool:
    """Whether a tuple holds inputs and targets themselves."""
    return isinstance(value, tuple | list) and len(value) == 2 and all(_is_array(entry) for entry in value)


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) or (hasattr(value, "detach") and hasattr(value, "numpy"))


def _as_array(value: Any) -> Array:
    return np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)


def _describe(value: Any) -> str:
    kind = type(value).__name__
    return f"a {kind} of {len(value)}" if isinstance(value, tuple | list | dict) else f"a {kind}"
