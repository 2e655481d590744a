"""The schemas that clients see: plain, small JSON Schema objects without references.

Several clients reject or misread `$ref`, and titles only repeat the names, so both are removed.
"""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

Schema = dict[str, Any]


def input_schema(model: type[BaseModel]) -> Schema:
    """Return the schema of a tool's arguments."""
    return _published(model, "validation", dropped=frozenset({"title"}))


def output_schema(model: type[BaseModel]) -> Schema:
    """Return the schema of a tool's result.

    Nearly every field is always sent, and the others are left out only if they are empty. So defaults and the list of required
    fields, which would repeat every name, carry no information.
    """
    return _published(
        model, "serialization", dropped=frozenset({"title", "default", "required", "additionalProperties"})
    )


def _published(model: type[BaseModel], mode: JsonSchemaMode, *, dropped: frozenset[str]) -> Schema:
    raw = model.model_json_schema(mode=mode)
    definitions = raw.pop("$defs", {})
    schema = _plain(raw, definitions, dropped)
    schema.setdefault("properties", {})
    return schema


def _plain(schema: Schema, definitions: dict[str, Schema], dropped: frozenset[str]) -> Schema:
    """Return an object schema or a part of one without references, and without the members in `dropped`."""
    if "$ref" in schema:
        return _plain(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions, dropped)
    if "anyOf" in schema:  # an optional plain value; nothing else is a union in our models
        return {"type": [choice["type"] for choice in schema["anyOf"]]}
    kept = {key: value for key, value in schema.items() if key not in dropped}
    if kept.get("type") == "object":
        kept.pop("description", None)  # the model's docstring, written for readers of the code
        properties = schema.get("properties", {})
        kept["properties"] = {name: _plain(part, definitions, dropped) for name, part in properties.items()}
    if "items" in kept:
        kept["items"] = _plain(kept["items"], definitions, dropped)
    return kept
