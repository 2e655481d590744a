"""JSON, with the comments and trailing commas that editors allow. json-five parses it and says where each value stands."""

import json
import re
from functools import lru_cache
from typing import Any

from json5.loader import DefaultLoader, ModelLoader, loads
from json5.model import Identifier, JSONObject, KeyValuePair, Node, NullLiteral

from podium.cli.commands.install.formats.lines import line_start, newline_of, unfit

_GAP = re.compile(r"(?:\s|//[^\r\n]*|/\*.*?\*/)*", re.DOTALL)
_INDENT = re.compile(r"[ \t]*")
_LINE_END = re.compile(r"[ \t]*\r?\n")
_PLACE = re.compile(r"line (\d+) column (\d+)")
# Valid in a string of JSON, but not for json-five. Only places are taken from what it parses.
_SEPARATORS = {0x2028: " ", 0x2029: " "}
_SPACE = re.compile(r"[ \t\r\n]*")


class JsonText:
    """Edits JSON text."""

    def parse(self, text: str) -> dict[str, Any]:
        """Return what the text says."""
        try:
            found = _plain(text)  # a hundred times as fast, and some clients keep megabytes in their file
            if found is None:
                found = DefaultLoader().load(_root(_filled(text)))
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        return found

    def put(self, text: str, path: tuple[str, ...], value: Any) -> str:
        """Return the text with this value at the path."""
        text = _filled(text)
        at = _root(text, path[0])
        for depth, name in enumerate(path):
            rest = path[depth + 1 :]
            pair = next(iter(_named(at, name)), None)
            if pair is None or not rest or isinstance(pair.value, NullLiteral):
                for missing in reversed(rest):
                    value = {missing: value}
                return _inserted(text, at, name, value) if pair is None else _replaced(text, pair.value, value)
            if not isinstance(pair.value, JSONObject):
                raise unfit(name, "an object")
            at = pair.value
        return text

    def drop(self, text: str, path: tuple[str, ...]) -> str:
        """Return the text without the member at the path."""
        while chain := _chain(_root(_filled(text), path[0]), path):
            text = _cut(text, *chain[-1])
            root = _root(text, path[0])
            if _hollow(text, root):
                return text[: _start(root)] + "{}" + text[_end(root) :]
            above = _chain(root, path[:-1])
            if above and _needless(text, above[-1][1]):
                text = self.drop(text, path[:-1])
        return text


def _plain(text: str) -> dict[str, Any] | None:
    """Return what the text says if it is plain JSON, else None."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _filled(text: str) -> str:
    """Return the text, with an empty object where it holds nothing but space and comments."""
    if not text.strip():
        return "{}\n"
    gap = _GAP.match(text)
    if gap is None or gap.end() < len(text):
        return text
    return text.rstrip() + newline_of(text) + "{}" + newline_of(text)


@lru_cache(maxsize=2)
def _root(text: str, kept: str | None = None) -> JSONObject:
    """Return the object that a text is. Of plain JSON, only the member `kept` is looked into, or all if that is None."""
    try:
        text = text if kept is None else _blanked(text, kept)
        found = loads(text.translate(_SEPARATORS), loader=ModelLoader()).value
    except ValueError as error:
        place = _PLACE.search(str(error))
        raise ValueError(f"line {place[1]}, column {place[2]}" if place else "it ends too early") from None
    if not isinstance(found, JSONObject):
        raise unfit("", "an object")
    return found


def _blanked(text: str, kept: str) -> str:
    """Return a text with an empty string as long as the value for each member but one: json-five takes 4 s for a megabyte."""
    if not _plain(text):
        return text
    decode, pieces, at = json.JSONDecoder().raw_decode, [], text.index("{")
    while text[at] != "}":
        name, at = decode(text, _after_space(text, at + 1))
        begin = _after_space(text, text.index(":", at) + 1)
        at = decode(text, begin)[1]
        if name != kept and at - begin > 1:
            pieces.append((begin, at))
        at = _after_space(text, at)
    blank, done = [], 0
    for begin, end in pieces:
        blank += [text[done:begin], '"', " " * (end - begin - 2), '"']
        done = end
    return "".join([*blank, text[done:]])


def _after_space(text: str, index: int) -> int:
    found = _SPACE.match(text, index)
    return found.end() if found else index


def _start(node: Node) -> int:
    return int(node._tok.index)  # type: ignore[union-attr]


def _end(node: Node) -> int:
    return int((node._end_tok or node._tok).end)  # type: ignore[union-attr]


def _named(node: JSONObject, name: str) -> list[KeyValuePair]:
    """Return the members of this name, the last first: it is the one that counts."""
    pairs = list(node.key_value_pairs)
    return [
        pair
        for pair in reversed(pairs)
        if (pair.key.name if isinstance(pair.key, Identifier) else DefaultLoader().load(pair.key)) == name
    ]


def _chain(node: JSONObject, path: tuple[str, ...]) -> list[tuple[JSONObject, KeyValuePair]]:
    """Return each object on a path with its member; nothing if the path leads nowhere."""
    chain: list[tuple[JSONObject, KeyValuePair]] = []
    for name in path:
        holder = chain[-1][1].value if chain else node
        pair = next(iter(_named(holder, name)), None) if isinstance(holder, JSONObject) else None
        if pair is None or not isinstance(holder, JSONObject):
            return []
        chain.append((holder, pair))
    return chain


def _indent_at(text: str, index: int) -> str:
    found = _INDENT.match(text, line_start(text, index))
    return found[0] if found else ""


def _own_line(text: str, index: int) -> bool:
    return not text[line_start(text, index) : index].strip()


def _unit(text: str, root: JSONObject) -> str | None:
    """Return one step of indentation, or None if all stands on one line."""
    pairs = list(root.key_value_pairs)
    if not pairs:
        return "  "
    if "\n" not in text[_start(root) : _end(root)]:
        return None
    key = _start(pairs[0].key)
    return _indent_at(text, key).removeprefix(_indent_at(text, _start(root))) if _own_line(text, key) else "  "


def _literal(text: str, value: Any, indent: str) -> str:
    """Write a value as the file is written; `indent` is that of the line where it begins."""
    step = _unit(text, _root(text, ""))
    written = json.dumps(value, ensure_ascii=False, indent=step if step is None else step or "  ")
    return written.replace("\n", newline_of(text) + indent)


def _replaced(text: str, node: Node, value: Any) -> str:
    written = _literal(text, value, _indent_at(text, _start(node)))
    return text[: _start(node)] + written + text[_end(node) :]


def _inserted(text: str, node: JSONObject, name: str, value: Any) -> str:
    """Return the text with a new last member in an object."""
    pairs, close = list(node.key_value_pairs), _end(node) - 1
    filled = len(text[:close].rstrip())  # behind the last member, comma or comment
    last = _end(pairs[-1].value) if pairs else filled
    comma = "," if pairs and not node.trailing_comma else ""
    after = "," if node.trailing_comma else ""
    step = _unit(text, _root(text, ""))
    if step is None or (pairs and "\n" not in text[_start(node) : close]):
        member = f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}"
        return f"{text[:last]}{comma}{text[last:filled]}{' ' if pairs else ''}{member}{after}{text[filled:]}"
    newline, base = newline_of(text), _indent_at(text, _start(node))
    first = _start(pairs[0].key) if pairs else 0
    indent = _indent_at(text, first) if pairs and _own_line(text, first) else base + (step or "  ")
    member = f"{newline}{indent}{json.dumps(name)}: {_literal(text, value, indent)}"
    tail = text[filled:close] if "\n" in text[filled:close] else newline + base
    return f"{text[:last]}{comma}{text[last:filled]}{member}{after}{tail}{text[close:]}"


def _cut(text: str, node: JSONObject, pair: KeyValuePair) -> str:
    """Return the text without a member, its comma and the space in front of it."""
    start, end = _start(pair.key), _end(pair.value)
    lead = len(text[:start].rstrip())
    comma = _after_gap(text, end)
    last = text[comma] != ","
    end = end if last else comma + 1
    if "//" in text[line_start(text, lead) : lead] and "\n" in text[lead:start] and not _LINE_END.match(text, end):
        lead = text.index("\n", lead) + 1  # what follows must not become part of that comment
    if not last:
        if lead == start:
            end += len(text[end:]) - len(text[end:].lstrip(" "))
        return text[:lead] + text[end:]
    before = [other for other in node.key_value_pairs if _end(other.value) <= start]
    if not before:
        return text[:lead] + text[end:]
    comma = _after_gap(text, _end(before[-1].value))
    return text[:comma] + text[comma + 1 : lead] + text[end:]


def _after_gap(text: str, index: int) -> int:
    gap = _GAP.match(text, index)
    return gap.end() if gap else index


def _needless(text: str, pair: KeyValuePair) -> bool:
    """Whether a member is an empty object, and no comment stands with it."""
    told = text[_start(pair.key) : _after_gap(text, _end(pair.value))]
    return isinstance(pair.value, JSONObject) and _hollow(text, pair.value) and "//" not in told and "/*" not in told


def _hollow(text: str, node: JSONObject) -> bool:
    return not text[_start(node) + 1 : _end(node) - 1].strip()
