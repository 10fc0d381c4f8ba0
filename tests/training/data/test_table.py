from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.config.schema import Task
from gradcheck_cli.errors import DataError
from gradcheck_cli.training.data import Dataset
from tests.training.data.loads import load, write_csv

ROWS = "a,b,label\n" + "".join(f"{i},{i * i},{'yes' if i % 2 else 'no'}\n" for i in range(10))


def load_text(folder: Path, text: str, **keys: Any) -> Dataset:
    arguments: dict[str, Any] = {"val_fraction": 0.2, "target": "label", **keys}
    return load("csv", base=folder, path=write_csv(folder, text), **arguments)


def test_text_targets_become_sorted_classes(tmp_path: Path) -> None:
    data = load_text(tmp_path, ROWS)
    assert (data.task, data.class_names, data.classes) == (Task.CLASSIFICATION, ("no", "yes"), 2)
    assert data.feature_names == ("a", "b")
    odd = data.x_train[:, 0] % 2 == 1
    np.testing.assert_array_equal(data.y_train, odd)


def test_number_classes_are_sorted_by_value(tmp_path: Path) -> None:
    text = "a,label\n" + "".join(f"{i},{[10, 2, '2.0'][i % 3]}\n" for i in range(12))
    data = load_text(tmp_path, text, task="classification")
    assert data.class_names == ("2", "10")


def test_few_whole_numbers_are_taken_for_classes_with_a_note(tmp_path: Path) -> None:
    text = "a,label\n" + "".join(f"{i},{i % 2}\n" for i in range(10))
    guessed, told = load_text(tmp_path, text), load_text(tmp_path, text, task="regression")
    assert guessed.task is Task.CLASSIFICATION
    assert "taken for classes" in guessed.notes[0]
    assert told.task is Task.REGRESSION
    assert told.notes == ()


def test_real_targets_are_numbers(tmp_path: Path) -> None:
    text = "a,label\n" + "".join(f"{i},{i / 4}\n" for i in range(10))
    data = load_text(tmp_path, text, shuffle=False)
    assert data.task is Task.REGRESSION
    np.testing.assert_allclose(data.y_validation[:, 0], [2.0, 2.25])


def test_several_targets_are_a_regression(tmp_path: Path) -> None:
    data = load("csv", base=tmp_path, path=write_csv(tmp_path, "a,u,v\n" + "1,2,3\n4,5,6\n" * 5), target=["u", "v"])
    assert data.y_train.shape == (8, 2)
    assert data.feature_names == ("a",)


def test_features_choose_and_order_the_inputs(tmp_path: Path) -> None:
    data = load_text(tmp_path, ROWS, features=["b", "a"], shuffle=False)
    assert data.feature_names == ("b", "a")
    assert data.x_train[3].tolist() == [9.0, 3.0]


def test_columns_that_do_not_exist_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_text(tmp_path, ROWS, target="lable", features=["a", "c"])
    target, feature = caught.value.problems
    assert (target.path, target.hint) == ("data.target", "did you mean 'label'?")
    assert "no column 'c'" in feature.message
    assert feature.path == "data.features"


def test_the_target_cannot_be_an_input(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'label' is the target"):
        load_text(tmp_path, ROWS, features=["a", "label"])


def test_a_file_without_header_is_recognized(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a header row with column names is needed"):
        load_text(tmp_path, "0.8,1.06,3\n0.1,0.2,4\n")


def test_text_in_a_numeric_column_is_quoted_with_its_line(tmp_path: Path) -> None:
    text = ROWS.replace("4,16", "four,16").replace("7,49", "7,1_000").replace("8,64", "8,\u0661")
    with pytest.raises(DataError) as caught:
        load_text(tmp_path, text)
    first, second = caught.value.problems
    assert "column 'a' holds text: line 6 'four'" in first.message
    assert "column 'b' holds text: line 9 '1_000', line 10 '\u0661'" in second.message


def test_infinite_cells_stay_and_are_listed(tmp_path: Path) -> None:
    data = load_text(tmp_path, ROWS.replace("4,16", "inf,16").replace("6,36", "6,1e300"), standardize=True)
    assert {(cell.row, cell.column) for cell in data.non_finite} == {(6, "a"), (8, "b")}
    assert int((~np.isfinite(np.concatenate([data.x_train, data.x_validation]))).sum()) >= 1


def test_validation_file_shares_columns_and_classes(tmp_path: Path) -> None:
    write_csv(tmp_path, "label,b,a\nmaybe,1,2\nno,3,4\n", name="val.csv")
    data = load_text(tmp_path, ROWS, val_path="val.csv")
    assert data.class_names == ("maybe", "no", "yes")
    assert data.x_validation.tolist() == [[2.0, 1.0], [4.0, 3.0]]
    assert data.y_validation.tolist() == [0, 1]
    assert len(data.x_train) == 10


def test_validation_file_without_a_column_is_an_error(tmp_path: Path) -> None:
    write_csv(tmp_path, "label,a\nno,3\n", name="val.csv")
    with pytest.raises(DataError, match=r"data\.val_path: val\.csv has no column 'b'"):
        load_text(tmp_path, ROWS, val_path="val.csv")


def test_path_and_target_are_needed(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load("csv", base=tmp_path)
    assert [problem.path for problem in caught.value.problems] == ["data.path", "data.target"]


def test_a_table_with_a_target_alone_has_no_inputs(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column beside the target"):
        load_text(tmp_path, "label\nyes\nno\n")


CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "2.5", "nan", "NA", "inf", "-inf", "1e400", "yes", "no", '"', '"x', "1_0", "\0", "٣", ";"]
    ),
    st.text(max_size=4),
)
TEXTS = st.one_of(
    st.lists(st.lists(CELLS, min_size=2, max_size=3).map(",".join), max_size=8).map(
        lambda lines: "\n".join(["a,label", *lines]).encode("utf-8", "surrogatepass")
    ),
    st.binary(max_size=60),
    st.text(alphabet='a,;\t"\r\n1.-', max_size=60).map(str.encode),
)


@given(
    content=TEXTS,
    missing=st.sampled_from(["error", "drop", "mean"]),
    task=st.sampled_from([None, "classification", "regression"]),
    standardize=st.booleans(),
)
def test_any_content_gives_a_data_set_or_a_data_error(
    content: bytes, missing: str, task: str | None, standardize: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "data.csv").write_bytes(content)
        try:
            data = load(
                "csv",
                base=Path(folder),
                path="data.csv",
                target="label",
                missing=missing,
                task=task,
                standardize=standardize,
            )
        except DataError:
            return
    assert len(data.x_train) == len(data.y_train) > 0
    assert not np.isnan(data.x_train).any() or data.non_finite
