"""The sources that need a package of the extra `data`; where it is not installed, its own tests are skipped."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck_cli.errors import DataError
from tests.training.data.loads import load


def write_images(folder: Path, pillow: Any, *, count: int = 5) -> None:
    for index, name in enumerate(("cat", "dog")):
        (folder / name).mkdir(parents=True)
        for shade in range(count):
            colour = (index * 255, shade * 10, 0)
            pillow.new("RGB", (6, 4), colour).save(folder / name / f"{shade}.png")


@pytest.mark.parametrize(
    ("module", "source", "package"), [("pyarrow", "parquet", "pyarrow"), ("PIL.Image", "image_folder", "pillow")]
)
def test_a_missing_package_is_named_with_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, source: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "images" / "cat").mkdir(parents=True)
    (tmp_path / "images" / "cat" / "1.png").write_bytes(b"")
    (tmp_path / "table.parquet").write_bytes(b"")
    keys: dict[str, Any] = {"path": "table.parquet", "target": "y"} if source == "parquet" else {"path": "images"}
    with pytest.raises(DataError, match=rf"{source}' needs the package {package}.*gradcheck-cli\[data\]"):
        load(source, base=tmp_path, **keys)


def test_a_folder_without_images_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="has no subfolder with images"):
        load("image_folder", base=tmp_path, path="empty")
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="'file' is a file; allowed: a folder"):
        load("image_folder", base=tmp_path, path="file")


def test_images_become_pixels_and_folders_classes(tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image")
    write_images(tmp_path / "train", pillow)
    write_images(tmp_path / "val", pillow, count=2)
    data = load("image_folder", base=tmp_path, path="train", val_path="val", size=8, shuffle=False)
    assert data.class_names == ("cat", "dog")
    assert data.x_train.shape == (10, 3, 8, 8)
    assert data.x_validation.shape == (4, 3, 8, 8)
    np.testing.assert_allclose(data.x_train[:, 0].mean(axis=(1, 2)), data.y_train, atol=1e-6)
    grey = load("image_folder", base=tmp_path, path="train", size=8, channels=1)
    assert grey.input_shape == (1, 8, 8)


def test_unreadable_images_are_listed(tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image")
    write_images(tmp_path / "train", pillow)
    (tmp_path / "train" / "cat" / "bad.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"images cannot be read: .*bad\.png"):
        load("image_folder", base=tmp_path, path="train")


def test_parquet_reads_numbers_text_and_nulls(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"a": [1, 2, None, 4, 5], "b": [0.5, 1.5, 2.5, 3.5, 4.5], "flag": [True, False] * 2 + [True]}
    parquet.write_table(arrow.table(columns | {"label": ["x", "y", "x", None, "y"]}), tmp_path / "t.parquet")
    data = load(
        "parquet", base=tmp_path, path="t.parquet", target="label", missing="mean", shuffle=False, val_fraction=0
    )
    assert data.class_names == ("x", "y")
    assert data.feature_names == ("a", "b", "flag")
    assert data.x_train.tolist() == [[1, 0.5, 1], [2, 1.5, 0], [pytest.approx(8 / 3), 2.5, 1], [5, 4.5, 1]]
    with pytest.raises(DataError, match=r"row 2 column 'a', row 3 column 'label'"):
        load("parquet", base=tmp_path, path="t.parquet", target="label")


def test_a_damaged_parquet_file_is_an_error(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "t.parquet").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(DataError, match=r"t\.parquet cannot be read as parquet"):
        load("parquet", base=tmp_path, path="t.parquet", target="label")
