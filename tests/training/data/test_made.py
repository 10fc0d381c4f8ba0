"""What data factories return, as rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset, Subset, TensorDataset

from gradcheck_cli.config.schema import Task
from gradcheck_cli.errors import DataError, Problem
from gradcheck_cli.training.data.dataset import Rows
from gradcheck_cli.training.data.made import read_made

X, Y = torch.arange(12.0).reshape(6, 2), torch.tensor([0, 1, 2, 0, 1, 2])


class Pairs(Dataset[Any]):
    """A map-style dataset of given rows."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Any:
        if isinstance(self.rows[index], Exception):
            raise self.rows[index]
        return self.rows[index]


class Stream(IterableDataset[Any]):
    """A dataset without a length."""

    def __iter__(self) -> Iterator[Any]:
        return iter([])


def refuse(message: str) -> DataError:
    return DataError([Problem("data.factory", message)])


def rows(made: Any, task: Task | None = Task.CLASSIFICATION) -> Rows:
    return read_made(made, task=task, refuse=refuse)


def refusal(made: Any, task: Task | None = Task.CLASSIFICATION) -> str:
    with pytest.raises(DataError) as caught:
        rows(made, task)
    return str(caught.value)


@pytest.mark.parametrize(
    "training",
    [
        TensorDataset(X, Y),
        (X, Y),
        [X.numpy(), Y.numpy()],
        Pairs(list(zip(X, Y.tolist(), strict=True))),
        Pairs([(x.tolist(), int(y)) for x, y in zip(X, Y, strict=True)]),
        Subset(TensorDataset(X, Y), range(6)),
        (X.clone().requires_grad_(), Y),
    ],
    ids=["tensors", "pair", "arrays", "dataset", "lists", "subset", "graph"],
)
def test_every_form_gives_the_same_rows(training: Any) -> None:
    for made in (training, (training, None)):
        found = rows(made)
        assert np.array_equal(found.x, X.numpy())
        assert np.array_equal(found.y, Y.numpy())
        assert (found.class_names, found.validation) == (("0", "1", "2"), None)


def test_validation_rows_are_kept_apart() -> None:
    found = rows((TensorDataset(X, Y), (X[:2], Y[:2])))
    assert found.validation is not None
    assert len(found) == 6
    assert len(found.validation) == 2


def test_numbers_images_and_tokens_are_taken() -> None:
    assert rows((X, X), Task.REGRESSION).y.shape == (6, 2)
    assert rows((X, Y.float()), None).task is Task.REGRESSION
    assert rows((torch.zeros(3, 1, 4, 4), Y[:3])).x.shape == (3, 1, 4, 4)
    assert rows((Y.reshape(3, 2), Y[:3])).x.dtype == np.int64


def test_targets_of_one_column_may_stand_in_a_matrix() -> None:
    assert np.array_equal(rows((X, Y[:, None])).y, Y.numpy())


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (None, "returned a NoneType as training data"),
        ((X, Y, X), "returned a tuple of 3; it must return (training, validation)"),
        ((None, (X, Y)), "returned a tuple of 2; it must return"),
        (Stream(), "returned a Stream as training data, which has no rows to count"),
        (X, "row 0 is a Tensor, not (input, target)"),
        ((X, Y[:4]), "[6, 2] with targets [4]"),
        ((X[:, 0], Y), "[6] with targets [6]"),
        ((X, torch.zeros(6, 2, 2)), "[6, 2] with targets [6, 2, 2]"),
        ((X[:0], Y[:0]), "[0, 2] with targets [0]"),
        (Pairs([]), "returned no training rows"),
        (Pairs([(X[0], 1), (X[0, :1], 1)]), "returned training rows of several shapes"),
        (Pairs([(X[0], 1), (X[0],)]), "training row 1 is a tuple of 1, not (input, target)"),
        (Pairs([ValueError("torn")]), "training row 0 raised ValueError: torn"),
        (((X, Y), Pairs([(X[0],)])), "validation row 0 is a tuple of 1"),
        (((X, Y), (X[:, :1], Y)), "returned training rows of the shape [2] and validation rows of [1]"),
        ((np.array([["a"], ["b"]]), Y[:2].numpy()), "which are no numbers"),
        (TensorDataset(X), "training row 0 is a tuple of 1"),
        ((X.to(torch.bfloat16), Y), "that are no arrays of one shape"),
    ],
)
def test_what_holds_no_rows_is_refused(made: Any, reason: str) -> None:
    message = refusal(made)
    assert message.startswith("data.factory: ")
    assert reason in message
