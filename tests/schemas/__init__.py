"""The schemas beside this file, as validators."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.validators import validator_for

HERE = Path(__file__).parent
SARIF, GITLAB, RDJSON = "sarif-schema-2.1.0.json", "gitlab-code-quality.schema.json", "rdjson.schema.json"


def validate(document: Any, schema: str) -> None:
    """Hold a document against one of the schemas.

    Raises:
        jsonschema.ValidationError: With the first thing that does not fit.
    """
    described = json.loads((HERE / schema).read_text(encoding="utf-8"))
    validator = validator_for(described, default=Draft4Validator)
    validator.check_schema(described)
    validator(described).validate(document)
