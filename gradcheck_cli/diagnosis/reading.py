"""Which configs a command means, and each read with the rules and settings that hold for it; nothing is judged here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gradcheck_cli.diagnosis.config_files import ConfigFiles, find_configs
from gradcheck_cli.diagnosis.failed_runs import report_unreadable
from gradcheck_cli.diagnosis.rule_settings import RuleSettings, combine
from gradcheck_cli.errors import GradcheckError
from gradcheck_cli.rules.selection import rule_table, selected

if TYPE_CHECKING:
    from gradcheck_cli.config.document import Document
    from gradcheck_cli.config.schema import Config, DiagnosticsConfig
    from gradcheck_cli.diagnosis.check_options import CheckOptions
    from gradcheck_cli.diagnosis.report import RunReport


def prepare(arguments: Sequence[str], options: CheckOptions) -> ConfigFiles:
    """The files to read; what can be refused is refused here, before anything is trained.

    Raises:
        UsageError: A rule, a config or the baseline does not exist, or settings or the baseline cannot be used.
    """
    refuse_unknown_rules(options)
    found = find_configs(arguments, skip_others=options.skip_others)
    for path in found.paths:
        options.settings_of(path)
    if options.baseline is not None and options.write_baseline is None:
        from gradcheck_cli.diagnosis.baseline import read_baseline

        read_baseline(options.baseline)
    return found


def refuse_unknown_rules(options: CheckOptions) -> None:
    """Raise a UsageError where the command line names a rule that does not exist."""
    selected((*(options.select or ()), *options.extend_select), options.ignore)


def settle_rules(config: Config, settings: RuleSettings, options: CheckOptions) -> Config:
    """The config with the diagnostics that all sources of settings give together."""
    return replace(config, diagnostics=settle_diagnostics(config.diagnostics, settings, options))


def settle_diagnostics(own: DiagnosticsConfig, settings: RuleSettings, options: CheckOptions) -> DiagnosticsConfig:
    """Those of a config, or of a run that has none, together with what the other sources give."""
    command = RuleSettings(options.select, options.extend_select, options.ignore)
    return combine(own, settings=settings, command=command)


def read_file(path: str | Path, options: CheckOptions) -> tuple[Config, Document] | RunReport:
    """The config and its text, or the report that says why it cannot be read."""
    from gradcheck_cli.config.document import read_document

    source = str(path)
    return _parse(
        lambda: read_document(Path(path), source=source, overrides=options.overrides, collect=True), options, source
    )


def read_text(text: str, options: CheckOptions, *, source: str) -> tuple[Config, Document] | RunReport:
    """The same for a text; `source` is the name of the file that it would stand in."""
    from gradcheck_cli.config.document import parse_document

    return _parse(
        lambda: parse_document(text, source=source, overrides=options.overrides, collect=True), options, source
    )


def _parse(read: Callable[[], Document], options: CheckOptions, source: str) -> tuple[Config, Document] | RunReport:
    from gradcheck_cli.config.loading import parse_config

    refuse_unknown_rules(options)
    settings = options.settings_of(source)
    document: Document | None = None
    try:
        document = read()
        config, problems = parse_config(document, rules=rule_table())
    except GradcheckError as error:
        config, problems = None, list(error.problems)
    if config is not None and document is not None:
        return settle_rules(config, settings, options), document
    return report_unreadable(source, document, problems)
