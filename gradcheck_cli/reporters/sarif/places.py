"""Files and regions in the words of SARIF."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from gradcheck_cli.reporters.annotations import Annotation

ROOT = "%SRCROOT%"
"""The name that code scanning gives to the root of the repository."""


def describe_artifact(file: str) -> dict[str, str]:
    """A file by its path from the root on; by a whole URI where it lies outside."""
    path = quote(file.encode(errors="surrogateescape"))
    if PurePosixPath(file).is_absolute():
        return {"uri": f"file://{path}"}
    # The first segment of a relative reference may hold no colon (RFC 3986 4.2), which `quote` takes care of.
    return {"uri": path, "uriBaseId": ROOT}


def describe_location(annotation: Annotation) -> dict[str, Any]:
    """File and all four numbers of the region."""
    line, column, end_line, end_column = annotation.region
    region = {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
    return {"physicalLocation": {"artifactLocation": describe_artifact(annotation.file), "region": region}}
