"""Hold two simple ways of repairing against a labelled corpus, at the budget of `gradcheck fix`.

    python -m tests.benchmarks.fix_baselines --corpus DIR [--family F] [--only TEXT] [--budget 12] [--jobs 2] [--seed 0]
        [--full]

`random` draws candidates from the whole catalogue of fixes whatever the diagnosis, trains each whole on the search seed
while the budget less a proof's share lasts, and applies the best if its mean metric on the seeds of the proof is higher
than the original's. `recipe` applies ReLU, He initialisation, a normalisation behind each hidden layer and Adam at
once. Cost is counted in full-length runs of the original, the first check included; like the tool's own, runs are
stopped where a verdict is certain, unless `--full` is given. Both are judged as the corpus's `score.py --fix` judges
the tool. Prints a line for each case, a table by family, and last one line of JSON. Exit codes: 0 measured, 2 misuse or
a corpus that cannot be used.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random

from gradcheck_cli.diagnosis.check import CheckOptions, check_config
from gradcheck_cli.diagnosis.fix_report import DEFAULT_BUDGET
from gradcheck_cli.diagnosis.many_runs import run_in_parallel
from gradcheck_cli.fixing.trials import Trial, Trials, summarize
from tests.benchmarks.arguments import read_count
from tests.benchmarks.calibration import show
from tests.benchmarks.fix_cases import FixCase, read_fix_cases
from tests.benchmarks.fix_judging import Judged, judge_remedy
from tests.benchmarks.labels import LabelError
from tests.benchmarks.random_repair import repair_at_random
from tests.benchmarks.recipe_repair import repair_by_recipe
from tests.benchmarks.remedy import THREADS, Outcome, Patient, Remedy

Pair = tuple[Judged, Judged]
"""One case, repaired at random and by the recipe."""

BASELINES = ("random", "recipe")
COLUMNS = ("fixed", "worse", "cost")


def main(arguments: Sequence[str] | None = None) -> int:
    """Repair, judge, print."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        cases = read_fix_cases(options.corpus, families=options.family, only=options.only)
    except LabelError as error:
        parser.error(str(error))
    calls = [partial(measure, case, budget=options.budget, seed=options.seed, full=options.full) for case in cases]

    def on_lost(index: int) -> Pair:
        killed = Judged(cases[index], Remedy(Outcome.CRASHED, 0.0, note="its process was killed"))
        return killed, killed

    judged = list[Pair]()
    for number, pair in enumerate(run_in_parallel(calls, jobs=options.jobs, on_lost=on_lost), start=1):
        judged.append(pair)
        print(f"  {number} of {len(cases)}", file=sys.stderr)
        for name, one in zip(BASELINES, pair, strict=True):
            print(show_case(name, one), flush=True)
    by_baseline = dict(zip(BASELINES, zip(*judged, strict=True), strict=True))
    show_families(by_baseline)
    asked = {"cases": len(cases), "budget": options.budget, "seed": options.seed, "full": options.full}
    print(json.dumps({**asked, **{name: sum_up(ones) for name, ones in by_baseline.items()}}))
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--corpus", type=Path, required=True, metavar="DIR", help="folder with labels.json")
    add("--family", action="append", default=[], help="only this family; repeatable")
    add("--only", default="", metavar="TEXT", help="only cases whose file name contains this")
    add("--budget", type=read_budget, default=DEFAULT_BUDGET, metavar="RUNS", help="full-length runs for each case")
    add("--jobs", type=read_count, default=2, metavar="N", help="cases at a time, each on one thread")
    add("--full", action="store_true", help="never stop a run early, as whoever searches without gradcheck would not")
    add("--seed", type=int, default=0, metavar="N", help="of the draw; the runs keep the seeds of their configs")
    return parser


def read_budget(text: str) -> float:
    """A finite number of at least 1, as `gradcheck fix --budget` takes it.

    Raises:
        ArgumentTypeError: It is none.
    """
    try:
        budget = float(text)
    except ValueError:
        budget = math.nan
    if not 1 <= budget < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of runs, which is 1 or more")
    return budget


def measure(case: FixCase, *, budget: float, seed: int, full: bool = False) -> Pair:
    """Repair and judge one case in both ways; a fault in it must not cost the other cases."""
    try:
        remedies, original = repair(case, budget=budget, seed=seed, full=full)
        judges = Trials(str(case.path), CheckOptions(save=False, overrides=THREADS, full=True))
        at_random, by_recipe = (judge_remedy(case, remedy, judges, original=original) for remedy in remedies)
    except Exception as error:  # noqa: BLE001
        crashed = Remedy(Outcome.CRASHED, 0.0, note=f"{type(error).__name__}: {error}")
        return Judged(case, crashed), Judged(case, crashed)
    return at_random, by_recipe


def repair(case: FixCase, *, budget: float, seed: int, full: bool) -> tuple[tuple[Remedy, Remedy], str]:
    """Both remedies of a case, and the text of its config."""
    options = CheckOptions(save=False, overrides=THREADS, full=full)
    report = check_config(case.path, options)
    if report.history is None or report.document is None:
        unreadable = Remedy(Outcome.UNREADABLE, 0.0, note="; ".join(problem.message for problem in report.errors))
        return (unreadable, unreadable), ""
    patient = Patient(report.document.text, report.seed, report.history, summarize(report))
    trials = Trials(str(case.path), options)
    trials.enter(Trial(patient.text, patient.seed), patient.first)
    by_recipe = repair_by_recipe(patient, spent=trials.spent)
    # A draw of its own for each case, whichever others are measured with it.
    draw = Random(f"{seed} {case.label.file}")
    return (repair_at_random(patient, trials, budget=budget, draw=draw), by_recipe), patient.text


def show_case(name: str, one: Judged) -> str:
    """What came of one case, on a line."""
    remedy = one.remedy
    mark = "WORSE" if one.worse else "ok" if one.fixed else "NO"
    figures = f"got {show(one.after)}, before {show(one.before)}, target {one.case.target:g}"
    got = "" if remedy.text is None else figures
    words = "; ".join(filter(None, [got, ", ".join(remedy.titles), remedy.note]))
    return f"{one.case.name:44s} {name:7s} {mark:5s} {remedy.outcome:12s} {remedy.cost:6.2f}  {words}".rstrip()


def show_families(by_baseline: Mapping[str, Sequence[Judged]]) -> None:
    """A table with a line for each family and one for all."""
    titles = [f"{name} {column}" for name in BASELINES for column in COLUMNS]
    print(f"\n{'family':18s} {'cases':>5s} " + " ".join(f"{title:>12s}" for title in titles))
    families = sorted({one.case.label.family for one in by_baseline[BASELINES[0]]})
    for family in (*families, "all"):
        chosen = {
            name: [one for one in ones if family in (one.case.label.family, "all")]
            for name, ones in by_baseline.items()
        }
        sums = {name: sum_up(ones) for name, ones in chosen.items()}
        cells = [show(sums[name][column]) for name in BASELINES for column in COLUMNS]
        count = len(chosen[BASELINES[0]])
        print(f"{family:18s} {count:5d} " + " ".join(f"{cell:>12s}" for cell in cells))


def sum_up(judged: Sequence[Judged]) -> dict[str, object]:
    """Shares over cases, and median costs in full-length runs; None where there is no case to count."""
    costs = [(one.case.label.lost, one.remedy.cost) for one in judged if one.remedy.outcome is not Outcome.CRASHED]
    return {
        "fixed": find_share([one.fixed for one in judged]),
        "worse": find_share([one.worse for one in judged]),
        "cost": find_median([cost for _, cost in costs]),
        "cost_lost": find_median([cost for lost, cost in costs if lost]),
        "cost_other": find_median([cost for lost, cost in costs if not lost]),
        "outcomes": dict(Counter(str(one.remedy.outcome) for one in judged)),
    }


def find_share(values: Sequence[bool]) -> float:
    """How many of some hold."""
    return round(sum(values) / len(values), 4)


def find_median(costs: Sequence[float]) -> float | None:
    """The median; None of nothing."""
    return round(statistics.median(costs), 4) if costs else None


if __name__ == "__main__":
    sys.exit(main())
