"""A job's record as a story: every span is something that was recorded."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.conductor.rules.ends import ENDS
from podium.contract.models import EventView, SheetView
from podium.contract.record import AttemptView, JobRecord
from podium.plots.story.spans import LOST, Span, SpanKind, overlaid
from podium.plots.story.story import Story, story_of
from podium.plots.story.telling import path_sentence, result_of
from podium.plots.svg.timeline import timeline_svg
from podium.plots.terminal.lines import plain
from podium.plots.terminal.timeline import timeline_lines
from tests.support.records import BEGAN, Events, at, attempt, crowd, going_on, job_view, nightly


def told(story: Story, label: str) -> list[tuple[str, float, float]]:
    """Return the kinds of a lane's spans, and when each began and ended after the beginning."""
    lane = next(each for each in story.lanes if each.label == label)
    return [(each.kind, round(each.start - BEGAN, 3), round(each.end - BEGAN, 3)) for each in lane.spans]


@pytest.fixture(scope="module")
def story() -> Story:
    return story_of(nightly(), BEGAN + 999)


def test_a_retry_is_an_attempt_after_the_wait_that_was_decided(story: Story) -> None:
    assert told(story, "tests[3.11]") == [
        ("ready", 61.0, 61.1),
        ("failed", 61.1, 70.0),
        ("retry", 70.0, 75.0),
        ("completed", 75.0, 118.0),
    ]


def test_a_rate_limit_is_told_apart_from_a_retry(story: Story) -> None:
    assert [kind for kind, _, _ in told(story, "review")] == ["ready", "failed", "limit", "completed"]


def test_a_sheet_waits_for_its_approval_and_a_lost_attempt_is_lost(story: Story) -> None:
    assert told(story, "deploy") == [
        ("hold", 124.0, 160.0),
        ("lost", 160.0, 168.0),
        ("retry", 168.0, 171.0),
        ("completed", 171.0, 188.0),
    ]


def test_a_sheet_that_could_have_run_and_did_not_is_ready(story: Story) -> None:
    assert told(story, "tests[3.13]")[0] == ("ready", 61.0, 96.4)


def test_sheets_that_never_ran_have_no_spans(story: Story) -> None:
    assert told(story, "announce") == told(story, "notes") == []


def test_the_pause_of_the_job_is_told_once(story: Story) -> None:
    assert [(each.kind, each.start - BEGAN, each.end - BEGAN) for each in story.stops] == [("paused", 150, 160)]


def test_the_story_of_an_ended_job_ends_with_it(story: Story) -> None:
    assert (story.start, story.end, story.ended) == (BEGAN, BEGAN + 232, True)


def test_the_path_says_what_its_time_went_into(story: Story) -> None:
    assert path_sentence(story).startswith(
        "critical path: fetch → build → tests[3.13] → deploy → report (2 min 16 s running"
    )
    parts = story.on_path()
    assert sum(parts.values()) == pytest.approx(story.end - story.start)
    assert parts["hold"] == pytest.approx(36)
    assert parts["retry"] == pytest.approx(23)


def test_a_job_that_goes_on_is_told_up_to_now() -> None:
    story = story_of(going_on(40), BEGAN + 40)
    assert told(story, "train")[-1] == ("running", 10.5, 40.0)
    assert told(story, "upload")[-1] == ("retry", 20.0, 40.0)
    assert told(story, "publish") == [("hold", 10.0, 40.0)]
    assert told(story, "extra") == [("ready", 10.0, 40.0)]
    assert told(story, "end") == []
    assert all(lane.spans[-1].open for lane in story.lanes[1:5])
    assert "so far" in path_sentence(story)
    assert [result_of(lane) for lane in story.lanes[1:4]] == [
        "running for 30 s",
        "waiting: retry 1 of 2 after: exit code 7",
        "waits for approval: Publish now?",
    ]


def test_the_path_so_far_ends_with_what_keeps_the_job_going() -> None:
    story = story_of(waiting_long(), BEGAN + 30)
    assert [lane.label for lane in story.steps] == ["flaky"]
    assert story.on_path() == {"ready": 1, "running": 1, "retry": 28}
    assert path_sentence(story) == (
        "critical path so far: flaky (1.0 s running, 28 s waiting before retries, 1.0 s ready but not started)"
    )


def test_a_sheet_that_waits_for_an_approval_is_on_the_path_so_far() -> None:
    record = waiting_long()
    completed = record.sheets[0].model_copy(update={"status": "completed"})
    attempts = [attempt(1, 1, 1, 2), *record.attempts[1:]]
    events = Events("nightly-x7k2q")
    events.add("sheet.held", 2, name="after", text="Go?")
    held = record.model_copy(
        update={"sheets": [completed, *record.sheets[1:]], "attempts": attempts, "events": events.made}
    )
    story = story_of(held, BEGAN + 30)
    assert [lane.label for lane in story.steps] == ["flaky", "after"]
    assert story.on_path()["hold"] == 28


def test_a_legend_explains_only_what_can_be_seen() -> None:
    sheets = [SheetView(sheet=1, name="long", status="completed", attempts=1)]
    record = JobRecord(job=job_view("completed", sheets, 9000), sheets=sheets, attempts=[attempt(1, 1, 0.1, 9000)])
    story = story_of(record, BEGAN + 9000)
    assert [kind for kind, _, _ in told(story, "long")] == ["ready", "completed"]
    drawn = [plain(timeline_lines(story, 80)), timeline_svg(story), timeline_svg(story, stacked=True)]
    assert not any("ready" in text for text in drawn)
    assert all("completed" in text for text in drawn)


def waiting_long() -> JobRecord:
    """Return a job in which a sheet waits for its retry after another one has ended."""
    sheets = [
        SheetView(sheet=1, name="flaky", status="waiting", attempts=1),
        SheetView(sheet=2, name="other", status="completed", attempts=1),
        SheetView(sheet=3, name="after", status="pending", needs=[1]),
    ]
    events = Events("nightly-x7k2q")
    events.add("sheet.retrying", 2, name="flaky", attempt=1, delay_seconds=300, reason="exit code 3")
    attempts = [attempt(1, 1, 1, 2, "failed", exit_code=3), attempt(2, 1, 1, 10)]
    return JobRecord(job=job_view("running", sheets, None), sheets=sheets, events=events.made, attempts=attempts)


def test_a_job_that_was_repaired_the_next_day_was_stopped_meanwhile() -> None:
    story = story_of(crowd(2), BEGAN + 50_000)
    assert [each.kind for each in story.stops] == ["stopped"]
    assert [kind for kind, _, _ in told(story, "merge")] == ["ready", "failed", "stopped", "ready", "completed"]


def test_a_sheet_that_ran_again_on_request_waited_only_since_then() -> None:
    sheets = [SheetView(sheet=1, name="one", status="completed", attempts=2)]
    events = Events("nightly-x7k2q")
    events.add("job.completed", 5)
    events.add("job.resumed", 100, from_sheet=1)
    events.add("job.completed", 110)
    record = JobRecord(
        job=job_view("completed", sheets, 110), sheets=sheets, events=events.made, attempts=[attempt(1, 1, 1, 5), attempt(1, 2, 101, 110)]
    )  # fmt: skip
    story = story_of(record, BEGAN + 200)
    assert told(story, "one") == [("ready", 0, 1), ("completed", 1, 5), ("ready", 100, 101), ("completed", 101, 110)]
    assert result_of(story.lanes[0]) == "9.0 s (attempt 2)"


def test_a_sheet_that_failed_for_good_is_not_ready_before_somebody_lets_it_go_on() -> None:
    sheets = [
        SheetView(sheet=1, name="bad", status="completed", attempts=2),
        SheetView(sheet=2, name="slow", status="completed", attempts=1),
    ]
    events = Events("nightly-x7k2q")
    events.add("job.failed", 9)
    events.add("job.resumed", 20)
    attempts = [attempt(1, 1, 0, 2, "failed", exit_code=3), attempt(1, 2, 21, 22), attempt(2, 1, 0, 9)]
    record = JobRecord(job=job_view("completed", sheets, 22), sheets=sheets, events=events.made, attempts=attempts)
    assert told(story_of(record, BEGAN + 30), "bad") == [
        ("failed", 0, 2), ("stopped", 9, 20), ("ready", 20, 21), ("completed", 21, 22)
    ]  # fmt: skip


def test_events_of_an_older_score_are_matched_by_label_not_by_number() -> None:
    sheets = [SheetView(sheet=1, name="new", status="pending"), SheetView(sheet=2, name="old", status="completed")]
    events = Events("nightly-x7k2q")
    events.add("sheet.held", 1, sheet=1, name="old", text="Go?")
    events.add("sheet.released", 4, sheet=1, name="old")
    record = JobRecord(
        job=job_view("running", sheets, None), sheets=sheets, events=events.made, attempts=[attempt(2, 1, 5, 6)]
    )
    story = story_of(record, BEGAN + 10)
    assert told(story, "old") == [("ready", 0, 1), ("hold", 1, 4), ("ready", 4, 5), ("completed", 5, 6)]


def test_a_record_without_times_or_sheets_is_no_error() -> None:
    record = JobRecord(
        job=job_view("queued", [], None, submitted_at=None, started_at=None),
        attempts=[AttemptView(sheet=7, attempt=1, outcome="running", started_at="never")],
        events=[EventView(seq=1, job_id="x", job_seq=1, type="job.paused", at="")],
    )
    story = story_of(record, BEGAN)
    assert (story.lanes, story.path, path_sentence(story)) == ((), (), "")


@st.composite
def records(draw: st.DrawFn) -> JobRecord:
    """Draw attempts of sheets one after the other, with pauses, holds and retries strewn in, true to each other or not."""
    moments = st.integers(0, 100)
    sheets, attempts = [], []
    for num in range(1, draw(st.integers(1, 5)) + 1):
        edges = sorted(draw(st.lists(moments, max_size=8)))
        outcomes = st.sampled_from(["completed", "failed", "cancelled", "skipped", "abandoned"])
        for number, (start, end) in enumerate(zip(edges[::2], edges[1::2], strict=False), 1):
            attempts.append(attempt(num, number, start, end, draw(outcomes)))
        needs = sorted(draw(st.sets(st.integers(1, num - 1)))) if num > 1 else []
        status = draw(st.sampled_from(["pending", "waiting", "completed", "failed"]))
        sheets.append(SheetView(sheet=num, name=f"s{num}", status=status, needs=needs))
    events = Events("nightly-x7k2q")
    kinds = ["job.paused", "job.resumed", "job.failed", "sheet.held", "sheet.released", "sheet.retrying"]
    for when in sorted(draw(st.lists(moments, max_size=12))):
        name, delay = draw(st.sampled_from(["s1", "s2"])), draw(st.integers(0, 30))
        events.add(draw(st.sampled_from(kinds)), when, name=name, attempt=1, delay_seconds=delay)
    job = job_view(draw(st.sampled_from(["running", "failed"])), sheets, draw(st.sampled_from([None, 100])))
    return JobRecord(job=job, sheets=sheets, attempts=attempts, events=events.made)


@given(records())
def test_spans_of_a_lane_follow_each_other_and_hold_each_attempt_as_it_was(record: JobRecord) -> None:
    story = story_of(record, BEGAN + 120)
    for lane in story.lanes:
        assert all(one.end <= two.start for one, two in pairwise(lane.spans))
        assert all(story.start <= each.start <= each.end <= story.end for each in lane.spans)
        shown = [(each.attempt, at(each.start - BEGAN), at(each.end - BEGAN)) for each in lane.spans if each.is_attempt]
        recorded = [each for each in record.attempts if each.sheet == lane.sheet.sheet]
        assert shown == [(each.attempt, each.started_at, each.finished_at) for each in recorded]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20), st.integers(0, 20)), max_size=8))
def test_laid_over_each_other_spans_fill_the_time_once(drawn: list[tuple[int, int, int]]) -> None:
    kinds: tuple[SpanKind, ...] = ("hold", "paused", "retry", "ready")
    layers: list[list[Span]] = [[], [], [], [Span("ready", 2, 18)]]
    for layer, one, two in drawn:
        if layer < 3:
            layers[layer].append(Span(kinds[layer], min(one, two), max(one, two)))
    spans = overlaid(2, 18, layers)
    assert sum(each.seconds for each in spans) == 16
    for each in spans:
        middle = (each.start + each.end) / 2
        above = [
            layer for layer in layers[: kinds.index(each.kind)] for span in layer if span.start < middle < span.end
        ]
        assert not above


def test_a_sheet_in_the_queue_of_a_cluster_does_not_run_and_one_that_left_it_has_run_since() -> None:
    queue = "in Slurm's queue as job 83_1, partition main: Resources"
    sheets = [
        SheetView(sheet=1, name="on", status="running", attempts=1, started_at=at(20), duration_seconds=10),
        SheetView(sheet=2, name="queued", status="running", attempts=1, started_at=at(1), place=queue),
    ]
    attempts = [attempt(num, 1, 1, None, "running") for num in (1, 2)]
    story = story_of(JobRecord(job=job_view("running", sheets, None), sheets=sheets, attempts=attempts), BEGAN + 30)
    assert told(story, "on") == [("ready", 0, 20), ("running", 20, 30)]
    assert told(story, "queued") == [("ready", 0, 30)]
    assert [result_of(lane) for lane in story.lanes] == ["running for 10 s", queue]


@pytest.mark.parametrize("reason", sorted(LOST))
def test_an_attempt_that_went_with_what_it_ran_on_is_lost(reason: str) -> None:
    record = going_on(40)
    ended = attempt(3, 1, 10.6, 20, "failed", end_reason=reason)
    story = story_of(record.model_copy(update={"attempts": [*record.attempts[:2], ended]}), BEGAN + 40)
    assert ("lost", 10.6, 20.0) in told(story, "upload")


def test_those_are_the_ends_for_which_on_lost_decides() -> None:
    assert {name for name, end in ENDS.items() if end.follows == "on_lost"} == LOST
