"""Repairs any config by one recipe, without a search: ReLU, He initialisation, normalisation, Adam."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gradcheck_cli.config.schema import Config, LayerConfig
from gradcheck_cli.errors import GradcheckError
from gradcheck_cli.fixing.candidates import change
from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.initialization import matched_initialization
from gradcheck_cli.rules.fixes.learning_rate import USUAL_RATES
from gradcheck_cli.rules.fixes.normalization import insert_normalizations
from gradcheck_cli.rules.fixes.suggestion import Edits, set_to
from gradcheck_cli.rules.fixes.written import write_entry, written_layers
from tests.benchmarks.remedy import THREADS, Outcome, Patient, Remedy, read

ADAM_RATE = USUAL_RATES["Adam"]


def repair_by_recipe(patient: Patient, *, spent: float) -> Remedy:
    """Apply all parts that fit, each on top of those before it.

    Args:
        spent: What the first check has cost.
    """
    text, titles, refused = patient.text, list[str](), list[str]()
    for title, make_edits in RECIPE.items():
        try:
            edits = make_edits(read(text))
            changed = change(text, Fix(title, Safety.UNSAFE, edits=edits), overrides=THREADS) if edits else text
        except GradcheckError as error:
            refused.append(f"{title}: {error.problems[0].message}")
            continue
        titles += [title] if changed != text else []
        text = changed
    note = "; ".join(refused)
    if not titles:
        return Remedy(Outcome.NO_CANDIDATE, spent, note=note)
    return Remedy(Outcome.APPLIED, spent, text, tuple(titles), note)


def _rectify(config: Config) -> Edits:
    hidden = (w.layer for w in written_layers(config) if w.hidden and w.kind is LayerKind.ACTIVATION)
    return tuple(set_to(layer.path, _write_relu(layer)) for layer in hidden if layer.type != "ReLU")


def _write_relu(layer: LayerConfig) -> object:
    entry = write_entry(replace(layer, type="ReLU", arguments={}))
    if layer.repeat == 1:
        return entry
    return {**(entry if isinstance(entry, dict) else {"type": entry}), "repeat": layer.repeat}


def _use_adam(config: Config) -> Edits:
    """Adam and its rate, also where a schedule sets it; the weight decay stays."""
    kept = {key: value for key, value in config.optimizer.arguments.items() if key == "weight_decay"}
    wanted = {"lr": ADAM_RATE, **kept}
    there = config.optimizer.type == "Adam" and config.optimizer.arguments == wanted
    schedule = config.lr_scheduler
    is_set = schedule is not None and schedule.arguments.get("max_lr", ADAM_RATE) != ADAM_RATE
    return (
        *(() if there else (set_to("optimizer", {"type": "Adam", **wanted}),)),
        *((set_to("lr_scheduler.max_lr", ADAM_RATE),) if is_set else ()),
    )


RECIPE: dict[str, Callable[[Config], Edits]] = {
    "ReLU for every hidden activation": _rectify,
    "He initialisation": lambda config: matched_initialization(config, "ReLU"),
    "A normalisation behind each hidden layer": insert_normalizations,
    f"Adam at {ADAM_RATE:g}": _use_adam,
}
"""The parts by name, in the order in which they are applied."""
