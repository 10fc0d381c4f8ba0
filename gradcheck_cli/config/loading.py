"""A document into a checked `Config`, with everything that is wrong reported at once; it reads no file."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from gradcheck_cli.config.agreement import check_class_weights, check_loss, check_validation
from gradcheck_cli.config.catalog import Parameter
from gradcheck_cli.config.component_reading import read_loss, read_optimizer
from gradcheck_cli.config.data_reading import read_data
from gradcheck_cli.config.diagnostics_reading import RuleTable, read_diagnostics
from gradcheck_cli.config.fields import is_mapping, read_fields
from gradcheck_cli.config.hints import TOP
from gradcheck_cli.config.model_reading import read_model
from gradcheck_cli.config.node import MOST_PROBLEMS, Node
from gradcheck_cli.config.quoting import quote, suggest
from gradcheck_cli.config.schedule_reading import read_schedule
from gradcheck_cli.config.schema import Config, DiagnosticsConfig
from gradcheck_cli.config.sizes import check_sizes
from gradcheck_cli.config.trainer_reading import read_trainer
from gradcheck_cli.errors import ConfigError, Problem

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Document

REQUIRED = ("data", "model", "loss", "optimizer", "trainer")
_SECTIONS = (*REQUIRED, "lr_scheduler", "diagnostics")
PARAMETERS = {
    "version": Parameter(
        "version", ("int",), default=1, range="[1, 1]", help="Version of this format; 1 is the only one."
    ),
    "name": Parameter("name", ("str", "null"), help="Name of the run; the stem of the file where it is left out."),
    "seed": Parameter(
        "seed",
        ("int",),
        default=0,
        range="[0, 4294967295]",
        help="Drives split, order, initialisation, dropout and label noise.",
    ),
}
LONGEST_NAME = 100


def load_config(document: Document, *, rules: RuleTable | None = None) -> Config:
    """The checked config of a document.

    Args:
        document: As `config.document` reads it.
        rules: Codes and names of the rules, each with its thresholds; without it `diagnostics` is checked for its
            form alone.

    Raises:
        ConfigError: Something is wrong; it holds all problems, in the order of their lines.
    """
    config, problems = parse_config(document, rules=rules)
    if config is None:
        raise ConfigError(problems)
    return config


def parse_config(document: Document, *, rules: RuleTable | None = None) -> tuple[Config | None, list[Problem]]:
    """The checked config, or None and all problems, in the order of their lines."""
    problems: list[Problem] = list(document.problems)
    root = Node(document, problems, document.data)
    config = _read_root(root, rules)
    if len(problems) >= MOST_PROBLEMS:
        problems.append(Problem("", "there are more problems than are shown here", line=problems[-1].line))
    problems.sort(key=lambda problem: (problem.line or 0, problem.column or 0))
    return (None if problems else config), list(dict.fromkeys(problems))


def load_diagnostics(document: Document, *, rules: RuleTable | None = None) -> DiagnosticsConfig:
    """The `diagnostics` of a document that has nothing else.

    Raises:
        ConfigError: Something is wrong with them; it holds all problems.
    """
    problems: list[Problem] = list(document.problems)
    diagnostics = read_diagnostics(Node(document, problems, document.data).child("diagnostics"), rules)
    if problems:
        raise ConfigError(problems)
    return diagnostics


def _read_root(root: Node, rules: RuleTable | None) -> Config | None:
    if root.value is None:
        root.report("the file is empty", allowed=f"a mapping with {', '.join(REQUIRED)}")
        return None
    if not is_mapping(root, what="the config", allowed=REQUIRED):
        return None
    if not any(_is_of_config(key) for key in root.value):
        root.report(
            "this is no gradcheck config: it has none of the keys that one has",
            allowed=f"a mapping with {', '.join(REQUIRED)}",
            hint="--skip-others passes over such files",
        )
        return None
    values = read_fields(root, PARAMETERS, owner="the config", reserved=_SECTIONS, required=REQUIRED, dialect=TOP)
    _check_name(root.child("name"), values)
    sections = _read_sections(root, rules)
    if root.problems or None in (sections[name] for name in REQUIRED):
        return None
    name = values.pop("name", None) or PurePath(root.document.source).stem or "config"
    config = Config(name=name, **values, **sections)
    check_sizes(root, config)
    return config


def _is_of_config(key: object) -> bool:
    """Whether a key is that of a section, or meant for one; `name` and `version` stand in many other files."""
    return key in _SECTIONS or (isinstance(key, str) and (key.casefold() in TOP or bool(suggest(key, _SECTIONS))))


def _read_sections(root: Node, rules: RuleTable | None) -> dict[str, Any]:
    """The sections that could be read, checked against each other; None for the others."""
    given = {name: root.child(name) for name in REQUIRED if name in root.value}
    data = read_data(given["data"]) if "data" in given else None
    model = read_model(given["model"]) if "model" in given else None
    loss = read_loss(given["loss"]) if "loss" in given else None
    optimizer = read_optimizer(given["optimizer"]) if "optimizer" in given else None
    trainer = read_trainer(given["trainer"]) if "trainer" in given else None
    schedule = read_schedule(root.child("lr_scheduler"), optimizer)
    diagnostics = read_diagnostics(root.child("diagnostics"), rules)
    if data is not None:
        check_validation(root, data, trainer, schedule, diagnostics)
    if data is not None and loss is not None:
        check_loss(root, loss, data)
        check_class_weights(root, loss, data)
    return {
        "data": data,
        "model": model,
        "loss": loss,
        "optimizer": optimizer,
        "trainer": trainer,
        "lr_scheduler": schedule,
        "diagnostics": diagnostics,
    }


def _check_name(node: Node, values: dict[str, Any]) -> None:
    name = values.get("name")
    if name is not None and (not name.strip() or len(name) > LONGEST_NAME or not name.isprintable() or "/" in name):
        node.report(
            f"{quote(name)} cannot be the name of a run",
            allowed=f"up to {LONGEST_NAME} printable characters without '/'",
        )
