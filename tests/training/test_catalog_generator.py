"""The catalog in the repository is what the generator makes of the installed torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from gradcheck_cli.config.catalog import CATALOG_PATH, INITIALIZERS, LAYERS, OPTIMIZERS, SCHEDULERS, torch_version
from gradcheck_cli.training.catalog_generator import generate, render, write

WRITTEN: dict[str, Any] = json.loads(CATALOG_PATH.read_text(encoding="utf-8"))
SECTIONS = ("layers", "losses", "optimizers", "schedulers", "initializers")
IS_SAME_TORCH = torch.__version__.split("+")[0] == torch_version()


@pytest.fixture(scope="module")
def generated() -> dict[str, Any]:
    return generate()


@pytest.mark.parametrize("section", SECTIONS)
def test_the_catalog_matches_the_installed_torch(section: str, generated: dict[str, Any]) -> None:
    """Exactly for the version it was made from; for another, names in both must still take the same arguments."""
    written, fresh = WRITTEN[section], json.loads(json.dumps(generated[section]))
    if IS_SAME_TORCH:
        assert written == fresh
        assert WRITTEN["left_out"][section] == generated["left_out"][section]
        return
    for name in written.keys() & fresh.keys():
        known = {parameter["name"]: parameter["types"] for parameter in written[name]["parameters"]}
        for parameter in fresh[name]["parameters"]:
            assert parameter["name"] not in known or parameter["types"] == known[parameter["name"]], name


def test_the_text_reads_back_as_the_same_catalog(generated: dict[str, Any], tmp_path: Path) -> None:
    assert json.loads(render(generated)) == json.loads(json.dumps(generated))
    write(tmp_path / "catalog.json")
    assert json.loads((tmp_path / "catalog.json").read_text()) == json.loads(json.dumps(generated))
    assert [path.name for path in tmp_path.iterdir()] == ["catalog.json"]


def test_no_name_of_torch_is_forgotten(generated: dict[str, Any]) -> None:
    modules = {n for n, c in vars(torch.nn).items() if isinstance(c, type) and issubclass(c, torch.nn.Module)}
    seen = {name for section in ("layers", "losses") for name in (*generated[section], *generated["left_out"][section])}
    assert modules - seen == {"Module"}


def test_every_layer_that_is_offered_can_be_built_with_plain_values() -> None:
    values: dict[str, Any] = {"int": 4, "float": 2.0, "int[]": [2, 2]}
    either: dict[str, Any] = {"FractionalMaxPool2d": {"output_size": 2}, "FractionalMaxPool3d": {"output_size": 2}}
    for name, signature in LAYERS.items():
        needed = [p for p in signature.parameters.values() if p.required or p.name == signature.inferred]
        arguments = {p.name: values[p.types[0]] for p in needed}
        getattr(torch.nn, name)(**arguments, **either.get(name, {}))


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_optimizers_take_the_arguments_that_are_listed(name: str) -> None:
    signature = OPTIMIZERS[name]
    arguments = {p.name: p.default for p in signature.parameters.values()}
    arguments = {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}
    getattr(torch.optim, name)([torch.zeros(2, requires_grad=True)], **arguments)


@pytest.mark.parametrize("name", list(INITIALIZERS))
def test_initialisers_take_the_arguments_that_are_listed(name: str) -> None:
    signature = INITIALIZERS[name]
    arguments = {p.name: 0.5 if p.required else p.default for p in signature.parameters.values()}
    shape = (3, 3, 3) if name == "dirac_" else (3, 3)
    getattr(torch.nn.init, name)(torch.empty(shape), **arguments)


def test_schedules_take_the_arguments_that_are_listed() -> None:
    values: dict[str, Any] = {"int": 2, "float": 0.1, "int[]": [1]}
    for name, signature in SCHEDULERS.items():
        if name in ("SequentialLR", "ChainedScheduler"):
            continue
        optimizer = torch.optim.SGD([torch.zeros(2, requires_grad=True)], lr=0.1)
        arguments = {p.name: values[p.types[0]] if p.required else p.default for p in signature.parameters.values()}
        if name == "OneCycleLR":
            arguments["total_steps"] = 5
        getattr(torch.optim.lr_scheduler, name)(optimizer, **arguments)
