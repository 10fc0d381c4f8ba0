"""Findings that rules could make on a network, whether or not they do, so that all fixes can be listed; none is judged.

What a finding points at is read off the network. A rule that chooses its fixes by what it measured gets one finding for
each way in which it chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gradcheck_cli.config.schema import Config
from gradcheck_cli.fixing.candidates import Suggestion, list_suggestions
from gradcheck_cli.recording.description import LayerDescription, LayerKind
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.activation.affine_chains import find_chains, names_of
from gradcheck_cli.rules.activation.bias_before_norm import BiasBeforeNorm
from gradcheck_cli.rules.activation.missing_nonlinearity import MissingNonlinearity
from gradcheck_cli.rules.base import Evidence, Finding, Rule
from gradcheck_cli.rules.data import bad_data, class_imbalance, unscaled_input
from gradcheck_cli.rules.generalization import overfitting
from gradcheck_cli.rules.gradient_flow.exploding_gradient import ExplodingGradient
from gradcheck_cli.rules.gradient_flow.exploding_through_time import ExplodingThroughTime
from gradcheck_cli.rules.gradient_flow.vanishing_through_time import VanishingThroughTime
from gradcheck_cli.rules.initialization import init_activation_mismatch
from gradcheck_cli.rules.optimizer import learning_rate_out_of_range
from gradcheck_cli.rules.optimizer.update_scale import UpdateScale
from gradcheck_cli.rules.outcome.non_finite import NonFinite
from gradcheck_cli.rules.output_and_loss.bounded_output import BoundedOutput
from gradcheck_cli.rules.output_and_loss.output_layer import find_output_layer, find_width_layer
from gradcheck_cli.rules.output_and_loss.redundant_softmax import (
    NORMALISED,
    PROBABILITIES,
    TAKES_LOGITS,
    RedundantSoftmax,
)
from gradcheck_cli.rules.output_and_loss.wrong_output_width import WrongOutputWidth
from gradcheck_cli.rules.selection import configure

Fields = Mapping[str, Any]
"""Those of a finding that its rule looks at."""

LATE = 7
"""A step that is not the first."""
MEASURED: Fields = {"evidence": (Evidence("measured", 1e-6, 1.0, "ratio"),), "first_step": LATE}
"""For rules whose fixes hang on the config alone."""
SQUASHING = frozenset({LayerKind.ACTIVATION, LayerKind.SOFTMAX})


def list_catalogue(history: History, config: Config) -> tuple[Suggestion, ...]:
    """Every typed edit that some rule would suggest for a config, whatever the diagnosis; equal edits once."""
    findings = (
        replace(finding, fixes=tuple(configured.rule.fixes(finding, config)))
        for rule, configured in configure(config.diagnostics).items()
        for finding in imagine(rule, history)
    )
    return list_suggestions(findings)


def imagine(rule: type[Rule], history: History) -> Iterator[Finding]:
    """Findings of one rule; none where the network has no place for one."""
    variants = VARIANTS.get(rule)
    for fields in (MEASURED,) if variants is None else variants(history):
        yield Finding(rule=rule.code, name=rule.name, message="Imagined.", why="", **fields)


def _measure(name: str, value: float | str, limit: float | str | None = None) -> Fields:
    return {"evidence": (Evidence(name, value, limit),)}


def _explosions(_: History) -> Iterator[Fields]:
    yield _measure("sensitivity, last over first layer", 1e6, 1.0)
    yield MEASURED


def _first_steps(_: History) -> Iterator[Fields]:
    yield from ({**MEASURED, "first_step": step} for step in (0, LATE))


def _update_sizes(_: History) -> Iterator[Fields]:
    yield _measure("update", 1e-9, 1e-6)
    yield _measure("update", 1.0, 1e-6)


def _rates(_: History) -> Iterator[Fields]:
    yield MEASURED
    for mean in (1e-9, 1.0):
        names = learning_rate_out_of_range.MEAN, learning_rate_out_of_range.HIGHEST
        yield {"evidence": tuple(Evidence(name, value) for name, value in zip(names, (mean, 1.0), strict=True))}


def _initial_signals(_: History) -> Iterator[Fields]:
    rule = init_activation_mismatch.InitActivationMismatch()
    yield _measure(init_activation_mismatch.SELU_SCALE, 9.0, rule.max_selu_scale)
    yield _measure(init_activation_mismatch.SPREAD, 99.0, rule.max_spread)
    yield _measure(init_activation_mismatch.SIGNAL, 1e-9, rule.min_signal)
    yield _measure(init_activation_mismatch.SIGNAL, 1e9, rule.max_signal)


def _scales(history: History) -> Iterator[Fields]:
    yield _measure("largest feature", 1e4, 1.0)
    if history.description.data.task == "regression":
        yield _measure(unscaled_input.TARGET, 1e4, 1.0)


def _missing_cells(history: History) -> Iterator[Fields]:
    cells = history.data_profile.bad_cells if history.data_profile is not None else None
    if cells is not None and cells.refused:
        yield _measure(bad_data.MISSING, cells.count, 0)


def _memories(history: History) -> Iterator[Fields]:
    if any(layer.kind is LayerKind.RECURRENT for layer in history.description.layers):
        yield MEASURED


def _class_counts(history: History) -> Iterator[Fields]:
    counts = history.data_profile.classes if history.data_profile is not None else None
    if counts is not None:
        yield _measure(class_imbalance.COUNTS, ", ".join(map(str, counts.train.tolist())))


def _rises(_: History) -> Iterator[Fields]:
    for best in (0.0, 1.0):
        yield _measure(overfitting.BEST_METRIC, best, 0.5)


def _at(layer: LayerDescription, evidence: Evidence) -> Fields:
    return {"path": layer.path or "", "layers": (layer.name,), "evidence": (evidence,)}


def _output_layers(history: History) -> Iterator[Fields]:
    layer, loss = find_output_layer(history.description), history.description.loss.type
    if layer is None:
        return
    expected = {
        "none over one unit": layer.type in NORMALISED,
        f"none before {loss}": layer.kind in SQUASHING and loss in TAKES_LOGITS,
        "LogSoftmax": loss == "NLLLoss" and layer.type != "LogSoftmax",
        "Sigmoid": loss == "BCELoss" and layer.type not in PROBABILITIES,
    }
    yield from (_at(layer, Evidence("output layer", layer.type, words)) for words, fits in expected.items() if fits)


def _bounds(history: History) -> Iterator[Fields]:
    layer = find_output_layer(history.description)
    if layer is not None and layer.kind in SQUASHING:
        yield _at(layer, Evidence("range", "between 0 and 1", "anywhere"))


def _widths(history: History) -> Iterator[Fields]:
    data, layer = history.description.data, find_width_layer(history.description)
    wanted = data.classes or data.target_columns
    if layer is not None and wanted:
        yield _at(layer, Evidence("outputs", 0, wanted))


def _chains(history: History) -> Iterator[Fields]:
    for chain in find_chains(history.description):
        yield {"path": chain[1].path or "", "layers": names_of(chain), "evidence": MEASURED["evidence"]}


def _biases(history: History) -> Iterator[Fields]:
    yield from ({"layers": finding.layers} for finding in BiasBeforeNorm().check(history))


VARIANTS: Mapping[type[Rule], Callable[[History], Iterator[Fields]]] = {
    ExplodingGradient: _explosions,
    ExplodingThroughTime: _memories,
    VanishingThroughTime: _memories,
    NonFinite: _first_steps,
    UpdateScale: _update_sizes,
    learning_rate_out_of_range.LearningRateOutOfRange: _rates,
    init_activation_mismatch.InitActivationMismatch: _initial_signals,
    unscaled_input.UnscaledInput: _scales,
    bad_data.BadData: _missing_cells,
    class_imbalance.ClassImbalance: _class_counts,
    overfitting.Overfitting: _rises,
    RedundantSoftmax: _output_layers,
    BoundedOutput: _bounds,
    WrongOutputWidth: _widths,
    MissingNonlinearity: _chains,
    BiasBeforeNorm: _biases,
}
"""Of the rules that look at their finding when they suggest fixes, or that need a certain layer."""
