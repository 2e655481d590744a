"""What a template's function is expected to make at the most is never less than what it makes."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from jinja2.nodes import EvalContext
from jinja2.utils import Namespace
from markupsafe import Markup

from podium.score.templates import sizes
from podium.score.templates.sizes import CHARACTERS_PER_UNIT, size, weight
from tests.support.examples import examples

PIECES = [
    f"http://a.com/{'&' * 70} ",
    "\U0001f600",
    "a",
    "bc",
    "\n",
    "\t",
    " ",
    "\x85",
    "-",
    "www.a.com ",
    "www.a.com/<",
    "<",
    "&",
    "'",
    "a" * 70,
    "\r\n",
    "é",
    "ΐ",
    "\0",
    "\U000e0001",
]
TEXTS = st.builds(
    lambda pieces, times: "".join(pieces) * times, st.lists(st.sampled_from(PIECES), max_size=4), st.integers(0, 40)
)
WIDTHS = st.integers(0, 300)
MARKED = TEXTS | TEXTS.map(Markup)
FILTERS = st.one_of(
    st.tuples(st.just("center"), TEXTS, st.tuples(WIDTHS)),
    st.tuples(st.just("indent"), MARKED, st.tuples(WIDTHS | MARKED, st.booleans(), st.booleans())),
    st.tuples(st.just("replace"), MARKED, st.tuples(st.sampled_from(["", "a", "<", "&", Markup("<")]), MARKED)),
    st.tuples(st.just("replace"), MARKED, st.tuples(st.just("a"), MARKED, st.integers(0, 50))),
    st.tuples(st.just("truncate"), MARKED, st.tuples(WIDTHS, st.booleans(), MARKED, st.integers(0, 9))),
    st.tuples(st.just("wordwrap"), MARKED, st.tuples(st.integers(1, 90), st.booleans(), MARKED)),
    st.tuples(st.just("urlize"), MARKED, st.tuples(st.none() | WIDTHS, st.booleans(), st.none() | TEXTS, TEXTS)),
    st.tuples(st.just("join"), st.lists(MARKED, max_size=30), st.tuples(MARKED)),
    st.tuples(st.just("xmlattr"), st.dictionaries(st.sampled_from(["a", "b" * 70, "&"]), MARKED), st.just(())),
    st.tuples(st.just("urlencode"), MARKED | st.dictionaries(MARKED, MARKED), st.just(())),
    st.tuples(st.just("tojson"), MARKED, st.tuples(st.none() | WIDTHS)),
    st.tuples(st.just("pprint"), MARKED, st.just(())),
    st.tuples(
        st.sampled_from([
            "capitalize", "e", "escape", "filesizeformat", "first", "forceescape", "last", "length", "lower", "reverse", "safe",
            "string", "striptags", "title", "trim", "upper", "wordcount",
        ]),
        MARKED,
        st.just(()),
    ),
)  # fmt: skip
METHODS = st.one_of(
    st.tuples(st.just("replace"), MARKED, st.tuples(st.sampled_from(["", "a", "<"]), MARKED)),
    st.tuples(st.just("join"), MARKED, st.tuples(st.lists(MARKED, max_size=30))),
    st.tuples(st.just("escape"), TEXTS.map(Markup), st.tuples(TEXTS)),
    st.tuples(st.sampled_from(["center", "ljust", "rjust", "zfill"]), MARKED, st.tuples(WIDTHS)),
    st.tuples(st.sampled_from(["capitalize", "casefold", "lower", "swapcase", "title", "upper"]), MARKED, st.just(())),
    st.tuples(st.just("expandtabs"), TEXTS, st.tuples(WIDTHS)),
    st.tuples(st.just("translate"), TEXTS, st.tuples(st.dictionaries(st.sampled_from([97, 10]), TEXTS))),
    st.tuples(st.sampled_from(["split", "rsplit"]), TEXTS, st.tuples(st.none() | st.just("a"), st.integers(-1, 9))),
    st.tuples(st.just("splitlines"), TEXTS, st.just(())),
)
VALUES = st.recursive(
    TEXTS | st.integers() | st.floats() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", max_size=3), inner, max_size=4),
    max_leaves=12,
)
MOST = 10**9
_plain, _escaping = Environment(autoescape=False), Environment(autoescape=True)  # noqa: S701 -- nothing is shown to anybody


@settings(max_examples=examples(600))
@given(FILTERS, st.booleans())
@example(("indent", "&&&& \x85" * 80, (Markup("& " * 80), True, False)), False)  # noqa: S704 -- what is escaped twice
def test_no_filter_makes_more_than_was_reckoned(case: tuple[str, Any, tuple[Any, ...]], autoescape: bool) -> None:
    name, value, arguments = case
    reckoned = sizes.filtered(name, MOST, value, *arguments, autoescape=autoescape)
    jinja = _escaping if autoescape else _plain
    try:
        made = jinja.call_filter(name, value, list(arguments), eval_ctx=EvalContext(jinja))
    except (ValueError, AssertionError, TypeError):
        return  # arguments that the filter refuses, such as a truncated length that is shorter than its end
    assert size(made) <= 1 + max(size(value), reckoned)


@settings(max_examples=examples(600))
@given(METHODS)
def test_no_method_makes_more_than_was_reckoned(case: tuple[str, str, tuple[Any, ...]]) -> None:
    name, text, arguments = case
    made = getattr(text, name)(*arguments)
    assert size(made) <= 1 + sizes.called(name, MOST, text, *arguments)


@settings(max_examples=examples(200))
@given(VALUES)
def test_the_text_of_a_value_is_no_longer_than_its_weight_says(value: Any) -> None:
    for each in (value, [value] * 3, {"k": value}.items(), Namespace(x=value)):
        assert len(str(each)) <= CHARACTERS_PER_UNIT * (1 + weight(each, MOST))


@settings(max_examples=examples(200))
@given(VALUES, st.integers(0, 200))
def test_what_is_written_with_indents_is_no_longer_than_was_reckoned(value: Any, indent: int) -> None:
    for name, arguments in (("tojson", [indent]), ("pprint", [])):
        made = _plain.call_filter(name, value, arguments)
        assert size(made) <= 1 + sizes.filtered(name, MOST, value, *arguments)


@given(st.integers(0, 120), TEXTS, st.lists(st.integers(), max_size=50))
def test_what_pprint_moves_behind_long_keys_is_reckoned(depth: int, key: str, items: list[int]) -> None:
    value: Any = {key: [*items, "a b " * 50]}
    for _ in range(depth):
        value = [value]
    assert size(_plain.call_filter("pprint", value)) <= 1 + sizes.filtered("pprint", MOST, value)


@settings(max_examples=examples(200))
@given(
    st.lists(st.sampled_from(["%s", "%5d|", "%200s", "%r", "%a", "%%", "%.99f", "x" * 90]), max_size=30),
    MARKED,
    st.booleans(),
)
def test_percent_makes_no_more_than_was_reckoned(places: list[str], text: str, marked: bool) -> None:
    texts, none = {"%s", "%200s", "%r", "%a"}, {"%%", "x" * 90}
    values = tuple(text if place in texts else 1 for place in places if place not in none)
    format_text = Markup().join(map(Markup, places)) if marked else "".join(places)
    assert size(format_text % values) <= 1 + sizes.percent(format_text, values, MOST)
    named = "%(x)s%(x)r" * len(places)
    assert size(named % {"x": text}) <= 1 + sizes.percent(named, {"x": text}, MOST)
    alone = "%a"
    assert size(alone % text) <= 1 + sizes.percent(alone, text, MOST)


def test_a_text_of_nothing_but_escaped_characters_is_expected_in_its_full_length() -> None:
    for name in ("urlize", "e", "forceescape"):
        made = _plain.call_filter(name, "<" * 6400)
        assert size(made) == 1 + 4 * 100
        assert size(made) <= 1 + sizes.filtered(name, MOST, "<" * 6400)
    for name, wrapping in (("indent", (Markup("& "), True)), ("wordwrap", (90, True, Markup(" ")))):
        made = _plain.call_filter(name, "&" * 6400, wrapping)
        assert 5 * 100 <= size(made) <= 1 + sizes.filtered(name, MOST, "&" * 6400, *wrapping)
    assert size(Markup("%s") % ("'" * 6400)) <= 1 + sizes.percent(Markup("%s"), ("'" * 6400,), MOST)


def test_every_filter_that_grows_its_text_is_reckoned() -> None:
    """Filters that are in no table give back what they were given, a number, or parts that are counted one by one."""
    unreckoned = _plain.filters.keys() - sizes.WRITING.keys() - {"tojson", "pprint"}
    assert unreckoned == {
        "abs", "attr", "batch", "count", "d", "default", "filesizeformat", "first", "float", "int", "items", "last", "length",
        "list", "map", "random", "reject", "rejectattr", "reverse", "round", "select", "selectattr", "slice",
    }  # fmt: skip
