"""The critical path, on jobs that were made up."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from podium.plots.story.critical import critical_path

Needs = dict[int, tuple[int, ...]]
Times = dict[int, tuple[float, float]]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Needs, Times]:
    """Draw sheets that each need some earlier ones, and begin when all of these have ended, or later."""
    needs: Needs = {}
    times: Times = {}
    for num in range(1, draw(st.integers(1, 12)) + 1):
        needs[num] = tuple(draw(st.sets(st.integers(1, num - 1)))) if num > 1 else ()
        ready = max((times[need][1] for need in needs[num]), default=0.0)
        began = ready + draw(st.integers(0, 20))
        times[num] = (began, began + draw(st.integers(1, 20)))
    return needs, times


@given(histories())
def test_the_path_is_a_chain_of_needs_that_ends_with_the_last_sheet(history: tuple[Needs, Times]) -> None:
    needs, times = history
    path = critical_path(needs, times)
    assert times[path[-1]][1] == max(end for _, end in times.values())
    assert not needs[path[0]]
    assert all(before in needs[after] for before, after in pairwise(path))


@given(histories())
def test_no_other_need_of_a_sheet_on_the_path_ended_later(history: tuple[Needs, Times]) -> None:
    needs, times = history
    path = critical_path(needs, times)
    for before, after in pairwise(path):
        assert times[before][1] == max(times[need][1] for need in needs[after])
        assert times[before][1] <= times[after][0]


@given(histories())
def test_a_job_in_which_nothing_waited_took_as_long_as_its_path(history: tuple[Needs, Times]) -> None:
    needs, lengths = history
    times: Times = {}
    for num, (began, ended) in lengths.items():
        ready = max((times[need][1] for need in needs[num]), default=0.0)
        times[num] = (ready, ready + ended - began)
    path = critical_path(needs, times)
    assert sum(times[num][1] - times[num][0] for num in path) == max(end for _, end in times.values())


def test_a_need_that_ended_after_the_sheet_had_begun_kept_it_from_nothing() -> None:
    assert critical_path({2: (1,)}, {1: (5.0, 9.0), 2: (1.0, 10.0)}) == (2,)


def test_a_job_in_which_nothing_ran_has_no_path() -> None:
    assert critical_path({2: (1,)}, {}) == ()


def test_sheets_that_need_each_other_do_not_keep_it_from_ending() -> None:
    assert critical_path({1: (2,), 2: (1,)}, {1: (0.0, 0.0), 2: (0.0, 0.0)}) == (2, 1)
