"""`clear_jobs`: it says first what it would remove, and then what it has removed."""

import pytest

from podium.contract.methods import ClearParams
from podium.contract.models import ClearView
from podium.errors import InvalidArguments
from podium.mcp.calls.arguments import check
from podium_tools.clear import CLEAR_JOBS
from tests.support.port import ScriptedPort, ended
from tests.unit.tools.helpers import use

pytestmark = pytest.mark.anyio

JOBS = [
    ended(job_id="a-11111", finished_at="2026-01-02T03:05:00Z"),
    ended("failed", job_id="b-22222", job_name="b" * 200),
]
FOUND = ClearView(jobs=JOBS, total=70, counts={"failed": 9, "completed": 61})


async def test_a_call_without_arguments_only_says_what_would_go() -> None:
    port = ScriptedPort(cleared=FOUND)
    result = await use(port, "clear_jobs")
    ((_, asked),) = port.calls
    assert asked == ClearParams(statuses=["completed", "failed", "cancelled"], limit=50, dry_run=True)
    assert result.summary.startswith("Dry run: 70 jobs (61 completed, 9 failed) would be removed")
    assert "chooses anew" in result.summary
    assert result.next == "clear_jobs(dry_run=false)"
    assert result.jobs[0] == "a-11111 (build): completed at 2026-01-02T03:05:00Z"
    assert result.jobs[1].endswith("...): failed")
    assert result.jobs[2] == "and 68 more"
    assert (result.dry_run, result.total, result.remaining, result.refused) == (True, 70, 0, [])


async def test_the_real_call_follows_from_the_dry_run_with_the_same_choice() -> None:
    port = ScriptedPort(cleared=FOUND)
    chosen = {"status": "failed", "older_than_hours": "1.5", "keep_newest": 3}
    said = await use(port, "clear_jobs", chosen)
    assert said.next == 'clear_jobs(status="failed", older_than_hours=1.5, keep_newest=3, dry_run=false)'
    done = await use(port, "clear_jobs", {**chosen, "dry_run": False})
    expected = ClearParams(statuses=["failed"], older_than_seconds=5400.0, keep_newest=3, limit=500)
    assert port.calls[1] == ("clear", expected)
    assert (
        done.summary
        == "2 of 70 jobs (61 completed, 9 failed) were removed; workspaces are kept. 68 remain: call again."
    )
    assert done.next == said.next
    assert done.remaining == 68


async def test_what_was_refused_is_said_and_does_not_count_as_left() -> None:
    view = ClearView(
        jobs=JOBS[:1], total=2, counts={"completed": 2}, refused=["Job b-22222 is queued: it was resumed."]
    )
    result = await use(ScriptedPort(cleared=view), "clear_jobs", {"dry_run": False})
    assert result.summary.endswith("workspaces are kept. 1 job could not be removed.")
    assert result.refused == ["Job b-22222 is queued: it was resumed."]
    assert (result.next, result.remaining) == ("", 0)


async def test_one_job_and_none_are_said_plainly() -> None:
    one = ClearView(jobs=JOBS[:1], total=1, counts={"completed": 1})
    assert (await use(ScriptedPort(cleared=one), "clear_jobs", {"dry_run": False})).summary.startswith(
        "1 job (1 completed) was removed;"
    )
    nothing = await use(ScriptedPort(), "clear_jobs")
    assert (nothing.summary, nothing.next) == ("No ended job matches, so nothing is removed.", "")


@pytest.mark.parametrize("given", ["older_than_days", "older_than_seconds", "name", "keep"])
def test_a_filter_that_it_does_not_know_is_refused_and_not_ignored(given: str) -> None:
    with pytest.raises(InvalidArguments, match=f"Unknown argument '{given}'"):
        check("clear_jobs", CLEAR_JOBS.arguments, {given: 3, "dry_run": False})


@pytest.mark.parametrize("status", ["active", "running", "any", "paused"])
def test_active_jobs_cannot_be_asked_for(status: str) -> None:
    with pytest.raises(InvalidArguments, match="status must be one of"):
        check("clear_jobs", CLEAR_JOBS.arguments, {"status": status})
