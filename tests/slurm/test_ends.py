"""Whatever the cluster does to a sheet, an agent is told it rightly, and what follows is what the score says."""

import json
import re
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.to_thread import run_sync

from podium.settings import Settings
from tests.support.agent import SECONDS, Agent, standing_agent
from tests.support.commands import podium
from tests.support.podium_home import Conductor, make_home, until
from tests.support.slurm.config import LabOptions
from tests.support.slurm.lab import PATH, Lab, open_lab

pytestmark = pytest.mark.anyio

RUNS = "echo $SLURMD_NODENAME >>runs; "
WAITS = f"{RUNS}while [ ! -e go ]; do sleep 0.1; done; exit 5"
ONCE = "  retry: {max_retries: 0}\n"
DRAINED = "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions"
AT = re.compile(r"Slurm job \d+ on node f\d")


def conductor_on(lab: Lab, folder: Path) -> Iterator[Settings]:
    conductor = Conductor(make_home(folder, slurm_python=sys.executable))
    conductor.start(PATH=f"{Path(sys.executable).parent}:{PATH}", **lab.env)
    yield conductor.settings
    conductor.end()


@pytest.fixture
def settings(lab: Lab, short_tmp: Path) -> Iterator[Settings]:
    """Return the home of a conductor that has the cluster."""
    yield from conductor_on(lab, short_tmp)


@pytest.fixture
def strict(short_tmp: Path) -> Iterator[Settings]:
    """Return the home of a conductor whose cluster measures memory and kills what takes too much."""
    more = ("JobAcctGatherType=jobacct_gather/linux", "JobAcctGatherParams=OverMemoryKill", "JobAcctGatherFrequency=1")
    with open_lab(LabOptions(nodes=1, more=more)) as lab:
        yield from conductor_on(lab, short_tmp)


@pytest.fixture
async def user(settings: Settings) -> AsyncIterator[Agent]:
    """An agent of this conductor."""
    async with standing_agent(settings, "auto") as connected:
        yield connected


def score(run: str = WAITS, *, needs: str = "", more: str = ONCE) -> str:
    """Return a score with a sheet on the cluster."""
    return f"name: e\nengine: slurm\nsheets:\n- name: s\n  run: {json.dumps(run)}\n  resources: {{{needs}}}\n{more}"


async def start(user: Agent, text: str) -> str:
    job_id: str = (await user.call("start_job", config_content=text))["job_id"]
    return job_id


async def sheet_of(user: Agent, job_id: str) -> dict[str, Any]:
    sheet: dict[str, Any] = (await user.call("get_job", job_id=job_id, detail="full"))["sheets"][0]
    return sheet


async def until_at(user: Agent, job_id: str, words: str) -> str:
    """Wait until the sheet is where these words say, and return the whole text about its place."""
    with anyio.fail_after(SECONDS):
        while words not in (place := (await sheet_of(user, job_id)).get("place", "")):  # noqa: ASYNC110 -- nothing tells of it
            await anyio.sleep(0.1)
    return str(place)


async def node_of(user: Agent, job_id: str) -> str:
    """Return the node on which the sheet runs, when it does."""
    return (await until_at(user, job_id, "on node")).split()[2]


async def ended(user: Agent, job_id: str, reason: str) -> None:
    """Wait for the end of a job that has failed for this reason; where its sheet ran is `AT` in it. Every reader is told."""
    line = await user.settled(job_id)
    assert (line["status"], AT.sub("AT", line["reason"])) == ("failed", f"sheet s failed: {reason}")
    explained = await user.call("explain_job", job_id=job_id)
    assert (explained["kind"], explained["sheet"]) == ("failed", "s")
    assert AT.sub("AT", explained["summary"]).endswith(
        f": {reason}. Sheet s had {explained['attempt']} attempt" + ("." if explained["attempt"] == 1 else "s.")
    )
    health = await user.call("verify_process_health", job_id=job_id)
    assert (health["is_alive"], health["process_exists"]) == (False, False)


async def waiting(user: Agent, settings: Settings, job_id: str, why: str, means: str) -> None:
    """Assert that everybody who asks is told why a sheet is in the queue, and what can be done."""
    await until_at(user, job_id, why)
    line = await user.call("get_job", job_id=job_id)
    assert line["reason"] == f"sheet s waits in Slurm's queue: {why}"
    explained = await user.call("explain_job", job_id=job_id)
    assert explained["summary"].count(why) == 2
    assert f". {why} means: {means}. A time limit counts from the begin on a node." in explained["summary"]
    health = await user.call("verify_process_health", job_id=job_id)
    assert health["place"].startswith("waits in Slurm's queue as job ")
    shown = await run_sync(partial(podium, settings, "show", job_id))
    assert f"in Slurm's queue as job {health['place'].split()[6].rstrip(',')}, partition main: {why}" in shown.stdout


def queued(lab: Lab) -> str:
    """Return the job that waits in the queue, when there is one."""
    until(lambda: lab.jobs("%A", states="PD"))
    return lab.jobs("%A", states="PD")[0]


async def ran(user: Agent, job_id: str) -> list[str]:
    """Return the nodes on which the sheet has begun, in the order of its attempts."""
    workspace = (await user.call("get_job", job_id=job_id, detail="full"))["workspace"]
    return (await anyio.Path(workspace, "runs").read_text()).split()


async def test_a_sheet_whose_node_loses_its_power_runs_elsewhere_exactly_once(lab: Lab, user: Agent) -> None:
    job_id = await start(user, score(f"{RUNS}[ $(wc -l <runs) = 2 ] || sleep 1000", more="  retry: {max_retries: 1}\n"))
    node = await node_of(user, job_id)
    await run_sync(lab.power_off, node)
    await run_sync(lab.declare_down, node)
    line = await user.settled(job_id)
    assert line["status"] == "completed", line
    first, second = await ran(user, job_id)
    assert first == node != second
    history = await user.call("get_job", job_id=job_id, detail="full")
    assert history["sheets"][0]["attempts"] == 2


async def test_a_sheet_that_may_not_run_twice_fails_with_the_node_that_lost_it(lab: Lab, user: Agent) -> None:
    job_id = await start(user, score(f"{RUNS}sleep 1000", more="  on_lost: fail\n"))
    node = await node_of(user, job_id)
    await run_sync(lab.power_off, node)
    await ended(user, job_id, "lost with its node (AT): Slurm says NODE_FAIL")
    assert await ran(user, job_id) == [node]


async def test_a_sheet_whose_nodes_daemon_dies_goes_on_and_its_own_exit_code_comes(lab: Lab, user: Agent) -> None:
    job_id = await start(user, score())
    node = await node_of(user, job_id)
    await run_sync(lab.kill_slurmd, node)
    await run_sync(lab.declare_down, node)
    await run_sync(until, lambda: "NODE_FAIL" in lab.jobs("%T", states="all"))
    health = await user.call("verify_process_health", job_id=job_id)
    assert (health["is_alive"], health.get("place", "")) == (True, "")
    workspace = (await user.call("get_job", job_id=job_id))["workspace"]
    await anyio.Path(workspace, "go").touch()
    await ended(user, job_id, "exit code 5")
    assert await ran(user, job_id) == [node]


async def test_a_sheet_that_has_to_make_room_says_so_and_runs_again(lab: Lab, user: Agent) -> None:
    job_id = await start(user, score(more="  retry: {max_retries: 1}\n"))
    node = await node_of(user, job_id)
    await run_sync(lab.submit, "sleep 1000", "-w", node, "-p", "urgent", "--exclusive")
    with anyio.fail_after(SECONDS):
        while (await sheet_of(user, job_id))["attempts"] < 2:  # noqa: ASYNC110 -- nothing tells of it
            await anyio.sleep(0.1)
    explained = await user.call("explain_job", job_id=job_id)
    assert AT.sub("AT", explained["earlier_attempts"][0]) == (
        "attempt 1 failed: it had to make room for another job of the cluster (AT): Slurm says PREEMPTED"
    )


async def test_the_time_that_a_sheet_asked_for_is_a_limit(user: Agent) -> None:
    job_id = await start(user, score(needs="time: 1s"))
    await ended(user, job_id, "time limit of 1 s reached")


async def test_a_sheet_may_take_all_the_time_of_its_partition_and_no_more(user: Agent) -> None:
    job_id = await start(user, score("true", needs="time: 1m, partition: brief"))
    assert (await user.settled(job_id))["status"] == "completed"
    refused = await user.refused("start_job", config_content=score(needs="time: 2m, partition: brief"))
    assert (refused["code"], refused["sheets"], refused["message"]) == (
        "SUBMIT_REJECTED", ["s"],
        "Slurm would never run sheet s (line 6: time 2 min, partition brief): it asks for more time than its partition allows.",
    )  # fmt: skip


async def test_a_sheet_that_takes_more_memory_than_it_asked_for_is_out_of_memory(strict: Settings) -> None:
    greedy = "exec /usr/bin/python3 -c 'import time; taken = bytearray(400 * 1024**2); time.sleep(1000)'"
    async with standing_agent(strict, "auto") as user:
        job_id = await start(user, score(greedy, needs="memory: 100M"))
        await ended(
            user,
            job_id,
            "out of memory: more than its job on the cluster has; resources.memory in the score asks for more",
        )


@pytest.mark.timeout(240)
async def test_the_limit_of_the_partition_ends_a_sheet_that_asked_for_no_time(user: Agent) -> None:
    job_id = await start(user, score(needs="partition: brief"))
    await ended(
        user,
        job_id,
        "time limit reached (AT): that of its job on the cluster; resources.time in the score asks for more",
    )


async def test_a_deadline_that_cannot_be_kept_fails_the_sheet_and_no_retry_is_made(lab: Lab, user: Agent) -> None:
    await run_sync(lab.close_queue)
    job_id = await start(user, score(needs="extra: [--deadline=now+5]", more="  retry: {max_retries: 3}\n"))
    with anyio.fail_after(SECONDS):
        line = await user.settled(job_id)
    assert line["reason"].startswith("sheet s failed: the deadline of its cluster job passed: Slurm says DEADLINE")
    assert (await sheet_of(user, job_id))["attempts"] == 1


async def test_a_sheet_that_somebody_else_cancels_says_so(lab: Lab, user: Agent) -> None:
    job_id = await start(user, score())
    await node_of(user, job_id)
    await run_sync(lab.run, "scancel", *lab.jobs("%A"))
    await ended(user, job_id, "cancelled on the cluster, and not by Podium (AT): Slurm says CANCELLED")


async def test_a_sheet_whose_place_in_the_queue_somebody_else_cancels_gets_another_and_not_without_end(
    lab: Lab, user: Agent
) -> None:
    await run_sync(lab.close_queue)
    job_id = await start(user, score())
    cancelled = set[str]()
    with anyio.fail_after(SECONDS):
        while (await user.call("get_job", job_id=job_id))["status"] == "running":
            for job in await run_sync(lambda: lab.jobs("%A", states="PD")):
                cancelled.add(job)
                await run_sync(lab.run, "scancel", job)
            await anyio.sleep(0.2)
    assert len(cancelled) == 3
    line = await user.settled(job_id)
    assert re.sub(r"\d+", "N", line["reason"]) == (
        "sheet s failed: cancelled on the cluster, and not by Podium: Slurm says CANCELLED of job N, which had not begun anything"
    )


async def test_a_sheet_that_its_user_holds_is_shown_as_held_and_runs_when_it_is_released(
    lab: Lab, settings: Settings, user: Agent
) -> None:
    await run_sync(lab.close_queue)
    job_id = await start(user, score("true"))
    job = await run_sync(queued, lab)
    await run_sync(lab.run, "scontrol", "uhold", job)
    await run_sync(lab.open_queue)
    means = f"it was held by its own user; release it: scontrol release {job}"
    await waiting(user, settings, job_id, "JobHeldUser", means)
    await run_sync(lab.run, "scontrol", "release", job)
    assert (await user.settled(job_id))["status"] == "completed"


async def test_a_sheet_waits_while_all_nodes_are_drained_and_says_so(lab: Lab, settings: Settings, user: Agent) -> None:
    await run_sync(lab.close_queue)
    job_id = await start(user, score("true", needs="cpus: 4"))
    means = "the nodes that it needs are down, drained or reserved; ask the cluster's administrators, or wait"
    await waiting(user, settings, job_id, DRAINED, means)
    await run_sync(lab.open_queue)
    assert (await user.settled(job_id))["status"] == "completed"


@pytest.mark.parametrize("state", ["down", "drain"])
async def test_a_sheet_waits_while_its_partition_takes_nothing_and_says_so(
    lab: Lab, settings: Settings, user: Agent, state: str
) -> None:
    await run_sync(lab.run, "scontrol", "update", "partitionname=main", f"state={state}")
    try:
        job_id = await start(user, score("true"))
        if state == "down":
            means = "its partition takes no jobs now; name another partition, or wait"
            await waiting(user, settings, job_id, "PartitionDown", means)
        else:
            why = "Required partition not available (inactive or drain)"
            assert (await until_at(user, job_id, why)).startswith(
                f"to be put into Slurm's queue: {why}; tried again at "
            )
            explained = await user.call("explain_job", job_id=job_id)
            assert explained["reason"].startswith(f"sheet s waits to be put into Slurm's queue: {why}; tried again at ")
            assert "Podium asks it again, less and less often" in explained["summary"]
    finally:
        await run_sync(lab.run, "scontrol", "update", "partitionname=main", "state=up")
    assert (await user.settled(job_id))["status"] == "completed"


async def test_nobody_can_make_the_cluster_run_a_sheet_again_by_itself(lab: Lab, user: Agent) -> None:
    job_id = await start(user, score())
    await node_of(user, job_id)
    assert "Requested operation is presently disabled" in await run_sync(
        lab.refused, "scontrol", "requeue", lab.jobs("%A")[0]
    )
    await user.call("cancel_job", job_id=job_id)
    assert (await user.settled(job_id))["status"] == "cancelled"
    assert len(await ran(user, job_id)) == 1


async def test_a_sheet_whose_program_a_node_has_not_is_played_by_the_next_instrument(
    user: Agent, short_tmp: Path
) -> None:
    program = short_tmp / "bin" / "goose"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho played on $SLURMD_NODENAME\n")
    program.chmod(0o755)
    text = f"""\
name: falls
engine: slurm
env: {{PATH: "{program.parent}:/usr/bin:/bin"}}
sheets:
- {{name: s, prompt: work, instrument: claude-code, instrument_fallbacks: [goose]}}
"""
    job_id = await start(user, text)
    assert (await user.settled(job_id))["status"] == "completed"
    assert "played on f" in json.dumps(await user.call("read_job_log", job_id=job_id))
    sheet = await sheet_of(user, job_id)
    assert (sheet["attempts"], sheet["instrument"]) == (2, "goose")


async def test_a_script_whose_program_a_node_has_not_fails_and_is_not_tried_again(user: Agent) -> None:
    job_id = await start(user, score("#!/usr/bin/env never-seen\nx\n", more="  retry: {max_retries: 3}\n"))
    line = await user.settled(job_id)
    assert re.sub(r"f\d", "fN", line["reason"]) == (
        "sheet s failed: could not be started: the program never-seen was not found on node fN; install it on the nodes of the "
        "cluster, or name another in the #! line of the script"
    )
    assert (await sheet_of(user, job_id))["attempts"] == 1
