"""`--set KEY=VALUE` arguments, applied on the data of a document; it changes no text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck_cli.config.composer import compose
from gradcheck_cli.config.construction import construct
from gradcheck_cli.config.data_edits import Change, rebuild
from gradcheck_cli.config.edit_types import EditOp
from gradcheck_cli.config.paths import PathError, Steps, normalize_steps, split_path
from gradcheck_cli.config.syntax_tree import Collection
from gradcheck_cli.errors import ConfigError, Problem


@dataclass(frozen=True)
class Override:
    """One argument of `--set`, read.

    Attributes:
        hint: See `Document.hint`.
    """

    steps: Steps
    value: Any
    hint: str = ""


class _BadArgument(Exception):  # noqa: N818 - carries the problem to the one place that collects them
    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def apply_overrides(data: Any, arguments: Sequence[str]) -> tuple[Any, list[Override], list[Problem]]:
    """Apply `KEY=VALUE` arguments in order.

    Returns:
        The new data (the old is left as it was), the overrides that were applied, and what is wrong with the others.
    """
    applied: list[Override] = []
    problems: list[Problem] = []
    for argument in arguments:
        try:
            override = _read_override(argument, data)
            data = rebuild(data, [Change(EditOp.SET, override.steps, override.value)])
            applied.append(override)
        except _BadArgument as fault:
            problems.append(_problem(argument, str(fault), fault.hint))
        except PathError as fault:
            problems.append(_problem(argument, str(fault)))
    return data, applied, problems


def _problem(argument: str, message: str, hint: str = "") -> Problem:
    return Problem("", f"--set {argument}: {message}", hint=hint)


def _read_override(argument: str, data: Any) -> Override:
    key, equals, text = argument.partition("=")
    if not equals:
        raise _BadArgument("there is no '='", "write --set KEY=VALUE, such as --set optimizer.lr=0.01")
    steps = normalize_steps(split_path(key.strip()), data)
    if not steps:
        raise _BadArgument("no key stands before the '='", "write --set KEY=VALUE, such as --set optimizer.lr=0.01")
    value, hint = _read_value(text)
    return Override(steps, value, hint)


def _read_value(text: str) -> tuple[Any, str]:
    quote = "put the value in quotes, inside those of the shell"
    try:
        tree = compose(text)
    except ConfigError as error:
        raise _BadArgument(f"the value {text!r} is not YAML: {error.problems[0].message}", quote) from None
    if tree is None:
        if text.strip():
            raise _BadArgument(f"the value {text!r} is empty or a comment in YAML", quote)
        return None, ""
    if isinstance(tree.root, Collection) and not tree.root.bracketed:
        hint = "write mappings as {a: 1} and lists as [a, b], or put the value in quotes"
        raise _BadArgument(f"the value {text!r} is a block of YAML", hint)
    construction = construct(tree, text)
    if construction.problems:
        raise _BadArgument(f"the value {text!r}: {construction.problems[0].message}", construction.problems[0].hint)
    return construction.data, construction.places[()].hint
