"""What the commands that judge configs may be asked for; it reads no command line and does nothing of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gradcheck_cli.diagnosis.exit_code import FailOn
from gradcheck_cli.diagnosis.rule_settings import SettingsOf, no_settings


@dataclass(frozen=True)
class CheckOptions:
    """What a command asks for, the same for every config.

    Attributes:
        select: Goes over the configs' own selection; None leaves theirs.
        ignore: Adds to the configs' own.
        extend_select: Adds to what is selected.
        settings_of: The tool settings that hold for a config file.
        overrides: `KEY=VALUE` as of `--set`.
        fail_on: From which severity on findings fail the command: error, warning, info or never.
        full: Never stop a run early.
        seeds: How many seeds of each config are trained, from its own one on (`check_many` only).
        share: Of the planned steps, after which training leaves off (for trials of `fixing`).
        timeout: Seconds that each run may take from the loading of its data on; None for no limit.
        save: Whether to keep a run folder.
        run_dir: Where; None means `.gradcheck/runs`.
        baseline: A file of findings to leave out; None for none.
        write_baseline: Where to keep the findings of this command, which are then left out.
        allow_import: Packages whose code `factory` may name; no file may grant this.
        skip_others: Whether files that are named and no configs of ours are passed over, as they are in folders.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    fail_on: str = FailOn.ERROR
    full: bool = False
    seeds: int = 1
    share: float = 1.0
    timeout: float | None = None
    save: bool = True
    run_dir: Path | None = None
    extend_select: tuple[str, ...] = ()
    settings_of: SettingsOf = no_settings
    baseline: Path | None = None
    write_baseline: Path | None = None
    allow_import: tuple[str, ...] = ()
    skip_others: bool = False


DEFAULTS = CheckOptions()
"""What is done where nothing is asked for."""
