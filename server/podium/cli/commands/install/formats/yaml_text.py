"""YAML: PyYAML says where each value stands, and only those characters are replaced."""

import json
from typing import Any

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from podium.cli.commands.install.formats.lines import cut_lines, insert_lines, line_end, line_start, unfit

_STEP = 2
_NULL = "tag:yaml.org,2002:null"
_ALIAS = "alias"
_Pair = tuple[Node, Node]


class _Loader(yaml.SafeLoader):
    """Composes nodes that stand where they are written: an alias is a node of its own."""

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        """Return the next node."""
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]
            return ScalarNode(_ALIAS, event.anchor, event.start_mark, event.end_mark)
        return super().compose_node(parent, index)


class YamlText:
    """Edits YAML text."""

    def parse(self, text: str) -> dict[str, Any]:
        """Return what the text says."""
        _root(text)
        try:
            return yaml.safe_load(text) or {}
        except yaml.YAMLError as error:
            raise _invalid(error) from None

    def put(self, text: str, path: tuple[str, ...], value: Any) -> str:
        """Return the text with this value at the path."""
        at = _root(text)
        if at is None:
            return insert_lines(text, len(text), _block(path, value, 0))
        for depth, name in enumerate(path):
            pair = _member(at, name)
            if pair is None:
                return _inserted(text, at, path[depth:], value)
            if depth + 1 == len(path):
                return _replaced(text, at, pair, value)
            if _empty(pair[1]):
                return _filled(text, at, pair, path[depth + 1 :], value)
            if not isinstance(pair[1], MappingNode):
                raise unfit(name, "a mapping")
            at = pair[1]
        return text

    def drop(self, text: str, path: tuple[str, ...]) -> str:
        """Return the text without the member at the path."""
        chain = _chain(_root(text), path)
        if not chain:
            return text
        holder, pair = chain[-1]
        if len(holder.value) == 1 and len(path) > 1 and not _commented(text, chain[-2][1]):
            return self.drop(text, path[:-1])
        if holder.flow_style:
            return _cut(text, holder, pair)
        return cut_lines(text, line_start(text, pair[0].start_mark.index), line_end(text, _end(text, pair[1])))


def _invalid(error: yaml.YAMLError) -> ValueError:
    mark = getattr(error, "problem_mark", None)
    return ValueError(f"line {mark.line + 1}, column {mark.column + 1}" if mark else "it is not valid YAML")


def _root(text: str) -> MappingNode | None:
    try:
        found = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _invalid(error) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if found is None or found.tag == _NULL:
        return None
    if not isinstance(found, MappingNode):
        raise unfit("", "a mapping")
    return found


def _member(node: MappingNode, name: str) -> _Pair | None:
    return next((pair for pair in reversed(node.value) if pair[0].value == name), None)


def _chain(node: Node | None, path: tuple[str, ...]) -> list[tuple[MappingNode, _Pair]]:
    """Return each mapping on a path with its member; nothing if the path leads nowhere."""
    chain = []
    for name in path:
        pair = _member(node, name) if isinstance(node, MappingNode) else None
        if pair is None or not isinstance(node, MappingNode):
            return []
        chain.append((node, pair))
        node = pair[1]
    return chain


def _commented(text: str, pair: _Pair) -> bool:
    """Whether there is a comment between a name and its value."""
    return "#" in text[pair[0].end_mark.index : pair[1].start_mark.index]


def _empty(node: Node) -> bool:
    return node.tag == _NULL or (isinstance(node, MappingNode) and not node.value)


def _end(text: str, node: Node) -> int:
    """Return where the text of a node ends; the mark of a block's end is at what comes after it."""
    if isinstance(node, ScalarNode):
        return len(text[: node.end_mark.index].rstrip()) if node.style in {"|", ">"} else int(node.end_mark.index)
    if not isinstance(node, CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    return _end(text, last[1] if isinstance(last, tuple) else last)


def _block(path: tuple[str, ...], value: Any, column: int) -> str:
    """Return lines with the members of a path, and the value under the last of them."""
    for name in reversed(path):
        value = {name: value}
    written = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=False, width=float("inf"))
    return "".join(f"{' ' * column}{line}\n" for line in written.splitlines())


def _flow(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _nested(path: tuple[str, ...], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


def _inserted(text: str, node: MappingNode, path: tuple[str, ...], value: Any) -> str:
    """Return the text with a new last member in a mapping."""
    if not node.flow_style:
        return insert_lines(text, line_end(text, _end(text, node)), _block(path, value, node.start_mark.column))
    at = _end(text, node.value[-1][1]) if node.value else node.start_mark.index + 1
    comma = ", " if node.value else ""
    return f"{text[:at]}{comma}{_flow(path[0])}: {_flow(_nested(path[1:], value))}{text[at:]}"


def _filled(text: str, holder: MappingNode, pair: _Pair, path: tuple[str, ...], value: Any) -> str:
    """Return the text with members in a mapping that has none yet."""
    start, end = pair[1].start_mark.index, _end(text, pair[1])
    if holder.flow_style:
        return f"{text[:start]}{'' if text[start - 1].isspace() else ' '}{_flow(_nested(path, value))}{text[end:]}"
    left, right = text[:start], text[end:]
    text = (left.rstrip(" ") if right[:1] in {"", "\r", "\n"} else left) + right
    return insert_lines(
        text, line_end(text, min(start, len(left.rstrip(" ")))), _block(path, value, pair[0].start_mark.column + _STEP)
    )


def _replaced(text: str, holder: MappingNode, pair: _Pair, value: Any) -> str:
    """Return the text with another value of a member."""
    start, end = pair[1].start_mark.index, _end(text, pair[1])
    plain = isinstance(value, str) and not holder.flow_style
    written = _block((), value, 0).removesuffix("\n").removesuffix("\n...") if plain else _flow(value)
    if pair[1].start_mark.line != pair[0].start_mark.line or start == end:
        start = _end(text, pair[0])
        written = f": {written}"
    return text[:start] + written + text[end:]


def _cut(text: str, holder: MappingNode, pair: _Pair) -> str:
    """Return the text without a member of a mapping in braces."""
    index = next(index for index, each in enumerate(holder.value) if each[0] is pair[0])
    if index:
        return text[: _end(text, holder.value[index - 1][1])] + text[_end(text, pair[1]) :]
    if len(holder.value) > 1:
        return text[: pair[0].start_mark.index] + text[holder.value[1][0].start_mark.index :]
    return text[: pair[0].start_mark.index] + text[_end(text, pair[1]) :]
