"""The cases of a labelled corpus that a fix is scored on, and how far each must come; it trains nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.labels import Kind, Label, LabelError, read_labels

METRICS = frozenset({"accuracy", "r2"})
"""Those of which more is better, so that a target is a least value."""
OVERFITTING = "overfitting"
"""The family whose cure the metric alone cannot show."""


@dataclass(frozen=True)
class FixCase:
    """A failing case that a change of its config can fix.

    Attributes:
        path: Of its config.
        target: Least mean final metric of the fixed config.
    """

    label: Label
    path: Path
    target: float

    @property
    def name(self) -> str:
        """Short, for tables."""
        return self.label.file.removeprefix("cases/").removesuffix(".yaml")

    @property
    def is_overfitting(self) -> bool:
        """Whether the findings have a say in whether it is fixed."""
        return self.label.family == OVERFITTING


def read_fix_cases(corpus: Path, *, families: Sequence[str] = (), only: str = "") -> tuple[FixCase, ...]:
    """The failing cases marked fixable, marginal ones left out.

    Args:
        only: A part of the file's name.

    Raises:
        LabelError: The corpus cannot be used, no case is left, or one has no target in a known metric.
    """
    labels = [label for label in read_labels(corpus, families=families) if label.kind is Kind.FAILS]
    entries = {entry["file"]: entry for entry in json.loads((corpus / "labels.json").read_text(encoding="utf-8"))}
    cases = []
    for label in labels:
        entry = entries[label.file]
        if label.marginal or not entry.get("fixable") or only not in label.file:
            continue
        metric, target = entry.get("metric_name"), entry.get("target_metric")
        if metric not in METRICS or not isinstance(target, int | float):
            raise LabelError(f"{label.file} has no target in {' or '.join(sorted(METRICS))}: {metric} {target}")
        cases.append(FixCase(label, corpus / label.file, float(target)))
    if not cases:
        raise LabelError("no failing case that is marked fixable is selected")
    return tuple(cases)
