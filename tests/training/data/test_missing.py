from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck_cli.errors import DataError
from gradcheck_cli.training.data import Cell, Dataset
from tests.training.data.loads import load, write_csv

TEXT = "a,b,label\n1,2,x\n,5,y\n3,na,x\n4,8,\n5,10,y\n6,12,x\n"


def load_text(folder: Path, text: str = TEXT, **keys: Any) -> Dataset:
    path = write_csv(folder, text)
    arguments: dict[str, Any] = {"shuffle": False, "val_fraction": 0.0, **keys}
    return load("csv", base=folder, path=path, target="label", **arguments)


def test_by_default_missing_cells_are_an_error_that_lists_them(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_text(tmp_path)
    assert "3 cells are missing in data.csv: line 3 column 'a', line 4 column 'b', line 5 column 'label'" in str(
        caught.value
    )
    assert "`drop` or `mean`" in caught.value.problems[0].hint
    profile = caught.value.profile
    assert profile is not None
    assert profile.bad_cells is not None
    assert (profile.bad_cells.count, profile.bad_cells.refused) == (3, True)
    assert [(cell.row, cell.column) for cell in profile.bad_cells.first] == [(3, "a"), (4, "b"), (5, "label")]
    assert pickle.loads(pickle.dumps(caught.value)).profile == profile


def test_missing_cells_of_both_files_are_listed_at_once(tmp_path: Path) -> None:
    write_csv(tmp_path, TEXT, name="val.csv")
    with pytest.raises(DataError, match=r"3 cells are missing in data\.csv: .*; 3 cells are missing in val\.csv"):
        load("csv", base=tmp_path, path=write_csv(tmp_path, TEXT), val_path="val.csv", target="label")


def test_drop_leaves_the_rows_out_and_says_so(tmp_path: Path) -> None:
    data = load_text(tmp_path, missing="drop")
    assert data.x_train.tolist() == [[1, 2], [5, 10], [6, 12]]
    assert data.notes == ("3 of 6 rows are left out because of missing cells",)


def test_mean_fills_inputs_and_drops_rows_without_target(tmp_path: Path) -> None:
    data = load_text(tmp_path, missing="mean")
    assert data.x_train.tolist() == [[1, 2], [3.75, 5], [3, 7.25], [5, 10], [6, 12]]
    assert data.notes == ("1 of 6 rows are left out because of missing cells",)
    assert data.non_finite == ()


def test_the_mean_is_of_training_rows(tmp_path: Path) -> None:
    text = "a,label\n1,x\n3,y\n,x\n100,y\n"
    data = load_text(tmp_path, text, missing="mean", val_fraction=0.5)
    assert data.x_validation.tolist() == [[2], [100]]


def test_without_missing_cells_nothing_is_said(tmp_path: Path) -> None:
    text = TEXT.replace(",5,y", "2,5,y").replace("na", "6").replace("4,8,\n", "4,8,y\n")
    whole = [load_text(tmp_path, text, missing=policy) for policy in ("error", "drop", "mean")]
    for data in whole:
        assert data.notes == ()
        np.testing.assert_array_equal(data.x_train, whole[0].x_train)


def test_infinity_is_not_missing(tmp_path: Path) -> None:
    data = load_text(tmp_path, "a,label\n1,x\ninf,y\n2,x\n")
    assert data.non_finite == (Cell(3, "a", "inf", row_word="line", source="data.csv"),)
    assert np.isinf(data.x_train[1, 0])
