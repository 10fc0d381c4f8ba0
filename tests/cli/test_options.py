"""Tests of what options stand for."""

from __future__ import annotations

from gradcheck_cli.cli.options import collect_overrides, split_list


def test_lists_take_commas_and_repetition() -> None:
    assert split_list(["GC101,GC3", " overfitting "]) == ("GC101", "GC3", "overfitting")
    assert split_list(["GC101,,"]) == ("GC101",)


def test_a_list_that_was_not_given_is_none() -> None:
    assert split_list(None) is None
    assert split_list([]) is None


def test_options_that_stand_for_a_key_come_after_set() -> None:
    overrides = collect_overrides(settings=["seed=1", "optimizer.lr=0.1"], seed=3, epochs=5, max_steps=7, device="cpu")
    assert overrides == (
        "seed=1",
        "optimizer.lr=0.1",
        "seed=3",
        "trainer.epochs=5",
        "trainer.max_steps=7",
        "trainer.device=cpu",
    )
    assert collect_overrides() == ()
