"""The scale of a timeline, and how hundreds of sheets are folded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.plots.story.folding import Fold, fan_of, rows_of
from podium.plots.story.scale import Scale
from podium.plots.story.spans import Span
from podium.plots.story.story import Story, story_of
from podium.plots.words import TIMES
from tests.support.records import BEGAN, crowd, job_view, nightly


def story_between(start: float, end: float, *stops: tuple[float, float]) -> Story:
    spans = tuple(Span("stopped", *each) for each in stops)
    return Story(job_view("completed", [], end), (), spans, (), start, end)


@given(
    st.floats(0, 1e6), st.lists(st.floats(0, 1e6), max_size=12), st.lists(st.floats(0, 1e6), min_size=2, max_size=20)
)
def test_later_is_never_further_left(end: float, edges: list[float], moments: list[float]) -> None:
    ordered = sorted(each for each in edges if each <= end)
    scale = Scale(story_between(0, end, *zip(ordered[::2], ordered[1::2], strict=False)), 100)
    places = [scale.place(each) for each in sorted(moments)]
    assert places == sorted(places)
    assert all(0 <= each <= 100 for each in places)


@given(st.floats(0.001, 1e8), st.integers(2, 12))
def test_ticks_are_few_and_at_round_times(seconds: float, most: int) -> None:
    scale = Scale(story_between(0, seconds), 100)
    ticks = scale.ticks(most)
    assert len(ticks) <= most + 1
    assert ticks[0].text == "0"
    assert len({each.text for each in ticks}) == len(ticks)
    assert [each.at for each in ticks] == sorted(each.at for each in ticks)


def test_a_night_between_a_failure_and_its_repair_is_cut_out() -> None:
    scale = Scale(story_between(0, 40_100, (50, 40_050)), 100)
    assert [each.seconds for each in scale.breaks] == [40_000]
    assert scale.place(50) == pytest.approx(48)
    assert scale.place(40_050) == pytest.approx(52)
    assert [(tick.text, round(tick.at, 1)) for tick in scale.ticks(4)] == [
        ("0", 0.0),
        ("30 s", 28.8),
        ("1 min", 61.6),
        ("1 min 30 s", 90.4),
    ]


def test_a_short_pause_is_part_of_the_scale() -> None:
    assert Scale(story_between(0, 100, (40, 50)), 100).breaks == ()


def test_an_instant_has_a_scale_too() -> None:
    assert Scale(story_between(5, 5), 10).place(5) == 0


@pytest.mark.parametrize("limit", [4, 10, 40, 120])
def test_folded_or_not_each_sheet_has_one_row_and_there_are_few(limit: int) -> None:
    lanes = story_of(crowd(300), BEGAN + 50_000).lanes
    rows = rows_of(lanes, limit)
    members = [lane for row in rows for lane in (row.lanes if isinstance(row, Fold) else [row])]
    assert sorted(lane.sheet.sheet for lane in members) == [lane.sheet.sheet for lane in lanes]
    assert len(rows) <= limit


def test_what_failed_keeps_a_row_of_its_own_among_hundreds() -> None:
    record = crowd(300)
    broken = record.sheets[77].model_copy(update={"status": "failed", "reason": "exit code 1"})
    sheets = [broken if each.sheet == broken.sheet else each for each in record.sheets]
    rows = rows_of(story_of(record.model_copy(update={"sheets": sheets}), BEGAN).lanes, 40)
    assert "shard[76]" in [row.label for row in rows]
    fold = next(row for row in rows if isinstance(row, Fold))
    assert (fold.label, fold.counts) == (f"shard[…] {TIMES}298", "298 completed")


def test_a_small_job_is_not_folded() -> None:
    lanes = story_of(nightly(), BEGAN).lanes
    assert rows_of(lanes, 10) == list(lanes)


@pytest.mark.parametrize(("name", "fan"), [("a[1]", "a"), ("a[x][y]", "a[x]"), ("a", ""), ("[1]", ""), ("a[1] b", "")])
def test_a_fan_is_what_comes_before_the_brackets(name: str, fan: str) -> None:
    assert fan_of(name) == fan
