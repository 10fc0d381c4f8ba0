from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.config.schema import Task
from gradcheck_cli.errors import DataError
from gradcheck_cli.training.data import Dataset
from tests.training.data.loads import load

X = np.arange(40.0).reshape(10, 4)
Y = np.arange(10) % 2


def save(folder: Path, **arrays: Any) -> None:
    np.savez(folder / "data.npz", **arrays)


def load_npz(folder: Path, **keys: Any) -> Dataset:
    return load("npz", base=folder, path="data.npz", **keys)


def test_whole_numbers_are_classes_and_reals_are_numbers(tmp_path: Path) -> None:
    save(tmp_path, x=X, y=Y)
    assert load_npz(tmp_path).task is Task.CLASSIFICATION
    assert load_npz(tmp_path, task="regression").y_train.dtype == np.float32
    save(tmp_path, x=X, y=Y / 2)
    assert load_npz(tmp_path).task is Task.REGRESSION


def test_text_labels_and_columns_of_one(tmp_path: Path) -> None:
    save(tmp_path, x=X, y=np.array(["b", "a"] * 5)[:, None])
    data = load_npz(tmp_path)
    assert data.class_names == ("a", "b")
    assert data.y_train.shape == (8,)


def test_validation_arrays_in_the_same_file(tmp_path: Path) -> None:
    save(tmp_path, x=X, y=Y, x_val=X[:3] + 1, y_val=Y[:3])
    data = load_npz(tmp_path)
    assert len(data.x_train) == 10
    np.testing.assert_array_equal(data.x_validation, X[:3] + 1)


def test_validation_file(tmp_path: Path) -> None:
    save(tmp_path, inputs=X, labels=Y)
    np.savez(tmp_path / "val.npz", inputs=X[:4], labels=Y[:4])
    data = load_npz(tmp_path, features="inputs", target="labels", val_path="val.npz")
    assert (len(data.x_train), len(data.x_validation)) == (10, 4)


def test_signed_integers_are_tokens_and_bytes_are_numbers(tmp_path: Path) -> None:
    save(tmp_path, x=X.astype(np.int64), y=Y)
    assert load_npz(tmp_path).tokens
    for x in (X.astype(np.uint8), X.astype(np.int64) - 5, X.astype(np.float16)):
        save(tmp_path, x=x, y=Y)
        data = load_npz(tmp_path, shuffle=False)
        assert not data.tokens
        np.testing.assert_array_equal(data.x_train, x[:8])


def test_nan_is_a_missing_cell(tmp_path: Path) -> None:
    x = X.copy()
    x[2, 1] = np.nan
    save(tmp_path, x=x, y=Y)
    with pytest.raises(DataError, match=r"1 cell is missing in data.npz: row 2 column 'x\[1\]'"):
        load_npz(tmp_path)
    assert len(load_npz(tmp_path, missing="drop").x_train) == 7


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, "data.npz has no array 'y'; allowed: x"),
        ({"X": X, "y": Y}, r"no array 'x'; allowed: X, y"),
        ({"x": X, "y": Y[:4]}, r"'x' has the shape \[10, 4\], 'y' \[4\]"),
        ({"x": X[:, 0], "y": Y}, r"'x' has the shape \[10\]"),
        ({"x": X.astype(complex), "y": Y}, "'x' holds complex128 values"),
        ({"x": X[:0], "y": Y[:0]}, "'x' is empty"),
        ({"x": X, "y": Y, "x_val": X}, "no array 'y_val'"),
        ({"x": X, "y": Y, "x_val": X[:, :2], "y_val": Y}, r"training rows have the shape \[4\], validation rows \[2\]"),
        ({"x": X, "y": np.array([{}] * 10)}, "Object arrays cannot be loaded"),
    ],
)
def test_arrays_that_do_not_fit_are_errors(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    save(tmp_path, **arrays)
    with pytest.raises(DataError, match=message):
        load_npz(tmp_path)


def test_text_targets_are_no_regression(tmp_path: Path) -> None:
    save(tmp_path, x=X, y=np.array(["b", "a"] * 5))
    with pytest.raises(DataError, match="the targets are text"):
        load_npz(tmp_path, task="regression")


def test_a_single_array_is_no_archive(tmp_path: Path) -> None:
    with (tmp_path / "data.npz").open("wb") as file:
        np.save(file, X)
    with pytest.raises(DataError, match="is a single array"):
        load_npz(tmp_path)


@given(cut=st.integers(0, 400), flip=st.integers(0, 1200))
def test_damaged_files_are_data_errors(tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    save(folder, x=X, y=Y)
    content = bytearray((folder / "data.npz").read_bytes())
    content[flip % len(content)] ^= 0xFF
    (folder / "data.npz").write_bytes(content[: len(content) - cut])
    try:
        data = load_npz(folder)
    except DataError:
        return
    assert len(data.x_train) == 8
