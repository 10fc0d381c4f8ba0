"""The README's examples for loops without an adapter."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.integrations.examples import README, run_example


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))
    torch.manual_seed(0)


def test_the_five_lines_find_a_vanishing_gradient(capsys: pytest.CaptureFixture[str]) -> None:
    recorder = run_example("recorder")["recorder"]
    assert recorder.steps_done == 160
    assert "GC101 vanishing-gradient" in capsys.readouterr().out


def test_accelerate_records_each_optimizer_step(capsys: pytest.CaptureFixture[str]) -> None:
    recorder = run_example("accelerate")["recorder"]
    history = recorder.history()
    assert history.steps is not None
    assert history.steps_done == 3 * 4
    assert history.description.trainer == {"batch_size": 32, "accumulate_grad_batches": 2}
    seen = np.isfinite(history.steps.gradient_norm)
    assert (history.steps.clip_factor < 1).any() or (history.steps.gradient_norm[seen] <= 1).all()
    assert "Sequential" in capsys.readouterr().out


def test_accelerate_clips_behind_the_recorder() -> None:
    steps = (
        run_example("accelerate", changes={"model.parameters(), 1.0": "model.parameters(), 0.01"})["recorder"]
        .history()
        .steps
    )
    np.testing.assert_allclose(steps.clip_factor, 0.01 / (steps.gradient_norm + 1e-6), rtol=1e-4)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.jit")
def test_ignite_records_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    recorder = run_example("ignite")["recorder"]
    assert recorder.steps_done == 3 * 8
    assert "Sequential" in capsys.readouterr().out


def test_every_example_of_the_readme_has_a_test() -> None:
    names = {part.split(" -->", 1)[0] for part in README.read_text(encoding="utf-8").split("<!-- example: ")[1:]}
    assert names == {"recorder", "lightning", "transformers", "accelerate", "ignite"}
