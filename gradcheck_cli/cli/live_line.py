"""One line about where a run stands, cut to the width there is; it writes nowhere."""

from __future__ import annotations

import math

from gradcheck_cli.recording.progress import ProgressPoint

_BAR_WIDTH = 16
_SHORTEST_BAR = 6


def show_point(point: ProgressPoint, *, name: str, width: int, seconds_left: float | None, unicode: bool) -> str:
    """Name, bar, steps, then as many of epoch, losses, metric, gradient norm and time left as fit in `width`."""
    head = f"{name[: max(width // 3, 8)]} "
    planned = f"{point.planned_steps:,}"
    counts = f" {point.step:>{len(planned)},}/{planned}"
    bar_width = min(_BAR_WIDTH, max(_SHORTEST_BAR, width // 6))
    line = head + draw_bar(point.step, point.planned_steps, width=bar_width, unicode=unicode) + counts
    for part in _list_details(point, seconds_left):
        if len(line) + 2 + len(part) > width:
            break
        line += f"  {part}"
    return line[:width]


def _list_details(point: ProgressPoint, seconds_left: float | None) -> list[str]:
    details = [f"loss {_show(point.train_loss)}"]
    if seconds_left is not None:
        details.append(f"{show_time(seconds_left)} left")
    details.append(f"epoch {min(point.epoch + 1, point.epochs)}/{point.epochs}")
    for label, value in (("val", point.validation_loss), ("metric", point.metric)):
        # NaN is how the protocol says "not yet"; a training loss that is NaN is news, these are not.
        if not math.isnan(value):
            details.append(f"{label} {_show(value)}")
    details.append(f"gradient {_show(point.gradient_norm)}")
    return details


def draw_bar(done: int, planned: int, *, width: int, unicode: bool) -> str:
    """A bar filled in proportion; full where nothing was planned."""
    filled = width if planned <= 0 else min(width, width * done // planned)
    full, empty = ("━", "─") if unicode else ("#", "-")
    return full * filled + empty * (width - filled)


def _show(value: float) -> str:
    # Trailing zeros stay, so that the fields behind do not jump.
    return f"{value:#.3g}"


def show_time(seconds: float) -> str:
    """Seconds, minutes or hours, whichever fits."""
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
