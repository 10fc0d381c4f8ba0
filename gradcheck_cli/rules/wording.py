"""How messages name layers and write numbers; it decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

LISTED_LAYERS = 3


def join_layers(names: Sequence[str]) -> str:
    """Name layers in one phrase: `fc1`, `fc1 and fc2`, `fc1, fc2 and fc3`, or `fc1 to fc9` for longer lists."""
    if len(names) > LISTED_LAYERS:
        return f"{names[0]} to {names[-1]}"
    if len(names) > 1:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return names[0] if names else "the network"


def show_number(value: float) -> str:
    """A number to three significant figures, without an exponent between 0.001 and 10,000."""
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{value:.3g}" if abs(value) < 1e3 else f"{value:.0f}"
    return f"{value:.1e}"
