"""Separate streams of random numbers, all derived from the run's one seed; it draws nothing and knows no torch."""

from __future__ import annotations

import hashlib
from enum import StrEnum


class Stream(StrEnum):
    """What a stream of random numbers is for."""

    INITIALIZATION = "initialization"
    ORDER = "order"
    SPLIT = "split"
    NOISE = "noise"
    DROPOUT = "dropout"


def derive_seed(seed: int, stream: Stream, *keys: str) -> int:
    """A seed of its own for one stream, so that more draws in one never shift another.

    Args:
        seed: The run's seed.
        stream: What the numbers are for.
        keys: What tells this stream from others of its kind, such as a layer's type and name.

    Returns:
        An integer in `[0, 2**32)`: torch's CPU generator reads no more than 32 bits of its seed.
    """
    text = "\x1f".join((str(seed), stream.value, *keys))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")
