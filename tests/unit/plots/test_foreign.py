"""Foreign text in what is drawn is text: in a page, a picture, a graph's language, XML and on a terminal."""

import base64
import hashlib
import re
from collections.abc import Callable
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.contract.record import JobRecord
from podium.plots.formats import dot, mermaid
from podium.plots.formats.junit import MESSAGE_CHARS, OUTPUT_CHARS, junit
from podium.plots.page import report_html
from podium.plots.story.graph import Graph, Node, graph_of_story
from podium.plots.story.story import story_of
from podium.plots.svg.graph import graph_svg
from podium.plots.svg.timeline import timeline_svg
from podium.plots.terminal.lines import plain
from podium.plots.terminal.timeline import timeline_lines
from podium.plots.words import in_line, shown
from tests.support.records import BEGAN, HOSTILE, going_on, hostile, nightly

ELEMENTS = {
    *("html", "head", "meta", "title", "link", "style", "body", "header", "h1", "h2", "h3", "span", "p", "dl", "div", "dt", "dd"),
    *("b", "time", "code", "ul", "li", "details", "summary", "pre", "table", "tr", "th", "td", "footer"),
    *("svg", "defs", "pattern", "rect", "path", "line", "text", "g"),
}  # fmt: skip
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "rel", "href", "class", "datetime", "open", "aria-hidden", "role"),
    *("xmlns", "viewbox", "width", "height", "id", "patternunits", "d", "stroke-width", "fill", "x", "y", "x1", "x2", "y1", "y2"),
    *("rx", "text-anchor"),
}  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


class Page(HTMLParser):
    """What is in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.style = ""
        self.text = ""
        self._in_style = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.style += data
        else:
            self.text += data


@pytest.fixture(scope="module")
def page() -> str:
    return report_html(hostile(), BEGAN + 9, made_by="Podium 1.0")


def test_the_page_has_only_elements_and_attributes_of_ours(page: str) -> None:
    found = Page(page)
    assert found.elements <= ELEMENTS
    assert {name for name, _ in found.attributes} <= ATTRIBUTES
    assert found.text.count("<script>alert(1)</script>") > 10  # it is there, as text


def test_the_page_points_nowhere(page: str) -> None:
    assert [value[:5] for name, value in Page(page).attributes if name == "href"] == ["data:"]
    fills = {value for name, value in Page(page).attributes if "url(" in value and name == "fill"}
    assert all(value.startswith("url(#") for value in fills)
    assert "url(" not in Page(page).style
    assert "@import" not in page


def test_the_policy_of_the_page_allows_its_own_style_and_nothing_else(page: str) -> None:
    found = Page(page)
    policy = next(value for name, value in found.attributes if name == "content" and "default-src" in value)
    digest = base64.b64encode(hashlib.sha256(found.style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_nothing_that_hides_or_acts_is_left(page: str) -> None:
    drawn = [page, junit(hostile(), BEGAN), timeline_svg(story_of(hostile(), BEGAN)), *_graphs()]
    for text in drawn:
        assert not re.search("[\0\x1b\u202e\u202c]", text)


def _graphs() -> list[str]:
    graph = graph_of_story(story_of(hostile(), BEGAN))
    return [mermaid.mermaid(graph), dot.dot(graph), graph_svg(graph, heading=in_line(HOSTILE))]


@given(TEXTS)
def test_a_picture_is_xml_whatever_sheets_are_called(name: str) -> None:
    record = nightly()
    sheets = [each.model_copy(update={"name": name, "reason": name}) for each in record.sheets[:3]]
    story = story_of(record.model_copy(update={"sheets": sheets}), BEGAN)
    for drawn in (timeline_svg(story), graph_svg(graph_of_story(story), heading=in_line(name))):
        assert ElementTree.fromstring(drawn).tag.endswith("svg")  # noqa: S314 -- ours


@given(TEXTS)
def test_junit_is_xml_with_the_texts_as_they_can_be_seen(text: str) -> None:
    record = nightly()
    broken = record.sheets[7].model_copy(update={"name": text, "reason": text})
    output = record.outputs[0].model_copy(
        update={"lines": [record.outputs[0].lines[0].model_copy(update={"text": text})]}
    )
    changed = record.model_copy(update={"sheets": [*record.sheets[:7], broken], "outputs": [output]})
    root = ElementTree.fromstring(junit(changed, BEGAN))  # noqa: S314 -- ours
    case = root.findall(".//testcase")[7]
    seen = "".join(each if each not in "\ufffe\uffff" else "�" for each in in_line(text))
    assert case.get("name") == (seen or "sheet 8")
    told = case.findtext("system-out") or ""
    assert "".join(each if each not in "\ufffe\uffff" else "�" for each in shown(text)) in told


def test_a_cancelled_sheet_is_no_success_for_a_ci() -> None:
    record = nightly()
    ended = record.sheets[0].model_copy(update={"status": "cancelled", "reason": "ended because the job was cancelled"})
    root = ElementTree.fromstring(junit(record.model_copy(update={"sheets": [ended]}), BEGAN))  # noqa: S314 -- ours
    suite = root[0]
    assert (suite.get("errors"), suite.get("failures"), suite.get("skipped")) == ("1", "0", "0")
    assert [each.tag for each in root.iter("error")] == ["error"]


_SCHEMA: dict[str, set[str]] = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "time", "tests", "failures", "errors", "skipped", "timestamp"},
    "property": {"name", "value"},
    "testcase": {"name", "time", "classname"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
    **{element: set() for element in ("properties", "system-out", "system-err")},
}
"""What both common schemas of JUnit XML, of Jenkins and of Ant, know: element -> attributes."""
_ORDER = ("failure", "error", "skipped", "system-out", "system-err")


@pytest.mark.parametrize("make", [nightly, going_on, hostile])
def test_junit_has_what_its_schemas_know_in_their_order(make: Callable[[], JobRecord]) -> None:
    root = ElementTree.fromstring(junit(make(), BEGAN + 40))  # noqa: S314 -- ours
    for element in root.iter():
        assert set(element.attrib) <= _SCHEMA[element.tag]
    for case in root.iter("testcase"):
        assert [each.tag for each in case] == sorted({each.tag for each in case}, key=_ORDER.index)
    (suite,) = root
    verdicts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
    for attribute, tag in verdicts.items():
        assert int(suite.get(attribute, "")) == len(suite.findall(f"testcase/{tag}"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp", ""))


def test_junit_is_bounded() -> None:
    record = nightly()
    line = record.outputs[0].lines[0].model_copy(update={"text": "x" * 100_000})
    broken = record.sheets[7].model_copy(update={"reason": "y" * 100_000, "validations": []})
    changed = record.model_copy(
        update={"sheets": [broken], "outputs": [record.outputs[0].model_copy(update={"lines": [line]})]}
    )
    case = ElementTree.fromstring(junit(changed, BEGAN)).find(".//testcase")  # noqa: S314 -- ours
    assert case is not None
    failure = case.find("failure")
    assert failure is not None
    assert len(failure.get("message") or "") == MESSAGE_CHARS
    assert len(failure.text or "") < 2 * OUTPUT_CHARS
    assert len(case.findtext("system-out") or "") < 2 * OUTPUT_CHARS


@given(TEXTS)
def test_mermaid_gets_numbers_for_what_could_mean_something(text: str) -> None:
    quoted = mermaid.quoted(in_line(text))
    assert re.fullmatch(r"(?:[A-Za-z0-9 _./()\-]|[^\x00-\x7f]|#\d+;)*", quoted)
    assert re.sub(r"#(\d+);", lambda found: chr(int(found[1])), quoted) == in_line(text)


@given(TEXTS, TEXTS)
def test_graphviz_gets_one_string_for_a_text(name: str, note: str) -> None:
    graph = Graph(in_line(name), (Node(1, in_line(name), note=in_line(note)),))
    strings = re.findall(r'"((?:[^"\\]|\\.)*)"', dot.dot(graph))
    left = re.sub(r'"(?:[^"\\]|\\.)*"', "", dot.dot(graph))
    assert left.split() == [
        "digraph",
        "{",
        "rankdir=LR;",
        "node",
        "[shape=box,",
        "style=,",
        "fontname=];",
        "s1",
        "[label=];",
        "}",
    ]
    back = strings[0].replace("&amp;", "&").replace('\\"', '"').replace("\\\\", "\\")
    assert back == in_line(name)


def test_a_terminal_gets_no_sequences_and_one_line_a_row() -> None:
    text = plain(timeline_lines(story_of(hostile(), BEGAN), 120))
    assert len(text.splitlines()) < 12
    assert text.replace("\n", "").isprintable()
