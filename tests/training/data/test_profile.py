from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike

from gradcheck_cli.config.schema import DataConfig, Missing, Task
from gradcheck_cli.errors import DataError
from gradcheck_cli.recording.data_profile import DataProfile
from gradcheck_cli.training.data import profile as module
from gradcheck_cli.training.data.dataset import Rows
from gradcheck_cli.training.data.profile import profile_data
from tests.training.data.loads import load, write_csv

NAN, INF = float("nan"), float("inf")


def make_rows(x: ArrayLike, y: ArrayLike | None = None) -> Rows:
    inputs = np.asarray(x, dtype=np.float64)
    targets = np.arange(float(len(inputs))) if y is None else np.asarray(y, dtype=np.float64)
    return Rows(inputs, targets[:, None], Task.REGRESSION, feature_names=("a", "b", "c"), source="s")


def profile(x: ArrayLike, y: ArrayLike | None = None, *, missing: Missing = Missing.ERROR) -> DataProfile:
    validation = make_rows(np.empty((0, np.asarray(x).shape[1])))
    return profile_data(make_rows(x, y), validation, DataConfig(type="csv", missing=missing))


def test_sizes_and_spreads_are_of_the_raw_columns() -> None:
    inputs = load("wine", standardize=True).profile.inputs
    assert inputs is not None
    assert (inputs.largest, inputs.widest, inputs.standardized) == ("proline", "proline", True)
    assert inputs.size > 700
    assert inputs.spread > 100 * inputs.narrow_spread


def test_targets_are_measured_before_standardisation() -> None:
    targets = load("diabetes", standardize_target=True).profile.targets
    assert targets is not None
    assert (targets.largest, targets.standardized) == ("progression", True)
    assert 150 < targets.size < 190


def test_the_narrow_column_is_at_the_lower_quartile_without_constant_ones() -> None:
    inputs = profile([[0, 5, 1], [10, 5, 3]]).inputs
    assert inputs is not None
    assert (inputs.widest, inputs.spread, inputs.narrow, inputs.narrow_spread) == ("a", 10, "c", 2)


def test_what_is_not_finite_does_not_count_in_sizes() -> None:
    inputs = profile([[3, NAN, 1], [INF, NAN, -2], [-3, NAN, 1]], missing=Missing.MEAN).inputs
    assert inputs is not None
    assert (inputs.largest, inputs.size, inputs.spread) == ("a", 3, 6)
    assert profile([[NAN, INF, NAN]], missing=Missing.MEAN).inputs is None


def test_of_large_sets_a_part_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = load("digits").profile.inputs
    monkeypatch.setattr(module, "MOST_VALUES", 64 * 200)
    part = load("digits").profile.inputs
    assert whole is not None
    assert part is not None
    assert part.size == pytest.approx(whole.size, rel=0.1)


def test_bad_cells_are_counted_and_placed() -> None:
    found = profile([[1.0, NAN, 3.0], [INF, 1.0, 1e39]], [0, NAN], missing=Missing.DROP).bad_cells
    assert found is not None
    assert (found.count, found.refused) == (4, False)
    places = [(cell.row, cell.column, cell.value) for cell in found.first]
    assert places == [(0, "b", "nan"), (1, "a", "inf"), (1, "c", "1e+39"), (1, "y[0]", "nan")]


def test_missing_inputs_that_get_a_mean_are_not_bad() -> None:
    assert profile([[1.0, NAN, 3.0], [2.0, 1.0, 1.0]], missing=Missing.MEAN).bad_cells is None


def test_clean_data_have_no_bad_cells() -> None:
    assert load("iris").profile.bad_cells is None


def test_constant_features_are_those_of_all_training_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load("digits").profile.constant_feature_count == 3
    assert load("digits").profile.constant_features == ("pixel_0_0", "pixel_4_0", "pixel_4_7")
    monkeypatch.setattr(module, "FIRST_ROWS", 2)
    assert profile([[1, 7, 0], [2, 7, 0], [3, 7, 9]]).constant_features == ("b",)
    assert profile([[1, 7, 0]]).constant_feature_count == 0


def test_columns_without_names_are_named_by_their_index() -> None:
    inputs = load("adding_problem", length=4).profile.inputs
    assert inputs is not None
    assert inputs.largest == "x[2, 1]"


def test_classes_are_counted_in_both_parts() -> None:
    classes = load("breast_cancer").profile.classes
    assert classes is not None
    assert classes.names == ("malignant", "benign")
    assert (classes.train + classes.validation).tolist() == [212, 357]
    assert load("diabetes").profile.classes is None


def test_token_ids_have_no_scale() -> None:
    assert load("delayed_recall").profile.inputs is None


def test_a_constant_target_is_seen() -> None:
    assert profile([[1, 2, 3], [2, 3, 4]], [5, 5]).constant_target
    assert not profile([[1, 2, 3], [2, 3, 4]], [5, 6]).constant_target


def test_rows_of_one_class_are_refused_with_a_profile(tmp_path: Path) -> None:
    path = write_csv(tmp_path, "a,y\n1,x\n2,x\n3,x\n4,x\n5,x\n")
    with pytest.raises(DataError, match="all 4 training rows are of the class 'x'") as caught:
        load("csv", base=tmp_path, path=path, target="y", task=Task.CLASSIFICATION)
    assert caught.value.profile is not None
    assert caught.value.profile.constant_target
