"""The options that commands share, each declared once with its help; it reads none of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gradcheck_cli.cli.choices import Color, DeviceChoice, FailOn, OutputFormat

SELECTION = "Which rules"
TRAINING = "Training"
OUTPUT = "Output"

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
        rich_help_panel=SELECTION,
        show_default=False,
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        "--ignore", metavar="RULES", help="Leave these rules out.", rich_help_panel=SELECTION, show_default=False
    ),
]
FailOnOption = Annotated[
    FailOn,
    typer.Option("--fail-on", help="Exit with 1 from this severity on.", rich_help_panel=SELECTION),
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
    int, typer.Option("--jobs", metavar="N", min=1, help="Train N configs at a time.", rich_help_panel=TRAINING)
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
    OutputFormat,
    typer.Option("--output-format", help="Format of the report on standard output.", rich_help_panel=OUTPUT),
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
