"""Tool settings: `[tool.gradcheck]` of a pyproject.toml or a gradcheck.toml, the nearest upwards from a config.

They choose and shape what is reported; whatever grants the right to run code is refused here, because a pull request
can change these files too.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from glob import has_magic
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradcheck_cli.cli.choices import FailOn, OutputFormat
from gradcheck_cli.diagnosis.rule_settings import RuleSettings
from gradcheck_cli.errors import GradcheckError, Problem, UsageError

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Document
    from gradcheck_cli.config.node import Node

FILES: Mapping[str, tuple[str, ...]] = {"gradcheck.toml": (), "pyproject.toml": ("tool", "gradcheck")}
"""Names of settings files, the stronger first, and the table that holds the settings."""

_IMPORTS = "imports are granted by --allow-import or GRADCHECK_ALLOW_IMPORT alone, never by a file of the repository"
_SELECTIONS = ("select", "extend-select", "ignore")
_DIALECT = {
    **dict.fromkeys(("allow-import", "allow_import", "allow-imports", "allow_imports"), _IMPORTS),
    "tool": "in gradcheck.toml the keys stand at the top, without [tool.gradcheck]",
    "expect": "what a run must reach stands in its config, under 'diagnostics'",
    "diagnostics": "write its keys here, without 'diagnostics'",
    "exclude": "write 'per-file-ignores' for rules; name the folders to check on the command line",
}


@dataclass(frozen=True)
class ToolSettings:
    """The settings of one file; None where it says nothing.

    Attributes:
        folder: Of the file; paths and globs in it are relative to it.
        rules: What holds for every config below the folder.
        per_file_ignores: Globs with the rules that they take away.
    """

    folder: Path = Path()
    rules: RuleSettings = field(default_factory=RuleSettings)
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    fail_on: FailOn | None = None
    output_format: OutputFormat | None = None
    jobs: int | None = None
    run_dir: Path | None = None
    baseline: Path | None = None

    def rules_for(self, path: Path) -> RuleSettings:
        """What holds for one config, by its absolute path."""
        extra = [
            rule for pattern, rules in self.per_file_ignores for rule in rules if _matches(path, pattern, self.folder)
        ]
        own = self.rules
        return RuleSettings(own.select, own.extend_select, (*own.ignore, *extra), own.rules) if extra else own


def _matches(path: Path, pattern: str, folder: Path) -> bool:
    """Whether a glob means a file: by its path from the folder, or by its name alone. `*` goes over folders too."""
    below = Path(os.path.relpath(path, folder)).as_posix()
    names = (below, path.name, f"./{below}")
    return any(fnmatchcase(name, pattern) or fnmatchcase(f"/{name}", pattern) for name in names)


class SettingsFinder:
    """Finds and reads settings files, each once."""

    def __init__(self) -> None:
        self._known: dict[Path, ToolSettings] = {}

    def rules_for(self, path: str) -> RuleSettings:
        """The settings of rules for a config, from the file nearest upwards from it.

        Raises:
            UsageError: The settings file cannot be used.
        """
        absolute = Path(os.path.abspath(path))
        return self._nearest(absolute.parent).rules_for(absolute)

    def for_command(self, arguments: Sequence[str] = ()) -> ToolSettings:
        """The settings for a command as a whole: nearest upwards from the folder that all its arguments share.

        Args:
            arguments: Files, folders and globs; none means the current directory.

        Raises:
            UsageError: The settings file cannot be used.
        """
        folders = [os.path.abspath(_find_folder(argument)) for argument in arguments] or [os.getcwd()]
        try:
            return self._nearest(Path(os.path.commonpath(folders)))
        except ValueError:
            # Folders on two drives of Windows share none.
            return ToolSettings()

    def _nearest(self, folder: Path) -> ToolSettings:
        if folder not in self._known:
            own = _read_folder(folder)
            above = ToolSettings() if folder == folder.parent else None
            self._known[folder] = own or above or self._nearest(folder.parent)
        return self._known[folder]


def _find_folder(argument: str) -> Path:
    """The folder that a file, a folder or a glob stands in."""
    path = Path(argument)
    if path.is_dir():
        return path
    if not path.exists() and has_magic(argument):
        return next((parent for parent in path.parents if not has_magic(str(parent))), Path())
    return path.parent


def _read_folder(folder: Path) -> ToolSettings | None:
    """The settings in a folder; None where it has none."""
    for name, table in FILES.items():
        path = folder / name
        try:
            text = path.read_text(encoding="utf-8")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, UnicodeDecodeError) as error:
            # A pyproject.toml that cannot be read is for others to complain about.
            if table:
                continue
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise UsageError(f"the settings '{_show(path)}' cannot be read: {reason}") from None
        # Most projects have a pyproject.toml that says nothing of us; it is not ours to read then.
        if table and table[-1] not in text:
            continue
        if (found := _read_text(text, path, table)) is not None:
            return found
    return None


def _show(path: Path) -> str:
    shown = os.path.relpath(path)
    return str(path) if shown.startswith(os.pardir) else shown


def _read_text(text: str, path: Path, table: tuple[str, ...]) -> ToolSettings | None:
    from gradcheck_cli.config.toml_document import parse_toml

    problems: list[Problem] = []
    try:
        document = parse_toml(text, source=_show(path), table=table)
    except GradcheckError as error:
        raise _refuse(error.problems, path) from None
    if document is None:
        return None
    settings = _read_table(document, path.parent, problems)
    if problems:
        raise _refuse(problems, path)
    return settings


def _refuse(problems: Sequence[Problem], path: Path) -> UsageError:
    """The problems with the file's name in front of each, as those of a config are shown."""
    from gradcheck_cli.reporters.concise import show_problem

    return UsageError([Problem("", show_problem(problem, file=_show(path))) for problem in problems])


def _read_table(document: Document, folder: Path, problems: list[Problem]) -> ToolSettings:
    from gradcheck_cli.config.catalog import Parameter
    from gradcheck_cli.config.diagnostics_reading import read_rules, read_selection
    from gradcheck_cli.config.fields import is_mapping, read_fields
    from gradcheck_cli.config.node import Node
    from gradcheck_cli.rules.selection import rule_table

    root, known = Node(document, problems, document.data), rule_table()
    parameters = {
        "fail-on": Parameter("fail-on", ("str",), choices=tuple(map(str, FailOn))),
        "output-format": Parameter("output-format", ("str",), choices=tuple(map(str, OutputFormat))),
        "jobs": Parameter("jobs", ("int",), range="[1, inf)"),
        "run-dir": Parameter("run-dir", ("str",)),
        "baseline": Parameter("baseline", ("str",)),
    }
    reserved = (*_SELECTIONS, "per-file-ignores", "rules")
    if not is_mapping(root, what="[tool.gradcheck]", allowed=(*reserved, *parameters)):
        return ToolSettings(folder)
    values = read_fields(root, parameters, owner="the settings", reserved=reserved, dialect=_DIALECT)
    select, extend, ignore = (read_selection(root.child(name), known) for name in _SELECTIONS)
    return ToolSettings(
        folder,
        RuleSettings(select, extend or (), ignore or (), read_rules(root.child("rules"), known)),
        tuple(_read_per_file(root.child("per-file-ignores"))),
        **_convert(values, folder),
    )


def _read_per_file(node: Node) -> Iterator[tuple[str, tuple[str, ...]]]:
    from gradcheck_cli.config.diagnostics_reading import read_selection
    from gradcheck_cli.config.fields import entries, is_mapping
    from gradcheck_cli.rules.selection import rule_table

    if node.value is None or not is_mapping(node, what="'per-file-ignores'", allowed=('a glob, such as "old/*"',)):
        return
    for pattern, child in entries(node):
        yield pattern, read_selection(child, rule_table()) or ()


def _convert(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Plain values as the types of `ToolSettings`."""
    kinds: Mapping[str, Callable[[Any], Any]] = {
        "fail-on": FailOn,
        "output-format": OutputFormat,
        "run-dir": lambda text: Path(_show(folder / text)),
        "baseline": lambda text: Path(_show(folder / text)),
    }
    return {
        name.replace("-", "_"): kinds[name](value) if name in kinds else value
        for name, value in values.items()
        if value is not None
    }
