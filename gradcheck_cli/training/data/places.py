"""Lists of places in a message, cut to a readable length; it knows nothing of data."""

from __future__ import annotations

from collections.abc import Iterable

MOST_PLACES = 5


def list_places(places: Iterable[object], *, most: int = MOST_PLACES, total: int | None = None) -> str:
    """The first `most` places joined by commas, and how many more of `total` (default: all given) there are."""
    shown = [str(place) for place in places]
    rest = (len(shown) if total is None else total) - min(most, len(shown))
    return ", ".join(shown[:most]) + (f" and {rest} more" if rest else "")
