"""Joins network, data, optimizer and recorder into a training loop; it trains nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache, partial

import torch
from torch import nn

from gradcheck_cli.config.schema import Config
from gradcheck_cli.recording.observed import find_observed
from gradcheck_cli.recording.origin import OriginTracer
from gradcheck_cli.recording.recorder import Recorder
from gradcheck_cli.training.batches import Batches
from gradcheck_cli.training.clipping import Clipping
from gradcheck_cli.training.constant_output import Constant, best_constant
from gradcheck_cli.training.data.dataset import Array
from gradcheck_cli.training.early_stopping import Patience
from gradcheck_cli.training.epoch_log import EpochLog
from gradcheck_cli.training.evaluation import Evaluator, Rows
from gradcheck_cli.training.loop import TrainingLoop, Watchers
from gradcheck_cli.training.metrics import choose_metric
from gradcheck_cli.training.model import refresh_parameters
from gradcheck_cli.training.optimizer import build_optimizer
from gradcheck_cli.training.precision import MixedPrecision
from gradcheck_cli.training.prepared import Prepared, as_tensor
from gradcheck_cli.training.processes import Processes
from gradcheck_cli.training.rate_plan import plan_rates
from gradcheck_cli.training.references import measure_constant
from gradcheck_cli.training.replay import Replay
from gradcheck_cli.training.schedule import build_schedule
from gradcheck_cli.training.shared_batches import SharedBatches
from gradcheck_cli.training.snapshot import LastSnapshots, RunState
from gradcheck_cli.training.stepping import BROKEN_STEPS, Stepper, StepRecorder
from gradcheck_cli.training.streams import Stream, derive_seed
from gradcheck_cli.training.verdict_stop import VerdictStop

_TRIED_ROWS = 4
SKIPPED_STEPS = 40
"""Non-finite steps in a row that a GradScaler may need: from its first scale, 2^16, halved each time, and to spare."""


def build_loop(
    config: Config,
    prepared: Prepared,
    *,
    watchers: Watchers,
    full: bool = False,
    share: float = 1.0,
    processes: Processes | None = None,
) -> TrainingLoop:
    """Join the parts of a run, of which the first `share` of the planned steps is taken.

    Args:
        processes: Those that train the network together.

    Raises:
        ConfigError: The number format is impossible here.
        ModelError: torch refuses the optimizer or the schedule.
    """
    network, prepared = _spread(prepared, processes)
    trainer, plan, model, loss = config.trainer, prepared.plan, prepared.model, prepared.loss
    precision = MixedPrecision(trainer.precision, device=prepared.device)
    optimizer = build_optimizer(config.optimizer, model.parameters.values())
    precision.adopt(optimizer.raw)
    schedule = build_schedule(
        config.lr_scheduler, optimizer, planned_steps=plan.steps, steps_per_epoch=plan.steps_per_epoch
    )
    recorder = Recorder(
        model.modules,
        model.layers,
        planned_steps=plan.steps,
        steps_per_epoch=plan.steps_per_epoch,
        mean_reduced=loss.mean_reduced,
        loss_is_scaled=precision.scales_loss,
        ranks=None if processes is None else processes.ranks,
    )
    is_sharded = processes is not None and processes.is_sharded
    shared = SharedBatches(network, loss, precision=precision, processes=processes) if processes else None

    def make_stepper(told: StepRecorder, *, together: bool = False) -> Stepper:
        return Stepper(
            model.module,
            loss,
            optimizer=optimizer,
            schedule=schedule,
            precision=precision,
            clipping=Clipping(
                trainer, optimizer.parameters, sum_over_pieces=processes.sum if processes and is_sharded else None
            ),
            recorder=told,
            batch_rows=plan.batch_rows,
            l1_penalty=trainer.l1_penalty,
            on_cpu=prepared.device.type == "cpu",
            shared=shared if together else None,
        )

    train_rows = _rows(prepared, prepared.dataset.x_train, prepared.dataset.y_train)
    seed = derive_seed(config.seed, Stream.ORDER)
    log = _build_log(prepared, train_rows, precision=precision, recorder=recorder, processes=processes)
    batches = Batches(train_rows.inputs, train_rows.targets, plan=plan, seed=seed)
    snapshots = LastSnapshots(RunState(model.module, optimizer, schedule, batches))
    # A GradScaler makes values that are not finite on purpose, and its scale is in no snapshot. Steps are taken again
    # by one process alone, on whole batches, which needs whole weights.
    replay = None if precision.scales_loss or is_sharded else Replay(snapshots, _build_tracer(prepared), make_stepper)
    return TrainingLoop(
        plan=plan,
        batches=batches,
        stepper=make_stepper(recorder, together=True),
        replay=replay,
        schedule=schedule,
        recorder=recorder,
        log=log,
        patience=Patience(trainer.early_stopping, model.module) if trainer.early_stopping else None,
        verdict=None if full else _build_verdict(config, prepared, recorder),
        watchers=watchers,
        most_broken_steps=SKIPPED_STEPS if precision.scales_loss else BROKEN_STEPS,
        full=full,
        last_step=math.ceil(share * plan.steps),
        processes=processes,
    )


def _spread(prepared: Prepared, processes: Processes | None) -> tuple[nn.Module, Prepared]:
    """What a training step calls, and the network as it is once several processes hold it."""
    model = prepared.model
    if processes is None:
        return model.module, prepared
    rows = as_tensor(prepared.dataset.x_train[:_TRIED_ROWS]).to(prepared.device)
    network = processes.wrap(model.module, rows, may_vary=model.is_own)
    return network, replace(prepared, model=refresh_parameters(model))


def _build_tracer(prepared: Prepared) -> OriginTracer:
    observed = find_observed(prepared.model.modules, prepared.model.layers)
    owners = dict(zip(observed.parameters, observed.owners, strict=True))
    return OriginTracer(prepared.model.module, observed.layers, parameters=observed.parameters, owners=owners)


def _build_verdict(config: Config, prepared: Prepared, recorder: Recorder) -> VerdictStop:
    @cache
    def find_constant() -> Constant:
        return best_constant(prepared.dataset, config.loss, outputs=prepared.outputs)

    return VerdictStop(
        prepared.model.layers,
        recorder.tables,
        planned_steps=prepared.plan.steps,
        plan_rates=partial(plan_rates, config, prepared.plan),
        trivial_loss=lambda: find_constant().train_loss,
        trivial_metric=lambda: measure_constant(prepared.dataset, find_constant()),
    )


def _build_log(
    prepared: Prepared,
    train_rows: Rows,
    *,
    precision: MixedPrecision,
    recorder: Recorder,
    processes: Processes | None,
) -> EpochLog:
    dataset, model, chosen = prepared.dataset, prepared.model, prepared.chosen
    shapes = [dataset.input_shape, *(layer.output_shape or () for layer in model.layers)]
    evaluator = Evaluator(
        model.module,
        prepared.loss,
        metric=choose_metric(dataset),
        row_elements=max(math.prod(shape) for shape in shapes),
        autocast=precision.autocast,
        before=None if processes is None else partial(processes.align, model.module),
    )
    indices = torch.from_numpy(chosen.train_slice).to(prepared.device)
    train_slice = Rows(train_rows.inputs[indices], train_rows.targets[indices], train_rows.truth[chosen.train_slice])
    return EpochLog(
        evaluator,
        train_slice=train_slice,
        validation=_rows(prepared, dataset.x_validation, dataset.y_validation),
        chosen=chosen,
        recorder=recorder,
        planned_epochs=prepared.plan.epochs,
    )


def _rows(prepared: Prepared, inputs: Array, truth: Array) -> Rows:
    device = prepared.device
    return Rows(as_tensor(inputs).to(device), prepared.loss.targets(truth).to(device), truth)
