"""The ways of repairing that `fix` is measured against: what they try, what they cost, and how they are judged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.diagnosis.check import CheckOptions, lint_config
from gradcheck_cli.fixing.proof import PROOF_SEEDS, fresh_seeds
from gradcheck_cli.fixing.trials import Result, Trial, Trials
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules import ALL
from gradcheck_cli.rules.base import Rule, Severity
from tests.benchmarks import fix_baselines
from tests.benchmarks.fix_cases import FixCase, read_fix_cases
from tests.benchmarks.fix_judging import JUDGING_SEEDS, judge_remedy
from tests.benchmarks.imagined_findings import imagine, list_catalogue
from tests.benchmarks.labels import LabelError
from tests.benchmarks.random_repair import cost_of_proof, repair_at_random
from tests.benchmarks.recipe_repair import repair_by_recipe
from tests.benchmarks.remedy import Outcome, Patient, Remedy, read
from tests.fixing.results import SEED, TEXT, make_exploded, make_fault, make_refused, make_result
from tests.fixing.worlds import Run, World, install, make_scene
from tests.rules.fixes import configs

NETWORK = """
data: {type: iris, standardize: true}
model: {layers: [{type: Linear, out_features: 8}, Tanh, {type: Linear, out_features: 3}]}
loss: CrossEntropyLoss
optimizer: {type: Adam, lr: 1e-9}   # far too low
trainer: {epochs: 3, batch_size: 32}
"""
FAILING = {"outcome": "fails", "rules_any": ["GC506"], "also_ok": [], "lost": True, "marginal": False, "top": "GC506"}
LABEL = {**FAILING, "severity": "error", "fixable": True, "metric_name": "accuracy", "target_metric": 0.6}


def make_corpus(folder: Path, *, text: str = NETWORK, **changes: Any) -> Path:
    """One failing case in each of some families; the label of `broken` with changes."""
    labels = {"broken": {**LABEL, **changes}, "marginal": {**LABEL, "marginal": True}}
    labels |= {"hopeless": {**LABEL, "fixable": False}, "healthy": {**LABEL, "outcome": "trains", "rules_any": []}}
    (folder / "cases").mkdir()
    entries = []
    for name, label in labels.items():
        (folder / "cases" / f"{name}.yaml").write_text(text, encoding="utf-8")
        entries.append({"file": f"cases/{name}.yaml", "family": name, **label})
    (folder / "labels.json").write_text(json.dumps(entries), encoding="utf-8")
    return folder


def describe(text: str, folder: Path) -> History:
    """What lint knows of a config."""
    path = folder / "network.yaml"
    path.write_text(text, encoding="utf-8")
    history = lint_config(path).history
    assert history is not None
    return history


def make_patient(first: Result, folder: Path, *, text: str = TEXT) -> Patient:
    """A config whose first run ended so."""
    return Patient(text, SEED, describe(text, folder), first)


def data_of(remedy: Remedy) -> Any:
    """The plain data of a repaired config."""
    assert remedy.text is not None
    return parse_document(remedy.text, source="").data


def by_text(play: Callable[[str], Result]) -> World:
    """A world in which the text decides alone."""
    world = World(lambda _: make_result())
    world.play = lambda trial: play(trial.text)  # type: ignore[method-assign]
    return world


def enter_first(patient: Patient, *, full: bool = False) -> Trials:
    """An account with the first check in it."""
    trials = Trials("x.yaml", CheckOptions(save=False, full=full))
    trials.enter(Trial(patient.text, patient.seed), patient.first)
    return trials


def test_corpus_is_repaired_judged_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--corpus", str(make_corpus(tmp_path)), "--jobs", "1", "--budget", "8", "--full"]
    assert fix_baselines.main(options) == 0
    shown = capsys.readouterr().out
    result = json.loads(shown.splitlines()[-1])
    assert (result["cases"], result["budget"], result["seed"], result["full"]) == (1, 8.0, 0, True)
    assert (result["recipe"]["cost"], result["recipe"]["outcomes"]) == (1.0, {"applied": 1})
    assert 1 < result["random"]["cost"] <= 8
    assert set(result["random"]["outcomes"]) <= {"applied", "not better"}
    assert "broken" in shown
    assert "hopeless" not in shown


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--corpus", "nowhere"],
        ["--corpus", "{corpus}", "--family", "unheard-of"],
        ["--corpus", "{corpus}", "--only", "unheard-of"],
        ["--corpus", "{corpus}", "--family", "healthy"],
        ["--corpus", "{corpus}", "--budget", "0.5"],
        ["--corpus", "{corpus}", "--budget", "nan"],
        ["--corpus", "{corpus}", "--budget", "all"],
        ["--corpus", "{corpus}", "--jobs", "0"],
    ],
)
def test_misuse_is_refused(options: list[str], tmp_path: Path) -> None:
    corpus = make_corpus(tmp_path)
    with pytest.raises(SystemExit) as ended:
        fix_baselines.main([option.format(corpus=corpus) for option in options])
    assert ended.value.code == 2


def test_only_clear_cases_that_can_be_fixed_count(tmp_path: Path) -> None:
    (case,) = read_fix_cases(make_corpus(tmp_path))
    assert (case.name, case.target, case.is_overfitting) == ("broken", 0.6, False)


@pytest.mark.parametrize("changes", [{"metric_name": "val_loss"}, {"target_metric": None}])
def test_a_case_without_a_target_in_a_known_metric_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"broken\.yaml has no target"):
        read_fix_cases(make_corpus(tmp_path, **changes))


def test_a_case_that_cannot_be_read_costs_nothing_and_stops_nothing(tmp_path: Path) -> None:
    (case,) = read_fix_cases(make_corpus(tmp_path, text="data: {type: nonsense}\n"))
    for one in fix_baselines.measure(case, budget=12.0, seed=0):
        assert (one.remedy.outcome, one.remedy.cost, one.fixed, one.worse) == (Outcome.UNREADABLE, 0.0, False, False)
        assert one.remedy.note


def test_a_fault_in_one_case_is_its_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(*_: object, **__: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(fix_baselines, "repair", fall)
    (case,) = read_fix_cases(make_corpus(tmp_path))
    crashed = fix_baselines.measure(case, budget=12.0, seed=0)[0]
    assert (crashed.remedy.outcome, crashed.remedy.note) == (Outcome.CRASHED, "RuntimeError: out of order")
    assert fix_baselines.sum_up([crashed])["cost"] is None


@pytest.mark.parametrize("text", configs.ALL.values(), ids=configs.ALL)
def test_the_catalogue_holds_edits_of_many_rules_and_each_edit_once(text: str, tmp_path: Path) -> None:
    suggestions = list_catalogue(describe(text, tmp_path), read(text))
    assert len({suggestion.rule for suggestion in suggestions}) > 3
    edits = [suggestion.fix.edits for suggestion in suggestions]
    assert all(edits)
    assert all(edit not in edits[:place] for place, edit in enumerate(edits))


NEEDING_A_FACT = {"GC103", "GC104", "GC501", "GC503", "GC504", "GC508", "GC602", "GC603"}
"""Rules of which a finding must point at something that a plain network may lack."""


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.code)
def test_every_rule_can_be_imagined_on_some_network(rule: type[Rule], tmp_path: Path) -> None:
    found = list(imagine(rule, describe(configs.SIGMOID, tmp_path)))
    assert bool(found) is (rule.code not in NEEDING_A_FACT)
    assert all(finding.rule == rule.code for finding in found)


def test_findings_point_at_what_the_network_has(tmp_path: Path) -> None:
    def titles(text: str) -> str:
        return "; ".join(suggestion.fix.title for suggestion in list_catalogue(describe(text, tmp_path), read(text)))

    plain, squashed = (
        titles(configs.SIGMOID),
        titles(configs.SIGMOID.replace("name: head}", "name: head}\n    - Softmax")),
    )
    assert "recurrent" not in plain
    assert "Use GRU" not in plain
    assert "missing cell" not in plain
    assert "Remove" not in plain
    assert "Remove softmax_1" in squashed
    assert "Train the recurrent layers" in titles(configs.RECURRENT)
    assert "Standardise the targets" in titles(configs.NESTED)
    assert "Put ReLU between them" in titles(configs.SIGMOID.replace("        - Sigmoid\n", ""))


def test_random_repair_takes_the_best_of_what_the_budget_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = by_text(lambda text: make_result(0.3 if text == TEXT else 0.9 if "Dropout" in text else 0.5))
    install(world, monkeypatch)
    patient = make_patient(make_result(0.3), tmp_path)
    trials = enter_first(patient)
    remedy = repair_at_random(patient, trials, budget=99.0, draw=Random(0))
    assert remedy.outcome is Outcome.APPLIED
    assert remedy.titles == ("Add dropout",)
    assert remedy.cost == trials.spent <= 99
    assert [run.seed for run in world.trained[-2 * PROOF_SEEDS :]] == [*fresh_seeds(SEED, PROOF_SEEDS)] * 2
    assert all(run.share == 1 for run in world.trained)


def test_twelve_runs_pay_for_five_candidates_and_none_that_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = by_text(lambda text: make_result(0.3 if text == TEXT else 0.5))
    install(world, monkeypatch)
    for seed in range(5):
        world.trained.clear()
        patient = make_patient(make_result(0.3), tmp_path)
        remedy = repair_at_random(patient, enter_first(patient), budget=12.0, draw=Random(seed))
        assert remedy.cost == 12
        searched = [run.text for run in world.trained if run.seed == SEED]
        assert len(searched) == 5
        assert not any("epochs: 16" in text for text in searched)


def test_the_draw_hangs_on_its_seed_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = by_text(lambda text: make_result(0.3 if text == TEXT else 0.5))
    install(world, monkeypatch)
    patient = make_patient(make_result(0.3), tmp_path)
    drawn = []
    for seed in (1, 1, 2):
        world.trained.clear()
        repair_at_random(patient, enter_first(patient), budget=12.0, draw=Random(seed))
        drawn.append([run.text for run in world.trained])
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("changed", "budget", "outcome", "cost"),
    [
        (make_result(0.5), 7.5, Outcome.TOO_DEAR, 1.0),
        (make_exploded(), 8.0, Outcome.NONE_USABLE, None),
        (make_refused(), 8.0, Outcome.NONE_USABLE, None),
        (make_result(0.3), 8.0, Outcome.NOT_BETTER, 8.0),
        (make_result(0.31), 8.0, Outcome.APPLIED, 8.0),
    ],
)
def test_every_end_of_a_random_repair_has_a_name(
    changed: Result,
    budget: float,
    outcome: Outcome,
    cost: float | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(by_text(lambda text: make_result(0.3) if text == TEXT else changed), monkeypatch)
    patient = make_patient(make_result(0.3), tmp_path)
    remedy = repair_at_random(patient, enter_first(patient), budget=budget, draw=Random(0))
    assert remedy.outcome is outcome
    assert (remedy.text is not None) == (outcome is Outcome.APPLIED)
    assert cost is None or remedy.cost == cost


def test_an_original_that_was_refused_is_beaten_by_any_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(by_text(lambda text: make_refused() if text == TEXT else make_result(0.3)), monkeypatch)
    patient = make_patient(make_refused(), tmp_path)
    remedy = repair_at_random(patient, enter_first(patient), budget=12.0, draw=Random(0))
    assert remedy.outcome is Outcome.APPLIED


def test_as_much_is_kept_for_the_proof_as_by_the_search_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = make_scene(World(lambda _: make_result(0.3, make_fault())), monkeypatch)
    assert cost_of_proof(1.0) == scene.search.cost_of_proof(scene.original)


def test_the_recipe_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    patient = make_patient(make_result(0.3), tmp_path, text=configs.SIGMOID)
    remedy = repair_by_recipe(patient, spent=0.5)
    data = data_of(remedy)
    assert (remedy.outcome, remedy.cost, len(remedy.titles)) == (Outcome.APPLIED, 0.5, 4)
    linear = {"type": "Linear", "out_features": 64, "name": "fc"}
    assert data["model"]["layers"][0] == {"repeat": 8, "layers": [linear, "BatchNorm1d", "ReLU"]}
    assert data["model"]["weight_init"] == "kaiming_normal_"
    assert data["optimizer"] == {"type": "Adam", "lr": 1e-3}
    assert data["trainer"] == {"epochs": 20, "batch_size": 64}
    assert remedy.text is not None
    assert "# kept" in remedy.text


def test_the_recipe_suits_sequences_names_and_schedules(tmp_path: Path) -> None:
    data = data_of(repair_by_recipe(make_patient(make_result(0.3), tmp_path, text=configs.RECURRENT), spent=1.0))
    assert [layer if isinstance(layer, str) else layer["type"] for layer in data["model"]["layers"]][1:4] == [
        "Linear",
        "LayerNorm",
        "ReLU",
    ]
    assert data["lr_scheduler"]["max_lr"] == 1e-3
    layers = data_of(repair_by_recipe(make_patient(make_result(0.3), tmp_path, text=configs.BADLY_DRAWN), spent=1.0))
    assert {"type": "ReLU", "name": "squash"} in layers["model"]["layers"]
    assert layers["optimizer"] == {"type": "Adam", "lr": 1e-3, "weight_decay": 0.1}


def test_a_config_that_follows_the_recipe_is_left_alone(tmp_path: Path) -> None:
    repaired = repair_by_recipe(make_patient(make_result(0.3), tmp_path, text=configs.SIGMOID), spent=1.0)
    assert repaired.text is not None
    again = repair_by_recipe(make_patient(make_result(0.3), tmp_path, text=repaired.text), spent=1.0)
    assert (again.outcome, again.text, again.titles) == (Outcome.NO_CANDIDATE, None, ())


def test_parts_of_the_recipe_that_do_not_fit_are_named_and_the_others_applied(tmp_path: Path) -> None:
    block = "[{type: Linear, out_features: 16}, Sigmoid]"
    shared = TEXT.replace("    - Sigmoid\n", f"    - &block {{repeat: 2, layers: {block}}}\n    - *block\n")
    remedy = repair_by_recipe(make_patient(make_result(0.3), tmp_path, text=shared), spent=1.0)
    assert "Adam at 0.001" in remedy.titles
    assert "ReLU for every hidden activation" in remedy.note


def make_case(folder: Path, *, family: str = "vanishing") -> FixCase:
    """A case with a target of 0.8."""
    (case,) = read_fix_cases(make_corpus(folder, family=family, target_metric=0.8))
    return case


APPLIED = Remedy(Outcome.APPLIED, 1.0, "repaired")


@pytest.mark.parametrize(
    ("before", "after", "fixed", "worse"),
    [
        (make_result(0.3), make_result(0.8), True, False),
        (make_result(0.3), make_result(0.79), False, False),
        (make_result(0.3), make_result(0.295), False, False),
        (make_result(0.3), make_result(0.28), False, True),
        (make_result(0.3), make_exploded(), False, True),
        (make_result(0.3), make_refused(), False, True),
        (make_exploded(), make_result(0.05), False, True),
        (make_refused(), make_result(0.3), False, False),
        (make_refused(), make_refused(), False, False),
    ],
)
def test_a_repaired_config_is_judged_by_its_mean_metric(
    before: Result, after: Result, fixed: bool, worse: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = by_text(lambda text: after if text == "repaired" else before)
    install(world, monkeypatch)
    judged = judge_remedy(make_case(tmp_path), APPLIED, Trials("x.yaml", CheckOptions(full=True)), original=TEXT)
    assert (judged.fixed, judged.worse) == (fixed, worse)
    assert [run.seed for run in world.trained] == [*JUDGING_SEEDS] * 2


@pytest.mark.parametrize(("errors", "fixed"), [(0, True), (1, True), (2, False)])
@pytest.mark.parametrize("family", ["overfitting", "vanishing"])
def test_overfitting_is_cured_only_where_most_runs_show_no_error(
    errors: int, fixed: bool, family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def play(run: Run) -> Result:
        ill = run.seed in JUDGING_SEEDS[:errors]
        return make_result(0.9, make_fault(severity=Severity.ERROR if ill else Severity.WARNING))

    install(World(play), monkeypatch)
    remedy = Remedy(Outcome.APPLIED, 1.0, TEXT.replace("Sigmoid", "ReLU"))
    judged = judge_remedy(make_case(tmp_path, family=family), remedy, Trials("x.yaml", CheckOptions()), original=TEXT)
    assert judged.fixed is (fixed or family != "overfitting")


def test_where_nothing_is_applied_nothing_is_trained_or_worse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(lambda _: make_result())
    install(world, monkeypatch)
    remedy = Remedy(Outcome.NOT_BETTER, 12.0)
    judged = judge_remedy(make_case(tmp_path), remedy, Trials("x.yaml", CheckOptions()), original=TEXT)
    assert (judged.fixed, judged.worse, judged.after) == (False, False, None)
    assert world.trained == []
