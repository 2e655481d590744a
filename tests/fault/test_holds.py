"""A sheet that waits for an approval, over crashes: it never runs without one, and an approval that was acknowledged is kept."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support.jobs import check_history, events_of, sheets_of, types_of, until
from tests.support.podium_home import Conductor, ask
from tests.support.scores import TOKEN, tokens


@pytest.fixture
def stopped(home: Settings) -> Iterator[Conductor]:
    """A conductor that a test starts itself, several times."""
    conductor = Conductor(home)
    yield conductor
    conductor.end()


def score(workspace: Path) -> str:
    sheet = f"run: '{TOKEN}'"
    return (
        f"name: release\nworkspace: {workspace}\nsheets:\n  - {{name: build, {sheet}}}\n"
        f"  - {{name: deploy, hold: to production?, {sheet}}}\n  - {{name: after, {sheet}}}\n"
    )


def ran(workspace: Path) -> list[str]:
    """Return the sheets that have run, each once."""
    found = tokens(workspace)
    assert set(found.values()) <= {1}
    return [token.split()[1] for token in found]


@pytest.mark.parametrize("point", ["before_commit", "after_commit"])
def test_a_crash_around_a_hold_and_around_its_approval_neither_runs_the_sheet_early_nor_loses_the_approval(
    stopped: Conductor, tmp_path: Path, point: str
) -> None:
    socket = stopped.settings.socket
    submit = {"config_content": score(tmp_path), "idempotency_key": "once", "client_cwd": str(tmp_path)}
    stopped.start(PODIUM_FAULT=f"{point}:2")  # the second commit is the one with the hold
    job_id = ask(socket, "job.submit", submit)["job_id"]
    stopped.await_death()
    stopped.start()
    view = until(stopped, job_id, "paused")
    assert (view["holding"], view["reason"]) == (["deploy"], "sheet deploy waits for approval: to production?")
    assert ran(tmp_path) == ["build"]
    stopped.kill()
    stopped.start(PODIUM_FAULT=f"{point}:1")
    assert until(stopped, job_id, "paused")["holding"] == ["deploy"]
    assert ran(tmp_path) == ["build"]
    approve = {"job_id": job_id, "request_key": "approve-once"}
    with suppress(OSError):
        ask(socket, "job.resume", approve)
    stopped.await_death()
    stopped.start()
    if point == "after_commit":  # it was on the disk, whoever asks again
        assert until(stopped, job_id, "completed")
    reply = ask(socket, "job.resume", approve)
    assert (reply["status"], reply["released"]) == ("accepted", ["deploy"])
    assert until(stopped, job_id, "completed")["holding"] == []
    assert ran(tmp_path) == ["build", "deploy", "after"]
    types = types_of(stopped, job_id)
    assert [types.count(kind) for kind in ("sheet.held", "sheet.released")] == [1, 1]
    check_history(stopped, job_id)


def test_a_job_that_runs_beside_a_hold_still_holds_after_a_crash(stopped: Conductor, tmp_path: Path) -> None:
    beside = (
        f"name: beside\nworkspace: {tmp_path}\nsheets:\n  - {{name: held, hold: true, needs: [], run: '{TOKEN}'}}\n"
    )
    beside += "  - {name: works, needs: [], run: 'until [ -e go ]; do sleep 0.1; done'}\n"
    stopped.start()
    job_id = ask(stopped.settings.socket, "job.submit", {"config_content": beside})["job_id"]
    stopped.kill()
    stopped.start()
    view = until(stopped, job_id, "running")
    assert (view["holding"], view["allowed_actions"]) == (["held"], ["pause", "resume", "modify", "cancel"])
    sheet = sheets_of(stopped, job_id)["held"]
    assert (sheet["status"], sheet["reason"]) == ("pending", "holds: may it run?")
    (tmp_path / "go").touch()
    until(stopped, job_id, "paused")
    assert ran(tmp_path) == []
    held = [event["data"] for event in events_of(stopped, job_id) if event["type"] == "sheet.held"]
    assert held == [{"sheet": 1, "name": "held", "text": "may it run?"}]
    assert ask(stopped.settings.socket, "job.resume", {"job_id": job_id})["released"] == ["held"]
    until(stopped, job_id, "completed")
