"""What a start on a Marianne conductor sends, and what is refused before it is sent."""

from pathlib import Path

import anyio
import pytest
import yaml

from podium.client.job_control import JobControlService
from podium.client.link.daemon_client import DaemonClient
from podium.contract.methods import ScoreParams, SubmitParams
from podium.errors import SubmitRejected, UnsupportedByConductor
from tests.unit.client.marianne.recordings import SCORE, FakeMarianne

pytestmark = pytest.mark.anyio

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
