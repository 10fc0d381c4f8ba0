"""Runs that are trained once, kept on disk and judged as often as the rules change; it scores nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from gradcheck_cli.config.document import Document, read_document
from gradcheck_cli.config.loading import load_config
from gradcheck_cli.config.schema import Config
from gradcheck_cli.diagnosis.check import CheckOptions, check_config
from gradcheck_cli.diagnosis.judge import Judgement, judge
from gradcheck_cli.diagnosis.needs import find_skip_reason
from gradcheck_cli.errors import ConfigError
from gradcheck_cli.recording.history import History
from gradcheck_cli.recording.storage import HISTORY_FILE, load_history, save_history
from gradcheck_cli.rules.selection import configure, rule_table

PACKAGE = Path(__file__).parents[2] / "gradcheck_cli"
RECORDING_CODE = ("config", "recording", "training")
"""The folders whose code decides what a History holds; rules and diagnosis only read it."""
STAMP_FILE = "stamp.json"

Thresholds = Mapping[str, Mapping[str, float]]
"""Code of a rule to names and values of thresholds that go over the defaults."""


@dataclass(frozen=True)
class Order:
    """One run to be had.

    Attributes:
        config: The file.
        seed: Goes over the config's own; None leaves it.
        full: Never stopped early.
    """

    config: Path
    seed: int | None = None
    full: bool = False


@dataclass(frozen=True)
class KeptRun:
    """A trained run, ready to be judged.

    Attributes:
        config, document: None where the file cannot be read.
        history: None likewise; of status `failed` where torch refused the network.
        errors: Why the job could not be done.
    """

    config: Config | None
    document: Document | None
    history: History | None
    errors: tuple[str, ...] = ()

    def judge(self, thresholds: Thresholds | None = None) -> Judgement | None:
        """Apply today's rules; None where there is nothing to judge."""
        if self.history is None or self.config is None:
            return None
        return judge(self.history, change_thresholds(self.config, thresholds or {}), self.document)

    def claims(self, code: str, thresholds: Thresholds | None = None) -> tuple[object, ...]:
        """What one rule says of the run, words and numbers left out: where this stays, so does the judgement."""
        if self.history is None or self.config is None:
            return ()
        configured = configure(change_thresholds(self.config, thresholds or {}).diagnostics)
        rule = next(entry.rule for entry in configured.values() if entry.rule.code == code)
        if find_skip_reason(rule, self.history):
            return ()
        return tuple(
            (one.layers, one.first_step, one.level, one.ceiling, one.harmful) for one in rule.check(self.history)
        )


def change_thresholds(config: Config, thresholds: Thresholds) -> Config:
    """The config with thresholds that go over the defaults and over its own."""
    if not thresholds:
        return config
    changed: dict[str, dict[str, float | str]] = {code: dict(values) for code, values in thresholds.items()}
    rules = {**config.diagnostics.rules, **changed}
    return replace(config, diagnostics=replace(config.diagnostics, rules=rules))


def train_missing(orders: Sequence[Order], cache_folder: Path, *, jobs: int, stale: bool = False) -> int:
    """Train what the cache does not hold, each run on one thread in a process of its own, and keep it.

    Args:
        stale: Take what is kept although the code that records has changed since.

    Returns:
        How many runs were trained.
    """
    from joblib import Parallel, delayed

    missing = [order for order in orders if not is_kept(order, cache_folder, stale=stale)]
    Parallel(n_jobs=jobs, backend="loky", batch_size=1)(delayed(train_one)(order, cache_folder) for order in missing)
    return len(missing)


def train_one(order: Order, cache_folder: Path) -> None:
    """Check one config as the command does, and keep its History and errors."""
    overrides = ("trainer.threads=1",) if order.seed is None else ("trainer.threads=1", f"seed={order.seed}")
    report = check_config(order.config, CheckOptions(save=False, overrides=overrides, full=order.full))
    folder = place_of(order, cache_folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / HISTORY_FILE).unlink(missing_ok=True)
    if report.history is not None:
        save_history(report.history, folder)
    stamp = {
        "inputs": hash_inputs(order.config),
        "code": hash_code(),
        "errors": [problem.message for problem in report.errors],
    }
    (folder / STAMP_FILE).write_text(json.dumps(stamp), encoding="utf-8")


def is_kept(order: Order, cache_folder: Path, *, stale: bool) -> bool:
    """Whether the cache holds a run of this config and data, by default only if the code has not changed since."""
    path = place_of(order, cache_folder) / STAMP_FILE
    if not path.exists():
        return False
    stamp = json.loads(path.read_text(encoding="utf-8"))
    return stamp.get("inputs") == hash_inputs(order.config) and (stale or stamp.get("code") == hash_code())


def read_kept(order: Order, cache_folder: Path) -> KeptRun:
    """A run that `train_missing` has kept."""
    folder = place_of(order, cache_folder)
    errors = tuple(json.loads((folder / STAMP_FILE).read_text(encoding="utf-8"))["errors"])
    try:
        document = read_document(order.config, source=str(order.config))
        config = load_config(document, rules=rule_table())
    except ConfigError:
        return KeptRun(None, None, None, errors)
    history = load_history(folder) if (folder / HISTORY_FILE).exists() else None
    return KeptRun(config, document, history, errors)


def place_of(order: Order, cache_folder: Path) -> Path:
    """The folder of one run in the cache."""
    named = f"{order.config.resolve()}\n{order.seed}\n{order.full}"
    return cache_folder / f"{order.config.stem}-{hashlib.sha256(named.encode()).hexdigest()[:12]}"


def hash_inputs(config: Path) -> str:
    """Of the config's text and of the data files beside it that it names."""
    text = config.read_text(encoding="utf-8")
    digest = hashlib.sha256(text.encode())
    for path in sorted(config.parent.iterdir()):
        if path.is_file() and path != config and path.name in text:
            digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def hash_code() -> str:
    """Of all code and data that decide what a History holds."""
    digest = hashlib.sha256()
    for folder in RECORDING_CODE:
        for path in sorted((PACKAGE / folder).rglob("*")):
            if path.suffix in {".py", ".json", ".npz"}:
                digest.update(path.read_bytes())
    return digest.hexdigest()
