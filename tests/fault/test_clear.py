"""kill -9 in the middle of a clear: each job is whole or gone, and the repeated call says of every one that it went."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from podium.settings import Settings
from tests.support.jobs import check_history, submit, until
from tests.support.podium_home import Conductor, ask
from tests.support.podium_home import until as eventually

SCORE = "name: many\nsheets: [{name: only, run: 'echo ran'}]"
JOBS = 23  # more than are deleted at once


@pytest.fixture
def full(home: Settings) -> Iterator[Conductor]:
    """A stopped conductor that has many ended jobs."""
    running = Conductor(home).start()
    try:
        for job_id in [submit(running, SCORE) for _ in range(JOBS)]:
            until(running, job_id, "completed")
        running.stop()
        yield running
    finally:
        running.end()


def rows(settings: Settings, query: str) -> set[str]:
    with closing(sqlite3.connect(settings.home / "podium.db")) as db:
        return {row[0] for row in db.execute(query)}


@pytest.mark.parametrize(
    "fault", ["before_commit:1", "after_commit:1", "after_commit:2", "before_reply:2", "before_removal:9"]
)
def test_a_clear_that_is_killed_leaves_each_job_whole_or_gone_and_is_done_by_the_next_call(
    full: Conductor, fault: str
) -> None:
    settings = full.settings
    ids = rows(settings, "SELECT job_id FROM jobs")
    asked = {"statuses": ["completed"], "limit": 500, "request_key": "once"}
    full.start(PODIUM_FAULT=fault)
    with suppress(OSError):
        ask(settings.socket, "job.clear", asked)
    full.await_death()
    kept, buried = rows(settings, "SELECT job_id FROM jobs"), rows(settings, "SELECT job_id FROM tombstones")
    assert (kept | buried, kept & buried) == (ids, set())
    assert rows(settings, "SELECT job_id FROM events WHERE type <> 'job.deleted'") == kept
    assert rows(settings, "SELECT job_id FROM events WHERE type = 'job.deleted'") == buried
    full.start()
    for job_id in kept:
        check_history(full, job_id)
    answer = ask(settings.socket, "job.clear", asked)
    assert {job["job_id"] for job in answer["jobs"]} == ids
    assert (answer["deleted"], answer["total"], answer["counts"], answer["refused"]) == (
        JOBS,
        JOBS,
        {"completed": JOBS},
        [],
    )
    eventually(lambda: not any((settings.home / "jobs" / job_id).exists() for job_id in ids))


def test_a_call_removes_no_more_than_its_limit_and_a_repeated_one_nothing_more(full: Conductor) -> None:
    full.start()
    asked = {"limit": 5, "keep_newest": 3}
    said = ask(full.settings.socket, "job.clear", {**asked, "dry_run": True})
    assert (said["deleted"], len(said["jobs"]), said["total"]) == (0, 5, JOBS - 3)
    first = ask(full.settings.socket, "job.clear", {**asked, "request_key": "a"})
    assert first["jobs"] == [
        {**job, "cursor": done["cursor"]} for job, done in zip(said["jobs"], first["jobs"], strict=True)
    ]
    again = ask(full.settings.socket, "job.clear", {**asked, "request_key": "a"})
    assert (again["deleted"], again["total"]) == (first["deleted"], first["total"])
    assert {job["job_id"] for job in again["jobs"]} == {job["job_id"] for job in first["jobs"]}
    last = ask(full.settings.socket, "job.clear", {"keep_newest": 3, "request_key": "b"})
    assert (last["deleted"], last["total"]) == (JOBS - 8, JOBS - 8)
    assert len(rows(full.settings, "SELECT job_id FROM jobs")) == 3
