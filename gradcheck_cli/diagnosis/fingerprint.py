"""Names for findings and problems that outlive small changes of the file, without numbers and list indexes."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from gradcheck_cli.errors import Problem
from gradcheck_cli.recording.description import RunDescription
from gradcheck_cli.rules.base import Finding
from gradcheck_cli.rules.config.invalid_config import InvalidConfig

LENGTH = 16
_INDEX = re.compile(r"\[\d+\]")
_NUMBER = re.compile(r"\d+")


def fingerprint(finding: Finding, description: RunDescription, *, source: str) -> str:
    """Made of the rule, the file, and the name of the first layer (its type and ordinal where it has none of its own).

    A finding on several layers is known by where it begins, as which others are concerned may change from run to run.
    """
    place = ""
    if finding.layers:
        layer = next((entry for entry in description.layers if entry.name == finding.layers[0]), None)
        place = finding.layers[0] if layer is None else layer.name
    return _digest(finding.rule, source, place)


def fingerprint_problem(problem: Problem, *, source: str) -> str:
    """Made of the rule, the file and the path without list indexes; of the message where no path is known."""
    place = _INDEX.sub("[]", problem.path) or _NUMBER.sub("", problem.message)
    return _digest(InvalidConfig.code if problem.is_of_config else "", source, place)


def _digest(rule: str, source: str, place: str) -> str:
    text = "\n".join((rule, source, place))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:LENGTH]


def name_file(source: str) -> str:
    """The file as fingerprints and baselines know it: from the root of its repository, whatever the current directory.

    Outside of a repository, from the current directory.
    """
    path = Path(os.path.abspath(source))
    root = next((folder for folder in path.parents if (folder / ".git").exists()), Path.cwd())
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
