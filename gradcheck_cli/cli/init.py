"""`gradcheck init`: a commented config to start from; nothing of the user's is overwritten."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from gradcheck_cli.cli.choices import Template

_TEMPLATES = Path(__file__).with_name("templates")
_DEFAULT_NAME = "config.yaml"
_FURTHER_FILES: Mapping[Template, tuple[str, ...]] = {Template.CSV: ("example.csv",)}
_SUFFIXES = (".yaml", ".yml")


def init(
    path: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="The file to write, or a folder for it.", show_default=_DEFAULT_NAME),
    ] = Path(_DEFAULT_NAME),
    template: Annotated[Template, typer.Option("--template", "-t", help="What to begin from.")] = Template.MLP,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
) -> int:
    """Write a commented config that trains as it is, and the schema by which editors complete it.

    [bold]Examples[/]

    gradcheck init

    gradcheck init configs/digits.yaml --template cnn
    """
    from gradcheck_cli.cli.console import write_result
    from gradcheck_cli.cli.schema_text import is_schema, render_schema
    from gradcheck_cli.cli.writing import refuse_existing, write_file

    config = path / _DEFAULT_NAME if path.is_dir() else path
    _check_suffix(config)
    schema = _place_schema(config.parent)
    modeline = f"# yaml-language-server: $schema={Path(os.path.relpath(schema, config.parent)).as_posix()}\n"
    files = {config: modeline + _read_template(f"{template.value}.yaml")}
    files |= {config.parent / name: _read_template(name) for name in _FURTHER_FILES.get(template, ())}
    if not force:
        refuse_existing([*files, *([] if is_schema(schema) else [schema])])
    # The schema is made anew by each version; it holds nothing of the user's.
    files[schema] = render_schema()
    for place, text in files.items():
        write_file(place, text)
    write_result(f"Wrote {', '.join(map(str, files))}.\nTrain and judge it: gradcheck check {config}\n")
    return 0


def _place_schema(folder: Path) -> Path:
    """One schema for all configs below the current directory; beside the config for one that is elsewhere."""
    from gradcheck_cli.cli.schema_text import SCHEMA_FILE

    below = Path(os.path.abspath(folder)).is_relative_to(Path.cwd())
    return Path(SCHEMA_FILE) if below else folder / SCHEMA_FILE


def _read_template(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _check_suffix(config: Path) -> None:
    from gradcheck_cli.errors import Problem, UsageError

    if config.suffix not in _SUFFIXES:
        hint = f"write {config}.yaml; a folder must be there already"
        raise UsageError(
            [Problem("", f"'{config}' is no name for a config", "a name that ends in .yaml or .yml", hint)]
        )
