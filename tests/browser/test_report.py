"""Reports and pictures as a browser shows them. Each is also written to `build/browser/`, for eyes."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from podium.contract.record import JobRecord
from podium.plots.page import report_html
from podium.plots.story.graph import graph_of_plan
from podium.plots.story.story import story_of
from podium.plots.svg.graph import graph_svg
from podium.plots.svg.timeline import timeline_svg
from tests.support.browser import Browser
from tests.support.records import BEGAN, crowd, going_on, hostile, nightly, plan
from tests.support.source_tree import REPOSITORY

PICTURES = REPOSITORY / "build" / "browser"
JOBS: dict[str, Callable[[], JobRecord]] = {
    "nightly": nightly,
    "going-on": going_on,
    "crowd": crowd,
    "hostile": hostile,
}
WINDOWS = {"desktop": 1200, "phone": 390}


def report(folder: Path, name: str) -> Path:
    path = folder / f"{name}.html"
    path.write_text(report_html(JOBS[name](), BEGAN + 40, made_by="Podium 1.0"), encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "window", "dark"), list(itertools.product(JOBS, WINDOWS, [False, True])))
def test_a_report_says_nothing_asks_for_nothing_and_fits(
    browser: Browser, tmp_path: Path, name: str, window: str, dark: bool
) -> None:
    seen = browser.open(report(tmp_path, name), width=WINDOWS[window], dark=dark)
    picture = browser.picture(PICTURES / f"{name}-{window}-{'dark' if dark else 'light'}.png")
    assert seen.messages == []
    assert [url for url in seen.requests if not url.startswith("data:")] == []
    assert browser.value("document.documentElement.scrollWidth") <= WINDOWS[window]
    assert len(picture) > 20_000
    shade = browser.value("getComputedStyle(document.body).backgroundColor")
    assert shade == ("rgb(22, 25, 28)" if dark else "rgb(255, 255, 255)")


@pytest.mark.parametrize(("window", "shown"), [("desktop", "wide"), ("phone", "narrow")])
def test_of_two_timelines_the_one_that_fits_is_shown(browser: Browser, tmp_path: Path, window: str, shown: str) -> None:
    browser.open(report(tmp_path, "nightly"), width=WINDOWS[window])
    heights = {
        kind: browser.value(f"document.querySelector('.{kind}-only').getBoundingClientRect().height")
        for kind in ("wide", "narrow")
    }
    assert [kind for kind, height in heights.items() if height > 0] == [shown]


def test_what_failed_is_open_and_the_rest_opens(browser: Browser, tmp_path: Path) -> None:
    browser.open(report(tmp_path, "nightly"))
    opened = "[...document.querySelectorAll('details[open] .name')].map(each => each.textContent)"
    assert browser.value(opened) == ["report"]
    browser.value("document.querySelector('summary').click()")
    assert browser.value(opened) == ["fetch", "report"]


def test_no_attack_runs(browser: Browser, tmp_path: Path) -> None:
    browser.open(report(tmp_path, "hostile"))
    assert browser.value("document.scripts.length") == 0
    assert browser.value("document.images.length") == 0
    acting = "[...document.querySelectorAll('*')].flatMap(each => [...each.attributes]).filter(each => /^on/.test(each.name)).length"
    assert browser.value(acting) == 0


def test_a_report_can_be_printed(browser: Browser, tmp_path: Path) -> None:
    browser.open(report(tmp_path, "nightly"), dark=True)
    assert browser.printed().startswith(b"%PDF")


@pytest.mark.parametrize("dark", [False, True])
def test_pictures_are_shown_alone(browser: Browser, tmp_path: Path, dark: bool) -> None:
    drawn = {
        "timeline": timeline_svg(story_of(nightly(), BEGAN)),
        "plan": graph_svg(graph_of_plan(plan()), heading="nightly: 7 sheets"),
    }
    for name, text in drawn.items():
        path = tmp_path / f"{name}.svg"
        path.write_text(text, encoding="utf-8")
        seen = browser.open(path, dark=dark)
        browser.picture(PICTURES / f"{name}-{'dark' if dark else 'light'}.png")
        assert (seen.messages, seen.requests) == ([], [])
        assert browser.value("document.querySelectorAll('text').length") > 10


def test_a_page_that_speaks_or_asks_is_noticed(browser: Browser, tmp_path: Path) -> None:
    policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; img-src file:\">"
    path = tmp_path / "bad.html"
    path.write_text(f"<!doctype html>{policy}<script>alert(1)</script><img src=gone.png><link rel=icon href=data:,>")
    seen = browser.open(path)
    assert any("Content Security Policy" in message for message in seen.messages)
    assert any(url.endswith("/gone.png") for url in seen.requests)


_OUTSIDE = """[...document.querySelectorAll('svg.plot')].filter(svg => svg.getBoundingClientRect().height).flatMap(svg =>
  [...svg.querySelectorAll('text')].filter(text => {
    const box = text.getBBox(), node = text.parentNode.querySelector('rect.box:last-of-type, rect.box');
    const right = node ? node.x.baseVal.value + node.width.baseVal.value : svg.viewBox.baseVal.width;
    return box.x < 0 || box.x + box.width > right + 0.5;
  }).map(text => text.textContent))"""
"""The texts that leave their box, or their drawing."""


def talkative() -> JobRecord:
    """Return a job whose names and reasons have more room to take than there is."""
    record = nightly()
    more = {"reason": "skip_when_command exited with code 0: nobody would mind much"}
    sheets = [
        each.model_copy(update={"name": f"{each.name}-among-many-more-modules", **more}) for each in record.sheets
    ]
    return record.model_copy(update={"sheets": sheets})


@pytest.mark.parametrize("window", WINDOWS)
def test_every_text_of_a_drawing_stays_in_its_box(browser: Browser, tmp_path: Path, window: str) -> None:
    path = tmp_path / "talkative.html"
    path.write_text(report_html(talkative(), BEGAN + 40, made_by="Podium 1.0"), encoding="utf-8")
    browser.open(path, width=WINDOWS[window])
    browser.picture(PICTURES / f"talkative-{window}.png")
    assert browser.value(_OUTSIDE) == []
