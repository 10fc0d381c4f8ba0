"""What a rule, a finding and a fix are; it names no particular fault."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

from gradcheck_cli.config.edit_types import Edit
from gradcheck_cli.recording.history import History

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


class Severity(StrEnum):
    """How much a finding matters (contracts §3)."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for error, 1 for warning, 2 for info."""
        return list(Severity).index(self)


class Safety(StrEnum):
    """What a fix may change (design 4 §1)."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    ADVICE = "advice"


class Family(StrEnum):
    """Families of rules, in the order in which findings of equal standing are shown (contracts §3)."""

    CONFIG = "config"
    DATA = "data"
    OUTPUT_AND_LOSS = "output and loss"
    INITIALIZATION = "initialization"
    ACTIVATION = "activation"
    GRADIENT_FLOW = "gradient flow"
    OPTIMIZER = "optimizer"
    OUTCOME = "outcome"
    SEQUENCE = "sequence"  # nothing happens between input and output but what the layers do
    LOSS = "loss"  # which loss function it is
    GENERALIZATION = "generalization"


class Need(StrEnum):
    """What must have been recorded for a rule to decide; without it the rule is skipped with a reason."""

    DATA = "data"  # the data were loaded (not lint)
    TRAINING = "training"  # the run was trained at all (not lint)
    STEPS = "steps"
    EPOCHS = "epochs"
    SIGNALS = "signals"
    VALIDATION = "validation"
    VALIDATION_LOSSES = "validation_losses"
    OUTCOME = "outcome"
    SEQUENCE = "sequence"  # nothing happens between input and output but what the layers do
    LOSS = "loss"  # which loss function it is


@dataclass(frozen=True)
class Evidence:
    """One measured value against its limit. `value` and `limit` are numbers or short strings."""

    name: str
    value: float | int | str
    limit: float | int | str | None = None
    unit: str = ""


class VerdictOutcome(StrEnum):
    """What retraining showed of a fix (design 4 §3)."""

    FIXED = "fixed"
    NO_EFFECT = "no-effect"
    WORSE = "worse"
    FAILED = "failed"


@dataclass(frozen=True)
class Spread:
    """A figure over seeds: its mean, and its sample standard deviation (0 for a single seed)."""

    mean: float
    spread: float


@dataclass(frozen=True)
class Verdict:
    """What retraining on fresh seeds showed of a fix.

    Attributes:
        seeds: How many.
        before, after: Validation metric without and with it; None where it was not measured.
        control: The same of the original with as many steps as the fixed config takes; the original itself where that
            takes no more.
        symptom_gone: Whether the finding is gone on every seed.
        gain_shown: Whether the metric (for overfitting, the validation loss) is better by more than noise.
    """

    outcome: VerdictOutcome
    seeds: int
    before: Spread | None
    after: Spread | None
    control: Spread | None
    symptom_gone: bool
    gain_shown: bool

    @property
    def helps(self) -> bool:
        """Whether the config is better with it: mended, or at least more than noise can explain."""
        return self.outcome is VerdictOutcome.FIXED or self.gain_shown


@dataclass(frozen=True)
class Fix:
    """A suggestion: an imperative title, why it should help, and the edits that make it (none for advice).

    `verdict` is set by `fixing`; None where the fix was not put to the proof.
    """

    title: str
    safety: Safety
    reason: str = ""
    edits: tuple[Edit, ...] = ()
    verdict: Verdict | None = None


@dataclass(frozen=True)
class SeedCount:
    """In how many of the seeds that were trained a finding came up."""

    found: int = 1
    of: int = 1


def rank_by_proof(fix: Fix) -> int:
    """0 for a fix that was shown to help, 1 for one that was not put to the proof, 2 for one that did not help."""
    if fix.verdict is None:
        return 1
    return 0 if fix.verdict.helps else 2


@dataclass(frozen=True)
class Finding:
    """What one rule found.

    Attributes:
        message: What is wrong. The first sentence carries no number (its text is kept by baselines).
        why: At most two plain sentences on what it does to training.
        path: Config path it points at; empty for the whole run.
        layers: Names of the layers concerned, in forward order.
        first_step: First optimizer step at which it was seen; None for static findings.
        level: Severity while no harm is shown. ERROR means: an error without further proof.
        ceiling: Highest severity, reached when harm is shown. INFO means: info always.
        severity: Set by `diagnosis.judge`; equals `level` before.
        explains: Codes of findings that this one causes; set by `diagnosis.judge`.
        explained_by: Code of the finding that causes this one; None for a root. Set by `diagnosis.judge`.
        fixes: Set by `diagnosis.judge` from the rule.
        harmful: Proves harm by itself (the overfitting test, contracts §3 d).
        seeds: How many of the seeds show it; set by `diagnosis.seeds`.
        effects: Codes that it can bring about, of those that the table of causes has for its rule; None for all.
    """

    rule: str
    name: str
    message: str
    why: str
    path: str = ""
    layers: tuple[str, ...] = ()
    first_step: int | None = None
    evidence: tuple[Evidence, ...] = ()
    level: Severity = Severity.WARNING
    ceiling: Severity = Severity.ERROR
    harmful: bool = False
    effects: tuple[str, ...] | None = None
    severity: Severity = Severity.WARNING
    explains: tuple[str, ...] = ()
    explained_by: str | None = None
    fixes: tuple[Fix, ...] = ()
    fingerprint: str = ""
    seeds: SeedCount = SeedCount()


def threshold(default: float, *, unit: str, help: str, source: str) -> Any:
    """A rule's threshold as a dataclass field; `source` is a paper, "calibrated on the corpus", or "convention"."""
    return field(default=default, metadata={"unit": unit, "help": help, "source": source})


@dataclass(frozen=True)
class Threshold:
    """A threshold as `gradcheck rule` shows it."""

    name: str
    default: float
    unit: str
    help: str
    source: str


@dataclass(frozen=True)
class Rule(ABC):
    """A fault that gradcheck knows. A subclass is a frozen dataclass whose fields are its thresholds.

    The subclass's docstring is its manual page, with the headings What it detects, Why it matters, How it decides,
    Fixes and their safety, When to ignore it, References.
    """

    code: ClassVar[str]
    name: ClassVar[str]
    summary: ClassVar[str]
    family: ClassVar[Family]
    needs: ClassVar[frozenset[Need]]
    aliases: ClassVar[tuple[str, ...]] = ()
    """Names that other tools use for it."""
    only_with_harm: ClassVar[bool] = False
    """Findings count only where harm is shown (outcome rules)."""
    hidden_by_metric: ClassVar[bool] = False
    """The metric cannot show what it costs, so that a good end is no reason to lower the finding."""

    def skip_reason(self, run: History) -> str:
        """Why the rule cannot decide although what it needs was recorded; empty where it can."""
        return ""

    @abstractmethod
    def check(self, run: History) -> Iterator[Finding]:
        """Judge a run; pure, never sees torch."""

    @abstractmethod
    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        """Suggestions for a finding, best first; advice only where `config` is None."""

    @classmethod
    def thresholds(cls) -> tuple[Threshold, ...]:
        """The rule's thresholds with their documentation."""
        return tuple(
            Threshold(entry.name, entry.default, **entry.metadata)  # type: ignore[arg-type]
            for entry in fields(cls)
            if "source" in entry.metadata
        )
