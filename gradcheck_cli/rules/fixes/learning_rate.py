"""Suggestions on the size and number of steps: learning rate, optimizer, momentum, schedule, epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcheck_cli.rules.base import Fix, Safety
from gradcheck_cli.rules.fixes.suggestion import Edits, remove, set_to, suggest

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config

USUAL_RATES = {
    "SGD": 0.1,
    "ASGD": 0.1,
    "Adam": 1e-3,
    "AdamW": 1e-3,
    "NAdam": 1e-3,
    "RAdam": 1e-3,
    "Adamax": 2e-3,
    "RMSprop": 1e-3,
    "Adagrad": 1e-2,
    "Adafactor": 1e-2,
    "Adadelta": 1.0,
    "Rprop": 1e-2,
}
"""Rates at which small networks usually train, for standardised inputs and the optimizer without momentum."""
GRID = 10.0
"""Ratio of neighbouring rates on the grid that is searched."""
BOLD = 3.0
"""Ratio to the usual rate from which on a rate is clearly above it."""
MOMENTUM = 0.9
WARM_UP_FROM = 0.01
"""Share of the rate that a warm-up begins with."""
MIN_WARM_UP_EPOCHS = 2


def learning_rate(config: Config) -> float:
    """The rate as written."""
    return float(config.optimizer.arguments["lr"])


def usual_rate(config: Config) -> float | None:
    """A rate at which the optimizer usually trains, momentum taken into account; None for one without convention."""
    usual = USUAL_RATES.get(config.optimizer.type)
    momentum = float(config.optimizer.arguments.get("momentum", 0.0) or 0.0)
    return None if usual is None else usual * (1 - momentum)


def raise_rate(config: Config | None, steps: int = 1) -> Fix | None:
    """The rate `steps` places up the grid."""
    return _move_rate(config, GRID**steps, f"Raise the learning rate {GRID**steps:.0f}-fold")


def lower_rate_by(config: Config | None, steps: int = 1) -> Fix | None:
    """The rate `steps` places down the grid."""
    return _move_rate(config, GRID**-steps, f"Lower the learning rate {GRID**steps:.0f}-fold")


def take_usual_rate(config: Config | None) -> Fix | None:
    """A usual rate, where the one in the config is a place of the grid or more away from it."""
    return suggest(
        config,
        "Take a usual learning rate for this optimizer",
        safety=Safety.SAFE,
        reason="The rate in the config is far from those at which networks of this kind usually train.",
        edits=_usual_rate_edits,
    )


def is_rate_low(config: Config) -> bool:
    """Whether the rate is a place of the grid or more below the usual one."""
    usual = usual_rate(config)
    return usual is not None and learning_rate(config) <= usual / GRID


def is_rate_high(config: Config) -> bool:
    """Whether the rate is a place of the grid or more above the usual one."""
    usual = usual_rate(config)
    return usual is not None and learning_rate(config) >= usual * GRID


def use_adam(config: Config | None) -> Fix | None:
    """Adam at its usual rate."""
    return suggest(
        config,
        "Use Adam",
        safety=Safety.SAFE,
        reason="It sizes the step of each weight by that weight's own gradients.",
        edits=lambda c: () if c.optimizer.type in ("Adam", "AdamW") else _adam_edits(c),
    )


def add_momentum(config: Config | None) -> Fix | None:
    """Momentum for plain SGD."""
    return suggest(
        config,
        "Add momentum",
        safety=Safety.SAFE,
        reason="Steps in the same direction add up, which carries the weights along flat valleys.",
        edits=lambda c: (
            (set_to("optimizer.momentum", MOMENTUM),)
            if c.optimizer.type == "SGD" and not c.optimizer.arguments.get("momentum")
            else ()
        ),
    )


def minimize_loss(config: Config | None) -> Fix | None:
    """Gradient descent where the optimizer is set to ascend."""
    return suggest(
        config,
        "Minimise the loss",
        safety=Safety.UNSAFE,
        reason="With `maximize` the optimizer climbs the loss instead of descending it.",
        edits=lambda c: (remove("optimizer.maximize"),) if c.optimizer.arguments.get("maximize") else (),
    )


def decay_rate(config: Config | None) -> Fix | None:
    """A learning rate that falls to 0 over the run."""
    return suggest(
        config,
        "Let the learning rate decay over the run",
        safety=Safety.SAFE,
        reason="Large steps find the valley, small ones settle in it.",
        edits=lambda c: (
            (set_to("lr_scheduler", {"type": "CosineAnnealingLR", "T_max": c.trainer.epochs}),)
            if c.lr_scheduler is None and c.trainer.epochs
            else ()
        ),
    )


def warm_up(config: Config | None) -> Fix | None:
    """A rate that rises over the first tenth of a run without a schedule."""
    return suggest(
        config,
        "Warm the learning rate up",
        safety=Safety.SAFE,
        reason="The first steps, whose gradients are the largest and tell the least, are then small.",
        edits=_warm_up_edits,
    )


def drop_schedule(config: Config | None) -> Fix | None:
    """No schedule at all."""
    return suggest(
        config,
        "Keep the learning rate constant",
        safety=Safety.SAFE,
        reason="The schedule takes the rate down before the network has learnt.",
        edits=lambda c: () if c.lr_scheduler is None else (remove("lr_scheduler"),),
    )


def train_longer(config: Config | None, times: int = 4) -> Fix | None:
    """More epochs, or steps where steps end the run."""
    return suggest(
        config,
        f"Train {times} times as long",
        safety=Safety.UNSAFE,
        reason="The loss was still falling when the run ended.",
        edits=lambda c: _longer_edits(c, times),
    )


def _move_rate(config: Config | None, factor: float, title: str) -> Fix | None:
    reason = "Too small a step gets nowhere in the time given." if factor > 1 else "Too large a step overshoots."
    return suggest(config, title, safety=Safety.SAFE, reason=reason, edits=lambda c: _rate_edits(c, factor))


def _rate_edits(config: Config, factor: float) -> Edits:
    edits = [set_to("optimizer.lr", _round(learning_rate(config) * factor))]
    schedule = config.lr_scheduler
    # These schedules set the rate themselves, so that the optimizer's own has no say.
    if schedule is not None and isinstance(schedule.arguments.get("max_lr"), int | float):
        edits.append(set_to("lr_scheduler.max_lr", _round(schedule.arguments["max_lr"] * factor)))
    return tuple(edits)


def tame_rate_edits(config: Config) -> Edits:
    """The edits that take the usual rate where the one in the config is clearly above it.

    A rate that a network bears which passes nothing on can be too high for the same network once it learns.
    """
    usual = usual_rate(config)
    if usual is None or learning_rate(config) < BOLD * usual:
        return ()
    return _rate_edits(config, usual / learning_rate(config))


def _usual_rate_edits(config: Config) -> Edits:
    usual, rate = usual_rate(config), _highest_rate(config)
    if usual is None or usual / GRID < rate < usual * GRID:
        return ()
    return _rate_edits(config, usual / rate)


def _highest_rate(config: Config) -> float:
    """The rate as written, or that of a schedule which sets its own."""
    schedule = config.lr_scheduler
    highest = schedule.arguments.get("max_lr") if schedule is not None else None
    return float(highest) if isinstance(highest, int | float) else learning_rate(config)


def _adam_edits(config: Config) -> Edits:
    kept = {key: value for key, value in config.optimizer.arguments.items() if key == "weight_decay"}
    return (set_to("optimizer", {"type": "Adam", "lr": USUAL_RATES["Adam"], **kept}),)


def _warm_up_edits(config: Config) -> Edits:
    epochs, steps = config.trainer.epochs, config.trainer.max_steps
    if config.lr_scheduler is not None:
        return ()
    schedule: dict[str, Any] = {"type": "LinearLR", "start_factor": WARM_UP_FROM}
    if epochs:
        schedule["total_iters"] = max(MIN_WARM_UP_EPOCHS, epochs // 10)
    elif steps:
        schedule |= {"total_iters": max(1, steps // 10), "interval": "step"}
    return (set_to("lr_scheduler", schedule),)


def _longer_edits(config: Config, times: int) -> Edits:
    edits = []
    if config.trainer.epochs is not None:
        edits.append(set_to("trainer.epochs", config.trainer.epochs * times))
    if config.trainer.max_steps is not None:
        edits.append(set_to("trainer.max_steps", config.trainer.max_steps * times))
    schedule = config.lr_scheduler
    lengths = {} if schedule is None else {key: schedule.arguments.get(key) for key in ("T_max", "total_steps")}
    stretched = (set_to(f"lr_scheduler.{key}", n * times) for key, n in lengths.items() if isinstance(n, int))
    return (*edits, *stretched)


def _round(rate: float) -> float:
    return float(f"{rate:.2g}")
