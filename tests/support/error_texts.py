"""Every error text of the project, read from the source: where an error is made, with its message and fix as templates."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from podium.errors import BY_CODE
from tests.support.source_tree import modules

CLASSES = {cls.__name__: code for code, cls in BY_CODE.items()}


@dataclass(frozen=True)
class ErrorText:
    """One place that makes an error. Parts that are filled in stand in braces, as in the source."""

    module: str
    code: str
    message: str
    fix: str


@cache
def error_texts() -> tuple[ErrorText, ...]:
    """Return all of them, by module and then in the order of the source."""
    return tuple(text for name, module in sorted(modules().items()) for text in _of_module(name, module.tree))


def _of_module(name: str, tree: ast.Module) -> Iterator[ErrorText]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        code = CLASSES.get(call.func.id) if isinstance(call.func, ast.Name) else None
        if code is not None and call.args:
            fix = next((word.value for word in call.keywords if word.arg == "fix"), ast.Constant(""))
            yield ErrorText(name, code, _template(call.args[0]), _template(fix))


def _template(node: ast.expr) -> str:
    """Return a text as it is written, with what is filled in between braces."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return "{" + ast.unparse(node.value) + "}"
    return "{" + ast.unparse(node) + "}"
