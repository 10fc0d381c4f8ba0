"""The closed sets of values that options take; light, because `--help` needs them."""

from __future__ import annotations

from enum import StrEnum


class FailOn(StrEnum):
    """From which severity on a finding makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    NEVER = "never"


class OutputFormat(StrEnum):
    """Formats of a report."""

    FULL = "full"
    CONCISE = "concise"
    JSON = "json"
    GITHUB = "github"
    GITLAB = "gitlab"
    JUNIT = "junit"
    SARIF = "sarif"
    RDJSON = "rdjson"
    MARKDOWN = "markdown"


class Template(StrEnum):
    """What a starter config begins from."""

    MLP = "mlp"
    CNN = "cnn"
    RNN = "rnn"
    TRANSFORMER = "transformer"
    REGRESSION = "regression"
    CSV = "csv"


class PageFormat(StrEnum):
    """Formats of a manual page."""

    FULL = "full"
    MARKDOWN = "markdown"
    JSON = "json"


class SummaryFormat(StrEnum):
    """Formats of a summary."""

    FULL = "full"
    JSON = "json"


class Color(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class DeviceChoice(StrEnum):
    """Where to train."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    MPS = "mps"
