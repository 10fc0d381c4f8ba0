"""Train a labelled corpus once, keep the Histories, and score today's rules on them in seconds.

    python -m tests.benchmarks.calibration --corpus DIR [--family F] [--offsets 0,100,200] [--sweep]

The corpus is a folder with `labels.json` and the cases that it names. A run is trained again when its config, its data
or the code that records has changed. Prints the cases that went wrong (`~`: marginal, not counted), tables, and last
one line of JSON. Exit codes: 0 scored, 2 misuse or a corpus that cannot be used.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from gradcheck_cli.diagnosis.check import lint_config
from gradcheck_cli.diagnosis.judge import judge
from tests.benchmarks.arguments import read_count, read_offsets
from tests.benchmarks.kept_runs import KeptRun, Order, Thresholds, read_kept, train_missing
from tests.benchmarks.labels import Label, LabelError, read_labels
from tests.benchmarks.scoring import Score, Verdict, compare, score
from tests.benchmarks.sweep import Change, show_changes, sweep

DEFAULT_CACHE = Path(tempfile.gettempdir()) / "gradcheck-calibration"
COLUMNS = ("cases", "failing", "healthy", "recall", "cause", "false_alarms", "warnings", "stopped", "lost_steps")


@dataclass(frozen=True)
class Case:
    """A labelled case with its trained run at one seed offset."""

    label: Label
    offset: int
    run: KeptRun
    path: Path

    @property
    def source(self) -> str:
        """Name of the data source; `unreadable` where the config is."""
        return self.run.config.data.type if self.run.config is not None else "unreadable"

    def verdict(self, thresholds: Thresholds | None = None, *, lint: bool = False) -> Verdict:
        """Judge it with today's rules."""
        linted = None
        if lint and self.label.static:
            report = lint_config(self.path)
            linted = judge(report.history, self.run.config, report.document) if report.history is not None else None
        judgement = self.run.judge(thresholds)
        return compare(self.label, judgement, self.run.history, source=self.source, linted=linted)


def main(arguments: Sequence[str] | None = None) -> int:
    """Train what is missing, judge, print."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    try:
        labels = read_labels(options.corpus, families=options.family)
    except LabelError as error:
        parser.error(str(error))
    cases = gather_cases(options, labels)
    verdicts = [case.verdict(lint=True) for case in cases]
    show_troubles(cases, verdicts, is_verbose=options.verbose)
    by_offset = score_groups(verdicts, [f"seeds + {case.offset}" for case in cases])
    total = score(verdicts)
    show_scores("family", score_groups(verdicts, [verdict.label.family for verdict in verdicts]))
    show_scores("seeds", {**by_offset, "all": total})
    result: dict[str, object] = {**asdict(total), "offsets": {name: asdict(one) for name, one in by_offset.items()}}
    if options.leave_out_source:
        result["sources"] = leave_out(verdicts)
    if options.sweep:
        changes = sweep(total, lambda thresholds: score_again(cases, verdicts, thresholds))
        print("\n" + show_changes(changes))
        result["sweep"] = describe_changes(changes)
    print("\n" + "\n".join(f"{name:22s} {show(value)}" for name, value in asdict(total).items()))
    print(json.dumps(result))
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--corpus", type=Path, required=True, metavar="DIR", help="folder with labels.json")
    add("--cache", type=Path, default=DEFAULT_CACHE, metavar="DIR", help="where Histories are kept")
    add("--family", action="append", default=[], help="only this family; repeatable")
    add("--seed", type=int, default=0, metavar="N", help="added to each config's seed")
    add("--offsets", type=read_offsets, default=(0,), metavar="N,...", help="several seeds, each added to `--seed`")
    add("--jobs", type=read_count, default=2, metavar="N", help="runs trained at a time, each on one thread")
    add("--stale", action="store_true", help="take kept runs although code has changed")
    add("--sweep", action="store_true", help="halve and double every threshold")
    add("--leave-out-source", action="store_true", help="scores of each data source and of all others")
    add("--verbose", action="store_true", help="a line for every case")
    return parser


def gather_cases(options: argparse.Namespace, labels: Sequence[Label]) -> list[Case]:
    """Every case at every offset, trained where that is still to be done."""
    offsets = [options.seed + offset for offset in options.offsets]
    wanted = [(label, offset, order_run(options.corpus / label.file, offset)) for offset in offsets for label in labels]
    trained = train_missing([order for *_, order in wanted], options.cache, jobs=options.jobs, stale=options.stale)
    print(f"{trained} runs trained, {len(wanted) - trained} kept from before", file=sys.stderr)
    return [
        Case(label, offset, read_kept(order, options.cache), options.corpus / label.file)
        for label, offset, order in wanted
    ]


def order_run(path: Path, offset: int) -> Order:
    """The run of a case whose seed is that of its config plus the offset."""
    seed = read_seed(path)
    return Order(path, None if seed is None else seed + offset)


def read_seed(path: Path) -> int | None:
    """The seed that a config asks for; None where it cannot be read."""
    report = lint_config(path)
    return report.seed if report.history is not None else None


def score_again(cases: Sequence[Case], before: Sequence[Verdict], thresholds: Thresholds) -> Score:
    """The scores under other thresholds; only runs of which a rule now says something else are judged again."""
    return score([judge_again(case, verdict, thresholds) for case, verdict in zip(cases, before, strict=True)])


def judge_again(case: Case, before: Verdict, thresholds: Thresholds) -> Verdict:
    """The verdict under other thresholds; what lint names is taken over."""
    if all(case.run.claims(code) == case.run.claims(code, thresholds) for code in thresholds):
        return before
    return replace(case.verdict(thresholds), lint_named=before.lint_named)


def score_groups(verdicts: Sequence[Verdict], groups: Sequence[str]) -> dict[str, Score]:
    """The scores of each group, by name."""
    return {
        name: score([verdict for verdict, group in zip(verdicts, groups, strict=True) if group == name])
        for name in sorted(set(groups))
    }


def leave_out(verdicts: Sequence[Verdict]) -> dict[str, object]:
    """Scores by data source, and of all cases that use another: a rule tuned to one source shows as a gap."""
    sources = sorted({verdict.source for verdict in verdicts})
    only = score_groups(verdicts, [verdict.source for verdict in verdicts])
    others = {source: score([v for v in verdicts if v.source != source]) for source in sources}
    show_scores("only this source", only)
    show_scores("all but this source", others)
    return {source: {"only": asdict(only[source]), "others": asdict(others[source])} for source in sources}


def describe_changes(changes: Sequence[Change]) -> list[dict[str, object]]:
    """Those that moved a score, as plain data."""
    return [asdict(change) for change in changes if change.costs]


def show_troubles(cases: Sequence[Case], verdicts: Sequence[Verdict], *, is_verbose: bool) -> None:
    """A line for each case that went wrong, or for each."""
    for case, verdict in zip(cases, verdicts, strict=True):
        if not (verdict.trouble or is_verbose):
            continue
        mark = "ok" if not verdict.trouble else "~" if verdict.label.marginal else "NO"
        reason = "; ".join((*filter(None, [verdict.trouble]), *case.run.errors))
        loud = " ".join(dict.fromkeys(verdict.loud)) or "-"
        name = verdict.label.file.removeprefix("cases/").removesuffix(".yaml")
        print(f"{name:48s} {case.offset:5d} {verdict.label.kind:8s} {mark:3s} {loud:24s} {reason}".rstrip())


def show_scores(title: str, scores: dict[str, Score]) -> None:
    """A table with a line for each group."""
    print(f"\n{title:24s} " + " ".join(f"{column:>12s}" for column in COLUMNS))
    for name, one in scores.items():
        print(f"{name:24s} " + " ".join(f"{show(getattr(one, column)):>12s}" for column in COLUMNS))


def show(value: object) -> str:
    """A number for a table."""
    if value is None:
        return "-"
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
