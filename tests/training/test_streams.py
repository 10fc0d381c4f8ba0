"""Seeds of the separate random streams."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gradcheck_cli.training.streams import Stream, derive_seed


@given(st.integers(), st.sampled_from(Stream), st.lists(st.text(max_size=5), max_size=3))
def test_a_seed_is_what_torch_and_numpy_take(seed: int, stream: Stream, keys: list[str]) -> None:
    derived = derive_seed(seed, stream, *keys)
    assert 0 <= derived < 2**32
    assert derived == derive_seed(seed, stream, *keys)


def test_streams_layers_and_seeds_are_told_apart() -> None:
    seeds = [
        derive_seed(seed, stream, "Linear", f"fc{n}") for seed in range(10) for stream in Stream for n in range(20)
    ]
    assert len(set(seeds)) == len(seeds)


def test_keys_do_not_run_together() -> None:
    assert derive_seed(0, Stream.ORDER, "a", "b") != derive_seed(0, Stream.ORDER, "ab")


def test_it_stays_the_same_from_release_to_release() -> None:
    assert derive_seed(0, Stream.INITIALIZATION, "Linear", "fc1") == 4074563445
