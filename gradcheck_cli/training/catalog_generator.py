"""Generates `config/catalog.json` from the installed torch; no other module reads torch's signatures.

Run it as `python -m gradcheck_cli.training.catalog_generator` after a change of the torch version that is developed on.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import lr_scheduler

from gradcheck_cli.config.catalog import CATALOG_PATH
from gradcheck_cli.training import catalog_choices as chosen
from gradcheck_cli.training.argument_help import read_argument_help
from gradcheck_cli.training.signature_reader import read_parameters, read_summary

Entry = dict[str, Any]


class _LeftOutError(Exception):
    """A name that cannot be offered; the text is the reason."""


def generate() -> Entry:
    """The whole catalog as JSON holds it."""
    sections = {
        "layers": (_layer_classes(), _read_layer),
        "losses": (_loss_classes(), _read_loss),
        "optimizers": (_optimizer_classes(), _read_optimizer),
        "schedulers": (_scheduler_classes(), _read_scheduler),
        "initializers": (_initializer_functions(), _read_plain),
    }
    catalog: Entry = {"torch": torch.__version__.split("+")[0]}
    left_out: dict[str, dict[str, str]] = {}
    for section, (members, read) in sections.items():
        catalog[section], left_out[section] = {}, {}
        for name, member in members:
            try:
                catalog[section][name] = read(member)
            except _LeftOutError as reason:
                left_out[section][name] = str(reason)
    return {**catalog, "left_out": left_out, "left_out_arguments": chosen.LEFT_OUT_ARGUMENTS}


def render(catalog: Entry) -> str:
    """The catalog as JSON text with one type a line, so that a change of torch reads well as a diff."""
    blocks = []
    for section, content in catalog.items():
        names = content.items() if isinstance(content, dict) else ()
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in names)
        blocks.append(f" {json.dumps(section)}: " + (f"{{\n{lines}\n }}" if lines else json.dumps(content)))
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def write(path: Path = CATALOG_PATH) -> None:
    """Write the catalog; the file is replaced at once, so that a reader never sees half of it."""
    draft = path.with_suffix(".tmp")
    draft.write_text(render(generate()), encoding="utf-8")
    os.replace(draft, path)


def _classes(namespace: Any, base: type) -> Iterator[tuple[str, Any]]:
    for name in sorted(dir(namespace)):
        member = getattr(namespace, name)
        if inspect.isclass(member) and issubclass(member, base) and member is not base and not name.startswith("_"):
            yield name, member


def _is_loss(name: str) -> bool:
    return name.endswith("Loss") or name in chosen.LOSSES_NAMED_OTHERWISE


def _layer_classes() -> Iterator[tuple[str, Any]]:
    return ((name, cls) for name, cls in _classes(nn, nn.Module) if not _is_loss(name))


def _loss_classes() -> Iterator[tuple[str, Any]]:
    return ((name, cls) for name, cls in _classes(nn, nn.Module) if _is_loss(name))


def _optimizer_classes() -> Iterator[tuple[str, Any]]:
    return _classes(torch.optim, torch.optim.Optimizer)


def _scheduler_classes() -> Iterator[tuple[str, Any]]:
    return _classes(lr_scheduler, lr_scheduler.LRScheduler)


def _initializer_functions() -> Iterator[tuple[str, Any]]:
    for name in sorted(dir(nn.init)):
        if name.endswith("_") and not name.startswith("_"):
            yield name, getattr(nn.init, name)


def _read_plain(target: Callable[..., Any]) -> Entry:
    """Summary and plain parameters of a class or function.

    Raises:
        _LeftOutError: It requires an argument that a config cannot write.
    """
    parameters, helps = [], read_argument_help(target)
    for parameter in read_parameters(target, unannotated=chosen.UNANNOTATED):
        name = parameter["name"]
        types = [kind for kind in parameter["types"] if "callable" not in kind]
        if name in chosen.GIVEN_BY_US or name in chosen.LEFT_OUT_ARGUMENTS:
            continue
        if not types or types == ["null"]:
            if parameter["required"]:
                raise _LeftOutError(f"its argument '{name}' is not a plain value")
            continue
        choices = chosen.CHOICES.get((target.__name__, name)) or chosen.CHOICES.get(("", name))
        added = {"choices": choices} if choices and "str" in types else {}
        said = {"help": helps[name]} if name in helps else {}
        parameters.append({**parameter, "types": types, **added, **said})
    return {"summary": read_summary(target), "parameters": parameters}


def _read_loss(cls: type[nn.Module]) -> Entry:
    name = cls.__name__
    if name not in chosen.LOSSES:
        raise _LeftOutError(chosen.LOSSES_LEFT_OUT.get(name) or _reason_of_inputs(cls, most=2) or chosen.NO_TARGETS)
    return _read_plain(cls)


def _read_optimizer(cls: type) -> Entry:
    if reason := chosen.OPTIMIZERS_LEFT_OUT.get(cls.__name__):
        raise _LeftOutError(reason)
    return _read_plain(cls)


def _read_scheduler(cls: type) -> Entry:
    if reason := chosen.SCHEDULERS_LEFT_OUT.get(cls.__name__):
        raise _LeftOutError(reason)
    return _read_plain(cls)


def _reason_of_inputs(cls: type[nn.Module], *, most: int) -> str:
    """Why a class is left out whose `forward` requires more than `most` inputs; empty where it does not."""
    inputs = [
        parameter.name
        for parameter in inspect.signature(cls.forward).parameters.values()
        if parameter.default is parameter.empty and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ][1:]
    return f"its forward takes {', '.join(inputs)}" if len(inputs) > most else ""


def _read_layer(cls: type[nn.Module]) -> Entry:
    name = cls.__name__
    if name.startswith("Lazy"):
        raise _LeftOutError(f"input sizes are inferred for every layer; use {name.removeprefix('Lazy')}")
    reason = chosen.LAYERS_LEFT_OUT.get(name) or _reason_of_inputs(cls, most=1)
    if reason and name not in chosen.SELF_ATTENTION:
        raise _LeftOutError(reason)
    entry = _read_plain(cls)
    inferred = ""
    for parameter in entry["parameters"]:
        if parameter["name"] in chosen.INFERRED and parameter["required"]:
            parameter["required"], inferred = False, parameter["name"]
    weights = _weights_of(cls, entry["parameters"], inferred=inferred)
    return {"kind": chosen.kind_of(cls).value, "inferred": inferred, **weights, **entry}


def _weights_of(cls: type[nn.Module], parameters: list[Entry], *, inferred: str) -> Mapping[str, Any]:
    """How many dimensions the weight has (0: none) and whether there is a bias, by building one on the meta device."""
    arguments = {
        p["name"]: chosen.SAMPLE_VALUES.get(p["name"], 2.0 if p["types"] == ["float"] else 4)
        for p in parameters
        if p["required"] or p["name"] == inferred or p["name"] in chosen.SAMPLE_VALUES
    }
    with torch.device("meta"):
        module = cls(**arguments)
    shapes = {name: parameter.dim() for name, parameter in module.named_parameters()}
    return {
        "weight_dimensions": max((size for name, size in shapes.items() if "weight" in name), default=0),
        "bias": any("bias" in name for name in shapes),
    }


if __name__ == "__main__":
    write()
