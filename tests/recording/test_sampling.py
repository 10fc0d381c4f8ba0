"""Which steps are sampled: early ones, a grid, ends of epochs, and few."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.recording.sampling import choose_steps


@given(planned=st.integers(1, 2_000_000), per_epoch=st.integers(1, 5_000))
def test_samples_are_inside_the_run_few_and_reach_its_end(planned: int, per_epoch: int) -> None:
    steps = choose_steps(planned, per_epoch)
    assert steps == choose_steps(planned, per_epoch)
    assert 0 in steps
    assert all(0 <= step < planned for step in steps)
    assert len(steps) <= min(30 + planned // 40, 420)


@given(planned=st.integers(100, 1_000_000), per_epoch=st.integers(1, 5_000))
def test_no_tenth_of_a_run_goes_unseen(planned: int, per_epoch: int) -> None:
    steps = sorted(choose_steps(planned, per_epoch))
    gaps = [after - before for before, after in zip(steps, [*steps[1:], planned], strict=True)]
    assert max(gaps) <= 0.2 * planned + 2


def test_the_first_steps_are_dense() -> None:
    assert sorted(choose_steps(1_000, 1_000))[:5] == [0, 1, 2, 4, 8]


def test_a_short_run_is_sampled_throughout() -> None:
    assert choose_steps(8, 4) == frozenset(range(8))


def test_the_grid_falls_on_the_last_full_steps_of_epochs() -> None:
    late = [step for step in choose_steps(460, 23) if step > 40]
    assert late
    assert all(step % 23 == 21 for step in late)


def test_an_empty_run_has_no_samples() -> None:
    assert choose_steps(0, 1) == frozenset()
