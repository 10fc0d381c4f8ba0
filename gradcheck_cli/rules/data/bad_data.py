"""GC603: values that cannot be learnt from: NaN, Inf, missing cells, columns and targets that never change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.data_profile import BadCells, Cell, DataProfile
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity
from gradcheck_cli.rules.fixes.data import settle_missing
from gradcheck_cli.rules.fixes.suggestion import advise

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

LISTED = 5
CELLS = "cells that are not finite"
MISSING = "missing cells"
TARGET = "different targets in training"
FEATURES = "features that never change"


def is_picture(run: History) -> bool:
    """Whether a row is an image, `[channels, height, width]`."""
    return len(run.description.data.input_shape or ()) == 3


@dataclass(frozen=True)
class BadData(Rule):
    """Bad data.

    ## What it detects
    Cells that are missing, NaN or infinite; a target that never changes; features that never change.

    ## Why it matters
    One NaN or Inf in a batch makes every weight NaN. A constant target leaves nothing to learn, and no metric can tell
    a good network from a bad one. A constant feature takes part in nothing.

    ## How it decides
    Every value of the training and validation rows is tested, as the network's number format holds it, and the first
    places are named by row and column. Missing cells stop a run before it begins unless `data.missing` says what to do
    with them. These and constant targets are errors without further proof; constant features are worth a note only,
    and in images none.

    ## Fixes and their safety
    `data.missing: mean` or `drop` for missing cells (unsafe: they change the data). For all else the data have to be
    mended (advice).

    ## When to ignore it
    Constant features may stay; images often have them at their borders.

    ## References
    IEEE 754; Little and Rubin 2019, "Statistical analysis with missing data".
    """

    code: ClassVar[str] = "GC603"
    name: ClassVar[str] = "bad-data"
    summary: ClassVar[str] = "Missing, NaN or infinite values, a constant target, or constant features."
    family: ClassVar[Family] = Family.DATA
    needs: ClassVar[frozenset[Need]] = frozenset({Need.DATA})
    aliases: ClassVar[tuple[str, ...]] = ("NonFiniteData", "ConstantTarget")

    def check(self, run: History) -> Iterator[Finding]:
        profile = run.data_profile
        if profile is None:
            return
        if profile.bad_cells is not None:
            yield self._cells(profile.bad_cells)
        if profile.constant_target:
            yield self._target()
        # The rim of a picture is blank in every row; that says nothing about the data.
        if profile.constant_feature_count and not is_picture(run):
            yield self._features(profile)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        measured = finding.evidence[0].name
        if measured == MISSING:
            return settle_missing(config)
        if measured == CELLS:
            return (advise("Mend these cells, or leave their rows out", reason="No network can learn from them."),)
        if measured == TARGET:
            reason = "Nothing can be learnt from rows that all have the same target."
            return (advise("Look for the right target column (`data.target`), or for more rows", reason=reason),)
        reason = "They cost weights and tell the network nothing."
        return (
            advise(
                "Leave these features out (of a file, `data.features` names those to keep), or let them be",
                reason=reason,
            ),
        )

    def _cells(self, cells: BadCells) -> Finding:
        what = "missing" if cells.refused else "NaN or infinite"
        places = _list_places(cells.first, cells.count, named=not cells.refused)
        return self._finding(
            f"Cells of the data are {what}. {_count(cells.count, 'cell')}: {places}.",
            why="They cannot be trained on, and the config does not say what to do with them."
            if cells.refused
            else "One such value in a batch makes every weight NaN with the next step.",
            path="data.missing" if cells.refused else "data",
            evidence=Evidence(MISSING if cells.refused else CELLS, cells.count, 0, "cells"),
            level=Severity.ERROR,
        )

    def _target(self) -> Finding:
        return self._finding(
            "The target never changes in the training rows.",
            why="There is nothing to learn, and no metric can tell a good network from a bad one.",
            evidence=Evidence(TARGET, 1, 2, "values"),
            level=Severity.ERROR,
        )

    def _features(self, profile: DataProfile) -> Finding:
        names, count = profile.constant_features[:LISTED], profile.constant_feature_count
        more = f" and {count - len(names)} more" if count > len(names) else ""
        return self._finding(
            f"Features never change in the training rows. {_count(count, 'feature')}: {', '.join(names)}{more}.",
            why="They take part in nothing that the network can learn.",
            evidence=Evidence(FEATURES, count, 0, "features"),
            level=Severity.INFO,
        )

    def _finding(self, message: str, *, why: str, evidence: Evidence, level: Severity, path: str = "data") -> Finding:
        return Finding(
            rule=self.code,
            name=self.name,
            message=message,
            why=why,
            path=path,
            evidence=(evidence,),
            level=level,
            ceiling=level,
            effects=None if evidence.name == CELLS else (),
        )


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _list_places(cells: Sequence[Cell], count: int, *, named: bool) -> str:
    """The first places, with their values where `named`, and how many more there are."""
    shown = [f"{cell} {cell.value}" if named else str(cell) for cell in cells[:LISTED]]
    several = len({cell.source for cell in cells}) > 1
    places = [f"{place} of {cell.source}" if several else place for place, cell in zip(shown, cells, strict=False)]
    rest = count - len(places)
    return ", ".join(places) + (f" and {rest} more" if rest else "")
