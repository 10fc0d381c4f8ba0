"""Files and regions in the words of SARIF."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from gradcheck_cli.reporters.annotations import Annotation

ROOT = "%SRCROOT%"
"""The name that code scanning gives to the root of the repository."""


def describe_artifact(file: str) -> dict[str, str]:
    """A file by its path from the root on; by a whole URI where it lies outside."""
    if Path(file).is_absolute():
        return {"uri": Path(file).as_uri()}
    # A colon is escaped too: the first segment of a relative reference may hold none (RFC 3986, 4.2).
    return {"uri": quote(file.encode(errors="surrogateescape")), "uriBaseId": ROOT}


def describe_location(annotation: Annotation) -> dict[str, Any]:
    """File and all four numbers of the region."""
    line, column, end_line, end_column = annotation.region
    region = {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
    return {"physicalLocation": {"artifactLocation": describe_artifact(annotation.file), "region": region}}
