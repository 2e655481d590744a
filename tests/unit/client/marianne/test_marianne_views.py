"""What is told of a Marianne conductor's job, and what it does not tell is refused and not called empty."""

from pathlib import Path

import anyio
import pytest

from podium.cli.commands.logs.reading import Reading, Wanted
from podium.client.job_control import JobControlService
from podium.contract.methods import LogParams, ModifyParams
from podium.contract.score_text import JobScoreParams
from podium.contract.sheet_env import EnvParams
from podium.errors import ScoreNotFound, UnsupportedByConductor
from tests.unit.client.marianne.recordings import SCORE, FakeMarianne

pytestmark = pytest.mark.anyio

pytestmark = pytest.mark.anyio


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


async def test_what_only_the_own_conductor_tells_is_refused(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.add("x", "paused")
    with pytest.raises(UnsupportedByConductor, match="environment of its sheets"):
        await service.environment(EnvParams())
    for call in (ModifyParams("x", edits=[("a", "b")]), ModifyParams("x", config_content="name: x", dry_run=True)):
        with pytest.raises(UnsupportedByConductor):
            await service.modify(call)
    assert not marianne.asked("job.modify")
