"""The language of `condition` and `skip_when`: comparisons of template variables, joined by and, or, not.

    sheet_num >= 3 and stage == 2
    statuses["lint"] == "skipped" or not dry
    sheets.get(3) and sheets[3].validation_passed

It is a language of its own, so that nothing of Python can be reached from a score.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from podium.texts.readings import Counted, Written

MAX_LENGTH = 1000
MAX_DEPTH = 20

_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>==|!=|<=|>=|<|>|[()\[\].])
    |(?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    |(?P<name>[A-Za-z_]\w*)
    |(?P<text>"[^"]*"|'[^']*'))""",
    re.VERBOSE,
)
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_EQUALITY = {"==", "!="}
_BY_SHEET = ("statuses", "sheets")
_SHEET_FACTS = ("status", "validation_passed")
_OF_SHEETS = f"only sheets[3] has something after a dot: {' or '.join(_SHEET_FACTS)}"
_CONSTANTS = {"True": True, "true": True, "False": False, "false": False}
_WORDS = {"and", "or", "not"}

Variables = Mapping[str, Any]
Node = Callable[[Variables], Any]


class ConditionFault(ValueError):
    """The condition cannot be read, or cannot be decided with these variables."""


@dataclass(frozen=True)
class Condition:
    """A condition that was read; `names` are the variables that it uses, `sheets` the keys it asks of `statuses` and `sheets`."""

    node: Node
    names: frozenset[str]
    sheets: frozenset[Any]


def decide(expr: str, variables: Variables) -> bool:
    """Return whether the condition holds with these variables.

    Raises:
        ConditionFault: it cannot be read, a variable does not exist or two values cannot be compared.
    """
    return bool(parse(expr).node(variables))


@lru_cache(maxsize=1024)
def parse(expr: str) -> Condition:
    """Read a condition.

    Raises:
        ConditionFault: it is not one.
    """
    if len(expr) > MAX_LENGTH:
        raise ConditionFault(f"it is longer than {MAX_LENGTH} characters")
    tokens, position, end = [], 0, len(expr.rstrip())
    while position < end:
        match = _TOKEN.match(expr, position)
        if match is None:
            raise ConditionFault(
                f"{expr[position : position + 20].strip()!r} cannot be parsed{_instead(expr[position:].lstrip())}"
            )
        kind = str(match.lastgroup)
        text = match[kind]
        tokens.append(("word" if text in _WORDS else kind, text))
        position = match.end()
    reader = _Reader([*tokens, ("end", "")])
    node = reader.either()
    if reader.word:
        raise ConditionFault(f"{reader.word!r} is unexpected here")
    return Condition(node, frozenset(reader.names), frozenset(reader.sheets))


def _instead(rest: str) -> str:
    """Return what to write for the sign with which the rest of a condition begins, "" if it is none of another language."""
    signs = {"{{": "names stand without braces", "${{": "names stand without braces", "$": "names stand without $"}
    signs |= {"=": "write == for equal", "&&": "write and", "||": "write or", "!": "write not"}
    return next((f"; {told}" for sign, told in signs.items() if rest.startswith(sign)), "")


class _Reader:
    """A descent over the tokens, the last of which is empty; each method reads one level of the grammar into a node."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens
        self.at = 0
        self.names: set[str] = set()
        self.sheets: set[Any] = set()
        self.depth = 0

    @property
    def word(self) -> str:
        return self.tokens[self.at][1]

    def take(self) -> tuple[str, str]:
        kind, text = self.tokens[self.at]
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return kind, text

    def either(self) -> Node:
        nodes = [self.every()]
        while self.word == "or":
            self.take()
            nodes.append(self.every())
        return nodes[0] if len(nodes) == 1 else lambda variables: any(node(variables) for node in nodes)

    def every(self) -> Node:
        nodes = [self.negated()]
        while self.word == "and":
            self.take()
            nodes.append(self.negated())
        return nodes[0] if len(nodes) == 1 else lambda variables: all(node(variables) for node in nodes)

    def negated(self) -> Node:
        if self.word != "not":
            return self.comparison()
        self.take()
        node = self.deeper(self.negated)
        return lambda variables: not node(variables)

    def comparison(self) -> Node:
        left_token, left = self.tokens[self.at], self.operand()
        if self.word not in _OPERATORS:
            return left
        sign = self.take()[1]
        right_token, right = self.tokens[self.at], self.operand()

        def compare(variables: Variables) -> Any:
            first, second = left(variables), right(variables)
            if sign in _EQUALITY:  # a text is equal to a number that is written the same: `version == 3.10`
                first, second = _beside(first, left_token, second), _beside(second, right_token, first)
            try:
                return _OPERATORS[sign](first, second)
            except TypeError:
                raise ConditionFault(f"{first!r} and {second!r} cannot be compared with {sign}") from None

        return compare

    def operand(self) -> Node:
        kind, text = self.take()
        if text == "(":
            node = self.deeper(self.either)
            self.expect(")")
            return node
        if kind == "name" and text not in _CONSTANTS:
            return self.variable(text)
        value = _constant(kind, text)
        return lambda _: value

    def variable(self, name: str) -> Node:
        self.names.add(name)
        if name == "sheets" and self.word == ".":
            node = self.got()
        elif self.word == "[":
            node = self.item(name)
        else:
            node = partial(_look_up, name)
        return self.fact(name, node) if self.word == "." else node

    def item(self, name: str) -> Node:
        """Read `[key]`."""
        self.take()
        key = _constant(*self.take())
        self.expect("]")
        if name in _BY_SHEET:
            self.sheets.add(key)

        def item(variables: Variables) -> Any:
            try:
                return _look_up(name, variables)[key]
            except (LookupError, TypeError):
                raise ConditionFault(f"{name} has no entry {key!r}") from None

        return item

    def got(self) -> Node:
        """Read `.get(key)`, which is None for a sheet that does not exist."""
        self.take()
        self.expect("get")
        self.expect("(")
        key = _constant(*self.take())
        self.expect(")")
        self.sheets.add(key)
        return lambda variables: _look_up("sheets", variables).get(key)

    def fact(self, name: str, node: Node) -> Node:
        """Read `.status` or `.validation_passed`."""
        self.take()
        fact = self.take()[1]
        if name != "sheets" or fact not in _SHEET_FACTS:
            raise ConditionFault(f"{name} has no {fact!r} here; {_OF_SHEETS}")

        def read(variables: Variables) -> Any:
            try:
                return node(variables)[fact]
            except (LookupError, TypeError):
                raise ConditionFault(f"there is no sheet with a {fact}; ask sheets.get(3) first") from None

        return read

    def expect(self, token: str) -> None:
        if self.take()[1] != token:
            raise ConditionFault(f"{token!r} is missing")

    def deeper(self, read: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ConditionFault(f"it is nested deeper than {MAX_DEPTH} levels")
        node = read()
        self.depth -= 1
        return node


def sheet_facts(statuses: Mapping[Any, str]) -> dict[Any, dict[str, Any]]:
    """Return what a condition knows of sheets, by the keys of `statuses`: only a completed one has passed its validations."""
    return {key: {"status": each, "validation_passed": each == "completed"} for key, each in statuses.items()}


def _beside(value: Any, token: tuple[str, str], other: Any) -> Any:
    """Return a constant as it is written if it is compared with a text that has no such reading."""
    kind, text = token
    if isinstance(other, Counted) or (isinstance(other, Written) and other.is_word and text in _CONSTANTS):
        return value
    is_constant = kind == "number" or text in _CONSTANTS
    return text if is_constant and isinstance(other, str) else value


def _constant(kind: str, text: str) -> Any:
    """Return the value of a constant."""
    if kind == "text":
        return text[1:-1]
    if kind == "number":
        return float(text) if "." in text else int(text)
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    raise ConditionFault(f"a variable, a number or quoted text is missing{f' before {text!r}' if text else ''}")


def _look_up(name: str, variables: Variables) -> Any:
    if name not in variables:
        raise ConditionFault(f"unknown variable {name!r}")
    return variables[name]
