from __future__ import annotations

import subprocess
import sys

import numpy
import pytest

from gradcheck_cli.recording import late_numpy


def test_it_is_numpy() -> None:
    assert late_numpy.array is numpy.array
    assert late_numpy.linalg.norm is numpy.linalg.norm


def test_what_numpy_has_not_it_has_not() -> None:
    with pytest.raises(AttributeError):
        _ = late_numpy.no_such_function  # type: ignore[attr-defined]


def test_numpy_is_imported_when_first_used() -> None:
    program = (
        "import sys\nfrom gradcheck_cli.recording import late_numpy as np\nassert 'numpy' not in sys.modules\n"
        "np.zeros(1)\nassert 'numpy' in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
