from __future__ import annotations

from gradcheck_cli.diagnosis.coverage import measure_coverage
from gradcheck_cli.recording.history import Quantity
from tests.histories import make_history, make_linted

OF_LAYERS = (Quantity.BACKWARD_SIGNAL, Quantity.FORWARD_SIGNAL, Quantity.SENSITIVITY)


def test_every_layer_seen() -> None:
    coverage = measure_coverage(make_history())
    assert (coverage.layers_observed, coverage.layers, coverage.note) == (5, 5, "")


def test_layer_that_was_never_measured_does_not_count() -> None:
    history = make_history(changes={quantity: {"linear_1": None} for quantity in OF_LAYERS})
    assert measure_coverage(history).layers_observed == 4
    partly = make_history(changes={quantity: {"linear_1": None} for quantity in OF_LAYERS[1:]})
    assert measure_coverage(partly).layers_observed == 5


def test_notes_and_what_was_unavailable() -> None:
    history = make_history(notes=("A note.",), unavailable={"sensitivity": "batches of one row"})
    assert measure_coverage(history).note == "A note.; sensitivity: batches of one row"


def test_lint_has_seen_nothing() -> None:
    coverage = measure_coverage(make_linted())
    assert (coverage.layers_observed, coverage.layers, coverage.note) == (0, 5, "not trained")
