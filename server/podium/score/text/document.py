"""YAML text becomes plain data that remembers where each key and value stands.

It is built from the parser's events, not from its node tree: that is several times faster, and deep nesting, which ends the
C composer with a segmentation fault, meets a bound here. Merge keys (`<<`) work; a duplicate key, a second document or a custom
tag is refused.

What was written is what is used. An unquoted scalar is a number or a boolean only if that prints as it is written (`3`, `3.5`,
`true`, `false`); `3.10`, `no`, `01234`, `12:30:00` and `1_0`, of which YAML 1.1 makes something else, are text, and `reread` says
where they stand. `null`, `~` and nothing at all are None: each field decides whether it takes that or the text. Keys are text,
except whole numbers.
"""

import json
import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from podium.score.text.yaml_advice import advice
from podium.texts.readings import Written
from podium.texts.written import shown

MAX_DEPTH = 50
MAX_NODES = 1_000_000  # keys and values, aliases counted as often as they are used

Loc = tuple[str | int, ...]  # the path to a part of the document: keys and indexes
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_KEPT_CHARS = 100  # of a plain scalar whose value is kept: longer ones seldom come again
_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
TOO_LARGE = "a number"  # what is said of one that is infinite or needs more than 64 bits
_MERGE = object()  # stands for an unquoted `<<`


class DocumentFault(Exception):
    """The text is not YAML that a score can be written in; lines and columns count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


Place = tuple[int, int, bool, str]
"""Line and column from 1, whether it is a literal block, and the scalar as it is written. A plain tuple, since the garbage
collector stops looking at those: with objects in their place a large score takes twice as long."""
Children = dict[Any, tuple[Place, Place]]  # the places of each child's key and value; a list has no keys


@dataclass(frozen=True)
class Document:
    """A score as plain data (`root`), with the places of its parts."""

    text: str
    root: Any
    top: Place
    places: dict[int, Children]  # of each container, by its id; `root` keeps the containers alive
    reread: dict[
        tuple[int, int], str
    ]  # line and column of texts that YAML 1.1 reads differently -> what it makes of them

    def locate(self, loc: Loc, *, key: bool = False) -> tuple[int, int]:
        """Return line and column of the value at `loc` (or of its key), or of the last part of the path that exists."""
        (key_place, place), complete = self._find(loc)
        return (key_place if key and complete else place)[:2]

    def has(self, loc: Loc) -> bool:
        """Return whether there is anything at `loc`."""
        return self._find(loc)[1]

    def locate_text(self, loc: Loc, line: int) -> tuple[int, int]:
        """Return line and column of the `line`-th line of the text at `loc`; its beginning unless it is a literal block."""
        start, column, literal, _ = self._find(loc)[0][1]
        if not literal:
            return start, column
        lines = self.text.split("\n", start + line)
        content = lines[start + line - 1] if len(lines) >= start + line else ""
        return start + line, len(content) - len(content.lstrip()) + 1

    def text_of(self, loc: Loc, value: Any) -> str:
        """Return the single value at `loc` as it is written."""
        return self._find(loc)[0][1][3] if value is None else shown(value)

    def at(self, loc: Loc) -> Any:
        """Return the value at `loc`, or the last part of the path that exists."""
        value = self.root
        for part in loc:
            if part not in self.places.get(id(value), {}):
                break
            value = value[part]
        return value

    def _find(self, loc: Loc) -> tuple[tuple[Place, Place], bool]:
        found, value = (self.top, self.top), self.root
        for part in loc:
            inner = self.places.get(id(value), {}).get(part)
            if inner is None:
                return found, False
            found, value = inner, value[part]
        return found, True


def load(text: str) -> Document:
    """Parse one YAML document.

    Raises:
        DocumentFault: it is not YAML, or is refused for one of the reasons above.
    """
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = str(error.problem or error.context)
        # From PyYAML 6.0.4 on, its own limit of 1,000 levels may be met while it still looks ahead, before ours.
        if "nesting depth" in problem:
            raise DocumentFault(_TOO_DEEP, line, column) from None
        began = error.context_mark.line + 1 if error.context_mark else line
        hint = advice(text, problem, line, column, began)
        raise DocumentFault(f"not YAML: {problem}{hint}", line, column) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1
        raise DocumentFault("not YAML: a control character that YAML does not allow", *place) from None
    if builder.top is None:
        raise DocumentFault("the document is empty", 1, 1)
    return Document(text, builder.root, builder.top, builder.places, builder.reread)


@dataclass(slots=True)
class _Frame:
    """A container that is being filled."""

    container: Any
    event: Any
    count_before: int
    children: Children = field(default_factory=dict)
    key: Any = None
    key_place: Place | None = None
    merges: list[Any] = field(default_factory=list)


class _Builder:
    """Builds the data from the events, without recursion."""

    def __init__(self) -> None:
        self.root: Any = None
        self.top: Place | None = None
        self.places: dict[int, Children] = {}
        self.anchors: dict[str, tuple[Any, int, str, str]] = {}
        """Value, number of nodes in it, how it is written, and what YAML 1.1 makes of it if that differs."""
        self.reread: dict[tuple[int, int], str] = {}
        self.stack: list[_Frame] = []
        self.count = 0
        self.handlers = {
            yaml.ScalarEvent: self.scalar,
            yaml.MappingStartEvent: lambda event: self.open({}, event, "map"),
            yaml.MappingEndEvent: self.close,
            yaml.SequenceStartEvent: lambda event: self.open([], event, "seq"),
            yaml.SequenceEndEvent: self.close,
            yaml.AliasEvent: self.alias,
            yaml.DocumentStartEvent: self.document,
        }

    def take(self, event: Any) -> None:
        """Handle one event; those of the stream itself mean nothing here."""
        handler = self.handlers.get(type(event))
        if handler is not None:
            handler(event)

    def document(self, event: Any) -> None:
        if self.top is not None:
            raise _fault("a second document begins here; only one is read", event)

    def scalar(self, event: Any) -> None:
        try:
            value, reading = _resolve(event)
        except ValueError as error:
            raise _fault(str(error), event) from None
        frame = self.stack[-1] if self.stack else None
        at_key = frame is not None and isinstance(frame.container, dict) and frame.key_place is None
        if reading and not at_key:
            self.reread[_place(event)[:2]] = reading
        self.place("<<" if value is _MERGE and not at_key else value, event, 1)

    def alias(self, event: Any) -> None:
        if event.anchor not in self.anchors:
            raise _fault(f"the alias *{event.anchor} has no anchor before it", event)
        value, size, written, reading = self.anchors[event.anchor]
        if reading:
            self.reread[_place(event)[:2]] = reading
        self.place(value, event, size, written=written)

    def open(self, container: Any, event: Any, kind: str) -> None:
        if event.tag not in {None, "!", _CORE + kind}:
            raise _fault(f"the tag {_tag(event.tag)} is not allowed", event)
        if len(self.stack) >= MAX_DEPTH:
            raise _fault(_TOO_DEEP, event)
        self.stack.append(_Frame(container, event, self.count))

    def close(self, _: Any) -> None:
        frame = self.stack.pop()
        for merged in frame.merges:
            self.merge(frame, merged)
        self.places[id(frame.container)] = frame.children
        self.place(frame.container, frame.event, 1, self.count - frame.count_before + 1)

    def merge(self, frame: _Frame, merged: Any) -> None:
        for source in merged if isinstance(merged, list) else [merged]:
            if not isinstance(source, dict):
                raise _fault("<< takes a mapping or a list of mappings", frame.event)
            for key in source:
                if key not in frame.container:
                    frame.container[key] = source[key]
                    frame.children[key] = self.places[id(source)][key]

    def place(self, value: Any, event: Any, added: int, size: int | None = None, written: str | None = None) -> None:
        """Put a complete value where it belongs."""
        self.count += added
        if self.count > MAX_NODES:
            raise _fault(f"more than {MAX_NODES} keys and values, counting aliases each time they are used", event)
        anchor = getattr(event, "anchor", None)
        if anchor is not None and not isinstance(event, yaml.AliasEvent):
            reading = self.reread.get(_place(event)[:2], "") if isinstance(value, str) else ""
            self.anchors[anchor] = value, size or added, getattr(event, "value", ""), reading
        place = _place(event, written)
        frame = self.stack[-1] if self.stack else None
        if frame is None:
            self.root, self.top = value, place
        elif isinstance(frame.container, list):
            frame.children[len(frame.container)] = place, place
            frame.container.append(value)
        elif frame.key_place is None:
            self.key(frame, value, event, place)
        else:
            if frame.key is _MERGE:
                frame.merges.append(value)
            else:
                frame.container[frame.key] = value
                frame.children[frame.key] = frame.key_place, place
            frame.key = frame.key_place = None

    def key(self, frame: _Frame, value: Any, event: Any, place: Place) -> None:
        if isinstance(value, dict | list):
            raise _fault(
                "a key is a single value, not a list or a mapping; a value that begins with {{ needs quotes", event
            )
        if value is None or isinstance(value, bool | float):
            value = place[3]  # `on` and `null` as keys are names, whatever YAML 1.1 says
        if value in frame.container or (value is _MERGE and frame.merges):
            raise _fault(f"the key {place[3]!r} appears twice", event)
        frame.key, frame.key_place = value, place


def _place(event: Any, written: str | None = None) -> Place:
    mark = event.start_mark
    text = getattr(event, "value", "") if written is None else written
    return mark.line + 1, mark.column + 1, getattr(event, "style", None) == "|", text


def _fault(message: str, event: Any) -> DocumentFault:
    return DocumentFault(message, event.start_mark.line + 1, event.start_mark.column + 1)


def _tag(tag: str) -> str:
    return tag.replace(_CORE, "!!")


def _resolve(event: Any) -> tuple[Any, str]:
    """Return a scalar's value, and what YAML 1.1 makes of it if that differs; ValueError says why it has none."""
    text: str = event.value
    if "\0" in text:
        raise ValueError("a NUL character cannot be used here")
    if event.tag is None and event.implicit[0] and not event.style:
        return _kept(text) if len(text) <= _KEPT_CHARS else _plain(text)
    if event.tag in {None, "!", _CORE + "str"}:
        return text, ""
    if event.tag in _MAKERS:
        return _make(event.tag, text), ""
    raise ValueError(f"the tag {_tag(event.tag)} is not allowed")


def _plain(text: str) -> tuple[Any, str]:
    """Return what an unquoted scalar is, and what YAML 1.1 makes of it if that is something else; dates stay text."""
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1], [])
    tag = next((tag for tag, pattern in resolvers if pattern.match(text)), "")
    if tag not in _MAKERS:
        return text, ""
    try:
        value = _make(tag, text)
    except ValueError:  # infinite, or of more than 64 bits
        return text, TOO_LARGE
    if value is None or value is _MERGE or shown(value) == text:
        return value, ""
    return text, shown(value)


def plain_value(text: str) -> Any:
    """Return what a text is when it stands in a score without quotes."""
    value, reading = _plain(text)
    return Written(text, json.loads(reading)) if reading and reading != TOO_LARGE else value


_kept = lru_cache(maxsize=4096)(_plain)


_constructor = SafeConstructor()
_MAKERS: dict[str, Any] = {
    f"{_CORE}null": lambda _: None,
    f"{_CORE}bool": _constructor.construct_yaml_bool,
    f"{_CORE}int": _constructor.construct_yaml_int,
    f"{_CORE}float": _constructor.construct_yaml_float,
    f"{_CORE}merge": lambda _: _MERGE,
}


def _make(tag: str, text: str) -> Any:
    """Return the value of a scalar with this tag; ValueError when the text does not fit it or the number is too large."""
    maker = _MAKERS.get(tag)
    if maker is None:
        return text
    try:
        value = maker(yaml.ScalarNode(tag, text))
    except (ValueError, KeyError, IndexError):
        raise ValueError(f"{text[:40]!r} does not match its type {_tag(tag)}") from None
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{text[:40]} is not a finite number")
    if isinstance(value, int) and abs(value) >= 2**63:
        raise ValueError("the number needs more than 64 bits; put it in quotes")
    return value
