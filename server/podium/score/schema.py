"""The JSON Schema of a score, made from the models that read it."""

from typing import Any

from pydantic.json_schema import models_json_schema

from podium.score.named.fields import NamedScore
from podium.score.numbered.fields.score import NumberedScore

REQUIRED: dict[str, list[str]] = {
    "NamedScore": ["name", "sheets"],
    "NumberedScore": ["name", "sheet", "prompt"],
    "NumberedSheets": ["size", "total_items"],
    "NumberedCheck": ["type"],
    "AliasBlock": ["profile"],
    "PathCheck": ["path"],
    "ContentCheck": ["path", "pattern"],
    "CommandCheck": ["command"],
    "SkipCommandBlock": ["command"],
    "OnEndBlock": ["run"],
}


def json_schema() -> dict[str, Any]:
    """Return the schema of both dialects. What is required is added here, since the models accept gaps on purpose."""
    _, schema = models_json_schema([(NamedScore, "validation"), (NumberedScore, "validation")])
    definitions = schema["$defs"]
    for name, required in REQUIRED.items():
        definitions[name]["required"] = required
    definitions["NamedSheet"]["oneOf"] = [{"required": [name]} for name in ("run", "prompt", "prompt_file")]
    definitions["NamedCheck"] |= {"minProperties": 1, "maxProperties": 1}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Podium score",
        "oneOf": [{"$ref": "#/$defs/NamedScore"}, {"$ref": "#/$defs/NumberedScore"}],
        "$defs": definitions,
    }
