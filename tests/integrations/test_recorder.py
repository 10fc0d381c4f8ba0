"""The public recorder: what it finds, what it refuses, what it writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import gradcheck_cli
from gradcheck_cli import GradcheckError, Recorder, RunReport
from gradcheck_cli.diagnosis.check import CheckOptions, report_saved
from gradcheck_cli.recording.history import Quantity, RunStatus
from gradcheck_cli.reporters.registry import FORMATS
from tests.integrations.loops import mlp, rows, sgd, train


def sigmoids(depth: int = 8) -> nn.Sequential:
    torch.manual_seed(0)
    layers = [one for _ in range(depth) for one in (nn.Linear(16, 16), nn.Sigmoid())]
    return nn.Sequential(nn.Linear(6, 16), nn.Sigmoid(), *layers, nn.Linear(16, 3))


def findings(report: RunReport) -> dict[str, str]:
    return {finding.rule: str(finding.severity) for finding in report.findings}


def test_a_vanishing_gradient_is_found_in_a_loop_of_ones_own() -> None:
    report = train(sigmoids(), steps=60).diagnose()
    assert findings(report)["GC101"] == "warning"
    finding = next(one for one in report.findings if one.rule == "GC101")
    assert finding.layers[0] == "0"
    assert all(not fix.edits for fix in finding.fixes)
    assert report.harm.shown is None


def test_a_healthy_loop_has_nothing_to_report() -> None:
    report = train(mlp(), steps=200).diagnose()
    assert findings(report) == {}
    assert report.coverage is not None
    assert (report.coverage.layers_observed, report.coverage.layers) == (5, 5)


def test_rules_that_need_what_was_not_given_are_skipped_with_the_reason() -> None:
    reasons = {result.rule: result.reason for result in train(mlp()).diagnose().rules if result.reason}
    assert reasons["GC401"] == "the loop told of no validation"
    assert reasons["GC304"] == "only `gradcheck check` compares the network with cheap predictors"
    assert reasons["GC601"] == "a loop of one's own keeps its data to itself"
    assert reasons["GC501"] == "the loss function is known only of a config"
    assert "GC101" not in reasons


class Functional(nn.Module):
    """Activations as functions: what happens between the layers cannot be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.second(F.relu(self.first(x)))  # type: ignore[no-any-return]


def test_rules_on_the_order_of_layers_leave_a_module_of_ones_own_alone() -> None:
    report = train(Functional()).diagnose()
    reasons = {result.rule: result.reason for result in report.rules}
    for rule in ("GC203", "GC504", "GC505", "GC508"):
        assert reasons[rule] == "what happens between the layers is known only of a config and of nn.Sequential"
    assert findings(report) == {}


def test_layers_stand_in_the_order_in_which_they_are_called() -> None:
    class Backwards(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.last, self.first = nn.Linear(8, 3), nn.Linear(6, 8)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.first(x))  # type: ignore[no-any-return]

    layers = train(Backwards()).history().description.layers
    assert [(layer.name, layer.output_shape) for layer in layers] == [("first", (8,)), ("last", (3,))]


def overfit(recorder_options: dict[str, Any], *, epochs: int = 40) -> Recorder:
    """A validation loss that falls and rises again, row by row."""
    model = mlp()
    optimizer = sgd(model, lr=0.01)
    x, y = rows()
    random = np.random.default_rng(0)
    noise = random.normal(0, 0.05, 200)
    with Recorder(model, optimizer, **recorder_options) as recorder:
        for epoch in range(epochs):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(loss)
            optimizer.step()
            course = 1.0 - 0.05 * epoch if epoch < 10 else 0.5 + 0.03 * (epoch - 10)
            recorder.validation(course + noise + random.normal(0, 0.01, 200), metric=0.5)
    return recorder


def test_overfitting_is_found_from_the_losses_of_validation_rows() -> None:
    report = overfit({}).diagnose()
    assert findings(report)["GC401"] == "error"
    assert report.harm.by == "d"


def test_mean_validation_losses_are_kept_and_prove_nothing_by_themselves() -> None:
    model = mlp()
    optimizer = sgd(model)
    x, y = rows()
    with Recorder(model, optimizer) as recorder:
        for epoch in range(12):
            loss = F.cross_entropy(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(loss)
            optimizer.step()
            recorder.validation(torch.tensor(1.0 + 0.1 * epoch))
    history = recorder.history()
    assert history.epochs is not None
    assert history.epochs.validation_loss == pytest.approx(1.0 + 0.1 * np.arange(12), rel=1e-6)
    assert history.validation_losses is None
    assert "GC401" not in findings(recorder.diagnose())


def spoil(kind: float, *, at: int, steps: int = 12, stop_on: str | None = None) -> Recorder:
    """A loop whose weights become non-finite at a step."""
    model = mlp()
    optimizer = sgd(model)
    x, y = rows()
    with Recorder(model, optimizer, stop_on=stop_on) as recorder:
        for step in range(steps):
            if step == at:
                nn.init.constant_(model.get_parameter("2.weight")[0, 0], kind)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(loss)
            optimizer.step()
    return recorder


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_and_inf_are_kept_as_they_are_with_the_first_place(value: float) -> None:
    recorder = spoil(value, at=5)
    history = recorder.history()
    assert history.steps is not None
    assert np.isfinite(history.steps.loss[:5]).all()
    assert not np.isfinite(history.steps.loss[5:]).any()
    assert history.non_finite is not None
    assert (history.non_finite.step, history.non_finite.lasting) == (5, True)
    assert history.status is RunStatus.DIVERGED
    assert findings(recorder.diagnose())["GC301"] == "error"
    assert any("traced to the first step and the first parameter gradients" in note for note in history.notes)


def test_an_unknown_loss_is_no_fault() -> None:
    model = mlp()
    optimizer = sgd(model)
    x, y = rows()
    with Recorder(model, optimizer) as recorder:
        for _ in range(70):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]
            recorder.step(None)
            optimizer.step()
    history = recorder.history()
    assert history.non_finite is None
    assert history.unavailable == {"training loss": "the loop did not tell it"}
    assert findings(recorder.diagnose()) == {}


def test_a_lost_run_leaves_the_block_and_says_why() -> None:
    recorder = spoil(float("nan"), at=5, steps=1000, stop_on="error")
    assert recorder.steps_done < 200
    history = recorder.history()
    assert history.status is RunStatus.STOPPED_BY_VERDICT
    assert "not finite for" in history.stopped_because


def test_a_lasting_finding_stops_the_loop() -> None:
    recorder = overfit({"stop_on": "error"}, epochs=80)
    assert recorder.steps_done < 80
    assert recorder.history().stopped_because.startswith("GC401 overfitting: ")


def test_a_healthy_loop_is_not_stopped() -> None:
    model = mlp()
    recorder = train(model, steps=600, optimizer=sgd(model, lr=0.01), stop_on="warning")
    assert recorder.steps_done == 600


def test_training_is_the_same_to_the_last_bit() -> None:
    recorded, bare = mlp(), mlp()
    train(recorded, steps=40)
    optimizer = sgd(bare)
    x, y = rows()
    for _ in range(40):
        optimizer.zero_grad()
        F.cross_entropy(bare(x), y).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    for one, other in zip(recorded.parameters(), bare.parameters(), strict=True):
        assert torch.equal(one, other)


def test_without_a_budget_equal_runs_give_equal_records() -> None:
    first, second = (train(mlp(), steps=200, budget=None).history() for _ in range(2))
    for quantity, signal in first.signals.items():
        np.testing.assert_array_equal(signal.steps, second.signals[quantity].steps)
        np.testing.assert_array_equal(signal.values, second.signals[quantity].values)


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_written_whole(format: str, tmp_path: Path) -> None:
    recorder = train(sigmoids(), steps=60)
    path = tmp_path / "report"
    text = recorder.report(format, path)
    assert path.read_text(encoding="utf-8") == text
    assert ("GC101" if format == "rdjson" else "vanishing-gradient") in text


def test_the_json_report_is_that_of_the_command() -> None:
    run = json.loads(train(sigmoids(), steps=60).report("json"))["runs"][0]
    assert (run["name"], run["steps"], run["planned_steps"], run["status"]) == ("Sequential", 60, None, "completed")
    assert run["metric"]["value"] is None
    assert run["harm"]["shown"] is None


LAX = tuple(f"diagnostics.rules.vanishing-gradient.{name}=0" for name in ("min_ratio", "min_sensitivity"))


def test_a_saved_run_is_reported_again(tmp_path: Path) -> None:
    recorder = train(sigmoids(), steps=60)
    folder = recorder.save(tmp_path)
    report = report_saved(None, CheckOptions(run_dir=tmp_path))
    assert report.runs[0].run_dir == folder
    assert findings(report.runs[0]) == findings(recorder.diagnose())
    ignored = report_saved(None, CheckOptions(run_dir=tmp_path, ignore=("GC101",)))
    assert "GC101" not in findings(ignored.runs[0])
    strict = report_saved(None, CheckOptions(run_dir=tmp_path, overrides=LAX))
    assert "GC101" not in findings(strict.runs[0])


def misuse(model: nn.Module, optimizer: torch.optim.Optimizer, *, order: str) -> None:
    x, y = rows()
    with Recorder(model, optimizer) as recorder:
        loss = F.cross_entropy(model(x), y)
        if order == "before backward":
            recorder.step(loss)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        recorder.step(loss)


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("before backward", "no parameter has a gradient; call it after loss.backward()"),
        (
            "after the step",
            "the optimizer has stepped before it; call it after loss.backward() and before optimizer.step()",
        ),
    ],
)
def test_a_call_in_the_wrong_place_is_refused(order: str, said: str) -> None:
    model = mlp()
    with pytest.raises(GradcheckError) as caught:
        misuse(model, sgd(model), order=order)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": 2}, "budget: 2 is no share; allowed: above 0 and below 1, or None"),
        ({"budget": 0}, "budget: 0 is no share"),
        ({"planned_steps": 0}, "planned_steps: 0 is no number of steps"),
        ({"stop_on": "eror"}, "stop_on: 'eror' is no severity; allowed: error, warning, info"),
        ({"log_layers": -1}, "log_layers: -1 is no number of layers"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, Any], said: str) -> None:
    model = mlp()
    with pytest.raises(GradcheckError) as caught:
        Recorder(model, sgd(model), **options)
    assert said in str(caught.value)


def test_what_is_no_optimizer_and_that_of_another_model_are_refused() -> None:
    with pytest.raises(GradcheckError, match="list is no optimizer; allowed: a torch"):
        Recorder(mlp(), [[]])  # type: ignore[list-item]
    with pytest.raises(GradcheckError, match="it holds no parameter of the model"):
        Recorder(mlp(), sgd(mlp()))
    with pytest.raises(GradcheckError, match="str is no model"):
        Recorder("model", sgd(mlp()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (torch.zeros(3), "a loss of shape (3,) is not one number; give its mean, such as loss.mean()"),
        ("0.5x", "str is no loss; allowed: a tensor of one number, a float, or None"),
    ],
)
def test_what_is_no_loss_is_refused(loss: Any, said: str) -> None:
    recorder = train(mlp())
    with pytest.raises(GradcheckError) as caught:
        recorder.step(loss)
    assert said in str(caught.value)


def test_a_step_behind_the_block_is_refused_and_leaves_no_hook() -> None:
    model = mlp()
    recorder = train(model)
    with pytest.raises(GradcheckError, match="the recorder is closed; call it inside the `with` block"):
        recorder.step(1.0)
    assert not any(one._forward_hooks for one in model.modules())
    recorder.start()
    recorder.step(1.0)
    recorder.close()
    assert recorder.steps_done == 6


def test_validation_losses_of_other_rows_or_shapes_are_refused() -> None:
    recorder = train(mlp())
    recorder.validation(torch.zeros(5))
    with pytest.raises(GradcheckError, match="losses: validation losses of 4 rows after 5 rows"):
        recorder.validation(torch.zeros(4))
    with pytest.raises(GradcheckError, match="reduce each row to one number"):
        recorder.validation(torch.zeros(5, 2))


def test_an_unknown_format_rule_or_place_is_refused(tmp_path: Path) -> None:
    recorder = train(mlp())
    with pytest.raises(GradcheckError, match="there is no format 'pdf'; allowed: full, concise, json"):
        recorder.report("pdf")
    with pytest.raises(GradcheckError, match="there is no rule 'GC999'"):
        recorder.diagnose(select=["GC999"])
    with pytest.raises(GradcheckError, match="cannot be written"):
        recorder.report("json", tmp_path / "missing" / "report.json")


def test_an_empty_run_can_be_judged() -> None:
    model = mlp()
    with Recorder(model, sgd(model)) as recorder:
        pass
    assert findings(recorder.diagnose()) == {}
    assert "Sequential" in recorder.report()


def test_public_names_load_late_and_without_a_terminal() -> None:
    program = (
        "import sys, gradcheck_cli\n"
        "assert not {'torch', 'numpy'} & set(sys.modules)\n"
        "assert set(gradcheck_cli.__all__) <= set(dir(gradcheck_cli))\n"
        "for name in gradcheck_cli.__all__: getattr(gradcheck_cli, name)\n"
        "import torch\n"
        "model = torch.nn.Sequential(torch.nn.Linear(2, 2))\n"
        "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
        "with gradcheck_cli.Recorder(model, optimizer) as recorder:\n"
        "    loss = model(torch.ones(3, 2)).sum(); loss.backward(); recorder.step(loss); optimizer.step()\n"
        "recorder.diagnose(); recorder.report('json')\n"
        "loaded = {'typer', 'rich', 'click'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Recoder'"):
        gradcheck_cli.Recoder  # noqa: B018


def test_a_config_is_checked_from_python(tmp_path: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text(
        "data: iris\nmodel: {layers: [{type: Linear, out_features: 3}]}\nloss: CrossEntropyLoss\n"
        "optimizer: {type: SGD, lr: 0.1}\ntrainer: {max_steps: 3}\n",
        encoding="utf-8",
    )
    report = gradcheck_cli.check(config, CheckOptions(save=False))
    assert (report.name, report.errors) == ("small", ())


@pytest.mark.usefixtures("passing_over")
def test_steps_whose_gradients_are_passed_over_keep_their_loss_and_are_unknown_otherwise() -> None:
    model, plain = mlp(), mlp()
    optimizer = sgd(model)
    x, y = rows()
    # So small a budget pays for nothing beyond what is always measured.
    with Recorder(model, optimizer, budget=1e-9) as recorder:
        for _ in range(100):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(loss)
            nn.utils.clip_grad_norm_(model.parameters(), 0.2)
            optimizer.step()
    whole = train(plain, steps=1, budget=None).history()
    history = recorder.history()
    looked_at = [*range(9), 12, 24, 48, 96]
    assert history.steps is not None
    assert whole.steps is not None
    assert np.isfinite(history.steps.loss).all()
    assert np.flatnonzero(np.isfinite(history.steps.gradient_norm)).tolist() == looked_at
    assert np.flatnonzero(np.isfinite(history.steps.clip_factor)).tolist() == looked_at
    signal = history.signals[Quantity.GRADIENT_NORM]
    assert signal.steps.tolist() == looked_at
    np.testing.assert_allclose(signal.values[:, 0], whole.signals[Quantity.GRADIENT_NORM].values[:, 0], rtol=1e-6)
    assert not history.steps.skipped.any()
    assert history.non_finite is None
    assert findings(recorder.diagnose()) == {}
    assert set(recorder.scalars(None)) >= {"gradcheck/gradient_norm", "gradcheck/gradient_norm/0"}


@pytest.mark.usefixtures("passing_over")
def test_what_is_asked_for_between_steps_that_are_passed_over_loses_none_of_them() -> None:
    model = mlp()
    optimizer = sgd(model)
    x, y = rows()
    told = []
    with Recorder(model, optimizer, budget=1e-9) as recorder:
        for step in range(100):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()  # type: ignore[no-untyped-call]
            recorder.step(loss)
            told.append(loss.item())
            optimizer.step()
            if step % 7 == 0:
                recorder.diagnose()
            if step % 5 == 0:
                recorder.scalars()
    assert recorder.steps_done == 100
    steps = recorder.history().steps
    assert steps is not None
    assert steps.loss.tolist() == told


@pytest.mark.usefixtures("passing_over")
def test_a_step_whose_loss_is_nan_is_looked_at_though_its_turn_has_not_come() -> None:
    model = mlp()
    optimizer = sgd(model)
    with Recorder(model, optimizer, budget=1e-9) as recorder:
        for step in range(60):
            for parameter in model.parameters():
                parameter.grad = torch.ones_like(parameter)
            if step == 40:
                bad = next(model.parameters()).grad
                assert bad is not None
                bad[0, 0] = float("nan")
            recorder.step(float("nan") if step == 40 else 1.0)
    fault = recorder.history().non_finite
    assert fault is not None
    assert (fault.step, fault.quantity, fault.layers, fault.lasting) == (40, "loss", ("0",), False)
