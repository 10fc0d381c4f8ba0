from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gradcheck_cli.errors import UsageError
from gradcheck_cli.fixing.writing import NOWHERE, Destination, has_relative_paths, write_fixed

ORIGINAL = "lr: 0.1  # the rate\r\nseed: 1\r\n"
FIXED = ORIGINAL.replace("0.1", "0.01")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.yaml").write_bytes(ORIGINAL.encode())


def write(text: str, destination: str, *, original: str = ORIGINAL) -> str:
    return write_fixed(text, Path(destination), original=original, source="x.yaml")


def test_place_of_a_fixed_config(tmp_path: Path) -> None:
    Path("folder").mkdir()
    assert NOWHERE.find("a/x.yaml") is None
    assert Destination(in_place=True).find("a/x.yaml") == Path("a/x.yaml")
    assert Destination(output=Path("y.yaml")).find("a/x.yaml") == Path("y.yaml")
    assert Destination(output=Path("folder")).find("a/x.yaml") == Path("folder/x.yaml")


def test_places_that_can_be_written_are_accepted() -> None:
    Path("folder").mkdir()
    NOWHERE.check(("x.yaml", "y.yaml"))
    Destination(in_place=True).check(("x.yaml", "y.yaml"))
    Destination(output=Path("new.yaml")).check(("x.yaml",))
    Destination(output=Path("folder")).check(("x.yaml", "y.yaml"))


def test_both_places_at_once_are_refused() -> None:
    with pytest.raises(UsageError, match="exclude each other"):
        Destination(in_place=True, output=Path("y.yaml")).check(("x.yaml",))


def test_one_file_for_several_configs_is_refused() -> None:
    with pytest.raises(UsageError, match="one file for 2 configs"):
        Destination(output=Path("new.yaml")).check(("x.yaml", "y.yaml"))


def test_configs_of_one_name_into_one_folder_are_refused() -> None:
    Path("folder").mkdir()
    with pytest.raises(UsageError, match="have one name"):
        Destination(output=Path("folder")).check(("a/x.yaml", "b/x.yaml"))


def test_folder_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UsageError, match="does not exist"):
        Destination(output=Path("absent/new.yaml")).check(("x.yaml",))


def test_folder_that_cannot_be_written_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(UsageError, match="cannot be written"):
        Destination(output=Path("new.yaml")).check(("x.yaml",))


def test_folder_in_the_place_of_the_file_is_refused() -> None:
    Path("folder/x.yaml").mkdir(parents=True)
    with pytest.raises(UsageError, match="is a folder"):
        Destination(output=Path("folder")).check(("x.yaml",))


def test_file_is_written_as_it_is_and_nothing_else_is_left() -> None:
    assert write(FIXED, "new.yaml") == ""
    assert Path("new.yaml").read_bytes() == FIXED.encode()
    assert Path("x.yaml").read_bytes() == ORIGINAL.encode()
    assert sorted(os.listdir()) == ["new.yaml", "x.yaml"]


def test_file_is_written_in_place_with_its_permissions() -> None:
    Path("x.yaml").chmod(0o640)
    assert write(FIXED, "x.yaml") == ""
    assert Path("x.yaml").read_bytes() == FIXED.encode()
    assert stat.S_IMODE(Path("x.yaml").stat().st_mode) == 0o640
    assert os.listdir() == ["x.yaml"]


def test_byte_order_mark_stays() -> None:
    marked = "\ufeff" + ORIGINAL
    Path("x.yaml").write_bytes(marked.encode())
    assert write("\ufeff" + FIXED, "x.yaml", original=marked) == ""
    assert Path("x.yaml").read_bytes() == ("\ufeff" + FIXED).encode()


def test_link_stays_a_link() -> None:
    Path("real").mkdir()
    Path("x.yaml").rename("real/x.yaml")
    Path("x.yaml").symlink_to("real/x.yaml")
    assert write(FIXED, "x.yaml") == ""
    assert Path("x.yaml").is_symlink()
    assert Path("real/x.yaml").read_bytes() == FIXED.encode()


@pytest.mark.parametrize("place", ["x.yaml", "../{folder}/x.yaml"])
def test_file_that_was_changed_meanwhile_is_left_as_it_is(tmp_path: Path, place: str) -> None:
    Path("x.yaml").write_text("edited by hand", encoding="utf-8")
    fault = write(FIXED, place.format(folder=tmp_path.name))
    assert "x.yaml was changed while its fix was looked for" in fault
    assert Path("x.yaml").read_text(encoding="utf-8") == "edited by hand"


def test_other_file_is_written_although_the_config_was_changed_meanwhile() -> None:
    Path("x.yaml").write_text("edited by hand", encoding="utf-8")
    assert write(FIXED, "new.yaml") == ""
    assert Path("new.yaml").read_bytes() == FIXED.encode()


def test_file_that_is_gone_is_a_fault_that_is_told() -> None:
    Path("x.yaml").unlink()
    assert write(FIXED, "x.yaml").startswith("x.yaml cannot be written: ")
    assert write(FIXED, "absent/new.yaml").startswith(os.path.join("absent", "new.yaml") + " cannot be written: ")
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("data", "relative"),
    [
        ({"type": "csv", "path": "rows.csv"}, True),
        ({"type": "csv", "path": "/rows.csv", "val_path": "others.csv"}, True),
        ({"type": "csv", "path": "/rows.csv"}, False),
        ({"type": "wine"}, False),
        ("wine", False),
    ],
)
def test_paths_that_hang_on_the_folder(data: object, relative: bool) -> None:
    assert has_relative_paths({"data": data}) is relative
    assert not has_relative_paths(["data"])
