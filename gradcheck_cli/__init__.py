"""gradcheck: a doctor for neural-network training.

`Recorder` records and diagnoses a training loop of one's own; `check` trains and diagnoses what a config describes.
Names are loaded when they are used, so that `import gradcheck_cli` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck_cli.diagnosis.check import CheckOptions
    from gradcheck_cli.diagnosis.check import check_config as check
    from gradcheck_cli.diagnosis.check import lint_config as lint
    from gradcheck_cli.diagnosis.report import RunReport
    from gradcheck_cli.errors import GradcheckError
    from gradcheck_cli.integrations.recorder import Recorder
    from gradcheck_cli.integrations.stopping import StopTraining
    from gradcheck_cli.recording.history import History
    from gradcheck_cli.rules.base import Finding, Severity

__version__ = "0.1.0"

__all__ = [
    "CheckOptions",
    "Finding",
    "GradcheckError",
    "History",
    "Recorder",
    "RunReport",
    "Severity",
    "StopTraining",
    "__version__",
    "check",
    "lint",
]

_PLACES = {
    "CheckOptions": ("gradcheck_cli.diagnosis.check", "CheckOptions"),
    "Finding": ("gradcheck_cli.rules.base", "Finding"),
    "GradcheckError": ("gradcheck_cli.errors", "GradcheckError"),
    "History": ("gradcheck_cli.recording.history", "History"),
    "Recorder": ("gradcheck_cli.integrations.recorder", "Recorder"),
    "RunReport": ("gradcheck_cli.diagnosis.report", "RunReport"),
    "Severity": ("gradcheck_cli.rules.base", "Severity"),
    "StopTraining": ("gradcheck_cli.integrations.stopping", "StopTraining"),
    "check": ("gradcheck_cli.diagnosis.check", "check_config"),
    "lint": ("gradcheck_cli.diagnosis.check", "lint_config"),
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module, attribute = _PLACES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
