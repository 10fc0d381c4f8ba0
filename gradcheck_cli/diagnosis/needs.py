"""What a rule needs and a run did not record; it runs no rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gradcheck_cli.diagnosis.harm import has_validation
from gradcheck_cli.recording.history import History, Quantity, RunStatus
from gradcheck_cli.rules.base import Need, Rule

_OF_PARAMETERS = frozenset({Quantity.GRADIENT_NORM, Quantity.WEIGHT_NORM, Quantity.UPDATE_RATIO})

_HELD: Mapping[Need, Callable[[History], bool]] = {
    Need.DATA: lambda run: run.data_profile is not None,
    Need.TRAINING: lambda run: run.status not in (RunStatus.LINTED, RunStatus.FAILED),
    Need.STEPS: lambda run: run.steps is not None and len(run.steps.loss) > 0,
    Need.EPOCHS: lambda run: run.epochs is not None and len(run.epochs) > 0,
    Need.SIGNALS: lambda run: any(
        signal.known.any() for quantity, signal in run.signals.items() if quantity not in _OF_PARAMETERS
    ),
    Need.VALIDATION: has_validation,
    Need.VALIDATION_LOSSES: lambda run: run.validation_losses is not None,
    Need.OUTCOME: lambda run: run.outcome is not None,
    Need.SEQUENCE: lambda run: run.description.is_sequence,
    Need.LOSS: lambda run: bool(run.description.loss.type),
}

_REASONS: Mapping[Need, str] = {
    Need.DATA: "the data were not loaded",
    Need.TRAINING: "the network was not trained",
    Need.STEPS: "no optimizer step was taken",
    Need.EPOCHS: "no epoch was completed",
    Need.SIGNALS: "no signal between layers was recorded",
    Need.VALIDATION: "there are no validation rows",
    Need.VALIDATION_LOSSES: "no losses of single validation rows were recorded",
    Need.OUTCOME: "the trained network was not evaluated",
    Need.SEQUENCE: "what happens between the layers is known only of a config and of nn.Sequential",
    Need.LOSS: "the loss function is known only of a config",
}

_NEEDS_IN_OWN_LOOP = (Need.OUTCOME, *(need for need in Need if need is not Need.OUTCOME))
"""What a loop of one's own can never give comes first: the rest would not help."""

_REASONS_IN_OWN_LOOP: Mapping[Need, str] = {
    Need.DATA: "a loop of one's own keeps its data to itself",
    Need.EPOCHS: "the loop told of no validation",
    Need.VALIDATION: "the loop told of no validation",
    Need.VALIDATION_LOSSES: "the loop told of no losses of single validation rows",
    Need.OUTCOME: "only `gradcheck check` compares the network with cheap predictors",
}


def find_skip_reason(rule: Rule, run: History) -> str:
    """Why a rule cannot decide on a run; empty where it can."""
    for need in Need if run.description.from_config else _NEEDS_IN_OWN_LOOP:
        if need in rule.needs and not _HELD[need](run):
            return _explain(need, run)
    return rule.skip_reason(run)


def _explain(need: Need, run: History) -> str:
    own = None if run.description.from_config else _REASONS_IN_OWN_LOOP.get(need)
    if own is not None:
        return own
    causes = "; ".join(f"{what}: {why}" for what, why in run.unavailable.items()) if need is Need.SIGNALS else ""
    return f"{_REASONS[need]} ({causes})" if causes else _REASONS[need]
