"""The labels of a corpus of training runs, as its README describes them; it runs nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

STATIC_CODES = frozenset({"GC501", "GC502", "GC503", "GC504", "GC508", "GC509"})
"""What the config alone shows beyond doubt."""


class Kind(StrEnum):
    """What a case is to the score."""

    FAILS = "fails"
    HEALTHY = "healthy"
    OTHER = "other"  # a fault that trains all the same, or depends on the seed


class LabelError(ValueError):
    """The corpus cannot be used."""


@dataclass(frozen=True)
class Label:
    """One labelled case.

    Attributes:
        file: Relative to the corpus.
        rules: Codes that may come first.
        excused: True side remarks, no false alarm.
        lost: Never improves on the trivial predictor.
        marginal: Near the line, left out of the scores.
        static: Lint has to name it.
        recoverable: Healthy or seed-dependent; must not be stopped.
        silence_is_fine: Where not naming the fault is no miss.
    """

    file: str
    family: str
    kind: Kind
    rules: frozenset[str]
    excused: frozenset[str]
    lost: bool
    marginal: bool
    static: bool
    recoverable: bool
    silence_is_fine: bool


def read_labels(corpus: Path, *, families: Sequence[str] = ()) -> tuple[Label, ...]:
    """The labels of a corpus, duplicates left out.

    Raises:
        LabelError: No `labels.json`, a case that is absent, an unknown family, or no case at all.
    """
    try:
        entries = json.loads((corpus / "labels.json").read_text(encoding="utf-8"))
        labels = tuple(_read(entry) for entry in entries if not entry.get("duplicate_of"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabelError(f"{corpus / 'labels.json'} cannot be used: {type(error).__name__}: {error}") from error
    absent = [label.file for label in labels if not (corpus / label.file).exists()]
    if absent:
        raise LabelError("labelled but absent: " + ", ".join(absent[:5]))
    known = {label.family for label in labels}
    unknown = set(families) - known
    if unknown:
        raise LabelError(f"no family {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    chosen = tuple(label for label in labels if not families or label.family in families)
    if not chosen:
        raise LabelError("the corpus holds no case")
    return chosen


def _read(entry: dict[str, Any]) -> Label:
    rules = frozenset(entry["rules_any"])
    kind = Kind.HEALTHY if entry["outcome"] == "trains" and not rules else Kind.OTHER
    if entry["outcome"] == "fails":
        kind = Kind.FAILS
    static = entry["top"] in STATIC_CODES and entry["severity"] != "none" and not entry.get("needs_data")
    return Label(
        file=entry["file"],
        family=entry["family"],
        kind=kind,
        rules=rules,
        excused=rules | frozenset(entry["also_ok"]),
        lost=bool(entry["lost"]),
        marginal=bool(entry["marginal"]),
        static=static,
        recoverable=kind is Kind.HEALTHY or entry["outcome"] == "seed-dependent",
        silence_is_fine=entry["severity"] == "any",
    )
