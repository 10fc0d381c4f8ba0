"""Suggestions that fit the output layer and the loss to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gradcheck_cli.rules.base import Finding, Fix, Safety
from gradcheck_cli.rules.fixes.suggestion import Edits, advise, collect, insert_at, remove, set_to, suggest
from gradcheck_cli.rules.fixes.written import after, is_written_for_one

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

PARTNER = {
    ("CrossEntropyLoss", "LogSoftmax"): "NLLLoss",
    ("BCEWithLogitsLoss", "Sigmoid"): "BCELoss",
    ("NLLLoss", ""): "CrossEntropyLoss",
    ("BCELoss", ""): "BCEWithLogitsLoss",
}
"""The loss that expects what the output layer gives; an empty layer stands for raw outputs."""


def match_loss(config: Config | None, finding: Finding) -> Sequence[Fix]:
    """Fixes of an output layer that does not fit its loss."""
    layer = str(finding.evidence[0].value) if finding.evidence else ""
    expected = str(finding.evidence[0].limit) if finding.evidence else ""
    if expected == "none over one unit":
        return collect(_use_sigmoid(config, finding), _remove_layer(config, finding))
    if expected.startswith("none before"):
        return collect(_remove_layer(config, finding), _take_loss(config, layer))
    return collect(_take_loss(config, ""), _append_layer(config, finding, expected))


def remove_output_layer(config: Config | None, finding: Finding) -> Sequence[Fix]:
    """Fixes of an output layer that is better left out."""
    title, reason = f"Remove {finding.layers[0]}", "The outputs can then be any number."
    removed = suggest(
        config,
        title,
        safety=Safety.UNSAFE,
        reason=reason,
        edits=lambda c: (remove(finding.path),) if _can_remove(c, finding) else (),
    )
    return collect(removed or advise(title, reason=reason))


def _remove_layer(config: Config | None, finding: Finding) -> Fix | None:
    return suggest(
        config,
        f"Remove {finding.layers[0]}",
        safety=Safety.UNSAFE,
        reason="The loss expects raw outputs.",
        edits=lambda c: (remove(finding.path),) if _can_remove(c, finding) else (),
    )


def _can_remove(config: Config, finding: Finding) -> bool:
    """Whether the entry that a finding points at stands for that layer alone."""
    return bool(finding.path) and is_written_for_one(config, finding.path)


def _use_sigmoid(config: Config | None, finding: Finding) -> Fix | None:
    """One unit that says yes or no: raw outputs and the loss made for them."""
    return suggest(
        config,
        f"Remove {finding.layers[0]} and take BCEWithLogitsLoss",
        safety=Safety.UNSAFE,
        reason="A single output says yes or no by its sign, which is what this loss expects.",
        edits=lambda c: _one_unit_edits(c, finding),
    )


def _one_unit_edits(config: Config, finding: Finding) -> Edits:
    if not _can_remove(config, finding):
        return ()
    loss = () if config.loss.type == "BCEWithLogitsLoss" else (set_to("loss", "BCEWithLogitsLoss"),)
    return (remove(finding.path), *loss)


def _take_loss(config: Config | None, layer: str) -> Fix | None:
    return suggest(
        config,
        "Take the loss that expects these outputs",
        safety=Safety.UNSAFE,
        reason="The output layer and the loss then compute each function once.",
        edits=lambda c: _partner_edits(c, layer),
    )


def _partner_edits(config: Config, layer: str) -> Edits:
    partner = PARTNER.get((config.loss.type, layer))
    return () if partner is None else (set_to("loss", partner),)


def _append_layer(config: Config | None, finding: Finding, layer: str) -> Fix | None:
    value = {"type": "LogSoftmax", "dim": 1} if layer == "LogSoftmax" else layer
    return suggest(
        config,
        f"Add {layer} behind {finding.layers[0]}",
        safety=Safety.UNSAFE,
        reason="The loss expects what this layer gives.",
        edits=lambda c: (insert_at(after(finding.path), value),) if finding.path else (),
    )
