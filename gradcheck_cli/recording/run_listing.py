"""How run folders are named and told from other folders; it changes none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RUN_FILE = "run.json"
METRICS_FILE = "metrics.jsonl"
FINDINGS_FILE = "findings.json"
FORMAT = "gradcheck-run"
VERSION = 1
"""Raised when an older reader could misread what is written; added fields do not need it."""
RUNNING = "running"

_NAME = re.compile(r".+-\d{8}-\d{6}-[0-9a-f]{6}")


def list_runs(root: Path) -> list[Path]:
    """The run folders below `root`, the latest first; other folders are passed over."""
    try:
        folders = [entry for entry in root.iterdir() if looks_like_run(entry)]
    except OSError:
        return []
    return sorted(folders, key=lambda folder: (started_ns(read_note(folder)), folder.name), reverse=True)


def looks_like_run(folder: Path) -> bool:
    """Whether a folder is named and filled as `RunFolder.create` does it."""
    return _NAME.fullmatch(folder.name) is not None and read_note(folder).get("format") == FORMAT


def read_note(folder: Path) -> dict[str, Any]:
    """The content of a folder's `run.json`; empty where there is none that can be read."""
    try:
        content = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def started_ns(note: Mapping[str, Any]) -> int:
    """When the run of such a note began, in nanoseconds since 1970; 0 where it does not say."""
    started = note.get("started_ns")
    return started if isinstance(started, int) else 0
