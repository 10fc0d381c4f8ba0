"""The catalog as data: quick to read, complete, without torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gradcheck_cli.config import ranges
from gradcheck_cli.config.catalog import (
    INITIALIZERS,
    LAYERS,
    LOSSES,
    OPTIMIZERS,
    SCHEDULERS,
    Section,
    left_out_arguments,
)
from gradcheck_cli.config.own_layers import OWN_LAYERS, find_layer
from gradcheck_cli.config.ranges import parse_range
from gradcheck_cli.recording.description import LayerKind

SECTIONS = {"layers": LAYERS, "losses": LOSSES, "optimizers": OPTIMIZERS, "schedulers": SCHEDULERS}


def test_a_signature_tells_types_defaults_and_what_is_inferred() -> None:
    linear = LAYERS["Linear"]
    assert (linear.kind, linear.inferred, linear.weight_dimensions, linear.bias) == ("affine", "in_features", 2, True)
    assert list(linear.parameters) == ["in_features", "out_features", "bias"]
    assert not linear.parameters["in_features"].required
    assert linear.parameters["out_features"].required
    assert linear.parameters["bias"].default is True
    assert LAYERS["Conv2d"].parameters["kernel_size"].types == ("int", "int[2]")
    assert LAYERS["Conv2d"].parameters["padding_mode"].choices[0] == "zeros"
    assert OPTIMIZERS["Adafactor"].parameters["eps"].types == ("float?[2]",)
    assert LOSSES["CrossEntropyLoss"].parameters["weight"].types == ("tensor", "null")


@pytest.mark.parametrize("name", [*LAYERS, *OWN_LAYERS])
def test_every_layer_has_a_kind_that_rules_know(name: str) -> None:
    signature = find_layer(name)
    assert signature is not None
    assert signature.kind in set(LayerKind)


@pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS)
def test_a_name_is_either_offered_or_left_out_with_a_reason(section: Section) -> None:
    assert not section.keys() & section.left_out.keys()
    assert all(section.left_out.values())
    assert "NoSuchName" not in section


def test_losses_are_those_of_the_contract() -> None:
    classes = {"CrossEntropyLoss", "NLLLoss", "MultiMarginLoss"}
    binary = {"BCELoss", "BCEWithLogitsLoss", "SoftMarginLoss", "HingeEmbeddingLoss"}
    assert set(LOSSES) == classes | binary | {"MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"}


def test_arguments_that_are_set_elsewhere_are_not_offered() -> None:
    for section in (*SECTIONS.values(), INITIALIZERS):
        for signature in section.values():
            assert not signature.parameters.keys() & left_out_arguments().keys(), signature.name


def test_ranges_name_arguments_that_exist() -> None:
    tables = {
        "layers": ({**LAYERS, **OWN_LAYERS}, ranges.LAYERS),
        "losses": (LOSSES, ranges.LOSSES),
        "optimizers": (OPTIMIZERS, ranges.OPTIMIZERS),
        "schedulers": (SCHEDULERS, ranges.SCHEDULERS),
        "initializers": (INITIALIZERS, ranges.INITIALIZERS),
    }
    for section, table in tables.values():
        known = {name for signature in section.values() for name in signature.parameters}
        assert set(table) <= known
        assert all(str(parse_range(text)) for text in table.values())


def test_defaults_of_torch_lie_in_our_ranges() -> None:
    for section, table in ((LAYERS, ranges.LAYERS), (OPTIMIZERS, ranges.OPTIMIZERS), (SCHEDULERS, ranges.SCHEDULERS)):
        for signature in section.values():
            for name, parameter in signature.parameters.items():
                limits = ranges.BY_TYPE.get((signature.name, name)) or table.get(name)
                values = parameter.default if isinstance(parameter.default, list) else [parameter.default]
                numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
                assert not limits or all(n in parse_range(limits) for n in numbers), (signature.name, name)


@pytest.mark.parametrize(
    ("text", "shown", "inside", "outside"),
    [
        ("[0, 1)", "of at least 0 and below 1", [0, 0.999], [-0.1, 1]),
        ("(0, inf)", "above 0", [1e-300, 10**400], [0, float("inf")]),
        ("[0, 1]", "from 0 to 1", [0, 1], [1.01]),
        ("(0, 1)", "above 0 and below 1", [0.5], [0, 1]),
        ("(-inf, 0]", "at most 0", [0, -5], [1, float("-inf")]),
        ("(-inf, inf)", "(finite)", [0], [float("inf")]),
        ("[1, 1]", "equal to 1", [1], [0, 2]),
        ("[1, 4294967295]", "from 1 to 4294967295", [1], [0]),
    ],
)
def test_ranges(text: str, shown: str, inside: list[float], outside: list[float]) -> None:
    limits = parse_range(text)
    assert str(limits) == shown
    assert all(number in limits for number in inside)
    assert not any(number in limits for number in outside)


def test_reading_and_describing_a_config_loads_no_torch() -> None:
    code = (
        "import sys\n"
        "from gradcheck_cli.config.document import parse_document\n"
        "from gradcheck_cli.config.loading import load_config\n"
        "from gradcheck_cli.recording.describing import describe\n"
        "text = 'data: digits\\nmodel: {layers: [{type: Linear, out_features: 10}]}\\nloss: CrossEntropyLoss\\n'\n"
        "text += 'optimizer: {type: SGD, lr: 0.1}\\ntrainer: {epochs: 1}'\n"
        "describe(load_config(parse_document(text, source='x')))\n"
        "sys.exit(bool({'torch', 'numpy', 'rich', 'typer'} & sys.modules.keys()))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
