"""GC001: the config cannot be read, or asks for something that cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Family, Finding, Fix, Need, Rule

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class InvalidConfig(Rule):
    """Invalid config.

    ## What it detects
    A file that is not there, is no YAML or holds a key twice; keys, types and arguments that do not exist; values of
    the wrong kind or out of range. In `check` also data that cannot be loaded, and a network that torch refuses.

    ## Why it matters
    Nothing can be trained from such a config, and of a run that cannot start no other fault can be seen.

    ## How it decides
    The config is read against the list of torch's own types and arguments, and everything wrong with it is reported at
    once, each at its line and column, with what is allowed there. It is always an error, the exit code is 2, and in
    the JSON report it stands under `errors`, apart from the findings.

    ## Fixes and their safety
    None that could be applied: what was meant is not known. Each message says what is allowed and guesses at typing
    errors.

    ## When to ignore it
    Never: it can be neither ignored nor lowered. A YAML file that is no config of gradcheck is passed over in folders
    and globs, and reported here only when it is named itself.

    ## References
    The section on the config file in gradcheck's README, and the PyTorch documentation of the types named.
    """

    code: ClassVar[str] = "GC001"
    name: ClassVar[str] = "invalid-config"
    summary: ClassVar[str] = "The config cannot be read, or asks for something that cannot be."
    family: ClassVar[Family] = Family.CONFIG
    needs: ClassVar[frozenset[Need]] = frozenset()

    def check(self, run: History) -> Iterator[Finding]:
        # A run that can be judged has been read; what could not be read never comes here and is told as the run's
        # errors.
        yield from ()

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return ()
