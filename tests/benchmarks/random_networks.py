"""Count false alarms and misses on random networks that are labelled by their outcome alone.

    python -m tests.benchmarks.random_networks --nets 300 --jobs 2 --seed 0 [--keep DIR]

Each network is checked as `gradcheck check` does it; one that is stopped early is trained again to its end for its
label. Prints what went wrong, a table by family, the rates with the 95 % upper bound of the false alarms, and last one
line of JSON. `--keep` writes the configs that went wrong. Exit codes: 0 counted, 2 misuse.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import yaml

from gradcheck_cli.recording.history import History, RunStatus
from gradcheck_cli.rules.base import Finding, Severity
from tests.benchmarks.arguments import read_count
from tests.benchmarks.kept_runs import Order, read_kept, train_missing
from tests.benchmarks.network_generator import Network, generate
from tests.benchmarks.network_outcome import Ending, find_levels, label_run
from tests.benchmarks.scoring import upper_bound


@dataclass(frozen=True)
class Trained:
    """A network, checked.

    Attributes:
        history: Of the run as the command makes it.
        whole: Of the run to its end; the same where it was not stopped.
        crashes: What went wrong with the tool itself.
    """

    network: Network
    history: History | None
    whole: History | None
    findings: tuple[Finding, ...]
    crashes: tuple[str, ...]

    def has(self, *severities: Severity) -> bool:
        """Whether there is a finding of one of these severities, or the tool gave no answer."""
        return bool(self.crashes) or any(finding.severity in severities for finding in self.findings)

    @property
    def was_stopped(self) -> bool:
        """Whether the tool ended it before its time."""
        return self.history is not None and self.history.status is RunStatus.STOPPED_BY_VERDICT


@dataclass(frozen=True)
class Tally:
    """Counts over networks."""

    nets: int
    healthy: int
    failing: int
    false_alarms: int
    warnings: int
    stopped: int
    caught: int
    broken: int

    def as_line(self) -> dict[str, object]:
        """The counts and rates for the line of JSON; None where there is nothing to divide by."""
        bound = upper_bound(self.false_alarms, self.healthy) if self.healthy else None
        return {
            **self.__dict__,
            "unclear": self.nets - self.healthy - self.failing,
            "false_alarm_rate": self.false_alarms / self.healthy if self.healthy else None,
            "false_alarms_95_bound": bound,
            "warning_rate": self.warnings / self.healthy if self.healthy else None,
            "recall": self.caught / self.failing if self.failing else None,
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate, check, label, count, print."""
    options = make_parser().parse_args(arguments)
    networks = [generate(index, seed=options.seed) for index in range(options.nets)]
    holder = tempfile.TemporaryDirectory() if options.cache is None else nullcontext(options.cache)
    with holder as folder:
        trained = check_networks(networks, Path(folder), jobs=options.jobs, stale=options.stale)
    endings = label_all(trained)
    wrong = [(one, ending) for one, ending in zip(trained, endings, strict=True) if describe_trouble(one, ending)]
    for one, ending in wrong:
        print(show_trouble(one, ending))
    if options.keep is not None:
        keep_configs([one.network for one, _ in wrong], options.keep)
    total = show_tallies(trained, endings)
    alarms = [one.network.config for one, ending in wrong if describe_trouble(one, ending) == "false alarm"]
    print(json.dumps({"seed": options.seed, **total.as_line(), "false_alarm_configs": alarms}))
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--nets", type=read_count, default=300, metavar="N", help="how many networks")
    add("--seed", type=int, default=0, metavar="N", help="of the generator")
    add("--jobs", type=read_count, default=2, metavar="N", help="runs trained at a time, each on one thread")
    add("--keep", type=Path, metavar="DIR", help="write the configs that went wrong here")
    add("--cache", type=Path, metavar="DIR", help="keep Histories here, to judge them again when rules change")
    add("--stale", action="store_true", help="take kept runs although code has changed")
    return parser


def check_networks(networks: Sequence[Network], folder: Path, *, jobs: int, stale: bool = False) -> list[Trained]:
    """Check each network, and train those that were stopped to their end."""
    paths = write_configs(networks, folder / "configs")
    orders = [Order(path) for path in paths]
    train_missing(orders, folder, jobs=jobs, stale=stale)
    checked = [read_kept(order, folder) for order in orders]
    whole = [
        Order(order.config, full=True)
        if run.history is not None and run.history.status is RunStatus.STOPPED_BY_VERDICT
        else order
        for order, run in zip(orders, checked, strict=True)
    ]
    train_missing([order for order in whole if order.full], folder, jobs=jobs, stale=stale)
    trained = []
    for network, run, order in zip(networks, checked, whole, strict=True):
        judgement = run.judge()
        findings = judgement.findings if judgement is not None else ()
        ended = read_kept(order, folder).history if order.full else run.history
        trained.append(Trained(network, run.history, ended, findings, run.errors))
    return trained


def write_configs(networks: Sequence[Network], folder: Path) -> list[Path]:
    """A file for each network; what is there already with the same text is left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{network.config['name']}.yaml" for network in networks]
    for path, network in zip(paths, networks, strict=True):
        path.write_text(write_config(network), encoding="utf-8")
    return paths


def write_config(network: Network) -> str:
    """The config file of a network."""
    return yaml.safe_dump(network.config, sort_keys=False, default_flow_style=None, width=120)


def keep_configs(networks: Sequence[Network], folder: Path) -> None:
    """Write the configs of some networks where they stay."""
    write_configs(networks, folder)


def label_all(trained: Sequence[Trained]) -> list[Ending]:
    """Label each network by its outcome, beside the others on the same data."""
    by_task: dict[str, list[History]] = {}
    for one in trained:
        if one.whole is not None:
            by_task.setdefault(one.network.task, []).append(one.whole)
    levels = find_levels(by_task)
    return [
        Ending.FAILING if one.whole is None else label_run(one.whole, level=levels[one.network.task]) for one in trained
    ]


def describe_trouble(one: Trained, ending: Ending) -> str:
    """What the tool got wrong about a network; empty where nothing."""
    if one.crashes:
        return "no answer"
    if ending is Ending.FAILING:
        return "" if one.has(Severity.ERROR) else "missed"
    if ending is not Ending.HEALTHY:
        return ""
    if one.has(Severity.ERROR):
        return "false alarm"
    return "stopped" if one.was_stopped else "warning" if one.has(Severity.WARNING) else ""


def show_trouble(one: Trained, ending: Ending) -> str:
    """One line on a network that went wrong."""
    outcome = one.whole.outcome if one.whole is not None else None
    metric = f"{outcome.metric_name} {outcome.value:.3f}" if outcome is not None else "; ".join(one.crashes)
    loud = [f"{finding.rule} {finding.severity}" for finding in one.findings if finding.severity is not Severity.INFO]
    name = f"{one.network.config['name']} ({one.network.family}, {one.network.task})"
    return f"{name:46s} {ending:8s} {describe_trouble(one, ending):12s} {metric}  {', '.join(loud)}".rstrip()


def count(trained: Sequence[Trained], endings: Sequence[Ending]) -> Tally:
    """Sum up."""
    healthy = [one for one, ending in zip(trained, endings, strict=True) if ending is Ending.HEALTHY]
    failing = [one for one, ending in zip(trained, endings, strict=True) if ending is Ending.FAILING]
    return Tally(
        nets=len(trained),
        healthy=len(healthy),
        failing=len(failing),
        false_alarms=sum(one.has(Severity.ERROR) for one in healthy),
        warnings=sum(one.has(Severity.ERROR, Severity.WARNING) for one in healthy),
        stopped=sum(one.was_stopped for one in healthy),
        caught=sum(one.has(Severity.ERROR) and not one.crashes for one in failing),
        broken=sum(bool(one.crashes) for one in trained),
    )


def show_tallies(trained: Sequence[Trained], endings: Sequence[Ending]) -> Tally:
    """Print a line for each family and one for all; the latter comes back."""
    columns = list(Tally.__annotations__)
    print(f"\n{'family':16s} " + " ".join(f"{column:>12s}" for column in columns))
    families = {
        name: [one.network.family == name for one in trained] for name in sorted({t.network.family for t in trained})
    }
    for name, chosen in {**families, "all": [True] * len(trained)}.items():
        pairs = [(one, ending) for one, ending, is_in in zip(trained, endings, chosen, strict=True) if is_in]
        tally = count([one for one, _ in pairs], [ending for _, ending in pairs])
        print(f"{name:16s} " + " ".join(f"{getattr(tally, column):12d}" for column in columns))
    total = count(trained, endings)
    print("\n" + "\n".join(f"{name:24s} {value}" for name, value in total.as_line().items()))
    return total


if __name__ == "__main__":
    sys.exit(main())
