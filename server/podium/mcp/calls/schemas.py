"""The schemas that clients see: plain, small JSON Schema objects without references.

Several clients reject or misread `$ref`, and titles only repeat the names, so both are removed. Every conversation pays for
these schemas, so they leave out what no caller needs to know before a call.
"""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode

Schema = dict[str, Any]


def argument_schema(model: type[BaseModel]) -> Schema:
    """Return the whole schema of a tool's arguments, by which a call is checked."""
    return _published(model, "validation", dropped=frozenset({"title"}))


def input_schema(model: type[BaseModel]) -> Schema:
    """Return the schema of a tool's arguments that clients see.

    The lengths of texts are left out: no text that somebody means is empty or too long, and a refusal says them.
    """
    return _published(model, "validation", dropped=frozenset({"title", "minLength", "maxLength"}))


def output_schema(model: type[BaseModel]) -> Schema:
    """Return the schema of a tool's result.

    Nearly every field is always sent, and the others are left out only if they are empty. So defaults and the list of required
    fields, which would repeat every name, carry no information. A list is of texts if it does not say what it holds.
    """
    dropped = frozenset({"title", "default", "required", "additionalProperties"})
    return _with_plain_lists(_published(model, "serialization", dropped=dropped))


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


def _with_plain_lists(schema: Schema) -> Schema:
    """Return a result's schema in which lists of texts do not say that they hold texts."""
    kept = dict(schema)
    if "properties" in kept:
        kept["properties"] = {name: _with_plain_lists(part) for name, part in kept["properties"].items()}
    if kept.get("items") == {"type": "string"}:
        del kept["items"]
    elif "items" in kept:
        kept["items"] = _with_plain_lists(kept["items"])
    return kept
