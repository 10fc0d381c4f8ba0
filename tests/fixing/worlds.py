"""Stand-ins for training: how a run ends follows from the fixes that the config's text holds, and from the seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.edits import apply_to_data
from gradcheck_cli.config.kinds import same_data
from gradcheck_cli.diagnosis.baseline import Entry
from gradcheck_cli.diagnosis.check import CheckOptions
from gradcheck_cli.diagnosis.fix_report import FixReport
from gradcheck_cli.diagnosis.report import RunReport
from gradcheck_cli.errors import GradcheckError
from gradcheck_cli.fixing import candidates, search
from gradcheck_cli.fixing import fix as front_door
from gradcheck_cli.fixing import trials as trials_module
from gradcheck_cli.fixing.candidates import Candidate
from gradcheck_cli.fixing.course import Setting
from gradcheck_cli.fixing.fix import FixOptions, fix_config
from gradcheck_cli.fixing.race import Entrant
from gradcheck_cli.fixing.search import Search
from gradcheck_cli.fixing.target import Target, choose_target
from gradcheck_cli.fixing.trials import Result, Trial, Trials
from gradcheck_cli.recording.history import RunStatus
from gradcheck_cli.rules.base import Fix
from tests.fixing.results import EPOCHS, LEVERS, PLANNED, SEED, TEXT
from tests.histories import make_report


@dataclass(frozen=True)
class Run:
    """What is trained: which fixes the text holds, on which seed, for what share; a control has more steps."""

    applied: frozenset[Fix]
    seed: int
    share: float
    is_control: bool

    @property
    def is_fresh(self) -> bool:
        """Whether the seed is none of the search."""
        return self.seed != SEED

    def has(self, *fixes: Fix) -> bool:
        """Whether the config holds all of these."""
        return self.applied >= set(fixes)


Play = Callable[[Run], Result]


class World:
    """Plays runs instead of training them, and remembers which.

    Attributes:
        trained: Every run that was asked for, in order.
        interrupt_at: Number of the run, from 0, that the user interrupts; None for none.
    """

    def __init__(self, play: Play, *, text: str = TEXT) -> None:
        self._play, self.text = play, text
        self.trained: list[Trial] = []
        self.interrupt_at: int | None = None

    def train(self, trial: Trial, options: CheckOptions, source: str, *, known: Sequence[Entry]) -> Result:
        """In place of `trials._train`."""
        number = len(self.trained)
        self.trained.append(trial)
        result = self.play(trial)
        return replace(result, status=RunStatus.INTERRUPTED) if number == self.interrupt_at else result

    def play(self, trial: Trial) -> Result:
        """The result of a run, whose steps are scaled to what the config plans.

        A short run takes its share of them unless it ended before, a control as many as its overrides say.
        """
        applied, epochs = _read(trial.text)
        result = self._play(Run(applied, trial.seed, trial.share, is_control=bool(trial.overrides)))
        if result.planned_steps is None:
            return result
        planned = PLANNED * epochs // EPOCHS
        if trial.overrides:
            planned = int(trial.overrides[-1].partition("=")[2])
        steps = min(result.steps * planned // PLANNED, round(trial.share * planned))
        return replace(result, steps=steps, planned_steps=planned)

    @property
    def original(self) -> Result:
        """The run of the config as it is, on its own seed."""
        return self.play(Trial(self.text, SEED))

    @property
    def stages(self) -> list[tuple[int, float]]:
        """Seed and share of each run."""
        return [(trial.seed, trial.share) for trial in self.trained]


@dataclass(frozen=True, eq=False)
class Scene:
    """A search that can begin."""

    setting: Setting
    search: Search
    trials: Trials
    target: Target
    original: Entrant


def make_scene(world: World, monkeypatch: pytest.MonkeyPatch, *, budget: float = 12.0, jobs: int = 1) -> Scene:
    """A search in a world, with the original's run entered."""
    install(world, monkeypatch)
    trials, result = Trials("x.yaml", CheckOptions(save=False), jobs=jobs), world.original
    trials.enter(Trial(world.text, SEED), result)
    target = choose_target(result)
    assert target is not None
    original = Entrant(Candidate(world.text), result, 1.0)
    search = Search(trials, target, original, seed=SEED, overrides=(), budget=budget)
    return Scene(Setting(trials, target, original, seed=SEED, budget=budget), search, trials, target, original)


def fix_in(world: World, monkeypatch: pytest.MonkeyPatch, **options: Any) -> RunReport:
    """The whole of `fix` in a world, whose first check is played too."""
    install(world, monkeypatch)
    return fix_config("x.yaml", FixOptions(CheckOptions(save=False), **options))


def account_of(report: RunReport) -> FixReport:
    """What `fix` says of its search."""
    assert report.fix is not None
    return report.fix


def install(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs be played from now on, one after another."""
    for module, name in ((candidates, "change"), (candidates, "compare_lengths"), (search, "suggest_again")):
        monkeypatch.setattr(module, name, _remember(getattr(module, name)))
    monkeypatch.setattr(trials_module, "_train", world.train)
    monkeypatch.setattr(trials_module, "run_in_parallel", run_in_this_process)
    monkeypatch.setattr(front_door, "check_config", lambda *args, **kwargs: _report(world))
    monkeypatch.setattr(front_door, "summarize", lambda report: world.original)


def run_in_this_process(
    calls: Sequence[Callable[[], Result]], *, jobs: int, on_lost: Callable[[int], Result]
) -> Iterator[Result]:
    """In place of processes."""
    assert jobs > 1
    return iter([call() for call in calls])


@cache
def _read(text: str) -> tuple[frozenset[Fix], int]:
    """The fixes that a config holds, and its epochs."""
    data = parse_document(text, source="").data
    applied = frozenset(fix for fix in LEVERS if same_data(apply_to_data(data, fix.edits), data))
    return applied, data["trainer"]["epochs"]


_KNOWN: dict[str, Any] = {}


def _remember(function: Callable[..., Any]) -> Callable[..., Any]:
    """A pure function that is carried out once for equal arguments; reading YAML takes most of a played search."""
    if getattr(function, "remembers", False):
        return function

    def remembered(*args: Any, **kwargs: Any) -> Any:
        key = repr((function.__name__, args, kwargs))
        if key not in _KNOWN:
            _KNOWN[key] = _carry_out(function, *args, **kwargs)
        if isinstance(_KNOWN[key], GradcheckError):
            raise _KNOWN[key]
        return _KNOWN[key]

    remembered.remembers = True  # type: ignore[attr-defined]
    return remembered


def _carry_out(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except GradcheckError as error:
        return error


def _report(world: World) -> RunReport:
    result, document = world.original, parse_document(world.text, source="x.yaml")
    run = make_report(*result.findings, document=document, config="x.yaml", seed=SEED).runs[0]
    return replace(run, status=result.status)
