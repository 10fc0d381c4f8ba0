"""The few signs a report is drawn with, in Unicode and in plain ASCII; it draws nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcheck_cli.rules.base import Severity


@dataclass(frozen=True)
class Symbols:
    """One set of signs.

    Attributes:
        error, warning, info, passed: Marks of a verdict, one column wide.
        levels: Heights of a sparkline, low to high.
        zero: An exact zero in a sparkline; non_finite: a NaN or Inf in it.
        plus_minus: Between a mean and its spread.
        rule: Fills a dividing line. axis, corner: Frame of a plot. best: Marks the best epoch below it.
        braille: Whether plots may use braille dots.
    """

    error: str
    warning: str
    info: str
    passed: str
    levels: str
    zero: str
    non_finite: str
    bullet: str
    ellipsis: str
    arrow: str
    plus_minus: str
    rule: str
    axis: str
    corner: str
    best: str
    bad: str
    braille: bool

    def of(self, severity: Severity) -> str:
        """The mark of a severity."""
        return {"error": self.error, "warning": self.warning, "info": self.info}[severity.value]


UNICODE = Symbols(
    error="✗",
    warning="!",
    info="i",
    passed="✓",
    levels="▁▂▃▄▅▆▇█",
    zero="0",
    non_finite="\u00d7",
    bullet="•",
    ellipsis="…",
    arrow="→",
    plus_minus="±",
    rule="─",
    axis="│",
    corner="└",
    best="▲",
    bad="◂",
    braille=True,
)
ASCII = Symbols(
    error="x",
    warning="!",
    info="i",
    passed="+",
    levels="_.-=+*%#",
    zero="0",
    non_finite="x",
    bullet="*",
    ellipsis="~",
    arrow="->",
    plus_minus="+-",
    rule="-",
    axis="|",
    corner="+",
    best="^",
    bad="<",
    braille=False,
)


def can_show_unicode(encoding: str) -> bool:
    """Whether text in `encoding` can hold every sign of the Unicode set, braille included."""
    signs = "".join(value for value in vars(UNICODE).values() if isinstance(value, str))
    try:
        (signs + "⠿").encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
