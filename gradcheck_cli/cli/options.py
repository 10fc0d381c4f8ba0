"""The options that commands share, each declared once with its help; it reads none of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gradcheck_cli.cli.baseline_argument import DEFAULT_BASELINE, WRITE_BASELINE
from gradcheck_cli.cli.choices import Color, DeviceChoice, FailOn, OutputFormat
from gradcheck_cli.cli.completion import complete_rules

SELECTION = "Which rules"
TRAINING = "Training"
OUTPUT = "Output"
LONGEST_TIMEOUT_S = 30 * 24 * 3600


def check_timeout(seconds: float | None) -> float | None:
    """Refuse what is no length of time; `nan` and `inf` are numbers for Python."""
    if seconds is not None and not 0 < seconds <= LONGEST_TIMEOUT_S:
        raise typer.BadParameter(f"{seconds:g} is not a number of seconds above 0 and up to {LONGEST_TIMEOUT_S:,}.")
    return seconds


Configs = Annotated[
    list[str],
    typer.Argument(metavar="CONFIG...", help="YAML files, folders of them, or quoted globs.", show_default=False),
]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="RULES",
        help="Only these rules: codes, prefixes or names, separated by commas; repeatable.",
        autocompletion=complete_rules,
        rich_help_panel=SELECTION,
        show_default=False,
    ),
]
ExtendSelect = Annotated[
    list[str] | None,
    typer.Option(
        "--extend-select",
        metavar="RULES",
        help="These rules too, beside those selected elsewhere.",
        autocompletion=complete_rules,
        rich_help_panel=SELECTION,
        show_default=False,
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore",
        metavar="RULES",
        help="Leave these rules out.",
        autocompletion=complete_rules,
        rich_help_panel=SELECTION,
        show_default=False,
    ),
]
FailOnOption = Annotated[
    FailOn | None,
    typer.Option(
        "--fail-on",
        help="Exit with 1 from this severity on.",
        rich_help_panel=SELECTION,
        show_default=FailOn.ERROR.value,
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="Leave out the findings in this file.",
        rich_help_panel=SELECTION,
        show_default=False,
    ),
]
WriteBaseline = Annotated[
    str | None,
    typer.Option(
        WRITE_BASELINE,
        metavar="[FILE.json]",
        help="Keep all findings in the baseline, by default .gradcheck-baseline.json, and leave them out from now on.",
        rich_help_panel=SELECTION,
        show_default=False,
    ),
]
SkipOthers = Annotated[
    bool,
    typer.Option(
        "--skip-others",
        help="Pass over named YAML files that are no gradcheck configs, as in folders.",
        rich_help_panel=SELECTION,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key of the config, such as optimizer.lr=0.01; repeatable.",
        rich_help_panel=TRAINING,
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option("--seed", metavar="N", help="Override the seed.", rich_help_panel=TRAINING, show_default=False),
]
Seeds = Annotated[
    int,
    typer.Option("--seeds", metavar="N", min=1, help="Train N seeds of each config.", rich_help_panel=TRAINING),
]
Epochs = Annotated[
    int | None,
    typer.Option("--epochs", metavar="N", help="Override the epochs.", rich_help_panel=TRAINING, show_default=False),
]
MaxSteps = Annotated[
    int | None,
    typer.Option(
        "--max-steps", metavar="N", help="Stop after N optimizer steps.", rich_help_panel=TRAINING, show_default=False
    ),
]
DeviceOption = Annotated[
    DeviceChoice | None,
    typer.Option("--device", help="Override the device.", rich_help_panel=TRAINING, show_default=False),
]
AllowImport = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-import",
        metavar="PACKAGE",
        envvar="GRADCHECK_ALLOW_IMPORT",
        help="Let the config run code of this package: model.factory, data.factory; several with commas, or repeat it.",
        rich_help_panel=TRAINING,
        show_default=False,
    ),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", metavar="N", min=1, help="Train N configs at a time.", rich_help_panel=TRAINING, show_default="1"
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        help="Break off a run that takes longer; it fails, the others go on.",
        rich_help_panel=TRAINING,
        show_default=False,
        callback=check_timeout,
    ),
]
Full = Annotated[
    bool, typer.Option("--full", help="Train to the end even when the verdict is clear.", rich_help_panel=TRAINING)
]
RunDir = Annotated[
    Path | None,
    typer.Option(
        "--run-dir",
        metavar="DIR",
        help="Keep runs here instead of .gradcheck/runs.",
        rich_help_panel=OUTPUT,
        show_default=False,
    ),
]
NoSave = Annotated[bool, typer.Option("--no-save", help="Do not save the run.", rich_help_panel=OUTPUT)]
Format = Annotated[
    OutputFormat | None,
    typer.Option(
        "--output-format",
        metavar="FORMAT",
        help=f"Format of the report on standard output: {', '.join(OutputFormat)}.",
        rich_help_panel=OUTPUT,
        show_default=OutputFormat.FULL.value,
    ),
]
Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=PATH",
        help="Write a report to a file too, such as junit=report.xml; repeatable.",
        rich_help_panel=OUTPUT,
        show_default=False,
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on standard error.", rich_help_panel=OUTPUT)]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Every layer, every fix, every skipped rule.", rich_help_panel=OUTPUT),
]
ColorOption = Annotated[
    Color,
    typer.Option("--color", help="Colours; NO_COLOR and FORCE_COLOR are honoured.", rich_help_panel=OUTPUT),
]


def split_list(values: Sequence[str] | None) -> tuple[str, ...] | None:
    """`["GC101,GC3", "overfitting"]` as three entries; None where the option was not given."""
    if values is None or not len(values):
        return None
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def choose_baseline(written: str | None, read: Path | None) -> Path | None:
    """Where `--write-baseline` writes: to its file, else to the baseline that is read, else to the usual place."""
    if written is None:
        return None
    return Path(written) if written else read or Path(DEFAULT_BASELINE)


def collect_overrides(
    *,
    settings: Sequence[str] | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    max_steps: int | None = None,
    device: str | None = None,
) -> tuple[str, ...]:
    """`--set` and the options that stand for a key, as `KEY=VALUE`; the latter win."""
    named = {"seed": seed, "trainer.epochs": epochs, "trainer.max_steps": max_steps, "trainer.device": device}
    return (*(settings or ()), *(f"{key}={value}" for key, value in named.items() if value is not None))
