"""The keys of a block of a score in words, from the model that reads it: type, bounds, default, meaning."""

from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from podium.score.schema import REQUIRED
from podium.score.text.units import memory, milliseconds, seconds

_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "value"}
_WITH_UNITS = {seconds: "duration", milliseconds: "duration in milliseconds", memory: "size"}  # by what reads it
_SINGLE = {"text", "whole number", "number", "true or false"}


class KeyFacts(NamedTuple):
    """What is known of a key, in words: `default` may also be "required"; "" for what it has none of."""

    key: str
    kind: str
    bounds: str
    default: str
    meaning: str


def key_facts(model: type[BaseModel], chosen: Sequence[str] = ()) -> list[KeyFacts]:
    """Return the facts of each key of a block, or of the chosen ones."""
    fields, required = fields_of(model), REQUIRED.get(model.__name__, ())
    return [
        KeyFacts(
            key,
            _kind(_whole(fields[key])),
            _bounds(_marks(_whole(fields[key]))),
            "required" if key in required else _default(fields[key]),
            fields[key].description or "",
        )
        for key in chosen or fields
    ]


def key_lines(model: type[BaseModel], chosen: Sequence[str] = ()) -> list[str]:
    """Return a line for each key of a block, or for the chosen ones: "- key: type, bounds, default; meaning"."""
    return [
        f"- {key}: {', '.join(filter(None, facts))}{f'; {meaning}' if meaning else ''}"
        for key, *facts, meaning in key_facts(model, chosen)
    ]


def key_names(model: type[BaseModel]) -> str:
    """Return the keys of a block on one line, with the form of those that are not plain values, and the defaults."""
    return ", ".join(_short(key, field) for key, field in fields_of(model).items())


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a block by the key that a score has for them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def blocks_of(annotation: Any) -> set[type[BaseModel]]:
    """Return the blocks that a type has in it at any depth, with all of theirs."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        inner = (blocks_of(_whole(field)) for field in annotation.model_fields.values())
        return {annotation}.union(*inner)
    found = [blocks_of(part) for part in get_args(annotation)]
    found += [blocks_of(mark.json_schema_input_type) for mark in _inputs(annotation)]
    return set().union(*found)


def _whole(field: FieldInfo) -> Any:
    """Return a field's type with what pydantic has taken off it."""
    return Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation


def _inputs(annotation: Any) -> list[Any]:
    """Return the validators of a type that take something else than the type itself."""
    marks = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    return [
        mark for mark in marks if getattr(mark, "json_schema_input_type", PydanticUndefined) is not PydanticUndefined
    ]


def takes_text(field: FieldInfo) -> bool:
    """Return whether a plain text may stand for a field's block."""
    return "text" in _kind(_whole(field)).split(" or ")


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, UnionType)


def _kind(annotation: Any) -> str:
    """Return a type in words."""
    if get_origin(annotation) is Annotated:
        base, taken = get_args(annotation)[0], _inputs(annotation)
        if not taken or taken[-1].json_schema_input_type is Any:
            return _kind(base)
        kind = _kind(taken[-1].json_schema_input_type)
        return _WITH_UNITS.get(taken[-1].func, kind) if "text" in kind else kind
    if _is_union(annotation):
        return _either([_kind(part) for part in get_args(annotation) if part is not NoneType])
    if get_origin(annotation) is Literal:
        return " or ".join(str(value).lower() if isinstance(value, bool) else value for value in get_args(annotation))
    if get_origin(annotation) is list:
        return f"list of {_kind(get_args(annotation)[0])}"
    if get_origin(annotation) is dict:
        key, value = get_args(annotation)
        return f"mapping of {'numbers' if _kind(key) == 'whole number' else 'names'} to {_kind(value)}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"{{{', '.join(fields_of(annotation))}}}" if len(fields_of(annotation)) < 3 else "mapping"
    return _PLAIN[annotation]


def _either(kinds: Sequence[str]) -> str:
    """Return alternatives in words; any single value is one of them."""
    if set(kinds) >= _SINGLE:
        kinds = ["value", *(kind for kind in kinds if kind not in _SINGLE)]
    return " or ".join(dict.fromkeys(kinds))


def _marks(annotation: Any) -> list[Any]:
    """Return the bounds of a type, also of an optional one."""
    if _is_union(annotation):
        return [mark for part in get_args(annotation) for mark in _marks(part)]
    if get_origin(annotation) is not Annotated:
        return []
    base, *marks = get_args(annotation)
    return [
        *_marks(base),
        *(one for mark in marks for one in (mark.metadata if isinstance(mark, FieldInfo) else [mark])),
    ]


def _bounds(marks: Sequence[Any]) -> str:
    """Return bounds in words, as "0 to 10"."""
    found = {
        name: value
        for mark in marks
        for name in ("ge", "gt", "le", "max_length")
        if (value := getattr(mark, name, None)) is not None
    }
    if "max_length" in found:
        return f"at most {found['max_length']}"
    if "gt" in found:
        return f"more than {found['gt']}" + (f", at most {found['le']}" if "le" in found else "")
    if "le" in found:
        return f"{found['ge']} to {found['le']}"
    return f"at least {found['ge']}" if "ge" in found else ""


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined or value is None or value == "":
        return ""
    return f"default {str(value).lower() if isinstance(value, bool) else f'{value:g}' if isinstance(value, float) else value}"


def _short(key: str, field: FieldInfo) -> str:
    """Return a key with its form: `{...}` with the keys of a block, `[]`, `{}` or its default."""
    parts = get_args(field.annotation) if _is_union(field.annotation) else (field.annotation,)
    block = next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)
    if block is not None:
        return f"{key} {{{key_names(block)}}}"
    origins = {get_origin(get_args(part)[0] if get_origin(part) is Annotated else part) for part in parts}
    form = " []" if list in origins else " {}" if dict in origins and not _inputs(_whole(field)) else ""
    default = _default(field).removeprefix("default ")
    return f"{key}{form}{f'={default}' if default else ''}"
