"""Names of config files as seen from the root of the repository, which is how forges know them; it reads no file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_ROOT_VARIABLES = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")


def find_root(environ: Mapping[str, str] | None = None) -> Path:
    """The checkout that the current directory is in: as CI names it, else by its `.git`; else that directory itself."""
    environ = os.environ if environ is None else environ
    here = Path.cwd().resolve()
    for variable in _ROOT_VARIABLES:
        root = Path(environ.get(variable) or os.devnull).resolve()
        if here.is_relative_to(root):
            return root
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def path_in_repository(file: str, root: Path) -> str:
    """The path from the root on, with forward slashes; the absolute path of a file outside."""
    path = Path(file)
    try:
        whole = path.parent.resolve() / path.name
    except (OSError, ValueError):
        # A name that no file can have, as one with a null byte: it is shown as it was given.
        return file
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else whole.as_posix()
