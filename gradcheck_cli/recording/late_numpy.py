"""numpy, imported when something in it is first asked for; it adds nothing of its own.

`from gradcheck_cli.recording import late_numpy as np` in modules that are loaded although nothing was measured: numpy
takes a good part of the time in which `lint` and `rule` should be done.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    import numpy

    value = getattr(numpy, name)
    globals()[name] = value
    return value
