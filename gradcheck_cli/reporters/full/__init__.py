"""The full text report for a terminal, drawn with rich: one file per part, joined in `report.py`.

In: a `Report` and the `Page` to draw it on. Out: text. A part computes nothing that it shows.
"""

from gradcheck_cli.reporters.full.report import draw, render

__all__ = ["draw", "render"]
