"""What a changed score keeps of a job, resets and drops."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from podium.conductor.rules.transitions import control
from podium.conductor.rules.transitions.modify import SHOWN, Difference, kept_sheets, match_sheets
from podium.score.model.plan import Plan
from tests.support.plans import plan_of
from tests.support.play import Play, loaded, memory_database


def named(*names: str, needs: Sequence[Sequence[int]] = (), retries: int = 0) -> Plan:
    """Return a plan of sheets with these names, "" for none."""
    plan = plan_of(needs or [[] for _ in names], max_retries=retries)
    sheets = tuple(replace(sheet, name=name) for sheet, name in zip(plan.sheets, names, strict=True))
    return plan.model_copy(update={"sheets": sheets})


@pytest.mark.parametrize(
    ("old", "new", "pairs"),
    [
        (("a", "b"), ("a", "b"), {1: 1, 2: 2}),
        (("a", "b"), ("b", "a"), {1: 2, 2: 1}),
        (("a", "b"), ("x", "a", "b"), {1: 2, 2: 3}),
        (("a", "b"), ("b",), {2: 1}),
        (("a",), ("x",), {}),
        (("", ""), ("", "", ""), {1: 1, 2: 2}),
        (("", "", ""), ("",), {1: 1}),
        (("a", ""), ("", "a"), {1: 2}),
        (("a", ""), ("a", ""), {1: 1, 2: 2}),
        (("",), ("a",), {}),
        (("a",), ("",), {}),
        (("", "a"), ("", "x", "a"), {1: 1, 2: 3}),
        (("2", ""), ("", "2"), {1: 2}),
    ],
)
def test_sheets_match_by_name_or_if_neither_has_one_by_number(
    old: tuple[str, ...], new: tuple[str, ...], pairs: dict[int, int]
) -> None:
    assert match_sheets(loaded(named(*old)), loaded(named(*new))) == pairs


def test_finished_sheets_keep_what_happened_to_them_under_their_new_numbers() -> None:
    play = Play(named("a", "b", "c"))
    play.run(1)
    play.run(2)
    before = {run.num: (run.attempts, run.started_at, run.finished_at) for run in play.job.sheets.values()}
    play.modify(named("c", "b", "new", "a"))
    assert play.statuses == {1: "pending", 2: "completed", 3: "pending", 4: "completed"}
    runs = play.job.sheets
    assert {num: (runs[num].attempts, runs[num].started_at, runs[num].finished_at) for num in (2, 4)} == {
        2: before[2],
        4: before[1],
    }
    assert [runs[num].num for num in (2, 4)] == [2, 4]
    assert play.to_the_end() == [1, 3]


def test_what_did_not_finish_is_reset_and_what_the_new_plan_lacks_is_dropped() -> None:
    play = Play(named("ok", "bad", "after", "gone", needs=[[], [], [2], []], retries=1))
    play.run(1)
    play.run(4)
    play.run(2, passed=False)
    play.wake(2)
    play.run(2, passed=False)
    assert play.job.status == "failed"
    play.modify(named("ok", "bad", "after", needs=[[], [], [2]], retries=1))
    assert play.statuses == {1: "completed", 2: "pending", 3: "pending"}
    bad = play.job.sheets[2]
    assert (bad.retries_used, bad.reason, bad.finished_at, bad.satisfied) == (0, "", None, False)
    assert bad.attempts == 2  # so the next attempt has a number of its own
    assert play.job.counts == {"completed": 1, "failed": 0, "skipped": 0}


def test_a_sheet_that_its_own_condition_skipped_stays_skipped_and_releases_its_dependents() -> None:
    play = Play(named("skips", "after", needs=[[], [1]]))
    play.start(1)
    play.end(1, passed=False, reason="never_started", skipped=True, message="its condition holds")
    play.modify(named("skips", "after", "new", needs=[[], [1], [1]]))
    assert play.statuses == {1: "skipped", 2: "pending", 3: "pending"}
    assert play.job.counts == {"completed": 0, "failed": 0, "skipped": 1}
    assert play.to_the_end() == [2, 3]


def test_a_sheet_that_waits_for_a_retry_runs_again_at_once_with_the_changed_score() -> None:
    play = Play(named("a", retries=3))
    play.run(1, passed=False)
    play.modify(named("a", retries=3))
    assert (play.job.waiting, sorted(play.job.ready)) == (set(), [1])
    assert play.job.sheets[1].waiting_until is None


def test_the_sheets_before_the_first_one_stay_skipped_wherever_they_move() -> None:
    play = Play(named("a", "b", "c"), start_sheet=3)
    play.modify(named("c", "new", "b", "a"))
    assert play.job.start_sheet == 1
    assert play.statuses == {1: "pending", 2: "pending", 3: "skipped", 4: "skipped"}
    assert play.to_the_end() == [1, 2]


def test_from_sheet_counts_in_the_new_plan_and_takes_its_dependents_along() -> None:
    play = Play(named("a", "b", "c"))
    for num in (1, 2, 3):
        play.start(num)
    play.end(1)
    play.end(2)
    play.modify(named("c", "b", "a", needs=[[2], [], []]), from_sheet=2)
    play.end(3)
    assert play.statuses == {1: "pending", 2: "pending", 3: "completed"}
    assert play.to_the_end() == [2, 1]


def test_a_new_dependency_of_a_finished_sheet_does_not_run_it_again() -> None:
    play = Play(named("a", "b"))
    play.run(1)
    play.modify(named("new", "a", "b", needs=[[], [1], [2]]))
    assert play.statuses == {1: "pending", 2: "completed", 3: "pending"}
    assert play.to_the_end() == [1, 3]


def test_attempts_follow_their_sheet_and_those_of_a_dropped_sheet_belong_to_none() -> None:
    with memory_database() as database:
        play = Play(named("a", "b", "gone"), database=database)
        for num in (1, 2, 3):
            play.start(num)
        play.end(1)
        play.end(2, passed=False)
        play.modify(named("b", "a"))
        play.end(3)  # the end and the change are one commit
        assert play.job.status == "queued"
        rows = database.execute("SELECT serial, sheet FROM attempts ORDER BY serial").fetchall()
        assert [tuple(row) for row in rows] == [(1, 2), (2, 1), (3, 0)]
        rows = database.execute("SELECT num, status FROM sheets ORDER BY num").fetchall()
        assert [tuple(row) for row in rows] == [(1, "pending"), (2, "completed")]


def test_the_reply_names_what_is_kept_and_what_of_it_has_changed() -> None:
    play = Play(named("a", "b", "c", "d"))
    play.run(1)
    play.run(2)
    play.start(3)
    new = named("d", "c", "b", "a")
    kept = kept_sheets(play.job, loaded(new), None, Difference({2, 3, 1}))
    assert (kept["kept"], kept["kept_total"]) == (["b", "a"], 2)
    assert (kept["changed"], kept["changed_total"]) == (["c", "b"], 2)
    rerun = play.modify(new, from_sheet=3, differing={2, 3, 1}).get("kept")
    assert rerun is not None
    assert (rerun["kept"], rerun["kept_total"], rerun["changed"], rerun["changed_total"]) == (["a"], 1, ["c"], 1)


def changes(play: Play, new: Plan, difference: Difference, from_sheet: int | None = None) -> dict[str, list[str]]:
    """Return the labels of sheets that a reply names, by how far they are."""
    sheets = kept_sheets(play.job, loaded(new), from_sheet, difference)["change"]["sheets"]
    return {name: group["labels"] for name, group in sheets.items()}


def test_the_reply_tells_apart_what_is_done_what_runs_and_what_is_left() -> None:
    play = Play(named("done", "failed", "runs", "left", "gone"))
    play.run(1)
    play.run(2, passed=False)
    play.start(3)
    new = named("left", "runs", "failed", "done", "new")
    all_differ = Difference({1, 2, 3, 4})
    apart = {
        "finished": ["done"],
        "running": ["runs"],
        "unfinished": ["left", "failed"],
        "added": ["new"],
        "removed": ["gone"],
    }
    assert changes(play, new, all_differ) == apart
    assert changes(play, new, all_differ, from_sheet=4) == {
        "running": ["runs"], "unfinished": ["left", "failed", "done"], "added": ["new"], "removed": ["gone"],
    }  # fmt: skip


def test_another_setting_counts_only_for_a_sheet_that_is_still_to_run() -> None:
    play = Play(named("done", "runs", "left"))
    play.run(1)
    play.start(2)
    difference = Difference(tuned={1, 2, 3}, settings=("retry",))
    assert changes(play, play.job.plan, difference) == {"unfinished": ["left"]}


def test_a_sheet_that_does_not_run_again_counts_as_finished_also_if_it_never_ran() -> None:
    play = Play(named("before", "skips", "left"), start_sheet=2)
    play.start(2)
    play.end(2, passed=False, reason="never_started", skipped=True, message="its condition holds")
    assert changes(play, play.job.plan, Difference({1, 2, 3})) == {
        "finished": ["before", "skips"],
        "unfinished": ["left"],
    }
    assert changes(play, play.job.plan, Difference({1, 2, 3}), from_sheet=1) == {
        "finished": ["skips"], "unfinished": ["before", "left"],
    }  # fmt: skip


def test_the_reply_names_at_most_so_many_sheets_and_counts_all() -> None:
    play = Play(named(*(f"s{num}" for num in range(SHOWN + 5))))
    for num in range(1, SHOWN + 5):
        play.run(num)
    kept = kept_sheets(play.job, play.job.loaded, None, Difference(range(1, SHOWN + 6)))
    assert (len(kept["kept"]), kept["kept_total"]) == (SHOWN, SHOWN + 4)
    assert (len(kept["changed"]), kept["changed_total"]) == (SHOWN, SHOWN + 4)


def test_a_paused_job_runs_what_waited_and_what_failed_again_with_its_changed_score() -> None:
    play = Play(named("waits", "fails", "left", retries=1))
    play.run(2, passed=False)
    play.wake(2)
    play.run(2, passed=False)
    play.run(1, passed=False)
    play.pause()
    assert (play.job.status, play.statuses) == ("paused", {1: "waiting", 2: "failed", 3: "pending"})
    play.modify(named("waits", "fails", "left", retries=1))
    assert play.statuses == {1: "pending", 2: "pending", 3: "pending"}
    assert play.to_the_end() == [1, 2, 3]
    assert play.job.status == "completed"


def test_an_edit_of_a_pending_change_leaves_the_sheet_from_which_that_was_to_run() -> None:
    play = Play(named("a", "b", "c"))
    play.run(1)
    play.start(2)
    play.modify(named("a", "b", "c", "d"), from_sheet=1)

    def edit(*names: str) -> None:
        control.modify(play.job, play.batch, new=loaded(named(*names)), differing=lambda _: Difference(on_pending=True))

    edit("new", "a", "b", "c")
    assert play.job.next_from_sheet == 2
    edit("new", "b", "c")
    assert play.job.next_from_sheet is None
