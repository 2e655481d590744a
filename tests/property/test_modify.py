"""A changed score, for any two plans and any state of the sheets: what is finished stays, what is left runs, each once."""

import sqlite3
from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import assume, given

from podium.conductor.rules.state import JobRun
from podium.score.model.plan import Plan
from tests.support.plans import plan_of
from tests.support.play import Play, derived, memory_database

NAMES = ("", "a", "b", "c", "d", "e")
ENDS = st.sampled_from(["passed", "failed", "skipped", "abandoned"])


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Up to six sheets, some of them named, each needing any of those before it."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique_by=lambda name: name or object()))
    needs = [sorted(draw(st.sets(st.integers(1, num - 1)))) if num > 1 else [] for num in range(1, len(names) + 1)]
    holds = draw(st.sets(st.integers(1, len(names)), max_size=2))
    plan = plan_of(
        needs, holds=holds, max_retries=draw(st.integers(0, 1)), fail_fast=draw(st.booleans()), max_concurrent=3
    )
    sheets = tuple(replace(sheet, name=name) for sheet, name in zip(plan.sheets, names, strict=True))
    return plan.model_copy(update={"sheets": sheets})


def end(play: Play, num: int, how: str) -> None:
    """End the running attempt of a sheet in one of the ways of `ENDS`."""
    never = how in {"skipped", "abandoned"}
    play.end(num, passed=how == "passed", reason="never_started" if never else "exited", skipped=how == "skipped")


def step(play: Play, data: st.DataObject) -> None:
    """Let one thing happen to the job."""
    job = play.job
    possible = {
        "start": job.dispatchable,
        "end": bool(job.running),
        "wake": bool(job.waiting) and job.status != "paused",
        "pause": job.phase in {"queued", "running", "holding"},
        "resume": job.phase in {"paused", "failed", "cancelled", "pause_pending", "holding"},
        "cancel": job.phase in {"queued", "running", "holding", "paused"},
    }
    match data.draw(st.sampled_from([name for name, can in possible.items() if can])):
        case "start":
            play.start()
        case "end":
            end(play, data.draw(st.sampled_from(sorted(job.running))), data.draw(ENDS))
        case "wake":
            play.wake(data.draw(st.sampled_from(sorted(job.waiting))))
        case "pause":
            play.pause()
        case "resume":
            play.resume()
        case _:
            play.cancel()


def played(plan: Plan, data: st.DataObject, connection: sqlite3.Connection) -> Play:
    """Return a job in any state that it can come to, unless it has completed."""
    play = Play(plan, start_sheet=data.draw(st.integers(1, len(plan.sheets))), database=connection)
    for _ in range(data.draw(st.integers(0, 12))):
        step(play, data)
        check_derived(play.job)
        assume(play.job.status != "completed")
    assume(play.job.phase != "cancel_pending")
    return play


def check_derived(job: JobRun) -> None:
    """What the transitions kept up to date is what follows from the sheets."""
    kept = derived(job)
    job.rebuild()
    assert derived(job) == kept


def finished(job: JobRun) -> dict[int, int]:
    """Return the sheets whose dependents may run, each with the number of its attempts."""
    return {
        sheet.num: job.sheets[sheet.num].attempts if sheet.num in job.sheets else 0
        for sheet in job.plan.sheets
        if job.is_satisfied(sheet.num)
    }


def partner(old: Plan, num: int, new: Plan) -> int:
    """Return the number of the sheet of the new plan that is this one of the old, 0 for none."""
    name = old.sheet(num).name
    if name:
        return next((sheet.num for sheet in new.sheets if sheet.name == name), 0)
    return next((sheet.num for sheet in new.sheets if sheet.num == num and not sheet.name), 0)


def depending(plan: Plan, num: int | None) -> set[int]:
    """Return a sheet and all that need it, directly or through others."""
    found = {num} - {None}
    for sheet in plan.sheets:  # needs come before those who need them
        if found.intersection(sheet.needs):
            found.add(sheet.num)
    return {each for each in found if each is not None}


def take_change(play: Play, new: Plan, from_sheet: int | None, data: st.DataObject) -> dict[int, int]:
    """Ask for the change and end what runs; return the sheets that were finished in the moment of the change."""
    before = finished(play.job)
    play.modify(new, from_sheet)
    if not play.job.running:
        play.settle()  # as the supervisor does: nothing may be left to do
    while play.job.running:
        num, how = data.draw(st.sampled_from(sorted(play.job.running))), data.draw(ENDS)
        attempts = play.job.sheets[num].attempts
        end(play, num, how)
        if how in {"passed", "skipped"}:
            before[num] = attempts
    return before


@given(plans(), plans(), st.data())
def test_what_is_finished_is_kept_and_the_rest_runs_exactly_once(old: Plan, new: Plan, data: st.DataObject) -> None:
    with memory_database() as connection:
        play = played(old, data, connection)
        from_sheet = data.draw(st.none() | st.integers(1, len(new.sheets)))
        done = take_change(play, new, from_sheet, data)
        again = depending(new, from_sheet)
        kept = {to: attempts for num, attempts in done.items() if (to := partner(old, num, new)) and to not in again}
        assert finished(play.job) == kept
        assert len({id(run) for run in play.job.sheets.values()}) == len(play.job.sheets)
        assert all(num == run.num for num, run in play.job.sheets.items())
        left = {sheet.num for sheet in new.sheets} - kept.keys()
        assert {num for num, status in play.statuses.items() if status == "pending"} == left
        check_derived(play.job)
        started = play.to_the_end()
        assert sorted(started) == sorted(left)
        for place, num in enumerate(started):
            assert set(new.sheet(num).needs) <= kept.keys() | set(started[:place])
        assert play.job.status == "completed"
        check_derived(play.job)


@given(plans(), plans(), st.data())
def test_on_the_disk_every_attempt_follows_its_sheet(old: Plan, new: Plan, data: st.DataObject) -> None:
    with memory_database() as connection:
        play = played(old, data, connection)
        before = {row["serial"]: row["sheet"] for row in connection.execute("SELECT serial, sheet FROM attempts")}
        take_change(play, new, None, data)
        after = {row["serial"]: row["sheet"] for row in connection.execute("SELECT serial, sheet FROM attempts")}
        assert after == {serial: partner(old, num, new) for serial, num in before.items()}
        sheets = {row["num"]: row["status"] for row in connection.execute("SELECT num, status FROM sheets")}
        assert sheets == {num: run.status for num, run in play.job.sheets.items()}
