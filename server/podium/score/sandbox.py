"""A Jinja2 sandbox whose templates cannot run for ever or fill the memory.

Jinja's own sandbox keeps templates from reaching Python, but lets them loop over loops, double texts and build giant numbers.
Here each render has a budget: loop steps, calls and filters cost one unit each, and values cost by their size. Loops and `~`
are metered by changing the parsed template; operators, calls and filters through the hooks that Jinja has for them.
"""

import functools
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from typing import Any, cast

import jinja2
from jinja2 import nodes
from jinja2.sandbox import SandboxedEnvironment
from jinja2.visitor import NodeTransformer

BUDGET = 300_000
MAX_NUMBER_BITS = 4096
_LARGEST_ARGUMENT = 100_000
CHARACTERS_PER_UNIT = 64
_MISSING = ("cycler", "joiner", "lipsum")  # globals: lipsum is random, the others are not needed


class BudgetSpent(jinja2.TemplateRuntimeError):
    """The template does too much: its loops are too long or its values too large."""

    def __init__(self) -> None:
        super().__init__("does too much work: its loops are too long or its values too large")


class Budget:
    """What is left of a number of units."""

    def __init__(self, units: int = BUDGET) -> None:
        self.left = units

    def charge(self, units: int) -> None:
        """Take units away; raises `BudgetSpent` when none are left."""
        self.left -= units
        if self.left < 0:
            raise BudgetSpent


_current: ContextVar[Budget | None] = ContextVar("template_budget", default=None)


def budgeted(action: Callable[[], str], total: Budget) -> str:
    """Run a render with a budget of its own, and charge what it used to `total`."""
    own = Budget()
    token = _current.set(own)
    try:
        return action()
    finally:
        _current.reset(token)
        total.left -= BUDGET - own.left


def _charge(units: int) -> None:
    budget = _current.get()
    (budget if budget is not None else Budget()).charge(units)  # none while Jinja folds constants


def _size(value: Any) -> int:
    """Return what a value costs."""
    if isinstance(value, str):
        return 1 + len(value) // CHARACTERS_PER_UNIT
    if isinstance(value, list | tuple | dict | set | range):
        return 1 + len(value)
    return 1


def _check_arguments(arguments: Iterable[Any]) -> None:
    """Refuse large numbers, which become widths and counts."""
    for value in arguments:
        if isinstance(value, int) and abs(value) > _LARGEST_ARGUMENT:
            raise jinja2.TemplateRuntimeError(f"passes {value}, which is more than {_LARGEST_ARGUMENT}")
        _charge(_size(value))


def _metered(items: Iterable[Any], weight: int) -> Iterator[Any]:
    """Yield a loop's items; `weight` stands for the text in the loop's body."""
    for item in items:
        _charge(1 + weight)
        yield item


def _concat(values: list[Any]) -> str:
    text = "".join(str(value) for value in values)
    _charge(_size(text))
    return text


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a filter: its arguments and its result are charged."""

    @functools.wraps(function)  # Jinja finds its own marks in the function's attributes, which this copies
    def bounded(*args: Any, **kwargs: Any) -> Any:
        _check_arguments([*args[1:], *kwargs.values()])
        _charge(sum(_size(value) for value in args[:2]))
        result = function(*args, **kwargs)
        _charge(_size(result))
        return result

    return bounded


def _format(text: str, *args: Any, **kwargs: Any) -> str:
    """The `format` filter, with widths of at most three digits."""
    return _percent(str(text), kwargs or args)


def _percent(text: str, values: Any) -> str:
    digits = "".join(char if char.isdigit() else " " for char in text).split()
    if "*" in text or any(len(run) > 3 for run in digits):
        raise jinja2.TemplateRuntimeError("formats with a width of more than three digits")
    return str(text % values)


class _Meter(NodeTransformer):
    """Puts the meters into a parsed template."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 the visitor's naming
        """Count the steps of a loop."""
        weight = sum(len(data.data) for data in node.find_all(nodes.TemplateData)) // CHARACTERS_PER_UNIT
        self.generic_visit(node)
        node.iter = _filter("_metered", node.iter, nodes.Const(weight))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 the visitor's naming
        """Count the characters that `~` makes."""
        self.generic_visit(node)
        return _filter("_concat", nodes.List(node.nodes, lineno=node.lineno))

    def _other_file(self, node: nodes.Node) -> nodes.Node:
        raise jinja2.TemplateSyntaxError("another template cannot be included or imported", node.lineno)

    visit_Include = visit_Import = visit_FromImport = visit_Extends = _other_file  # noqa: N815


def _filter(name: str, value: nodes.Node, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(cast(nodes.Expr, value), name, list(args), [], None, None, lineno=value.lineno)


class Sandbox(SandboxedEnvironment):
    """The environment of all templates."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self) -> None:
        super().__init__(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, finalize=_finalize)
        self.filters.update({name: _bounded(function) for name, function in self.filters.items()})
        self.filters.update({"format": _bounded(_format), "_metered": _metered, "_concat": _concat})
        for name in _MISSING:
            del self.globals[name]

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        metered: nodes.Template = _Meter().visit(source)
        return super()._generate(metered, name, filename, defer_init)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Keep `str.format` away: its widths are not bounded."""
        return attr not in {"format", "format_map"} and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Leave `str.format` to `is_safe_attribute`."""
        return None

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Work out an operator whose result may be large."""
        if operator == "**" or operator == "*":
            _check_product(operator, left, right)
        if operator == "%" and isinstance(left, str):
            result: Any = _percent(left, right)
        else:
            result = super().call_binop(context, operator, left, right)
        _charge(_size(result))
        return result

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 as in Jinja
        """Call something, and charge for it."""
        _check_arguments([*args, *kwargs.values()])
        result = super().call(__context, __obj, *args, **kwargs)
        _charge(_size(result))
        return result


def _check_product(operator: str, left: Any, right: Any) -> None:
    """Refuse a product or a power that would be too large, before it is made."""
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * abs(right) if operator == "**" else left.bit_length() + right.bit_length()
        if bits > MAX_NUMBER_BITS:
            raise jinja2.TemplateRuntimeError(f"makes a number of more than {MAX_NUMBER_BITS} bits")
    for value, times in ((left, right), (right, left)):
        if isinstance(value, str | list | tuple) and isinstance(times, int):
            _charge(len(value) * max(times, 0) // (CHARACTERS_PER_UNIT if isinstance(value, str) else 1))


def _finalize(value: Any) -> Any:
    _charge(_size(value))
    return value
