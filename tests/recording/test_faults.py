"""Where NaN began, whether it lasted, and what is no fault."""

from __future__ import annotations

import numpy as np

from gradcheck_cli.recording.faults import FaultWatch

INF = float("inf")


def watch(losses: list[float], norms: list[list[float]], skipped: list[bool] | None = None) -> FaultWatch:
    faults = FaultWatch(["first", "first", "last"])
    see(faults, losses, norms, skipped or [False] * len(losses))
    return faults


def see(faults: FaultWatch, losses: list[float], norms: list[list[float]], skipped: list[bool]) -> None:
    values = np.array(norms, dtype=np.float64).reshape(len(losses), 3)
    faults.see_steps(
        np.arange(len(losses)),
        np.array(losses),
        norms=values,
        known=np.ones(values.shape, dtype=np.bool_),
        skipped=np.array(skipped),
    )


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
    faults = FaultWatch(["first"])
    one = np.array([[np.nan]])
    faults.see_steps(np.array([0]), np.array([1.0]), norms=one, known=~np.isnan(one), skipped=np.array([False]))
    assert faults.streak == 0


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
