"""What a template's function is expected to make at the most is never less than what it makes."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment
from jinja2.utils import Namespace
from markupsafe import Markup

from podium.score.templates import sizes
from podium.score.templates.sizes import CHARACTERS_PER_UNIT, size, weight
from tests.support.examples import examples

LONG_LINK = f"http://a.com/{'&' * 70} "
PIECES = [
    "a",
    "bc",
    "\n",
    "\t",
    " ",
    "\x85",
    "-",
    "www.a.com ",
    LONG_LINK,
    "<",
    "'",
    '"&',
    "a" * 70,
    "\r\n",
    "é",
    "\U0001f600",
]
TEXTS = st.builds(
    lambda pieces, times: "".join(pieces) * times, st.lists(st.sampled_from(PIECES), max_size=4), st.integers(0, 40)
)
SAFE = st.builds(Markup, TEXTS)
WIDTHS = st.integers(0, 300)
FILTERS = st.one_of(
    st.tuples(st.sampled_from(["e", "escape", "forceescape", "urlencode"]), TEXTS | SAFE, st.just(())),
    st.tuples(st.just("indent"), SAFE, st.tuples(WIDTHS | TEXTS | SAFE, st.booleans(), st.booleans())),
    st.tuples(st.just("wordwrap"), TEXTS, st.tuples(st.integers(1, 90), st.booleans(), SAFE)),
    st.tuples(st.just("replace"), SAFE, st.tuples(st.sampled_from(["", "a", "bc"]), TEXTS)),
    st.tuples(st.just("indent"), TEXTS, st.tuples(WIDTHS | TEXTS, st.booleans(), st.booleans())),
    st.tuples(st.just("replace"), TEXTS, st.tuples(st.sampled_from(["", "a", "bc"]), TEXTS)),
    st.tuples(st.just("replace"), TEXTS, st.tuples(st.just("a"), TEXTS, st.integers(0, 50))),
    st.tuples(st.just("wordwrap"), TEXTS, st.tuples(st.integers(1, 90), st.booleans(), TEXTS)),
    st.tuples(st.just("urlize"), TEXTS, st.tuples(st.none() | WIDTHS, st.booleans(), st.none() | TEXTS, TEXTS)),
)
METHODS = st.one_of(
    st.tuples(st.just("replace"), SAFE, st.tuples(st.sampled_from(["", "a", "bc", "<"]), TEXTS)),
    st.tuples(st.just("join"), SAFE, st.tuples(st.lists(TEXTS, max_size=30))),
    st.tuples(st.just("replace"), TEXTS, st.tuples(st.sampled_from(["", "a", "bc"]), TEXTS)),
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
_jinja = Environment()  # noqa: S701 -- nothing is shown to anybody


@settings(max_examples=examples(200))
@given(FILTERS)
def test_no_filter_makes_more_than_its_rule_says(case: tuple[str, str, tuple[Any, ...]]) -> None:
    name, text, arguments = case
    made = _jinja.call_filter(name, text, list(arguments))
    assert size(made) <= 1 + sizes.FILTERS[name](text, *arguments)


@settings(max_examples=examples(200))
@given(METHODS)
def test_no_method_makes_more_than_its_rule_says(case: tuple[str, str, tuple[Any, ...]]) -> None:
    name, text, arguments = case
    assert size(getattr(text, name)(*arguments)) <= 1 + sizes.METHODS[name](text, *arguments)


@settings(max_examples=examples(200))
@given(VALUES, st.lists(TEXTS, max_size=30), TEXTS)
def test_the_text_of_a_value_is_no_longer_than_its_weight_says(value: Any, texts: list[str], between: str) -> None:
    most = 10**9
    for each in (value, [value] * 3, {"k": value}.items(), Namespace(x=value)):
        assert len(str(each)) <= CHARACTERS_PER_UNIT * (1 + weight(each, most))
    assert size(between.join(texts)) <= 2 + weight(texts, most) + sizes.METHODS["join"](between, texts)


@settings(max_examples=examples(200))
@given(VALUES, st.integers(0, 200))
def test_what_is_written_with_indents_is_no_longer_than_its_weight_says(value: Any, indent: int) -> None:
    for name, arguments in (("tojson", [indent]), ("pprint", [])):
        times, step = sizes.INDENTING[name](value, *arguments)
        made = _jinja.call_filter(name, value, arguments)
        assert len(made) <= 3 * CHARACTERS_PER_UNIT * (1 + times * weight(value, 10**9, indent=step))


@settings(max_examples=examples(200))
@given(st.dictionaries(st.text("abc", min_size=1), TEXTS, max_size=8))
def test_attributes_are_no_longer_than_their_rule_says(values: dict[str, str]) -> None:
    assert size(_jinja.call_filter("xmlattr", values)) <= 1 + sizes.FILTERS["xmlattr"](values)


def test_a_text_of_nothing_but_escaped_characters_is_expected_in_its_full_length() -> None:
    for name in ("urlize", "e", "forceescape"):
        made = _jinja.call_filter(name, "<" * 6400)
        assert size(made) == 1 + 4 * 100
        assert size(made) <= 1 + sizes.FILTERS[name]("<" * 6400)
    assert size(Markup("%s") % ("'" * 6400)) <= 1 + sizes.percent(Markup("%s"), ("'" * 6400,), 10**9)


@settings(max_examples=examples(200))
@given(st.lists(st.sampled_from(["%s", "%5d|", "%200s", "%%", "%.99f", "x" * 90]), max_size=30), TEXTS)
def test_percent_makes_no_more_than_its_rule_says(places: list[str], text: str) -> None:
    values = tuple(text if place in {"%s", "%200s"} else 1 for place in places if place not in {"%%", "x" * 90})
    format_text = "".join(places)
    for each in (format_text, Markup(format_text)):  # noqa: S704 -- nothing is shown
        assert size(each % values) <= 1 + sizes.percent(each, values, 10**9)
    if text:
        named = "%(x)s" * len(places)
        assert size(named % {"x": text}) <= 1 + sizes.percent(named, {"x": text}, 10**9)
