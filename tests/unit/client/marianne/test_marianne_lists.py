"""The jobs of a Marianne conductor: how they are listed, found by name and cleared."""

import time
from dataclasses import replace

import pytest

from podium.client.job_control import JobControlService
from podium.contract.methods import ClearParams
from podium.errors import JobNotFound, UnsupportedByConductor
from tests.unit.client.marianne.recordings import FakeMarianne

pytestmark = pytest.mark.anyio

pytestmark = pytest.mark.anyio


async def test_states_of_its_own_are_mapped(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.add("a", "paused_at_chain")
    marianne.add("b", "pending")
    page = await service.list_page(status=None, name="", limit=10, cursor="")
    assert {job.job_id: job.status for job in page.jobs} == {"a": "paused", "b": "queued"}


async def test_its_list_is_filtered_paged_and_newest_first(service: JobControlService, marianne: FakeMarianne) -> None:
    for n in range(5):
        marianne.add(f"job{n}", "completed")["submitted_at"] = float(n)
    marianne.add("other", "failed")
    first = await service.list_page(status="completed", name="JOB", limit=2, cursor="")
    assert ([job.job_id for job in first.jobs], first.total) == (["job4", "job3"], 5)
    last = await service.list_page(status="completed", name="job", limit=9, cursor=first.next_cursor)
    assert ([job.job_id for job in last.jobs], last.next_cursor) == (["job2", "job1", "job0"], "")
    marianne.add("audit-1", "running")["job_name"] = "Release check"
    named = await service.list_page(status="any", name="release", limit=9, cursor="")
    assert [job.job_id for job in named.jobs] == ["audit-1"]


async def test_its_list_knows_active_and_ended_jobs_and_refuses_what_it_cannot_tell(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    for state in ("pending", "running", "paused_at_chain", "failed", "cancelled"):
        marianne.add(state, state)
    found: dict[str, set[str]] = {}
    for status in ("active", "ended", "any"):
        page = await service.list_page(status=status, name="", limit=9, cursor="")
        found[status] = {job.job_id for job in page.jobs}
    assert found["active"] == {"pending", "running", "paused_at_chain"}
    assert found["ended"] == {"failed", "cancelled"}
    assert found["any"] == found["active"] | found["ended"]
    running = next(job for job in page.jobs if job.job_id == "running")
    assert not running.only_waits
    for unknown in ("waiting", "stuck"):
        with pytest.raises(UnsupportedByConductor, match=f"which jobs are {unknown}"):
            await service.list_page(status=unknown, name="", limit=9, cursor="")


async def test_its_ended_jobs_are_cleared_one_by_one_as_chosen_from_its_list(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    for n, state in enumerate(("completed", "failed", "running", "cancelled", "completed")):
        marianne.add(f"job{n}", state).update(submitted_at=float(n), completed_at=100.0 + n)
    params = ClearParams(keep_newest=1, dry_run=True)
    said = await service.clear(params)
    assert ([job.job_id for job in said.jobs], said.total) == (["job0", "job1", "job3"], 3)
    assert len(marianne.jobs) == 5
    done = await service.clear(replace(params, dry_run=False))
    assert [job.job_id for job in done.jobs] == ["job0", "job1"]
    assert done.refused == ["Cannot delete job job3: it is cancelled."]  # this recording refuses it
    assert set(marianne.jobs) == {"job2", "job3", "job4"}
    assert all(params.keys() >= {"job_ids"} and "statuses" not in params for params in marianne.asked("job.clear"))


async def test_of_its_jobs_only_those_whose_end_has_a_time_are_old(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    marianne.add("old", "completed")["completed_at"] = time.time() - 7200
    marianne.add("new", "completed")["completed_at"] = time.time()
    marianne.add("unknown", "completed")
    marianne.add("told", "completed")
    ended = {"job_id": "told", "status": "completed", "completed_at": "2020-01-01T00:00:00Z", "sheets": {}}
    marianne.status_objects["told"] = ended
    done = await service.clear(ClearParams(older_than_seconds=3600, limit=5))
    assert ([job.job_id for job in done.jobs], done.total) == (["old", "told"], 2)


async def test_what_it_says_it_removed_and_still_lists_is_not_removed(
    service: JobControlService, marianne: FakeMarianne, monkeypatch: pytest.MonkeyPatch
) -> None:
    marianne.add("x", "completed")
    monkeypatch.setattr(marianne, "clear", lambda params: {"deleted": 1})
    done = await service.clear(ClearParams())
    assert (done.jobs, done.refused) == ([], ["Job x is still in the conductor's list."])


async def test_the_name_of_its_job_leads_to_the_id(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.add("audit-1", "running")["job_name"] = "Release audit"
    with pytest.raises(JobNotFound) as caught:
        await service.explain("Release audit")
    assert caught.value.message == "'Release audit' is a job's name; its id is audit-1."
    assert [each["job_id"] for each in caught.value.facts["named"]] == ["audit-1"]


@pytest.mark.parametrize("cursor", ["", "next", "-1", "9" * 5000])
async def test_a_cursor_that_it_did_not_give_is_the_beginning(
    service: JobControlService, marianne: FakeMarianne, cursor: str
) -> None:
    marianne.add("x", "running")
    page = await service.list_page(status=None, name="", limit=5, cursor=cursor)
    assert ([job.job_id for job in page.jobs], page.next_cursor) == (["x"], "")
