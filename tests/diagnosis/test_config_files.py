from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.diagnosis.config_files import find_configs, show_skipped
from gradcheck_cli.errors import UsageError

CONFIG = "data: {type: digits}\nmodel: {layers: []}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.yaml", "a.yml", "deep/c.yaml", ".hidden/d.yaml", ".e.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(CONFIG)
    (tmp_path / "notes.txt").write_text(CONFIG)
    (tmp_path / "workflow.yaml").write_text("on: push\njobs:\n  model: {}\n")
    return tmp_path


def names(folder: Path, *arguments: str) -> list[str]:
    return [str(Path(path).relative_to(folder)) for path in find_configs(arguments).paths]


def test_folder_stands_for_the_configs_below_it(folder: Path) -> None:
    found = find_configs([str(folder)])
    assert names(folder, str(folder)) == ["a.yml", "b.yaml", "deep/c.yaml"]
    assert found.skipped == 1


def test_glob(folder: Path) -> None:
    assert names(folder, str(folder / "**/*.yaml")) == ["b.yaml", "deep/c.yaml"]
    assert names(folder, str(folder / "[ab].y*ml")) == ["a.yml", "b.yaml"]


def test_each_file_once_in_the_order_given(folder: Path) -> None:
    assert names(folder, str(folder / "deep/c.yaml"), str(folder)) == ["deep/c.yaml", "a.yml", "b.yaml"]


def test_named_files_are_left_to_the_reader(folder: Path) -> None:
    for name in ("workflow.yaml", "notes.txt", "absent.yaml", ".e.yaml"):
        assert names(folder, str(folder / name)) == [name]


def test_flow_style_and_quoted_keys_are_configs(folder: Path) -> None:
    (folder / "flow.yaml").write_text("{data: {type: digits}, model: {layers: []}}")
    (folder / "quoted.yaml").write_text('"model": {layers: []}')
    assert {"flow.yaml", "quoted.yaml"} <= set(names(folder, str(folder)))


def test_two_sections_make_a_config_and_data_alone_does_not(folder: Path) -> None:
    (folder / "config_map.yaml").write_text("kind: ConfigMap\ndata: {a: b}\n")
    (folder / "half.yaml").write_text("data: {type: digits}\nloss: MSELoss\n")
    assert "half.yaml" in names(folder, str(folder))
    assert "config_map.yaml" not in names(folder, str(folder))


def test_nothing_matched_is_an_error(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no config"):
        find_configs([str(tmp_path / "empty"), str(folder)])
    with pytest.raises(UsageError, match="holds no config"):
        find_configs([str(folder / "z*.yaml")])
    with pytest.raises(UsageError, match="no config is named"):
        find_configs([])


def test_named_files_that_are_no_configs_are_passed_over_where_asked(folder: Path) -> None:
    given = [str(folder / name) for name in ("workflow.yaml", "a.yml", "notes.txt", "absent.yaml")]
    found = find_configs(given, skip_others=True)
    assert [Path(path).name for path in found.paths] == ["a.yml", "notes.txt", "absent.yaml"]
    assert found.skipped == 1
    alone = find_configs(given[:1], skip_others=True)
    assert (alone.paths, alone.skipped) == ((), 1)


def test_skipped_files_in_words() -> None:
    assert show_skipped(1) == "1 YAML file that is no gradcheck config"
    assert show_skipped(3) == "3 YAML files that are no gradcheck configs"
