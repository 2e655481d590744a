"""What follows when a cluster ends the jobs of sheets, with a real conductor on a cluster that is played."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.jobs import sheets_of, submit, until
from tests.support.podium_home import Conductor, make_home
from tests.support.podium_home import until as until_so
from tests.support.slurm.stand_in.playing import StandIn

STATES = {
    "OUT_OF_MEMORY": "out of memory: more than its job on the cluster has; resources.memory in the score asks for more",
    "PREEMPTED": "it had to make room for another job of the cluster (AT): Slurm says PREEMPTED",
    "DEADLINE": "the deadline of its cluster job passed (AT): Slurm says DEADLINE",
    "TIMEOUT": "time limit reached (AT): that of its job on the cluster; resources.time in the score asks for more",
    "CANCELLED": "cancelled on the cluster, and not by Podium (AT): Slurm says CANCELLED",
}
AT = re.compile(r"Slurm job (\d+) on node f\d")


@pytest.fixture
def conductor(cluster: StandIn, short_tmp: Path) -> Iterator[Conductor]:
    """A conductor that has this cluster."""
    running = Conductor(make_home(short_tmp, slurm_python=sys.executable)).start(**cluster.env)
    yield running
    running.end()


def test_each_end_of_a_job_of_the_cluster_is_told_as_what_it_is(conductor: Conductor, cluster: StandIn) -> None:
    sheets = "".join(
        f"- {{name: {state}, run: sleep 1000, needs: [], resources: {{memory: {number}00M}}, retry: {{max_retries: 0}}}}\n"
        for number, state in enumerate(STATES, 1)
    )
    job_id = submit(conductor, f"name: ends\nengine: slurm\nsheets:\n{sheets}")
    for state in STATES:
        place = ""
        while not (found := re.search(r"on node f\d as Slurm job (\d+)", place)):
            place = sheets_of(conductor, job_id)[state]["place"] or ""
        cluster.end_job(found[1], state)
    until(conductor, job_id, "failed")
    told = {name: AT.sub("AT", sheet["reason"]) for name, sheet in sheets_of(conductor, job_id).items()}
    assert told == STATES


def test_a_node_that_does_not_come_up_uses_no_retry_up(conductor: Conductor, cluster: StandIn) -> None:
    cluster.close_queue()
    job_id = submit(
        conductor, "name: boots\nengine: slurm\nsheets: [{name: s, run: 'true', retry: {max_retries: 0}}]\n"
    )
    ended = set[str]()

    def waits() -> bool:
        for job in set(cluster.jobs()) - ended:
            ended.add(job)
            cluster.end_job(job, "BOOT_FAIL")
        return bool(sheets_of(conductor, job_id)["s"]["status"] == "waiting")

    until_so(waits)
    sheet = sheets_of(conductor, job_id)["s"]
    assert "its node did not come up: Slurm says BOOT_FAIL of job" in sheet["reason"]
    cluster.open_queue()
    until(conductor, job_id, "completed")
    assert sheets_of(conductor, job_id)["s"]["attempts"] == 2


def test_a_stop_that_cancels_leaves_nothing_in_the_queue(conductor: Conductor, cluster: StandIn) -> None:
    cluster.close_queue()
    score = "name: wide\nengine: slurm\nparallel: {max_concurrent: 5}\nsheets: [{name: s, foreach: [1, 2, 3, 4, 5], run: 'true'}]\n"
    job_id = submit(conductor, score)
    until_so(lambda: all("as job" in sheet["place"] for sheet in sheets_of(conductor, job_id).values()))
    assert cluster.jobs()
    conductor.stop(cancel=True)
    assert not cluster.jobs()


def test_a_program_that_a_node_has_not_is_no_fault_of_the_sheet(conductor: Conductor, short_tmp: Path) -> None:
    program = short_tmp / "bin" / "goose"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho played\n")
    program.chmod(0o755)
    job_id = submit(
        conductor,
        f"name: falls\nengine: slurm\nenv: {{PATH: '{program.parent}:/usr/bin:/bin'}}\nsheets:\n"
        "- {name: s, prompt: work, instrument: claude-code, instrument_fallbacks: [goose], retry: {max_retries: 0}}\n",
    )
    until(conductor, job_id, "completed")
    sheet = sheets_of(conductor, job_id)["s"]
    assert (sheet["attempts"], sheet["instrument"]) == (2, "goose")
