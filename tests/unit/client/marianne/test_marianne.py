"""Job control against a Marianne conductor: the truth about each action, and nothing that would harm it."""

import time
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
import yaml

from podium.cli.commands.logs.reading import Reading, Wanted
from podium.client.job_control import JobControlService
from podium.client.link.daemon_client import DaemonClient
from podium.contract.methods import ClearParams, LogParams, ModifyParams, ResumeParams, ScoreParams, SubmitParams
from podium.contract.score_text import JobScoreParams
from podium.contract.sheet_env import EnvParams
from podium.errors import JobNotFound, ScoreNotFound, SubmitRejected, UnsupportedByConductor, WrongState
from tests.unit.client.marianne.recordings import SCORE, FakeMarianne

pytestmark = pytest.mark.anyio


def text_and_mode(path: Path) -> tuple[str, int] | None:
    """Return what a file holds and who may use it, or None when there is none."""
    return (path.read_text(), path.stat().st_mode & 0o777) if path.exists() else None


async def test_a_start_returns_the_job_with_its_sheets_and_asks_for_no_status(
    service: JobControlService, marianne: FakeMarianne, score: str
) -> None:
    started = await service.start_job(score)
    assert (started.job_id, started.status, started.total_sheets) == ("audit", "running", 3)
    assert started.workspace == marianne.workspace
    assert not marianne.asked("job.status")


async def test_a_dry_run_is_never_sent(service: JobControlService, marianne: FakeMarianne, score: str) -> None:
    with pytest.raises(UnsupportedByConductor):
        await service.plan(ScoreParams(config_path=score))
    await service.start_job(score)
    assert "dry_run" not in marianne.asked("job.submit")[0]


async def test_what_it_would_ignore_is_refused(service: JobControlService, marianne: FakeMarianne, score: str) -> None:
    with pytest.raises(UnsupportedByConductor, match="start_sheet"):
        await service.start_job(score, start_sheet=2)
    with pytest.raises(UnsupportedByConductor, match="idempotency_key and variables"):
        await service.start_job(score, idempotency_key="k", variables={"a": "b"})
    with pytest.raises(UnsupportedByConductor, match="again"):
        await service.start(SubmitParams(again="x"))
    assert not marianne.asked("job.submit")


async def test_what_only_the_own_conductor_tells_is_refused(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.add("x", "paused")
    with pytest.raises(UnsupportedByConductor, match="environment of its sheets"):
        await service.environment(EnvParams())
    for call in (ModifyParams("x", edits=[("a", "b")]), ModifyParams("x", config_content="name: x", dry_run=True)):
        with pytest.raises(UnsupportedByConductor):
            await service.modify(call)
    assert not marianne.asked("job.modify")


async def test_an_inline_score_is_a_private_file_as_long_as_its_job(
    service: JobControlService, client: DaemonClient, marianne: FakeMarianne
) -> None:
    started = await service.start_job(config_content=SCORE)
    path = Path(marianne.asked("job.submit")[0]["config_path"])
    assert path == client.settings.home / "foreign-scores" / f"{started.job_id}.yaml"
    assert text_and_mode(path) == (SCORE, 0o600)
    assert started.job_id.startswith("release-audit-")
    marianne.jobs[started.job_id]["status"] = "completed"
    assert await service.delete_job(started.job_id)
    assert text_and_mode(path) is None


@pytest.mark.parametrize("given", [True, False])
async def test_a_command_is_a_score_in_its_own_form_with_a_workspace_that_exists(
    service: JobControlService, client: DaemonClient, marianne: FakeMarianne, short_tmp: Path, given: bool
) -> None:
    started = await service.start_job(command="npm test", workspace=str(short_tmp) if given else None)
    asked = marianne.asked("job.submit")[0]
    score = yaml.safe_load(await anyio.Path(asked["config_path"]).read_text())
    assert score["prompt"]["template"] == "set -euo pipefail\nnpm test"
    assert (score["instrument"], score["retry"]) == ("cli", {"max_retries": 1})
    assert started.job_id.startswith("npm-test-")
    assert asked["workspace"] is None
    workspace = Path(score["workspace"])
    assert await anyio.Path(workspace).is_dir()
    assert workspace == short_tmp if given else workspace.parent == client.settings.home / "workspaces"


async def test_a_command_with_a_program_line_is_refused_before_anything_is_sent(
    service: JobControlService, client: DaemonClient, marianne: FakeMarianne
) -> None:
    with pytest.raises(UnsupportedByConductor, match="ignores the #! line"):
        await service.start_job(command="#!/usr/bin/env python3\nprint(1)")
    assert not marianne.asked("job.submit")
    assert not await anyio.Path(client.settings.home, "workspaces").exists()


async def test_the_file_of_a_rejected_inline_score_is_removed(
    service: JobControlService, client: DaemonClient, marianne: FakeMarianne, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reject(params: dict[str, str]) -> dict[str, str]:
        return {"job_id": "", "status": "rejected", "message": "System under high resource pressure"}

    monkeypatch.setattr(marianne, "submit", reject)
    with pytest.raises(SubmitRejected, match="high resource pressure"):
        await service.start_job(config_content=SCORE)
    assert not list((client.settings.home / "foreign-scores").iterdir())


async def test_a_rejected_start_raises(service: JobControlService, score: str) -> None:
    await service.start_job(score)
    with pytest.raises(RuntimeError, match="is running; this conductor has one job of a file at a time"):
        await service.start_job(score)


async def test_a_paused_job_is_not_thrown_away_by_starting_its_score_again(
    service: JobControlService, marianne: FakeMarianne, score: str
) -> None:
    marianne.add("audit", "paused")
    with pytest.raises(SubmitRejected, match="would discard it"):
        await service.start_job(score)
    assert not marianne.asked("job.submit")


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "paused", "queued"])
async def test_a_refused_pause_tells_the_true_state(
    service: JobControlService, marianne: FakeMarianne, status: str
) -> None:
    marianne.add("x", status)
    result = await service.pause_job("x")
    assert (result.success, result.status) == (False, status)
    assert f"is {status}, not running" in result.message


@pytest.mark.parametrize("action", ["pause_job", "resume_job", "cancel_job"])
async def test_a_control_of_an_unknown_job_fails(
    service: JobControlService, marianne: FakeMarianne, action: str
) -> None:
    marianne.add("audit", "running")
    result = await getattr(service, action)("audot")
    assert (result.success, result.status) == (False, "unknown")
    with pytest.raises(JobNotFound) as caught:
        await service.cancel("audot")
    assert caught.value.facts["near"] == ["audit"]


async def test_pause_resume_and_cancel_report_what_became_of_the_job(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    marianne.add("x", "running")
    results = [await service.pause_job("x"), await service.resume_job("x"), await service.cancel_job("x")]
    assert [(result.success, result.status) for result in results] == [
        (True, "paused"),
        (True, "running"),
        (True, "cancelled"),
    ]


async def test_a_resume_that_shows_no_effect_is_pending(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.add("x", "paused")
    marianne.loses_resumes = True
    done = await service.resume(ResumeParams("x"))
    assert (done.pending, done.job.status) == (True, "paused")


async def test_a_running_job_is_not_modified_since_that_loses_it(
    service: JobControlService, marianne: FakeMarianne, score: str
) -> None:
    marianne.add("x", "running")
    with pytest.raises(WrongState, match="pause it first"):
        await service.modify(ModifyParams("x", config_path=score))
    assert not marianne.asked("job.modify")


async def test_a_job_that_runs_is_not_deleted(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.add("x", "running")
    assert await service.delete_job("x") is False
    assert await service.delete_job("y") is False
    with pytest.raises(WrongState):
        await service.delete("x")


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


async def test_a_recorded_failure_is_explained_by_its_sheet(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.recall("fl1", "failed", "failed")
    detail = await service.detail("fl1", sheets=True, limit=2)
    assert detail.job.reason == "sheet 2: error text (may be the job's): 'Exit code 1'"
    assert (detail.job.sheets_total, detail.job.sheets_completed) == (3, 1)
    assert [sheet.status for sheet in detail.sheets] == ["completed", "failed"]
    rest = await service.detail("fl1", sheets=True, sheets_cursor=detail.sheets_cursor, limit=2)
    blocked = "error text (may be the job's): 'Blocked by failed dependency: sheet 2'"
    assert [(sheet.sheet, sheet.reason) for sheet in rest.sheets] == [(3, blocked)]
    assert rest.sheets_cursor == ""


async def test_a_recorded_pause_in_the_middle_of_a_sheet_shows_that_it_runs_on(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    marianne.recall("pz1", "paused", "paused_mid_sheet")
    job = (await service.detail("pz1", sheets=False)).job
    assert (job.status, job.running) == ("paused", ["1"])
    assert job.started_at == "2026-11-23T15:43:50.731066Z"


async def test_a_wait_ends_when_its_list_shows_the_end(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.add("x", "running")

    async def finish() -> None:
        while not marianne.asked("job.list"):
            await anyio.lowlevel.checkpoint()
        marianne.jobs["x"].update(status="completed", progress_completed=3, progress_total=3)

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(finish)
            done = await service.wait(["x"], until="any", timeout_seconds=30, after="")
    assert (done.woke_for, done.jobs[0].status) == ("settled", "completed")
    assert len(marianne.asked("job.status")) == 1  # when it had ended


async def test_a_queued_job_is_explained_without_asking_for_its_status(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    marianne.add("audit", "queued")
    assert (await service.explain("audit")).kind == "queued"
    assert marianne.asked("job.status") == []
    marianne.recall("fl1", "failed", "failed")
    assert (await service.explain("fl1")).blocked == ["3"]


@pytest.mark.parametrize("params", [ResumeParams, ModifyParams])
async def test_an_edit_is_refused_and_asks_for_the_whole_score(
    service: JobControlService, marianne: FakeMarianne, params: type[ResumeParams]
) -> None:
    marianne.add("x", "paused")
    call = params("x", find="a", replace="b")
    with pytest.raises(UnsupportedByConductor, match="does not edit scores") as caught:
        await (service.modify(call) if isinstance(call, ModifyParams) else service.resume(call))
    assert "Pass the whole changed score" in caught.value.fix
    assert not marianne.asked("job.resume")
    assert not marianne.asked("job.modify")


async def test_output_is_not_offered(service: JobControlService) -> None:
    with pytest.raises(UnsupportedByConductor) as caught:
        await service.log(LogParams("x"))
    assert "list_artifacts" in caught.value.fix


async def test_the_file_that_a_job_was_started_from_is_shown_as_it_is_now(
    service: JobControlService, marianne: FakeMarianne, short_tmp: Path
) -> None:
    job = marianne.add("audit", "running")
    path = short_tmp / "audit.yaml"
    path.write_text(f"{SCORE}env: {{API_KEY: sk-12345678}}\n")
    job["config_path"] = str(path)
    found = await service.score(JobScoreParams("audit", offset=3))
    assert (found.file, found.path, found.text.lines_total) == ("not_kept", str(path), 4)
    assert found.text.lines == ["prompt: {}", "env: {API_KEY: [value of API_KEY]}"]
    path.write_text("root: something else\n")
    with pytest.raises(UnsupportedByConductor, match="is not a score now"):
        await service.score(JobScoreParams("audit"))
    path.unlink()
    with pytest.raises(ScoreNotFound, match=r"audit\.yaml"):
        await service.score(JobScoreParams("audit"))
    job["config_path"] = None
    with pytest.raises(UnsupportedByConductor, match="does not say from which file") as refused:
        await service.score(JobScoreParams("audit"))
    assert "list_artifacts(" in refused.value.fix


async def test_a_wait_for_a_line_of_output_is_refused_at_once(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    marianne.add("x", "running")
    with pytest.raises(UnsupportedByConductor, match="pattern") as caught:
        await service.wait(["x"], until="any", timeout_seconds=30, after="", pattern="listening")
    assert caught.value.fix.startswith("Wait without pattern.")


async def test_artifacts_are_read_from_the_workspace(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.add("x", "completed")
    (Path(marianne.workspace) / "report.md").write_text("done")
    page = await service.artifacts("x", path="", limit=10, cursor="")
    assert [entry.path for entry in page.entries] == ["report.md"]
    assert (await service.artifact("x", path="report.md", offset=0, max_bytes=100)).text == "done"


async def test_it_has_no_record_of_attempts(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.add("x", "running")
    with pytest.raises(UnsupportedByConductor, match="no record of attempts"):
        await service.record("x")


async def test_what_runs_is_not_asked_for_since_a_question_for_a_status_may_fail_the_job(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    marianne.add("x", "running")
    with pytest.raises(UnsupportedByConductor, match="does not tell what runs"):
        await service.running("x")
    assert not marianne.asked("job.status")


async def test_the_output_that_it_does_not_keep_is_not_called_empty(
    service: JobControlService, marianne: FakeMarianne
) -> None:
    marianne.add("x", "failed")
    job = (await service.detail("x", sheets=False)).job
    reading = Reading(service, job, Wanted(), put=lambda part, lines: None, say=pytest.fail)
    with pytest.raises(UnsupportedByConductor, match="does not keep the output"):
        await reading.whole()
