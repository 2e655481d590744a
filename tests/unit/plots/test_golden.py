"""What is drawn from records that never change, kept as files: `tests/golden/plots/`."""

from collections.abc import Callable

import pytest

from podium.contract.record import JobRecord
from podium.plots.formats.dot import dot
from podium.plots.formats.junit import junit
from podium.plots.formats.mermaid import mermaid
from podium.plots.page import report_html
from podium.plots.story.graph import folded, graph_of_plan, graph_of_story
from podium.plots.story.story import story_of
from podium.plots.svg.graph import graph_svg
from podium.plots.svg.timeline import timeline_svg
from podium.plots.terminal.lines import plain
from podium.plots.terminal.plan import plan_lines
from podium.plots.terminal.timeline import timeline_lines
from podium.texts.widths import width
from tests.support.golden import check_golden_text
from tests.support.records import BEGAN, crowd, going_on, nightly, plan, wide_plan

NOW = BEGAN + 50_000
JOBS: dict[str, tuple[Callable[[], JobRecord], float]] = {
    "nightly": (nightly, NOW),
    "going-on": (going_on, BEGAN + 40),
    "crowd": (crowd, NOW),
}


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("width", [80, 120])
def test_a_timeline_in_a_terminal(name: str, width: int) -> None:
    record, now = JOBS[name]
    lines = timeline_lines(story_of(record(), now), width)
    check_golden_text(f"plots/timeline-{name}-{width}.txt", plain(lines))


def test_a_timeline_without_unicode() -> None:
    text = plain(timeline_lines(story_of(nightly(), NOW), 80, plain=True))
    check_golden_text("plots/timeline-ascii-80.txt", text)
    assert text.replace("…", "").isascii()  # names and reasons are cut with a mark, which the door writes as it can


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("stacked", [False, True])
def test_a_timeline_as_a_picture(name: str, stacked: bool) -> None:
    record, now = JOBS[name]
    drawn = timeline_svg(story_of(record(), now), stacked=stacked)
    check_golden_text(f"plots/timeline-{name}{'-narrow' if stacked else ''}.svg", drawn)


@pytest.mark.parametrize("width", [80, 120])
def test_a_plan_in_a_terminal(width: int) -> None:
    check_golden_text(f"plots/plan-{width}.txt", plain(plan_lines(plan(), width)))
    check_golden_text(f"plots/plan-wide-{width}.txt", plain(plan_lines(wide_plan(), width)))


def test_graphs_as_pictures() -> None:
    check_golden_text("plots/plan.svg", graph_svg(graph_of_plan(plan()), heading="nightly: 7 sheets"))
    check_golden_text("plots/plan-wide.svg", graph_svg(folded(graph_of_plan(wide_plan()), 60), heading="sweep"))
    check_golden_text("plots/job.svg", graph_svg(graph_of_story(story_of(nightly(), NOW))))


def test_graphs_in_the_languages_of_others() -> None:
    check_golden_text("plots/plan.mmd", mermaid(graph_of_plan(plan())))
    check_golden_text("plots/plan-wide.mmd", mermaid(folded(graph_of_plan(wide_plan()), 60)))
    check_golden_text("plots/plan.dot", dot(graph_of_plan(plan())))


def test_a_report() -> None:
    check_golden_text("plots/report.html", report_html(nightly(), NOW, made_by="Podium 1.0"))


def test_junit() -> None:
    check_golden_text("plots/junit.xml", junit(nightly(), NOW))
    check_golden_text("plots/junit-going-on.xml", junit(going_on(), BEGAN + 40))


@pytest.mark.parametrize("columns", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("name", JOBS)
def test_no_line_is_wider_than_the_terminal(name: str, columns: int) -> None:
    record, now = JOBS[name]
    lines = [
        *timeline_lines(story_of(record(), now), columns),
        *plan_lines(plan(), columns),
        *plan_lines(wide_plan(), columns),
    ]
    assert not [text for line in lines if width(text := "".join(piece for piece, _ in line).rstrip()) > columns]
