"""Writes files so that a reader never sees half of one; it knows nothing of their content."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path


def replace_file(path: Path, content: bytes | str) -> None:
    """Write a file under a temporary name beside it and rename it; one that was there hands down its permissions.

    Raises:
        OSError: The place cannot be written; nothing is left behind, nor by an interrupt.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        if path.exists():
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
