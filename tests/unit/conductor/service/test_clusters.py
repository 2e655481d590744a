"""Jobs with sheets on a cluster: where their workspaces are, and what a check of their score says."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.conductor.housekeeping.removal import Removals
from podium.conductor.store.store import open_store
from podium.home import Home, shared_workspaces
from podium.settings import Settings
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, ask
from tests.support.slurm.stand_in.playing import StandIn, open_stand_in

# The sheet on the cluster waits for an approval, so none is needed.
MIXED = """\
name: mixed
sheets:
- {name: here, run: echo done > made.txt, needs: []}
- {name: there, run: 'true', engine: slurm, hold: may it?, needs: []}
"""
HERE = "name: here\nsheets: [{run: 'true'}]\n"


@pytest.fixture(autouse=True)
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A cluster that is played, for the conductors of these tests."""
    with open_stand_in() as playing:
        for name, value in playing.env.items():
            monkeypatch.setenv(name, value)
        yield playing


def workspace_of(conductor: Conductor, job_id: str) -> Path:
    return Path(
        ask(conductor.settings.socket, "job.status", {"job_id": job_id, "sheets": False})["podium"]["workspace"]
    )


def plan_of(conductor: Conductor, score: str, **params: Any) -> dict[str, Any]:
    reply = ask(conductor.settings.socket, "job.validate", {"config_content": score, **params})
    assert reply["valid"], reply
    plan: dict[str, Any] = reply["plan"]
    return plan


def test_a_job_with_a_sheet_on_a_cluster_has_its_workspace_where_nodes_see_it(home: Settings) -> None:
    shared = home.home.parent / "shared"
    conductor = Conductor(home).start(PODIUM_SLURM_FOLDER=str(shared))
    try:
        job_id = submit(conductor, MIXED)
        until(conductor, job_id, "paused")
        workspace = workspace_of(conductor, job_id)
        mark = workspace.relative_to(shared).parts[0]
        assert workspace == shared_workspaces(shared, mark) / job_id
        assert (workspace / "made.txt").read_text() == "done\n"
        assert [stat.S_IMODE(each.stat().st_mode) for each in (shared, shared / mark, workspace.parent)] == [0o700] * 3
        for _ in range(3):  # the plan is known by the second time
            other = submit(conductor, HERE)
            assert workspace_of(conductor, other) == Home(home.home).workspace(other)
            again = submit(conductor, MIXED)
            assert workspace_of(conductor, again) == workspace.parent / again
        named = submit(conductor, MIXED, workspace=str(home.home.parent / "own"))
        assert workspace_of(conductor, named) == home.home.parent / "own"
    finally:
        conductor.end()


def test_no_workspace_is_made_where_the_folder_of_the_cluster_is_not_mounted(conductor: Conductor) -> None:
    until(conductor, job_id := submit(conductor, MIXED), "paused")
    home = Home(conductor.settings.home)
    root = workspace_of(conductor, job_id).parents[1]
    home.cluster_record.symlink_to(root)  # as when a sheet was sent there
    root.rename(home.folder / "elsewhere")
    keys = {"client_cwd": "/", "request_key": "r", "idempotency_key": "i"}
    reply = ask(conductor.settings.socket, "job.submit", {"config_content": MIXED, **keys})
    assert reply["status"] == "rejected"
    assert "is not there any more" in reply["message"]
    assert not root.exists()


def test_healing_makes_no_workspace_where_the_folder_of_the_cluster_is_not_mounted(
    conductor: Conductor, tmp_path: Path
) -> None:
    score = f"""\
name: healed
sheets:
- {{name: gate, run: 'until [ -e {tmp_path}/go ]; do sleep 0.1; done'}}
- {{name: here, run: 'true'}}
- {{name: there, run: 'true', engine: slurm}}
"""
    until(conductor, job_id := submit(conductor, score, self_healing=True), "running")
    home = Home(conductor.settings.home)
    root = workspace_of(conductor, job_id).parents[1]
    home.cluster_record.symlink_to(root)
    root.rename(home.folder / "elsewhere")
    (tmp_path / "go").touch()
    until(conductor, job_id, "failed")
    assert not root.exists()


def test_a_restart_leaves_the_workspace_of_a_job_that_waits_and_removes_that_of_no_job(conductor: Conductor) -> None:
    job_id = submit(conductor, MIXED.replace("echo done > made.txt", "'true'"))
    until(conductor, job_id, "paused")
    workspace = workspace_of(conductor, job_id)
    assert workspace.is_relative_to(Home(conductor.settings.home).cluster)
    left = workspace.parent / "never-abcde"
    left.mkdir()
    conductor.kill()
    conductor.start()
    assert workspace.is_dir()
    assert not left.exists()


async def swept(removals: Removals) -> None:
    """Remove what belongs to no job."""
    await removals.sweep()
    async with anyio.create_task_group() as tasks:  # it closes what it has opened
        tasks.start_soon(removals.run, lambda _: None)
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()


@pytest.mark.anyio
async def test_only_empty_workspaces_of_this_home_are_removed_from_a_folder_that_homes_share(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    (tmp_path / "home").mkdir()
    async with open_store(tmp_path / "home") as store:
        own, others = shared_workspaces(shared, store.mark), shared_workspaces(shared, "another-mark")
        for folder in (own / "gone-abcde", own / "full-abcde", others / "gone-abcde"):
            folder.mkdir(parents=True)
        (own / "full-abcde" / "file").touch()
        removals = Removals(store, Home(tmp_path / "home"), shared)
        await swept(removals)
    assert sorted(path.name for path in own.iterdir()) == ["full-abcde"]
    assert (others / "gone-abcde").is_dir()


@pytest.mark.anyio
async def test_a_conductor_starts_although_the_shared_folder_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    async with open_store(tmp_path / "home") as store:
        removals = Removals(store, Home(tmp_path / "home"), tmp_path / ("x" * 300))
        await swept(removals)


def test_a_check_says_what_the_nodes_must_have_and_misses_nothing_there(conductor: Conductor) -> None:
    score = """\
name: nodes
engine: slurm
env: {PATH: /nowhere}
resources: {cpus: 2, time: 2h}
sheets:
- {name: a, run: "#!/usr/bin/env never-seen\\nx"}
- {name: b, prompt: x, instrument: claude-code}
- {name: c, run: x}
- {name: d, prompt: x, instrument: claude-code, engine: local, instrument_fallbacks: [goose]}
"""
    plan = plan_of(conductor, score)
    assert [(each["instrument_found"], each["resources"]) for each in plan["sheets"]] == [
        (True, "slurm, cpus 2, time 2 h"),
        (True, "slurm, cpus 2, time 2 h"),
        (True, "slurm, cpus 2, time 2 h"),
        (False, "cpus 2, time 2 h"),
    ]
    assert plan["warnings"] == [
        "the nodes of the cluster must have never-seen for sheet a; claude for sheet b. That is seen only when a sheet starts there."
    ]


def test_a_start_warns_of_instruments_only_for_the_sheets_that_run_here(conductor: Conductor) -> None:
    there = "{name: a, prompt: x, instrument: claude-code, engine: slurm, hold: may it?}"
    here = "{name: b, prompt: x, instrument: claude-code, hold: may it?}"
    warned = []
    for sheets in (f"[{there}]", f"[{there}, {here}]"):
        score = f"name: agents\nenv: {{PATH: /nowhere}}\nsheets: {sheets}\n"
        reply = ask(conductor.settings.socket, "job.submit", {"config_content": score})
        warned.append([each for each in reply["job"]["warnings"] if "not found in PATH" in each])
    assert warned == [[], ["not found in PATH: claude-code; sheets that use them will fail"]]


def test_a_changed_score_that_moves_a_sheet_to_a_cluster_is_told_where_the_job_stays(conductor: Conductor) -> None:
    score = "name: moves\nsheets: [{name: a, run: 'true', hold: may it?}]\n"
    job_id = submit(conductor, score)
    until(conductor, job_id, "paused")
    params = {"job_id": job_id, "config_content": score.replace("hold", "engine: slurm, resources: {cpus: 2}, hold")}
    reply = ask(conductor.settings.socket, "job.modify", {**params, "dry_run": True})
    assert reply["change"]["settings"] == ["resources", "engine"]
    assert reply["change"]["sheets"]["unfinished"]["labels"] == ["a"]
    workspace = workspace_of(conductor, job_id)
    assert f"the job stays in {workspace}, which the nodes of the cluster have to see." in reply["change"]["warnings"]
