"""The JSON Schema of a config file, for editors; made of the tables that the readers check by, so that both agree.

What one section demands of another (sizes, names, losses that fit a task) stays with `gradcheck lint`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck_cli.config.catalog import Parameter
from gradcheck_cli.config.diagnostics_reading import EXPECT, SEVERITY, WHOLE_BOOK
from gradcheck_cli.config.json_components import define_components, define_factory, refer
from gradcheck_cli.config.json_values import Schema, fields_schema, mapping_schema, or_null, value_schema
from gradcheck_cli.config.loading import LONGEST_NAME, PARAMETERS, REQUIRED
from gradcheck_cli.config.trainer_reading import PARAMETERS as TRAINER_PARAMETERS
from gradcheck_cli.config.trainer_reading import STOPPING

DRAFT = "http://json-schema.org/draft-07/schema#"
TITLE = "gradcheck config"


@dataclass(frozen=True)
class RuleEntry:
    """A rule as the schema shows it; `thresholds` are numbers."""

    code: str
    name: str
    summary: str
    thresholds: tuple[Parameter, ...]


def make_schema(rules: Sequence[RuleEntry]) -> dict[str, Any]:
    """The schema as JSON holds it, in draft-07."""
    properties = {
        **{name: value_schema(parameter) for name, parameter in PARAMETERS.items()},
        "data": refer("data", "The rows to train on and to validate with."),
        "model": _model(),
        "loss": refer("loss", "The loss; targets are put into the form that it expects."),
        "optimizer": refer("optimizer", "The optimizer with its learning rate."),
        "lr_scheduler": or_null(refer("schedule")) | {"description": "How the learning rate changes."},
        "trainer": _trainer(),
        "diagnostics": or_null(refer("diagnostics")) | {"description": "How the run is judged."},
    }
    # A name holds something visible, and neither a slash nor a control character.
    properties["name"]["pattern"] = r"^[^\u0000-\u001f\u007f/]*[^\s\u0000-\u001f\u007f/][^\u0000-\u001f\u007f/]*$"
    properties["name"]["maxLength"] = LONGEST_NAME
    root = mapping_schema(properties, required=REQUIRED, description="One training run.")
    definitions = {**define_components(), "diagnostics": _diagnostics(rules), **_define_rules(rules)}
    return {"$schema": DRAFT, "title": TITLE, **root, "definitions": definitions}


def _model() -> Schema:
    """Layers that are written here, or a function that makes the network."""
    initializer = or_null(refer("initializer"))
    written = mapping_schema(
        {
            "layers": refer("layers", "The layers in forward order."),
            "weight_init": initializer | {"description": "Draws the weights of all linear and convolution layers."},
            "bias_init": initializer | {"description": "Sets the biases of all linear and convolution layers."},
        },
        required=["layers"],
    )
    made = mapping_schema(define_factory("the network"), required=["factory"])
    return {"description": "The network.", "if": {"required": ["factory"]}, "then": made, "else": written}


def _trainer() -> Schema:
    fields = fields_schema(TRAINER_PARAMETERS, description="How training runs; epochs or max_steps is needed.")
    stopping = fields_schema(STOPPING, description="Stop when the validation loss no longer improves.")
    fields["properties"]["early_stopping"] = or_null(stopping) | {"description": stopping["description"]}
    lengths = ({"required": [name], "properties": {name: {"type": "integer"}}} for name in ("epochs", "max_steps"))
    return {**fields, "anyOf": list(lengths)}


def _diagnostics(rules: Sequence[RuleEntry]) -> Schema:
    entries = {word: refer(_definition(rule)) for rule in rules for word in (rule.code, rule.name)}
    selection = or_null({"type": "array", "items": _selection(rules)})
    properties = {
        "select": selection | {"description": "Which rules judge the run; all if left out."},
        "ignore": selection | {"description": "Rules to leave out; a longer code wins over its prefix."},
        "rules": or_null(mapping_schema(entries)) | {"description": "Thresholds and severities of rules."},
        "expect": or_null(fields_schema(EXPECT)) | {"description": "What the run must reach."},
    }
    return mapping_schema(properties, description="How the run is judged.")


def _definition(rule: RuleEntry) -> str:
    return f"rule.{rule.code}"


def _define_rules(rules: Sequence[RuleEntry]) -> dict[str, Schema]:
    """The settings of each rule, which stand under its code or its name."""
    return {
        _definition(rule): fields_schema(
            {parameter.name: parameter for parameter in (*rule.thresholds, SEVERITY)},
            description=f"{rule.code} {rule.name}. {rule.summary}",
        )
        for rule in rules
    }


def _selection(rules: Sequence[RuleEntry]) -> Schema:
    """A code, a prefix or a name: offered as written, taken in any case and with blanks around, as the reader does."""
    words = [word for rule in rules for word in (rule.code, rule.name)]
    prefixes = sorted({rule.code[:length] for rule in rules for length in range(1, len(rule.code))})
    taken = "|".join(map(_any_case, dict.fromkeys((*words, *prefixes, WHOLE_BOOK))))
    offered = (*words, *(prefix for prefix in prefixes if len(prefix) > 1), WHOLE_BOOK)
    return {"anyOf": [{"enum": list(offered)}, {"type": "string", "pattern": rf"^\s*(?:{taken})\s*$"}]}


def _any_case(word: str) -> str:
    return "".join(f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter for letter in word)
