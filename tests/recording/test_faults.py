"""Where NaN began, whether it lasted, and what is no fault."""

from __future__ import annotations

import numpy as np

from gradcheck_cli.recording.faults import FaultWatch
from gradcheck_cli.recording.pending_steps import ReadSteps

INF = float("inf")


def watch(losses: list[float], norms: list[list[float]], skipped: list[bool] | None = None) -> FaultWatch:
    faults = FaultWatch(["first", "first", "last"])
    see(faults, losses, norms, skipped or [False] * len(losses))
    return faults


def see(
    faults: FaultWatch, losses: list[float], norms: list[list[float]], skipped: list[bool], *, known: bool = True
) -> None:
    values = np.array(norms, dtype=np.float64).reshape(len(losses), 3)
    steps = np.arange(len(losses))
    everywhere = np.ones(len(losses), dtype=np.bool_)
    numbers = np.column_stack([losses, np.ones((len(losses), 3))])
    flags = np.full(values.shape, known)
    faults.see_steps(ReadSteps(steps, numbers, everywhere, values, flags, everywhere, np.array(skipped)))


FINE = [1.0, 1.0, 1.0]


def test_a_finite_run_has_no_fault() -> None:
    faults = watch([1.0, 0.5], [FINE, FINE])
    assert faults.finish(parameters_finite=True) is None
    assert faults.streak == 0


def test_the_first_bad_step_is_named_with_its_layers() -> None:
    faults = watch([1.0, 1.0, INF], [FINE, [1.0, INF, 1.0], [INF, INF, INF]])
    found = faults.finish(parameters_finite=True)
    assert found is not None
    assert (found.step, found.quantity, found.layers, found.lasting) == (1, "gradient", ("first",), True)
    assert faults.streak == 2


def test_a_fault_that_passes_is_not_lasting() -> None:
    found = watch([1.0, INF, 1.0], [FINE, FINE, FINE]).finish(parameters_finite=True)
    assert found is not None
    assert (found.step, found.quantity, found.layers, found.lasting) == (1, "loss", (), False)


def test_steps_that_a_scaler_leaves_out_are_no_fault() -> None:
    faults = watch([1.0, 1.0, 1.0], [[INF] * 3, [INF] * 3, FINE], [True, True, False])
    assert faults.finish(parameters_finite=True) is None


def test_a_scaler_that_leaves_out_everything_to_the_end_is_one() -> None:
    faults = watch([1.0] * 3, [FINE, [INF] * 3, [INF] * 3], [False, True, True])
    found = faults.finish(parameters_finite=True)
    assert found is not None
    assert (found.step, found.lasting, faults.streak) == (1, True, 2)


def test_unknown_gradients_are_not_bad() -> None:
    faults = FaultWatch(["first", "first", "last"])
    see(faults, [1.0], [[np.nan] * 3], [False], known=False)
    assert faults.streak == 0


def test_a_loss_that_nobody_told_is_not_bad_and_one_of_a_step_not_looked_at_is() -> None:
    faults = FaultWatch(["first"])
    numbers = np.array([[np.nan, 0.1, np.nan, np.nan], [INF, 0.1, np.nan, np.nan]])
    none, nobody = np.zeros((0, 1)), np.zeros(2, dtype=np.bool_)
    steps, told = np.arange(2), np.array([False, True])
    faults.see_steps(ReadSteps(steps, numbers, nobody, none, none.astype(np.bool_), told, nobody))
    found = faults.finish(parameters_finite=True)
    assert found is not None
    assert (found.step, found.quantity, found.layers) == (1, "loss", ())


def test_outputs_say_more_than_the_loss_at_the_same_step() -> None:
    faults = FaultWatch(["first", "first", "last"])
    faults.see_outputs(1, ("middle",))
    see(faults, [1.0, INF], [FINE, [INF] * 3], [False, False])
    found = faults.finish(parameters_finite=True)
    assert found is not None
    assert (found.quantity, found.layers) == ("activation", ("middle",))


def test_parameters_alone_may_be_bad() -> None:
    faults = watch([1.0], [FINE])
    faults.see_parameters(0, np.array([2]))
    found = faults.finish(parameters_finite=False)
    assert found is not None
    assert (found.step, found.quantity, found.layers, found.lasting) == (0, "parameter", ("last",), True)
    assert faults.streak == 0


def test_seeing_steps_twice_changes_nothing() -> None:
    faults = watch([INF, INF], [FINE, FINE])
    see(faults, [INF, INF], [FINE, FINE], [False, False])
    assert faults.streak == 2
