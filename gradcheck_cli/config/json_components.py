"""JSON Schemas of types with their arguments: losses, optimizers, schedules, initialisers, data sources, layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gradcheck_cli.config import ranges
from gradcheck_cli.config.catalog import INITIALIZERS, LAYERS, LOSSES, OPTIMIZERS, SCHEDULERS, Parameter, Signature
from gradcheck_cli.config.component_reading import with_ranges
from gradcheck_cli.config.data_reading import COMMON
from gradcheck_cli.config.factory_reading import FACTORY, NAME
from gradcheck_cli.config.json_values import Schema, fields_schema, mapping_schema, or_null, value_schema
from gradcheck_cli.config.layer_reading import INITIALIZER_KEYS, INNER, LAYER_NAME, RESERVED, layer_parameters
from gradcheck_cli.config.own_layers import OWN_LAYERS
from gradcheck_cli.config.schedule_reading import COMBINING, INTERVAL, PLATEAU
from gradcheck_cli.config.schema import GROUP
from gradcheck_cli.config.sources import PYTHON, SOURCES, Source

_INFERRED = "May be left out: it is inferred."
_NAMESPACES = {"layer": "torch.nn", "loss": "torch.nn", "optimizer": "torch.optim", "initializer": "torch.nn.init"}


def refer(name: str, description: str = "") -> Schema:
    """A reference to a definition; draft-07 reads nothing beside a `$ref`, so that a description stands around it."""
    reference: Schema = {"$ref": f"#/definitions/{name}"}
    return {"description": description, "allOf": [reference]} if description else reference


def define_components() -> dict[str, Schema]:
    """All definitions, by name: the choice of a type (`loss`), and each type (`loss.MSELoss`)."""
    return {
        **_define("loss", {name: _torch_type("loss", LOSSES[name], ranges.LOSSES) for name in LOSSES}),
        **_define("optimizer", {name: _optimizer(OPTIMIZERS[name]) for name in OPTIMIZERS}),
        **_define(
            "initializer",
            {name: _torch_type("initializer", INITIALIZERS[name], ranges.INITIALIZERS) for name in INITIALIZERS},
        ),
        **_define("data", {name: _source(name, source) for name, source in SOURCES.items()}),
        **_define_schedules("schedule", nested=False),
        **_define_schedules("inner_schedule", nested=True),
        **_define_layers(),
    }


def _define(kind: str, types: Mapping[str, Schema], *, untyped: Schema | None = None) -> dict[str, Schema]:
    """The types of one kind, and the choice among them: a bare name where a type needs nothing, else a mapping.

    Args:
        untyped: What a mapping without `type` is; None where it must have one.
    """
    bare = [name for name, schema in types.items() if schema["required"] == ["type"]]
    by_type = [
        {"if": {"properties": {"type": {"const": name}}, "required": ["type"]}, "then": refer(f"{kind}.{name}")}
        for name in types
    ]
    typed = {"required": ["type"], "properties": {"type": _choose_type(types)}, "allOf": by_type}
    mapping: Schema = {"type": "object", **typed}
    if untyped is not None:
        mapping = {"type": "object", "if": {"required": ["type"]}, "then": typed, "else": untyped}
    choice = {"anyOf": [{**_choose_type(bare, types), "type": "string"}, mapping]} if bare else mapping
    return {kind: choice, **{f"{kind}.{name}": schema for name, schema in types.items()}}


def _choose_type(names: Iterable[str], types: Mapping[str, Schema] | None = None) -> Schema:
    known = types or (names if isinstance(names, Mapping) else {})
    return {"enum": list(names), "enumDescriptions": [known[name]["description"] for name in names]}


def _typed(name: str, properties: Mapping[str, Schema], *, required: Iterable[str], description: str) -> Schema:
    written = {"type": {"const": name, "description": description}, **properties}
    return mapping_schema(written, required=["type", *required], description=description)


def _with_arguments(
    signature: Signature, parameters: Mapping[str, Parameter], *, description: str, **further: Schema
) -> Schema:
    """A type with its arguments; of `further` keys, those that end in `_` are required."""
    properties = {
        name: value_schema(parameter, note=_INFERRED if name == signature.inferred else "")
        for name, parameter in parameters.items()
    }
    needed = [name for name, parameter in parameters.items() if parameter.required]
    needed += [name.rstrip("_") for name in further if name.endswith("_")]
    extra = {name.rstrip("_"): schema for name, schema in further.items()}
    return _typed(signature.name, {**properties, **extra}, required=needed, description=description)


def _document(kind: str, signature: Signature) -> str:
    namespace = _NAMESPACES.get(kind, "torch.optim.lr_scheduler")
    return (
        f"{signature.summary} ({namespace}.{signature.name})" if signature.name not in OWN_LAYERS else signature.summary
    )


def _torch_type(kind: str, signature: Signature, table: Mapping[str, str]) -> Schema:
    return _with_arguments(signature, with_ranges(signature, table), description=_document(kind, signature))


def _optimizer(signature: Signature) -> Schema:
    parameters = with_ranges(signature, ranges.OPTIMIZERS, required=("lr",))
    return _with_arguments(signature, parameters, description=_document("optimizer", signature))


def _source(name: str, source: Source) -> Schema:
    common = dict(COMMON)
    if source.task is not None:
        common["task"] = replace(common["task"], choices=(str(source.task),))
    fields = fields_schema({**source.parameters, **common})
    properties = {**fields["properties"], **(define_factory("the datasets") if name == PYTHON else {})}
    return _typed(name, properties, required=fields["required"], description=source.summary)


def define_factory(made: str) -> dict[str, Schema]:
    """The two keys that name code of the user's own.

    Args:
        made: What it returns.
    """
    return {
        "factory": {
            "type": "string",
            "pattern": f"^{FACTORY}$",
            "description": f"The function that returns {made}, as package.module:function; needs --allow-import.",
        },
        "args": {
            "type": ["object", "null"],
            "propertyNames": {"pattern": f"^{NAME}$"},
            "description": "The keyword arguments of the factory.",
        },
    }


def _define_schedules(kind: str, *, nested: bool) -> dict[str, Schema]:
    inner = {
        "type": "array",
        "minItems": 1,
        "items": refer("inner_schedule"),
        "description": "The schedules to combine.",
    }
    types = {}
    for name, signature in SCHEDULERS.items():
        if nested and name == PLATEAU:
            continue
        further: dict[str, Schema] = {"schedulers_": inner} if name in COMBINING else {}
        if not nested:
            further["interval"] = value_schema(replace(INTERVAL, choices=("epoch",)) if name == PLATEAU else INTERVAL)
        parameters = with_ranges(signature, ranges.SCHEDULERS)
        types[name] = _with_arguments(signature, parameters, description=_document(kind, signature), **further)
    return _define(kind, types)


def _define_layers() -> dict[str, Schema]:
    list_of_layers = {"type": "array", "items": refer("layer")}
    layers = {**list_of_layers, "minItems": 1}
    inner: dict[str, Schema] = {
        "layers": {**layers, "description": "The layers inside."},
        "shortcut": or_null(list_of_layers) | {"description": "Layers on the path around; none passes the input on."},
        "branches": {
            "type": "array",
            "minItems": 1,
            "items": list_of_layers,
            "description": "Lists of layers side by side; an empty one passes the input on.",
        },
    }
    reserved = {name: value_schema(parameter) for name, parameter in RESERVED.items()}
    reserved["name"]["pattern"] = f"^{LAYER_NAME.pattern}$"
    types = {name: _layer(signature, inner, reserved) for name, signature in {**OWN_LAYERS, **LAYERS}.items()}
    group = mapping_schema(
        {"layers": inner["layers"], **{name: reserved[name] for name in ("repeat", "trainable")}},
        required=INNER[GROUP],
        description="A group of layers, written out `repeat` times.",
    )
    return {**_define("layer", types, untyped=group), "layers": layers}


def _layer(signature: Signature, inner: Mapping[str, Schema], reserved: Mapping[str, Schema]) -> Schema:
    keys = INNER.get(signature.name, ())
    further = {f"{key}_" if key == keys[0] else key: inner[key] for key in keys}
    if signature.weight_dimensions:
        further |= {
            key: or_null(refer("initializer")) | {"description": f"How {what} drawn at first; null for torch's own."}
            for key, what in zip(INITIALIZER_KEYS, ("weights are", "the bias is"), strict=True)
        }
    description = _document("layer", signature)
    return _with_arguments(signature, layer_parameters(signature), description=description, **further, **reserved)
