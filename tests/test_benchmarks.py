"""The programs that measure how far verdicts can be trusted: their networks, labels, scores and refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.recording.history import RunStatus
from tests.benchmarks import calibration, lint, random_networks
from tests.benchmarks.kept_runs import KeptRun, Order, is_kept, read_kept, train_missing
from tests.benchmarks.labels import Kind, Label, read_labels
from tests.benchmarks.network_generator import FAMILIES, generate
from tests.benchmarks.network_outcome import Ending, find_levels, label_run
from tests.benchmarks.scoring import Verdict, compare, score, upper_bound
from tests.benchmarks.sweep import compare_scores, list_changes
from tests.histories import make_epochs, make_history, make_outcome, make_reference

NETWORK = """
data: {type: iris, standardize: true}
model: {layers: [{type: Linear, out_features: 3}]}
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 0.05}
trainer: {epochs: 3, batch_size: 32}
"""
CASES = {"healthy": ("trains", []), "broken": ("fails", ["GC506"])}


def make_corpus(folder: Path) -> Path:
    """A healthy case, and one that never learns."""
    (folder / "cases").mkdir()
    labels = []
    for name, (outcome, rules) in CASES.items():
        text = NETWORK if name == "healthy" else NETWORK.replace("lr: 0.05", "lr: 1e-9")
        (folder / "cases" / f"{name}.yaml").write_text(text, encoding="utf-8")
        label = {"file": f"cases/{name}.yaml", "family": name, "outcome": outcome, "rules_any": rules, "also_ok": []}
        labels.append({**label, "lost": False, "marginal": False, "severity": "error", "top": "GC506"})
    (folder / "labels.json").write_text(json.dumps(labels), encoding="utf-8")
    return folder


def test_calibration_scores_a_corpus_and_trains_it_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, cache = make_corpus(tmp_path), tmp_path / "cache"
    options = ["--corpus", str(corpus), "--cache", str(cache), "--jobs", "1", "--leave-out-source"]
    assert calibration.main(options) == 0
    first = capsys.readouterr()
    assert "2 runs trained" in first.err
    assert calibration.main(options) == 0
    second = capsys.readouterr()
    assert "0 runs trained, 2 kept" in second.err
    assert first.out == second.out
    result = json.loads(second.out.splitlines()[-1])
    assert (result["cases"], result["recall"], result["false_alarms"]) == (2, 1.0, 0.0)
    assert set(result["sources"]) == {"iris"}


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--corpus", "nowhere"],
        ["--corpus", "{corpus}", "--family", "unheard-of"],
        ["--corpus", "{corpus}", "--offsets", "0,x"],
        ["--corpus", "{corpus}", "--jobs", "0"],
    ],
)
def test_calibration_refuses_misuse(options: list[str], tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path)
    with pytest.raises(SystemExit) as ended:
        calibration.main([option.format(corpus=corpus) for option in options])
    assert ended.value.code == 2


def test_a_changed_config_is_trained_again(tmp_path: Path) -> None:
    path = tmp_path / "network.yaml"
    path.write_text(NETWORK, encoding="utf-8")
    order, cache = Order(path, seed=5), tmp_path / "cache"
    assert train_missing([order], cache, jobs=1) == 1
    kept = read_kept(order, cache)
    assert kept.history is not None
    assert kept.history.environment.seed == 5
    assert is_kept(order, cache, stale=False)
    path.write_text(NETWORK + "seed: 3\n", encoding="utf-8")
    assert not is_kept(order, cache, stale=True)


def test_a_run_that_torch_refuses_is_kept_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "network.yaml"
    path.write_text(NETWORK.replace("out_features: 3", "out_features: 2"), encoding="utf-8")
    train_missing([Order(path)], tmp_path / "cache", jobs=1)
    kept = read_kept(Order(path), tmp_path / "cache")
    assert kept.errors
    assert kept.history is not None
    assert kept.history.status is RunStatus.FAILED


def test_thresholds_change_what_a_rule_claims() -> None:
    config = load_config(parse_document(NETWORK, source="network.yaml"))
    rise = 0.1 + np.linspace(0, 1, 20) ** 2
    history = make_history(epochs=make_epochs(slice_loss=3 * rise), outcome=make_outcome(0.97))
    run = KeptRun(config, None, history)
    assert run.claims("GC306") == ()
    assert len(run.claims("GC306", {"GC306": {"val_metric": 0.99}})) == 1


def test_upper_bound_is_that_of_clopper_and_pearson() -> None:
    assert upper_bound(0, 50) == pytest.approx(1 - 0.05 ** (1 / 50), abs=1e-9)
    assert upper_bound(3, 100) == pytest.approx(0.07571, abs=1e-4)
    assert upper_bound(7, 7) == 1.0


def make_label(kind: Kind, *rules: str, **fields: bool) -> Label:
    healthy = kind is Kind.HEALTHY
    flags = {"lost": False, "marginal": False, "static": False, "silence_is_fine": False, **fields}
    return Label("x.yaml", "family", kind, frozenset(rules), frozenset(rules), recoverable=healthy, **flags)


def judge_nothing(label: Label) -> Verdict:
    run = KeptRun(load_config(parse_document(NETWORK, source="network.yaml")), None, make_history())
    return compare(label, run.judge(), run.history, source="iris")


def test_silence_is_right_on_a_healthy_case_and_a_miss_on_a_failing_one() -> None:
    healthy, failing = judge_nothing(make_label(Kind.HEALTHY)), judge_nothing(make_label(Kind.FAILS, "GC101"))
    assert (healthy.trouble, failing.trouble) == ("", "no error")
    total = score([healthy, failing])
    assert (total.recall, total.false_alarms, total.cause) == (0.0, 0.0, 0.0)


def test_a_case_without_a_report_counts_against_the_tool() -> None:
    healthy = compare(make_label(Kind.HEALTHY), None, None, source="iris")
    assert healthy.alarm
    assert not compare(make_label(Kind.FAILS, "GC101"), None, None, source="iris").found


def test_marginal_cases_are_left_out() -> None:
    verdict = compare(make_label(Kind.HEALTHY, marginal=True), None, None, source="iris")
    assert score([verdict]).false_alarms is None


def test_costs_are_percentage_points() -> None:
    base = score([judge_nothing(make_label(Kind.HEALTHY))])
    worse = replace(base, false_alarms=0.02, recall=0.9)
    assert compare_scores(replace(base, recall=0.95), worse) == {"recall": 5.0, "false_alarms": 2.0}
    assert compare_scores(base, base) == {}


def test_every_threshold_is_halved_and_doubled() -> None:
    changes = list_changes()
    assert {("GC101", "min_ratio", 0.5), ("GC101", "min_ratio", 2.0)} <= {(c, n, f) for c, n, _, f in changes}
    assert all(value == value for _, _, value, _ in changes)


def test_labels_are_read_as_the_corpus_describes_them(tmp_path: Path) -> None:
    healthy, broken = read_labels(make_corpus(tmp_path))
    assert (healthy.kind, healthy.recoverable) == (Kind.HEALTHY, True)
    assert (broken.kind, broken.rules, broken.static) == (Kind.FAILS, frozenset({"GC506"}), False)


def test_networks_depend_on_their_number_and_the_seed_alone() -> None:
    assert generate(7, seed=3) == generate(7, seed=3)
    assert generate(7, seed=3).config != generate(7, seed=4).config
    assert generate(8, seed=3).config != generate(14, seed=3).config


def test_random_networks_are_configs_that_can_be_read() -> None:
    networks = [generate(index, seed=11) for index in range(120)]
    for network in networks:
        text = random_networks.write_config(network)
        assert load_config(parse_document(text, source="network.yaml")).name == network.config["name"]
    assert {network.family for network in networks} == set(FAMILIES)


def test_random_networks_are_checked_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--nets", "2", "--jobs", "1", "--seed", "5", "--keep", str(tmp_path / "wrong")]
    assert random_networks.main(options) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["nets"] == 2
    assert result["broken"] == 0
    assert (tmp_path / "wrong").is_dir()


def test_random_networks_refuse_misuse() -> None:
    with pytest.raises(SystemExit) as ended:
        random_networks.main(["--nets", "0"])
    assert ended.value.code == 2


def ended_at(value: float, **epochs: object) -> Ending:
    """The label of a run with a reference of 0.9 on its rows, where the best networks reach 0.95."""
    references = {"trivial": make_reference(0.1, value=value), "linear": make_reference(0.9, value=value)}
    outcome = make_outcome(value, references=references)
    history = make_history(outcome=outcome, epochs=make_epochs(**epochs))  # type: ignore[arg-type]
    return label_run(history, level=0.95)


@pytest.mark.parametrize(
    ("value", "ending"),
    [
        (0.96, Ending.HEALTHY),
        (0.91, Ending.HEALTHY),
        (0.89, Ending.UNCLEAR),
        (0.81, Ending.UNCLEAR),
        (0.79, Ending.FAILING),
        (float("nan"), Ending.FAILING),
    ],
)
def test_label_on_each_side_of_its_limits(value: float, ending: Ending) -> None:
    assert ended_at(value) is ending


@pytest.mark.parametrize(("fall", "ending"), [(0.0, Ending.HEALTHY), (0.04, Ending.UNCLEAR), (0.2, Ending.FAILING)])
def test_a_rising_validation_loss_counts_as_far_as_the_metric_fell_with_it(fall: float, ending: Ending) -> None:
    progress = np.linspace(0, 1, 20)
    loss = np.where(progress < 0.5, 2.3 - 4 * progress, 0.3 + 2 * (progress - 0.5))
    metric = 0.95 - fall * np.clip(2 * progress - 1, 0, 1)
    assert ended_at(0.93, validation_loss=loss, validation_metric=metric) is ending


def test_the_level_is_the_better_of_networks_and_references() -> None:
    runs = [make_history(outcome=make_outcome(value)) for value in (0.2, 0.5, 0.6)]
    assert find_levels({"digits": runs}) == pytest.approx({"digits": 0.97})
    better = [make_history(outcome=make_outcome(value)) for value in (0.99, 0.99, 0.5)]
    assert find_levels({"digits": better}) == pytest.approx({"digits": 0.99})


def test_lint_is_timed_on_one_config_and_on_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(list(lint.copy_configs(tmp_path).glob("*.yaml"))) == 100
    assert lint.main(["--rounds", "1"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"lint, 1 config", "lint, 100 configs", "--help"} <= set(result)
    with pytest.raises(SystemExit):
        lint.main(["--rounds", "0"])
