"""Small configs for the tests of reading, with one section replaced at a time."""

from __future__ import annotations

import json
from typing import Any

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.loading import load_config, parse_config
from gradcheck_cli.config.schema import Config
from gradcheck_cli.errors import Problem

HEALTHY: dict[str, Any] = {
    "data": {"type": "digits"},
    "model": {"layers": [{"type": "Linear", "out_features": 10}]},
    "loss": "CrossEntropyLoss",
    "optimizer": {"type": "SGD", "lr": 0.1},
    "trainer": {"epochs": 3},
}


def load(**sections: Any) -> Config:
    """The healthy config with some sections replaced; JSON is YAML."""
    return load_config(parse_document(json.dumps({**HEALTHY, **sections}), source="test.yaml"))


def problems_of(**sections: Any) -> list[Problem]:
    """What is wrong with the healthy config once some sections are replaced."""
    return parse_config(parse_document(json.dumps({**HEALTHY, **sections}), source="test.yaml"))[1]


def only_problem(**sections: Any) -> str:
    """The text of the one thing that is wrong."""
    problems = problems_of(**sections)
    assert len(problems) == 1, list(map(str, problems))
    return str(problems[0])


def layer_problem(*layers: Any) -> str:
    """The text of the one thing that is wrong with these layers."""
    return only_problem(model={"layers": list(layers)})
