"""Jobs on a real cluster, by a real conductor, as an agent sees them."""

import json
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.conductor.processes import facts
from tests.support.agent import Agent, standing_agent
from tests.support.jobs import check_history, events_of, sheets_of, submit
from tests.support.jobs import until as job_until
from tests.support.podium_home import Conductor, until
from tests.support.slurm.lab import Lab
from tests.support.slurm.processes import send

pytestmark = pytest.mark.anyio

WHOLE_NODE = {"cpus": 4}
NODE = re.compile(r"\bnode (f\d)\b")
LANE = re.compile(r"\bjob ([\d_]+)\b")


@pytest.fixture
async def user(submit_host: Conductor) -> AsyncIterator[Agent]:
    """An agent of the conductor on the submit host."""
    async with standing_agent(submit_host.settings, "auto") as connected:
        yield connected


def gated(folder: Path, **more: Any) -> dict[str, Any]:
    """Return a sheet that says where it is and stays there until the file `go` is in a folder that every node sees."""
    run = f"echo at $SLURMD_NODENAME; until [ -e {folder}/go ]; do sleep 0.05; done; echo gone on"
    retry = {"max_retries": 1, "base_delay_seconds": 0}  # for one that the cluster takes away
    return {"name": "work", "run": run, "retry": retry, **more}


def start(conductor: Conductor, *sheets: dict[str, Any], **more: Any) -> str:
    return submit(
        conductor, json.dumps({"name": "far", "parallel": {"max_concurrent": 50}, "sheets": list(sheets), **more})
    )


def place_of(conductor: Conductor, job_id: str, sheet: str = "work") -> str:
    return str(sheets_of(conductor, job_id)[sheet]["place"])


def on_a_node(conductor: Conductor, job_id: str, sheet: str = "work") -> tuple[str, str]:
    """Wait until a sheet runs on a node, and return the node and the number of its Slurm job."""
    until(lambda: sheets_of(conductor, job_id)[sheet]["status"] == "running")
    until(lambda: NODE.search(place_of(conductor, job_id, sheet)))
    place = place_of(conductor, job_id, sheet)
    node, lane = NODE.search(place), LANE.search(place)
    assert node
    assert lane, place
    return node[1], lane[1]


def nothing_runs(lab: Lab) -> bool:
    return not [pid for node in lab.nodes for pid in lab.leftovers(node) if facts.marker(pid)]


async def lines_of(user: Agent, job_id: str, sheet: str = "work") -> list[str]:
    output = (await user.call("read_job_log", job_id=job_id, sheet=sheet))["job_output"]
    return output if isinstance(output, list) else str(output).splitlines()


async def test_sheets_run_on_all_nodes_and_their_output_is_read_while_they_run(
    submit_host: Conductor, user: Agent, short_tmp: Path
) -> None:
    job_id = start(submit_host, gated(short_tmp, resources=WHOLE_NODE, foreach=[1, 2, 3]))
    nodes = [on_a_node(submit_host, job_id, f"work[{number}]")[0] for number in (1, 2, 3)]
    assert sorted(nodes) == ["f1", "f2", "f3"]
    for number, node in enumerate(nodes, 1):
        assert await lines_of(user, job_id, f"work[{number}]") == [f"at {node}"]
    (short_tmp / "go").touch()
    assert (await user.settled(job_id))["status"] == "completed"
    assert (await lines_of(user, job_id, "work[1]"))[-1] == "gone on"
    check_history(submit_host, job_id)


async def test_a_sheet_for_which_there_is_no_room_says_so(submit_host: Conductor, user: Agent, short_tmp: Path) -> None:
    job_id = start(submit_host, gated(short_tmp, resources=WHOLE_NODE, foreach=[1, 2, 3, 4]))
    until(lambda: "Resources" in str(sheets_of(submit_host, job_id)))
    (short_tmp / "go").touch()
    assert (await user.settled(job_id))["status"] == "completed"


async def test_an_agent_is_told_why_the_cluster_does_not_begin_its_job(
    submit_host: Conductor, user: Agent, lab: Lab
) -> None:
    lab.close_queue()
    job_id = start(submit_host, {"name": "work", "run": "true"})
    until(lambda: "DRAINED" in place_of(submit_host, job_id))
    assert "DRAINED" in json.dumps(await user.call("explain_job", job_id=job_id))
    lab.open_queue()
    assert (await user.settled(job_id))["status"] == "completed"


async def test_a_cancel_ends_the_whole_tree_on_its_node(submit_host: Conductor, user: Agent, lab: Lab) -> None:
    stubborn = "trap '' TERM; (trap '' TERM; exec sleep 1000) & setsid sleep 1000 & wait; wait"
    job_id = start(submit_host, {"name": "work", "run": stubborn})
    node, _ = on_a_node(submit_host, job_id)
    until(lambda: len([pid for pid in lab.leftovers(node) if facts.marker(pid)]) >= 3)
    await user.call("cancel_job", job_id=job_id)
    assert (await user.settled(job_id))["status"] == "cancelled"
    assert nothing_runs(lab)


async def test_a_paused_job_lets_its_sheet_end_and_goes_on_when_it_is_resumed(
    submit_host: Conductor, user: Agent, short_tmp: Path
) -> None:
    job_id = start(submit_host, gated(short_tmp), {"name": "next", "run": "true", "needs": ["work"]})
    on_a_node(submit_host, job_id)
    await user.call("pause_job", job_id=job_id)
    (short_tmp / "go").touch()
    assert job_until(submit_host, job_id, "paused")["sheets_completed"] == 1
    await user.call("resume_job", job_id=job_id)
    assert (await user.settled(job_id))["status"] == "completed"


async def test_what_the_cluster_refuses_only_when_it_answers_again_fails_once_in_its_words(
    submit_host: Conductor, user: Agent, lab: Lab
) -> None:
    lab.freeze_controller()
    job_id = start(
        submit_host, {"name": "work", "run": "true", "resources": {"partition": "nowhere"}, "retry": {"max_retries": 3}}
    )
    lab.thaw_controller()
    assert (await user.settled(job_id))["status"] == "failed"
    sheet = sheets_of(submit_host, job_id)["work"]
    assert "invalid partition" in sheet["reason"].lower()
    assert sheet["attempts"] <= 1


async def test_a_sheet_whose_node_loses_its_power_runs_again_on_another(
    submit_host: Conductor, user: Agent, lab: Lab, short_tmp: Path
) -> None:
    job_id = start(submit_host, gated(short_tmp))
    node, _ = on_a_node(submit_host, job_id)
    lab.power_off(node)
    lab.declare_down(node)
    until(lambda: sheets_of(submit_host, job_id)["work"]["attempts"] == 2)
    other, _ = on_a_node(submit_host, job_id)
    assert other != node
    (short_tmp / "go").touch()
    assert (await user.settled(job_id))["status"] == "completed"
    ends = [event["data"] for event in events_of(submit_host, job_id) if event["type"].startswith("sheet.")]
    assert "NODE_FAIL" in json.dumps(ends)


async def test_a_sheet_that_has_to_make_room_runs_again(
    submit_host: Conductor, user: Agent, lab: Lab, short_tmp: Path
) -> None:
    job_id = start(submit_host, gated(short_tmp, resources=WHOLE_NODE))
    node, _ = on_a_node(submit_host, job_id)
    lab.submit("sleep 1000", "-p", "urgent", "-w", node, "--exclusive")
    until(lambda: sheets_of(submit_host, job_id)["work"]["attempts"] == 2)
    (short_tmp / "go").touch()
    assert (await user.settled(job_id))["status"] == "completed"
    assert "PREEMPTED" in json.dumps(events_of(submit_host, job_id))


async def test_a_sheet_that_somebody_cancels_with_scancel_is_not_taken_for_cancelled_here(
    submit_host: Conductor, user: Agent, lab: Lab, short_tmp: Path
) -> None:
    job_id = start(submit_host, gated(short_tmp))
    _, lane = on_a_node(submit_host, job_id)
    lab.run("scancel", lane)
    until(lambda: sheets_of(submit_host, job_id)["work"]["attempts"] == 2)
    (short_tmp / "go").touch()
    assert (await user.settled(job_id))["status"] == "completed"


async def test_a_conductor_that_is_killed_finds_its_sheets_and_runs_none_twice(
    submit_host: Conductor, lab: Lab, short_tmp: Path
) -> None:
    run = f"echo {{{{ item }}}} >>{short_tmp}/begun; until [ -e {short_tmp}/go ]; do sleep 0.05; done"
    job_id = start(submit_host, gated(short_tmp, foreach=[1, 2, 3, 4, 5, 6], run=run))
    for _ in range(3):
        await anyio.sleep(0.3)
        submit_host.kill()
        submit_host.start()
    (short_tmp / "go").touch()
    assert job_until(submit_host, job_id, "completed", "failed")["status"] == "completed"
    # One that a kill kept from being put on the disk was never begun, and another attempt stands for it.
    assert sorted((short_tmp / "begun").read_text().split()) == ["1", "2", "3", "4", "5", "6"]
    check_history(submit_host, job_id)
    assert nothing_runs(lab)


async def test_sheets_run_on_and_are_not_lost_while_the_controller_is_away(
    submit_host: Conductor, user: Agent, lab: Lab, short_tmp: Path
) -> None:
    job_id = start(submit_host, gated(short_tmp), {"name": "next", "run": "true", "needs": ["work"]})
    on_a_node(submit_host, job_id)
    until(lambda: b"RUNNING" in lab.run("squeue", "-h", "-o", "%T").encode())
    lab.freeze_controller()
    until(lambda: "does not answer" in place_of(submit_host, job_id))
    (short_tmp / "go").touch()
    until(lambda: sheets_of(submit_host, job_id)["work"]["status"] == "completed")
    lab.thaw_controller()
    assert (await user.settled(job_id))["status"] == "completed"
    assert {sheet["attempts"] for sheet in sheets_of(submit_host, job_id).values()} == {1}


async def test_a_lane_that_stands_still_when_there_is_nothing_more_to_play_is_cancelled(
    submit_host: Conductor, lab: Lab
) -> None:
    job_id = start(submit_host, {"name": "work", "run": "true"})
    assert job_until(submit_host, job_id, "completed", "failed")["status"] == "completed"
    lanes = [pid for node in lab.nodes for pid in lab.leftovers(node)]
    assert lanes, "it stays for more for some seconds"
    send(lanes, signal.SIGSTOP)  # as Slurm may have done, and forgotten
    until(lambda: not lab.run("squeue", "-h"), seconds=90)
    assert nothing_runs(lab)


async def test_a_lane_that_is_shot_leaves_nothing_and_its_sheet_runs_again(
    submit_host: Conductor, user: Agent, lab: Lab, short_tmp: Path
) -> None:
    job_id = start(submit_host, gated(short_tmp))
    node, lane = on_a_node(submit_host, job_id)
    lab.run("scancel", "--full", f"--signal={signal.SIGKILL.name}", lane)
    until(lambda: sheets_of(submit_host, job_id)["work"]["attempts"] == 2)
    (short_tmp / "go").touch()
    assert (await user.settled(job_id))["status"] == "completed"
    assert nothing_runs(lab)
    assert node in lab.nodes
