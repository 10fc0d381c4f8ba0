"""Numbers as a person reads them; it rounds and never decides what a number means."""

from __future__ import annotations

import math

UNKNOWN = "-"


def show_number(value: float | str | None) -> str:
    """Three significant digits; `-` for None, `nan`, `inf` and `-inf` as such. Strings pass through.

    `1234567` becomes `1.23e+06`, a whole number below 100,000 keeps its digits.
    """
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if value == 0:
        return "0"
    if value == round(value) and abs(value) < 100_000:
        return str(round(value))
    return _show_fraction(value)


def _show_fraction(value: float) -> str:
    rounded = float(f"{value:.2e}")
    if not 1e-3 <= abs(rounded) < 100_000:
        return f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e+")
    return f"{value:.0f}" if abs(rounded) >= 100 else f"{value:.3g}"


def show_metric(value: float | None) -> str:
    """A metric with three decimals, so that columns of accuracies line up."""
    if value is None or not math.isfinite(value) or abs(value) >= 1000:
        return show_number(value)
    return f"{value:.3f}"


def show_share(value: float | None) -> str:
    """A share of 1 in per cent. Only an exact 0 reads `0 %`, only an exact 1 reads `100 %`."""
    if value is None or not math.isfinite(value):
        return show_number(value)
    percent = 100 * value
    if 0 < percent < 1:
        return "<1 %"
    if 99 < percent < 100:
        return ">99 %"
    return f"{percent:.0f} %"


def show_seconds(seconds: float) -> str:
    """A duration: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if not math.isfinite(seconds):
        return UNKNOWN
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def show_count(number: int, noun: str, plural: str = "") -> str:
    """`1 error`, `2 errors`, `1,200 steps`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
