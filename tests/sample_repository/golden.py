"""Golden files: what `gradcheck lint configs` says of the sample repository, one file for each format.

`python -m tests.sample_repository.golden` writes them anew; look at what `git diff` says before you commit it. Nothing
else writes them.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from gradcheck_cli import __version__
from gradcheck_cli.cli.app import run
from gradcheck_cli.reporters.registry import FORMATS

HERE = Path(__file__).parent
EXPECTED = HERE / "expected"
_SUFFIXES = {"junit": "xml", "markdown": "md", "sarif": "sarif", **dict.fromkeys(("json", "gitlab", "rdjson"), "json")}
_OF_THE_CALLER = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "GITHUB_WORKSPACE", "GITHUB_STEP_SUMMARY", "CI_PROJECT_DIR")


def expected_file(name: str) -> Path:
    """The golden file of a format."""
    suffix = _SUFFIXES.get(name, "txt")
    return EXPECTED / ("lint." + (name if name == suffix else f"{name}.{suffix}"))


@contextlib.contextmanager
def checkout(folder: Path) -> Iterator[Path]:
    """A copy of the repository as the current directory, far from this one's `.git` and from the caller's settings."""
    place = folder / "repository"
    shutil.copytree(HERE, place, ignore=shutil.ignore_patterns("expected", "*.py", "__pycache__"))
    environ = {key: value for key, value in os.environ.items() if key not in _OF_THE_CALLER}
    with mock.patch.dict(os.environ, environ, clear=True), contextlib.chdir(place):
        yield place


def render_all(folder: Path) -> dict[str, str]:
    """Every format, from one run of the command line in a checkout."""
    arguments = [f"--report={name}={folder / name}" for name in FORMATS]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = run(["lint", "configs", *arguments])
    assert code == 2, code
    return {name: normalize(name, (folder / name).read_text(encoding="utf-8")) for name in FORMATS}


def normalize(name: str, text: str) -> str:
    """Take out what changes with every release: the version, and in SARIF the pages of rules that found nothing."""
    if name == "sarif":
        document = json.loads(text)
        (log,) = document["runs"]
        found = {result["ruleId"] for result in log["results"]}
        log["tool"]["driver"]["rules"] = [rule for rule in log["tool"]["driver"]["rules"] if rule["id"] in found]
        for result in log["results"]:
            del result["ruleIndex"]
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return text.replace(f'"{__version__}"', '"VERSION"')


def _write() -> None:
    EXPECTED.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, checkout(Path(folder)):
        texts = render_all(Path(folder))
    for name, text in texts.items():
        expected_file(name).write_text(text, encoding="utf-8", newline="")


if __name__ == "__main__":
    _write()
