from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import sklearn.datasets

from gradcheck_cli.config.schema import DataConfig
from gradcheck_cli.errors import DataError
from gradcheck_cli.training.data.loading import load_rows
from tests.training.data.loads import HERE, load


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "wine", "iris", "diabetes"])
def test_equals_scikit_learn(name: str) -> None:
    bunch: Any = getattr(sklearn.datasets, f"load_{name}")()
    rows = load_rows(DataConfig(type=name), HERE)
    np.testing.assert_array_equal(rows.x, bunch.data)
    np.testing.assert_array_equal(rows.y.reshape(-1), bunch.target)
    assert rows.feature_names == tuple(map(str, bunch.feature_names))
    if name != "diabetes":
        assert rows.class_names == tuple(map(str, bunch.target_names))


def test_digits_as_images_hold_the_same_values() -> None:
    flat, images = load("digits"), load("digits", image=True)
    assert images.input_shape == (1, 8, 8)
    assert flat.input_shape == (64,)
    np.testing.assert_array_equal(images.x_train.reshape(-1, 64), flat.x_train)


def test_image_is_for_digits_alone() -> None:
    with pytest.raises(DataError, match=r"data\.image: 'image' is no argument of the source 'wine'"):
        load("wine", image=True)


def test_image_must_be_true_or_false() -> None:
    with pytest.raises(DataError, match=r"data\.image: 1 is not possible here; allowed: true, false"):
        load("digits", image=1)


def test_loading_imports_neither_scikit_learn_nor_torch() -> None:
    program = (
        "import sys; from pathlib import Path;"
        "from gradcheck_cli.config.schema import DataConfig; from gradcheck_cli.training.data import load_data;"
        "load_data(DataConfig(type='digits'), base=Path(), seed=0);"
        "print(sorted({'sklearn', 'torch', 'pandas', 'scipy', 'pyarrow', 'PIL'} & sys.modules.keys()))"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
