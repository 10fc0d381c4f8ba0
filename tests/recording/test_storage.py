from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from gradcheck_cli.errors import RunFolderError
from gradcheck_cli.recording import storage
from gradcheck_cli.recording.history import History
from gradcheck_cli.recording.storage import HISTORY_FILE, histories_equal, load_history, save_history
from tests.recording.recorded import ENVIRONMENT, describe, record


def test_a_history_comes_back_equal(tmp_path: Path) -> None:
    history = record()
    save_history(history, tmp_path)
    assert histories_equal(load_history(tmp_path), history)


def test_a_linted_history_comes_back_equal(tmp_path: Path) -> None:
    history = History(describe(), ENVIRONMENT)
    save_history(history, tmp_path)
    assert histories_equal(load_history(tmp_path), history)


def test_types_inside_come_back_too(tmp_path: Path) -> None:
    save_history(record(), tmp_path)
    back = load_history(tmp_path)
    convolution = back.description.layer("conv")
    assert convolution.arguments["kernel_size"] == (3, 3)
    assert convolution.arguments["padding"] == [1, 1]
    assert convolution.kind is describe().layers[0].kind
    assert back.steps is not None
    assert back.steps.skipped.dtype == np.bool_
    assert back.status is record().status


def changed(history: History) -> list[History]:
    assert history.steps is not None
    assert history.outcome is not None
    loss = history.steps.loss.copy()
    loss[0] += 1e-12
    return [
        dataclasses.replace(history, steps=dataclasses.replace(history.steps, loss=loss)),
        dataclasses.replace(history, steps=None),
        dataclasses.replace(history, outcome=dataclasses.replace(history.outcome, references={})),
        dataclasses.replace(history, notes=()),
        dataclasses.replace(history, through_time=dict(list(history.through_time.items())[:1])),
        dataclasses.replace(history, seconds=float("nan")),
        dataclasses.replace(history, signals=dict(list(history.signals.items())[:1])),
    ]


def test_any_difference_makes_histories_unequal() -> None:
    assert histories_equal(record(), record())
    assert not any(histories_equal(record(), other) for other in changed(record()))


def test_equality_minds_types() -> None:
    assert histories_equal(np.array([1.0, np.nan]), np.array([1.0, np.nan]))
    assert not histories_equal(np.array([1.0]), np.array([1], np.int64))
    assert not histories_equal((1, 2), [1, 2])
    assert not histories_equal(1, True)


def test_nothing_but_the_file_is_left(tmp_path: Path) -> None:
    save_history(record(), tmp_path)
    save_history(record(), tmp_path)
    assert os.listdir(tmp_path) == [HISTORY_FILE]


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="cannot be written: No such file"):
        save_history(record(), tmp_path / "missing")


def test_a_missing_history_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="cannot be read: No such file"):
        load_history(tmp_path)


def test_a_foreign_file_is_an_error(tmp_path: Path) -> None:
    save_file({"a": np.ones(2)}, tmp_path / HISTORY_FILE)
    with pytest.raises(RunFolderError, match="was not written by gradcheck"):
        load_history(tmp_path)


def test_a_newer_version_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "VERSION", 2)
    save_history(record(), tmp_path)
    monkeypatch.undo()
    with pytest.raises(RunFolderError, match="has version 2; this gradcheck reads up to 1"):
        load_history(tmp_path)


def test_fields_of_a_later_version_are_passed_over_and_missing_ones_take_their_default(tmp_path: Path) -> None:
    save_history(record(), tmp_path)
    file = tmp_path / HISTORY_FILE
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length].replace(rb"\"seconds\": 1.25", rb"\"minutes\": 1.25")
    file.write_bytes(content[:8] + header + content[8 + length :])
    assert histories_equal(load_history(tmp_path), dataclasses.replace(record(), seconds=0.0))


def test_a_missing_array_is_damage(tmp_path: Path) -> None:
    save_history(record(), tmp_path)
    file = tmp_path / HISTORY_FILE
    metadata = storage._read_metadata(file.read_bytes())
    arrays = load_file(file)
    del arrays["steps.loss"]
    save_file(arrays, file, metadata)
    with pytest.raises(RunFolderError, match=r"is damaged: History.steps.loss: the array 'steps.loss' is missing"):
        load_history(tmp_path)


@given(position=st.integers(0, 20_000), byte=st.integers(0, 255), cut=st.none() | st.integers(0, 20_000))
def test_damage_is_an_error_or_shows_as_data(
    tmp_path_factory: pytest.TempPathFactory, position: int, byte: int, cut: int | None
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    save_history(record(), folder)
    content = bytearray((folder / HISTORY_FILE).read_bytes())
    content[position % len(content)] = byte
    (folder / HISTORY_FILE).write_bytes(content[:cut])
    try:
        back = load_history(folder)
    except RunFolderError:
        return
    assert isinstance(back, History)


def test_reading_needs_no_torch(tmp_path: Path) -> None:
    save_history(record(), tmp_path)
    program = (
        "import sys; from pathlib import Path; from gradcheck_cli.recording.run_folder import find_run;"
        "from gradcheck_cli.recording.storage import load_history;"
        "load_history(Path(sys.argv[1])); print('torch' in sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "False"
