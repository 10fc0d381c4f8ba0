from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gradcheck_cli.config.schema import Task
from gradcheck_cli.errors import DataError
from tests.training.data.loads import load


def test_types_and_shapes_of_classes_numbers_and_tokens() -> None:
    classes, numbers, tokens = load("wine"), load("diabetes"), load("delayed_recall")
    assert [str(data.x_train.dtype) for data in (classes, numbers, tokens)] == ["float32", "float32", "int64"]
    assert [str(data.y_train.dtype) for data in (classes, numbers, tokens)] == ["int64", "float32", "int64"]
    assert (classes.task, classes.classes, classes.y_train.ndim) == (Task.CLASSIFICATION, 3, 1)
    assert (numbers.task, numbers.classes, numbers.y_train.shape) == (Task.REGRESSION, None, (354, 1))
    assert tokens.tokens
    assert not classes.tokens


def test_a_data_set_cannot_be_changed_by_name() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        load("iris").classes = 2  # type: ignore[misc]


def test_standardize_is_fitted_on_the_training_rows_alone() -> None:
    raw, scaled = load("wine"), load("wine", standardize=True)
    exact = raw.x_train.astype(np.float64)
    expected = (raw.x_validation - exact.mean(axis=0)) / exact.std(axis=0)
    np.testing.assert_allclose(scaled.x_train.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.x_train.std(axis=0), 1, rtol=1e-5)
    np.testing.assert_allclose(scaled.x_validation, expected, rtol=1e-4, atol=1e-5)


def test_standardize_leaves_constant_columns_at_zero() -> None:
    raw, scaled = load("digits"), load("digits", standardize=True)
    constant = raw.x_train.std(axis=0) == 0
    assert constant.sum() >= 3
    assert (scaled.x_train[:, constant] == 0).all()
    assert (scaled.x_validation[:, constant] == 0).all()


def test_images_are_standardized_by_pixel() -> None:
    images, flat = load("digits", image=True, standardize=True), load("digits", standardize=True)
    np.testing.assert_array_equal(images.x_train.reshape(-1, 64), flat.x_train)


def test_standardized_targets_can_be_put_back() -> None:
    raw, scaled = load("diabetes"), load("diabetes", standardize_target=True)
    assert scaled.target_scale is not None
    assert scaled.target_mean is not None
    assert float(scaled.y_train.std()) == pytest.approx(1, rel=1e-5)
    back = scaled.y_validation * scaled.target_scale + scaled.target_mean
    np.testing.assert_allclose(back, raw.y_validation, rtol=1e-4)
    assert raw.target_scale is None


def test_label_noise_redraws_training_labels_only() -> None:
    clean, noisy = load("digits"), load("digits", label_noise=0.5)
    np.testing.assert_array_equal(clean.y_validation, noisy.y_validation)
    np.testing.assert_array_equal(clean.x_train, noisy.x_train)
    changed = np.mean(clean.y_train != noisy.y_train)
    assert changed == pytest.approx(0.5 * 0.9, abs=0.05)


def test_label_noise_has_a_stream_of_its_own() -> None:
    first, second = (load("digits", label_noise=0.5, standardize=flag) for flag in (False, True))
    np.testing.assert_array_equal(first.y_train, second.y_train)


def test_options_that_do_not_fit_are_reported_together() -> None:
    with pytest.raises(DataError) as caught:
        load("delayed_recall", standardize=True, standardize_target=True, task="regression")
    assert {problem.path for problem in caught.value.problems} == {
        "data.standardize",
        "data.standardize_target",
        "data.task",
    }
    with pytest.raises(DataError, match=r"data\.label_noise: the targets are numbers"):
        load("diabetes", label_noise=0.1)


def test_an_unknown_source_gets_a_suggestion() -> None:
    with pytest.raises(DataError, match=r"data\.type: 'digit' is no data source; .*did you mean 'digits'\?"):
        load("digit")


def test_a_constant_target_is_said_and_no_error() -> None:
    assert load("regression", n_informative=0).constant_target
    assert not load("regression").constant_target
