"""Our own check of a call's arguments, before anything else uses them.

Models send "7" for 7, 7 for "7", null or "" for an argument that they leave out, and JSON text for a list: a value with one
clear meaning is accepted. Anything else is refused, in one error that names every wrong argument and what it must be.

Some clients give a tool without parameters an invented one, such as `random_string`, since their models cannot call a function
without any. So a tool that needs no argument ignores what it does not know, and its answer says so.
"""

import difflib
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import ValidationError

from podium.errors import InvalidArguments
from podium.mcp.calls.schemas import Schema, argument_schema
from podium_tools.spec import Args

Model = TypeVar("Model", bound=Args)
_schema_of = cache(argument_schema)
SHOWN = 60  # characters of a refused value that are repeated
SHOWN_NAMES = 5  # of ignored arguments


def check(tool: str, model: type[Model], given: Mapping[str, Any]) -> Model:
    """Return the checked arguments of `tool`.

    Raises:
        InvalidArguments: arguments are missing, of the wrong type or out of bounds, or unknown to a tool that needs some.
    """
    schema = _schema_of(model)
    properties: dict[str, Schema] = schema["properties"]
    required = schema.get("required", ())
    known = {name: value for name, value in given.items() if name in properties}
    kept = {
        name: _meant(value, properties[name])
        for name, value in known.items()
        if name in required or not _is_unset(value)
    }
    problems: dict[str, str] = {}
    for name in [] if _needs_none(model) else _unknown(model, given):
        problems[name[:SHOWN]] = f"Unknown argument {name[:SHOWN]!r}{_hint(model, name, '; did you mean {}?') or '.'}"
    try:
        checked = model.model_validate(kept, strict=True)
    except ValidationError as error:
        for name in dict.fromkeys(str(fault["loc"][0]) for fault in error.errors(include_url=False)):
            what = f"must be {_described(properties[name])}"
            if name in kept:
                problems[name] = f"{name} {what}, not {_shown(kept[name])}."
            else:
                problems[name] = f"{name} is missing; it {what}."
    if problems:
        names = ", ".join(properties) or "none"
        raise InvalidArguments(
            f"{tool}: {' '.join(problems.values())}",
            fix=f"Call {tool} again with corrected arguments. It takes: {names}.",
            arguments=list(problems),
        )
    return checked


def ignored(tool: str, model: type[Args], given: Mapping[str, Any]) -> str:
    """Return what the answer says of arguments that `check` ignores, "" if there are none."""
    unknown = _unknown(model, given)
    if not unknown or not _needs_none(model):
        return ""
    names = ", ".join(f"{name[:SHOWN]!r}{_hint(model, name, ' (did you mean {}?)')}" for name in unknown[:SHOWN_NAMES])
    more = f" and {len(unknown) - SHOWN_NAMES} more" if len(unknown) > SHOWN_NAMES else ""
    takes = ", ".join(model.model_fields) or "no arguments"
    return f"Ignored: unknown argument{'' if len(unknown) == 1 else 's'} {names}{more} ({tool} takes {takes})."


def _needs_none(model: type[Args]) -> bool:
    """Whether a tool can be called without any argument, and ignores what it does not know."""
    return (
        not model.needs_one_of
        and not model.refuses_unknown
        and not any(field.is_required() for field in model.model_fields.values())
    )


def _unknown(model: type[Args], given: Mapping[str, Any]) -> list[str]:
    return [name for name in given if name not in model.model_fields]


def _hint(model: type[Args], name: str, question: str) -> str:
    """Return the question which argument was meant, "" if the name resembles none."""
    near = difflib.get_close_matches(name, model.model_fields, n=1)
    return question.format(near[0]) if near else ""


def _is_unset(value: Any) -> bool:
    """Whether a value is how models leave an optional argument out, whatever its type."""
    return value is None or value == ""


def _shown(value: Any) -> str:
    """Return a value as JSON, cut if it is long."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):  # a number of thousands of digits, or lists in lists without end
        return "what was given"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)"


def _meant(value: Any, schema: Schema) -> Any:
    """Return what a value most likely means if `schema` is expected; unchanged if nothing fits."""
    match schema["type"]:
        case "string":
            return _text(value)
        case "integer" | "number":
            return _number(value, whole=schema["type"] == "integer")
        case "boolean":
            return {"true": True, "false": False}.get(value.strip().lower(), value) if isinstance(value, str) else value
        case _:
            return _list(value, schema["items"])


def _text(value: Any) -> Any:
    """Return the text of a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    try:
        return str(value)
    except ValueError:  # Python writes out no number of thousands of digits
        return value


def _number(value: Any, *, whole: bool) -> Any:
    """Return the number that a text holds, and a whole number for 7.0."""
    if isinstance(value, str):
        try:
            value = float(value) if not value.strip().lstrip("+-").isdigit() else int(value)
        except ValueError:
            return value
    return int(value) if whole and isinstance(value, float) and value.is_integer() else value


def _list(value: Any, items: Schema) -> Any:
    """Return the list that JSON text holds; one bare value is a list of one."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        value = [value]
    return [_meant(item, items) for item in value] if isinstance(value, list) else value


def _described(schema: Schema) -> str:
    """Return what a schema allows in words, as "a whole number from 1 to 100"."""
    if "enum" in schema:
        return f"one of {', '.join(json.dumps(choice) for choice in schema['enum'])}"
    match schema["type"]:
        case "integer" | "number":
            kind = "a whole number" if schema["type"] == "integer" else "a number"
            return kind + _bounds(schema, "minimum", "maximum", "from")
        case "boolean":
            return "true or false"
        case "array":
            return f"a list of strings{_bounds(schema, 'minItems', 'maxItems', 'with', ' entries')}"
        case _:
            return f"a string{_bounds(schema, 'minLength', 'maxLength', 'of', ' characters')}"


def _bounds(schema: Schema, least: str, most: str, word: str, unit: str = "") -> str:
    """Return the bounds of a schema in words, "" if it has none."""
    low, high = schema.get(least), schema.get(most)
    if low is None and high is None:
        return ""
    if high is None:
        return f" {word} at least {low}{unit}" if unit else f" from {low}"
    return f" {word} at most {high}{unit}" if low is None else f" {word} {low} to {high}{unit}"
