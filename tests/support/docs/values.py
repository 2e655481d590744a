"""Types, bounds and defaults in words, from the JSON Schema of a model."""

import json
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]
_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "object",
}


def kind(schema: Schema) -> str:
    """Return a type in words; a part of a result is a link to its place on the page."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "allOf" in schema:
        return kind(schema["allOf"][0])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(each).strip(chr(34)) or chr(34) * 2}`" for each in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"mapping of names to {kind(schema['additionalProperties'])}"
    return _WORDS.get(str(schema.get("type", "")), "value")


def bounds(schema: Schema) -> str:
    """Return bounds in words, also those of one of several types."""
    return ", ".join(_bounds(schema) or [text for each in schema.get("anyOf", ()) for text in _bounds(each)])


def default(schema: Schema) -> str:
    """Return a default as JSON, "" for one that is empty or that there is none of."""
    value = schema.get("default")
    return "" if value in (None, "", [], {}) else f"`{json.dumps(value, ensure_ascii=False)}`"


def _bounds(schema: Schema) -> list[str]:
    return list(_each_bound(schema))


def _each_bound(schema: Schema) -> Iterator[str]:
    words = {
        "minimum": "at least {}",
        "exclusiveMinimum": "more than {}",
        "maximum": "at most {}",
        "maxLength": "at most {} characters",
        "maxItems": "at most {} entries",
    }
    for name, text in words.items():
        if name in schema:
            yield text.format(f"{schema[name]:,}".removesuffix(".0"))
    if schema.get("minLength") or schema.get("minItems"):
        yield "not empty"
