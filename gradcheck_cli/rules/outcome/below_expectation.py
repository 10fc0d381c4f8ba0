"""GC306: the run did not reach what its config expects of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity, threshold
from gradcheck_cli.rules.fixes.recipes import speed_up
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class BelowExpectation(Rule):
    """Below expectation.

    ## What it detects
    A final validation metric below the one that `diagnostics.expect.val_metric` asks for.

    ## Why it matters
    You said how good the network has to be, and it is not.

    ## How it decides
    The final validation metric is below the expected one. Without an expectation in the config the rule is skipped.

    ## Fixes and their safety
    Those of a run that needs more or better steps: a higher learning rate, Adam, momentum (safe), more epochs (unsafe).

    ## When to ignore it
    Lower the expectation instead.

    ## References
    None: the limit is yours.
    """

    code: ClassVar[str] = "GC306"
    name: ClassVar[str] = "below-expectation"
    summary: ClassVar[str] = "The run did not reach the metric that its config expects."
    family: ClassVar[Family] = Family.OUTCOME
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING, Need.OUTCOME, Need.VALIDATION})

    val_metric: float = threshold(
        math.nan,
        unit="metric",
        help="the validation metric to reach; `diagnostics.expect` sets it",
        source="your config",
    )

    def skip_reason(self, run: History) -> str:
        return "the config sets no `diagnostics.expect`" if math.isnan(self.val_metric) else ""

    def check(self, run: History) -> Iterator[Finding]:
        if run.outcome is None or math.isnan(self.val_metric) or run.outcome.value >= self.val_metric:
            return
        metric = run.outcome.metric_name.replace("_", " ")
        yield Finding(
            rule=self.code,
            name=self.name,
            message=f"The validation {metric} stayed below what the config expects."
            f" It is {show_number(run.outcome.value)}, and {show_number(self.val_metric)} was asked for.",
            why="You said how good the network has to be, and it is not.",
            path="diagnostics.expect.val_metric",
            evidence=(Evidence(f"validation {metric}", run.outcome.value, self.val_metric, "metric"),),
            level=Severity.ERROR,
        )

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return speed_up(config)
