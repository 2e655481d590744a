"""Reading data with a pydantic model so that every problem is reported, and what is sound is still checked further.

A part that does not fit is noted and taken out, and the rest is read again; so one wrong key hides no other problem.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from podium.score.text.document import Loc
from podium.score.text.problems import Problems, describe

Keys = tuple[str, ...]
MAX_ROUNDS = 20  # taking a part out seldom uncovers another problem; this only ends what would go on for ever


class Block(BaseModel):
    """Base of the parts of a score: closed, so that an unknown key is a problem, and built by pydantic at its first use."""

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False, validate_by_alias=True
    )


def _nothing(place: Keys, block: type[Block], given: Any) -> str:
    return ""


@dataclass(frozen=True)
class Words:
    """What a dialect says of keys and values that it does not take, by the path to them: "*" for a place in a list."""

    elsewhere: frozenset[Keys] = frozenset()
    """Known keys that no block has, of which something else is said."""
    meant: Mapping[Keys, str] = field(default_factory=dict)
    """What to write in place of a key that other tools have."""
    forms: Mapping[Keys, str] = field(default_factory=dict)
    """What a list or a mapping looks like, if something else was written."""
    own_key: Callable[[Keys, type[Block], Any], str] = _nothing
    """The same as `meant`, made of the value that was written for the key, "" if that cannot be; `block` has no such key."""
    own_form: Callable[[Keys, type[Block], Any], str] = _nothing
    """The same as `forms`, made of the value that was written."""
    topics: Mapping[Keys, str] = field(default_factory=dict)
    """What explains the keys to write in place of those in `meant`."""


B = TypeVar("B", bound=Block)

_EXPECTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
    "model": "a mapping",
    "finite": "a finite number",
}
_BOUNDS = {
    "greater_than": ("gt", "must be more than {:.12g}, not {found}"),
    "greater_than_equal": ("ge", "must be at least {:.12g}, not {found}"),
    "less_than_equal": ("le", "must be at most {:.12g}, not {found}"),
    "string_too_short": ("min_length", "must have at least {} character, not {found}"),
    "too_long": ("max_length", "must have at most {} entries"),
    "string_too_long": ("max_length", "must have at most {} characters"),
}


def read_block(model: type[B], data: Any, problems: Problems, words: Words) -> B:
    """Read `data` as `model`, whose fields must all have defaults; what does not fit becomes a problem and its default."""
    for _ in range(MAX_ROUNDS):
        try:
            return model.model_validate(data)
        except ValidationError as error:
            details = error.errors(include_url=False)
        for detail in details:
            loc = tuple(part for part in detail["loc"] if part != "[key]")
            _note(model, loc, detail, problems, words)
            data = _without(data, loc)
    return model()


def _note(model: type[Block], loc: Loc, detail: ErrorDetails, problems: Problems, words: Words) -> None:
    """Turn one of pydantic's errors into a problem, or into nothing if something else is said of the key."""
    kind, given = detail["type"], detail["input"]
    place = tuple("*" if isinstance(part, int) else str(part) for part in loc)
    if kind != "extra_forbidden":
        allowed: list[str] = []
        if kind == "literal_error":  # pydantic's words are "'a', 'b' or 'c'"
            allowed = [part.strip(" '") for part in detail["ctx"]["expected"].replace(" or ", ",").split(",")]
        form = words.own_form(place, _block(model, loc), given) or words.forms.get(place, "")
        message = _message(kind, detail, form)
        problems.add(loc, message, allowed=allowed, key=detail["loc"][-1:] == ("[key]",))
    elif place not in words.elsewhere:
        block = _block(model, loc)
        known = keys_of(block)
        meant = words.own_key(place, block, given) or words.meant.get(place, "")
        hint = f"; {meant}" if meant else problems.near(str(loc[-1]), known)
        problems.add(loc, f"unknown key{hint}", allowed=known, key=True, topic=words.topics.get(place, ""))


def _block(model: type[Block], loc: Loc) -> type[Block]:
    """Return the block in which a key stands, or an entry of a list if the path ends with one."""
    block: type[BaseModel] = model
    for part in loc if isinstance(loc[-1], int) else loc[:-1]:
        block = _inner(_fields(block).get(str(part))) or block
    return block if issubclass(block, Block) else model


def _message(kind: str, detail: ErrorDetails, form: str) -> str:
    hint = f"; write {form}" if form else ""
    if kind in _BOUNDS:
        name, text = _BOUNDS[kind]
        return text.format(detail["ctx"][name], found=describe(detail["input"]))
    if kind == "value_error":
        said = str(detail["ctx"]["error"])
        return said + hint if said.startswith("should be") else said
    if kind == "literal_error":
        return f"should be {detail['ctx']['expected']}, not {describe(detail['input'])}"
    if kind == "invalid_key":
        return "a key should be text; put it in quotes"
    expected = _EXPECTED.get(kind.partition("_")[0])
    if expected is None:
        return detail["msg"]
    return f"should be {expected}, not {describe(detail['input'])}{hint}"


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys that a block takes."""
    return list(_fields(model))


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _inner(annotation: Any) -> type[BaseModel] | None:
    """Return the first model inside an annotation such as `list[Sheet] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner(part))), None)


def _without(data: Any, loc: Loc) -> Any:
    """Return a copy of `data` without the innermost entry of a mapping on the path to `loc`.

    A sheet that is wrong as a whole becomes {} instead, so that the other sheets keep their numbers.
    """
    head, rest = loc[0], loc[1:]
    if isinstance(data, list) and isinstance(head, int):
        inner = _without(data[head], rest) if rest and isinstance(data[head], dict) else {}
        return [*data[:head], inner, *data[head + 1 :]]
    if head not in data:
        return data
    child = data[head]
    if rest and (isinstance(child, dict) or (isinstance(child, list) and (len(rest) > 1 or head == "sheets"))):
        return {**data, head: _without(child, rest)}
    return {key: value for key, value in data.items() if key != head}
