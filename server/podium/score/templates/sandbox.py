"""A Jinja2 sandbox whose templates cannot run for ever or fill the memory.

Jinja's own sandbox keeps templates from reaching Python, but lets them loop over loops, double texts and build giant numbers.
Here each render has a budget: loop steps, calls and filters cost one unit each, and values cost by their size. Loops and `~`
are metered by changing the parsed template; operators, calls and filters through the hooks that Jinja has for them. What can make
much of little is bounded (see `sizes`) before it is made, and refused if the budget has no room for it.
"""

import functools
import json
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from types import BuiltinMethodType
from typing import Any, cast

import jinja2
from jinja2 import nodes
from jinja2.compiler import CodeGenerator
from jinja2.filters import do_join
from jinja2.meta import TrackingCodeGenerator
from jinja2.sandbox import SandboxedEnvironment
from jinja2.visitor import NodeTransformer

from podium.score.templates import sizes
from podium.score.templates.sizes import CHARACTERS_PER_UNIT, size, weight
from podium.texts.readings import Written, number, operands, plain
from podium.texts.written import in_words_of_json, shown

BUDGET = 300_000
MAX_NUMBER_BITS = 4096
MAX_DEPTH = 100  # levels of a value
MAX_EXPRESSION_DEPTH = 100  # levels of an expression
_LARGEST_ARGUMENT = 100_000
_SCANNED_PER_UNIT = 4096  # characters of a text that a method of it looks through
_COMPARED_PER_UNIT = 256  # characters of a text that is compared or looked for
_PARTS_PER_UNIT = 16  # parts of a value that is compared or is a key
_COMPARING = frozenset({
    "eq", "equalto", "==", "ne", "!=", "lt", "lessthan", "<", "le", "<=", "gt", "greaterthan", ">", "ge", ">=", "in",
})  # fmt: skip
"""Tests that compare."""
_SEARCHING = frozenset({"sort", "count", "index", "remove"})
"""Methods of a list that compare what it holds."""
_UNBOUNDED = frozenset({"format", "format_map", "encode", "to_bytes"})
_OF_NUMBERS = frozenset({"int", "float", "round", "abs", "filesizeformat"})
"""Filters whose value is a number."""
_OF_KINDS = ("true", "false", "none", "boolean", "number", "integer", "float", "odd", "even", "divisibleby")
"""Tests that ask what a value is."""
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
        """Take units away; raises `BudgetSpent` if there are not enough."""
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


def _left() -> int:
    budget = _current.get()
    return BUDGET if budget is None else budget.left


def _room(units: int) -> None:
    """Refuse what is about to be made if the budget has no room for it; it is charged once it exists."""
    if units > _left():
        raise BudgetSpent


def _shallow(value: Any) -> Any:
    """Refuse a value that is nested deeply, and return it: Python compares and prints such values without a bound, in C."""
    level = [value] if isinstance(value, sizes.HOLDERS) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return value
        parts = [part for holder in level for part in sizes.held_by(holder)]
        _charge(len(parts) // _PARTS_PER_UNIT)
        level = list({id(part): part for part in parts if isinstance(part, sizes.HOLDERS)}.values())
    raise jinja2.TemplateRuntimeError(f"builds a value that is nested deeper than {MAX_DEPTH} levels")


def _made(value: Any) -> Any:
    """Charge for a value that was made, and return it."""
    _shallow(value)
    if isinstance(value, int) and value.bit_length() > MAX_NUMBER_BITS:
        raise jinja2.TemplateRuntimeError(f"computes a number with more than {MAX_NUMBER_BITS} bits")
    _charge(size(value))
    return in_words_of_json(value)


def _check_arguments(arguments: Iterable[Any]) -> None:
    """Refuse large numbers, which become widths and counts."""
    for value in arguments:
        if isinstance(value, int) and abs(value) > _LARGEST_ARGUMENT:
            raise jinja2.TemplateRuntimeError(f"passes {value}, which is more than the limit of {_LARGEST_ARGUMENT}")
        _charge(size(value))
        _weighed(value)  # it may be compared, or be a key


def _metered(items: Iterable[Any], weight: int) -> Iterator[Any]:
    """Yield a loop's items; `weight` stands for the text in the loop's body."""
    for item in items:
        _charge(1 + weight)
        yield item


def _weighed(value: Any) -> Any:
    """Charge for a value that is compared or is a key, and return it: both go through all that it holds."""
    if isinstance(value, str):
        _charge(len(value) // _COMPARED_PER_UNIT)
    elif isinstance(value, sizes.HOLDERS):
        parts = weight(value, _left())
        _room(parts)
        _charge(parts // _PARTS_PER_UNIT)
    return value


def _concat(values: list[Any]) -> str:
    _room(sum(weight(value, _left()) for value in values))
    return cast(str, _made("".join(shown(value) for value in values)))


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a filter: its arguments and its result are charged, and what it can make is bounded before."""
    before = 0 if getattr(function, "jinja_pass_arg", None) is None else 1  # arguments of Jinja's own before the value
    iterating, writing = name in sizes.ITERATING, name in sizes.WRITING

    @functools.wraps(function)  # Jinja finds its own marks in the function's attributes, which this copies
    def bounded(*args: Any, **kwargs: Any) -> Any:
        value, others = args[before], tuple(map(number, args[before + 1 :]))
        value = number(value) if name in _OF_NUMBERS else value
        _check_arguments([*others, *kwargs.values()])
        _charge(1 + size(value))
        if iterating and isinstance(value, str):
            _charge(len(value))
        if iterating and writing and isinstance(value, Iterator):
            value = list(_metered(value, 0))
        autoescape = before and getattr(args[0], "autoescape", False)
        _room(sizes.filtered(name, _left(), value, *others, autoescape=bool(autoescape), **kwargs))
        return _made(function(*args[:before], value, *others, **kwargs))

    return bounded


def _of_kind(test: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a test: it sees the boolean or the number that a text stands for."""
    return lambda value, *args: test(value.plain if isinstance(value, Written) else value, *map(number, args))


def _percent(text: str, values: Any) -> str:
    """Return `text % values`; widths of more than three digits are refused."""
    digits = "".join(char if char.isdigit() else " " for char in text).split()
    if "*" in text or any(len(run) > 3 for run in digits):
        raise jinja2.TemplateRuntimeError("formats with a width of more than three digits")
    _room(sizes.percent(text, values, _left()))
    return str(text % values)


@jinja2.pass_eval_context
def _join(context: Any, value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> str:
    """Join as Jinja does, with booleans as they are written."""
    items = value if attribute is not None else [in_words_of_json(each) for each in value]
    return cast(str, do_join(context, items, d, attribute))


class _Meter(NodeTransformer):
    """Puts the meters into a parsed template."""

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        """Meter a node after its children."""
        super().generic_visit(node, *args, **kwargs)
        match node:
            case nodes.For():
                written = sum(len(data.data) for data in node.find_all(nodes.TemplateData))
                node.iter = _filter("_metered", node.iter, nodes.Const(written // CHARACTERS_PER_UNIT))
            case nodes.Concat():
                return _filter("_concat", nodes.List(node.nodes, lineno=node.lineno))
            case nodes.Compare():
                node.expr = _filter("_weighed", node.expr)
                for operand in node.ops:
                    operand.expr = _filter("_weighed", operand.expr)
            case nodes.Test() if node.name in _COMPARING:
                node.node = _filter("_weighed", node.node)
                node.args = [_filter("_weighed", each) for each in node.args]
            case nodes.Tuple() | nodes.List() | nodes.Dict() if getattr(node, "ctx", "load") == "load":
                return _filter("_shallow", node)
            case nodes.Pair():
                node.key = _filter("_weighed", node.key)
            case nodes.Include() | nodes.Import() | nodes.FromImport() | nodes.Extends():
                raise jinja2.TemplateSyntaxError("another template cannot be included or imported", node.lineno)
        return node


def _check_depth(source: nodes.Template) -> None:
    """Refuse expressions that are nested so deeply that compiling them takes long, or ends Python's own compiler."""
    level: list[nodes.Node] = [source]
    for _ in range(MAX_EXPRESSION_DEPTH):
        level = [child for node in level for child in node.iter_child_nodes()]
        if not level:
            return
    raise jinja2.TemplateSyntaxError(f"is nested deeper than {MAX_EXPRESSION_DEPTH} levels", level[0].lineno)


def _filter(name: str, value: nodes.Node, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(cast(nodes.Expr, value), name, list(args), [], None, None, lineno=value.lineno)


class _Plain(CodeGenerator):
    """Writes a template's code as it stands. Jinja would work out constants meanwhile, without a budget."""

    def _make_finalize(self) -> Any:
        return super()._make_finalize()._replace(const=None)


class _Names(_Plain, TrackingCodeGenerator):
    """Collects the names that a template asks for, without working out constants either."""

    def __init__(self, environment: jinja2.Environment) -> None:
        super().__init__(environment)
        self.optimizer = None


class Sandbox(SandboxedEnvironment):
    """The environment of all templates."""

    code_generator_class = _Plain
    intercepted_binops = frozenset({"*", "**", "%", "+", "-", "/", "//"})
    intercepted_unops = frozenset({"+", "-"})

    def __init__(self) -> None:
        super().__init__(
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            finalize=_finalize,
            optimized=False,  # it would work out constants too, every level of an expression anew
        )
        self.filters["join"] = _join
        as_text = self.filters["string"]
        self.filters["string"] = lambda value: as_text(
            shown(value) if isinstance(value, Written) else in_words_of_json(value)
        )
        self.filters["format"] = lambda text, *args, **kwargs: _percent(str(text), kwargs or args)
        total = self.filters["sum"]
        self.filters["sum"] = functools.wraps(total)(
            lambda environment, values, *args, **kwargs: total(environment, map(number, values), *args, **kwargs)
        )
        self.filters.update({name: _bounded(name, function) for name, function in self.filters.items()})
        self.filters.update({"_metered": _metered, "_concat": _concat, "_weighed": _weighed, "_shallow": _shallow})
        self.tests.update({name: _of_kind(cast(Any, self.tests[name])) for name in _OF_KINDS})
        self.policies["json.dumps_function"] = lambda value, **options: json.dumps(plain(value), **options)
        for name in _MISSING:
            del self.globals[name]

    def names(self, parsed: nodes.Template) -> frozenset[str]:
        """Return the names that a template asks for; one that is nested too deeply is refused first."""
        _check_depth(parsed)
        generator = _Names(self)
        generator.visit(parsed)
        return frozenset(generator.undeclared_identifiers)

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        metered: nodes.Template = _Meter().visit(source)
        return super()._generate(metered, name, filename, defer_init)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Keep `str.format` away, whose widths are not bounded, and bytes, which nothing here counts."""
        return attr not in _UNBOUNDED and super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Leave `str.format` to `is_safe_attribute`."""
        return None

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Look something up, and charge for a key that holds others."""
        return super().getitem(obj, _weighed(argument) if isinstance(argument, tuple) else number(argument))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Work out an operator whose result may be large."""
        left, right = operands(left, right)
        if operator == "%" and isinstance(left, str):
            return _made(_percent(left, right))
        if operator == "**" or operator == "*":
            _check_product(operator, left, right)
        if operator == "+" and (hasattr(left, "__html__") or hasattr(right, "__html__")):
            _room(sizes.ESCAPED * (size(left) + size(right)))
        return _made(super().call_binop(context, operator, left, right))

    def call_unop(self, context: Any, operator: str, arg: Any) -> Any:
        """Work out a sign."""
        return super().call_unop(context, operator, number(arg))

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 as in Jinja
        """Call something, and charge for it."""
        args, kwargs = tuple(map(number, args)), {name: number(value) for name, value in kwargs.items()}
        _check_arguments([*args, *kwargs.values()])
        if isinstance(__obj, BuiltinMethodType | type):
            args = tuple(_metered(each, 0) if isinstance(each, Iterator) else each for each in args)
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, list | dict | set):
            _shallow([owner, *args, *kwargs.values()])  # what it is about to hold
        if isinstance(owner, str | list) or (isinstance(owner, type) and issubclass(owner, str)):
            name = __obj.__name__
            if isinstance(owner, str):
                _charge(len(owner) // _SCANNED_PER_UNIT)
            elif name in _SEARCHING:
                _weighed(owner)
            if name == "join":  # kept as lists, since an iterator can be gone through only once
                args = tuple(list(each) if isinstance(each, Iterator) else each for each in args)
            _room(sizes.called(name, _left(), owner, *args, **kwargs))
        return _made(super().call(__context, __obj, *args, **kwargs))


def _check_product(operator: str, left: Any, right: Any) -> None:
    """Refuse a product or a power that would be too large, before it is made."""
    if isinstance(left, int) and isinstance(right, int):
        bits = left.bit_length() * abs(right) if operator == "**" else left.bit_length() + right.bit_length()
        if bits > MAX_NUMBER_BITS:
            raise jinja2.TemplateRuntimeError(f"computes a number with more than {MAX_NUMBER_BITS} bits")
    for value, times in ((left, right), (right, left)):
        if isinstance(value, str | list | tuple) and isinstance(times, int):
            _charge(len(value) * max(times, 0) // (CHARACTERS_PER_UNIT if isinstance(value, str) else 1))


def _finalize(value: Any) -> Any:
    if not isinstance(value, str | int):
        _room(weight(value, _left()))  # of the text that is about to be made
    _charge(size(value))
    return in_words_of_json(value)
