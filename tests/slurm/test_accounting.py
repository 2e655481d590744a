"""On a cluster with an accounting database: it tells what the queue has forgotten, and its limits are told in its words."""

import getpass
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import anyio
import pytest
from anyio.to_thread import run_sync

from tests.support.agent import SECONDS, Agent, standing_agent
from tests.support.commands import podium
from tests.support.podium_home import Conductor, make_home, until
from tests.support.slurm import accounting
from tests.support.slurm.config import LabOptions
from tests.support.slurm.lab import PATH, Lab, open_lab
from tests.support.slurm.lab import missing as missing_slurm

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240)]

WHY = missing_slurm() or accounting.missing(PATH)
AT = re.compile(r"Slurm job \d+(_\d)? on node f\d")
Limit = Callable[..., None]
FORGETS_SECONDS = 150.0  # the queue looks once a minute for jobs to forget


@pytest.fixture(scope="module")
def cluster() -> Iterator[Lab]:
    """Return a cluster whose queue forgets jobs soon, with an account."""
    if WHY:
        pytest.skip(WHY)
    options = LabOptions(min_job_age=2, accounting=True, enforce="associations,limits,qos")
    with open_lab(options) as running:
        running.run("sacctmgr", "-i", "add", "account", "mine")
        running.run("sacctmgr", "-i", "add", "user", getpass.getuser(), "account=mine")
        yield running


@pytest.fixture
def conductor(lab: Lab, short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Conductor]:
    monkeypatch.setenv("SLURM_CONF", str(lab.conf))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{PATH}")
    running = Conductor(make_home(short_tmp, engine="slurm", slurm_python=sys.executable, slurm_ask_seconds=1.0))
    running.start()
    yield running
    running.end()


@pytest.fixture
async def user(conductor: Conductor) -> AsyncIterator[Agent]:
    async with standing_agent(conductor.settings, "auto") as connected:
        yield connected


@pytest.fixture
def limit(lab: Lab) -> Iterator[Limit]:
    """Return what makes a QOS `tight` with these limits."""
    yield lambda *words: set_limits(lab, *words)
    lab.cancel_all()
    lab.run("sacctmgr", "-i", "delete", "qos", "tight")


def set_limits(lab: Lab, *words: str) -> None:
    lab.run("sacctmgr", "-i", "add", "qos", "tight", *words)
    lab.run("sacctmgr", "-i", "modify", "user", getpass.getuser(), "set", "qos+=tight")
    until(lambda: "tight" in lab.run("scontrol", "show", "assoc_mgr", "flags=qos", "qos=tight"))


def score(run: str, *, needs: str = "", count: int = 1) -> str:
    each = "".join(
        f"- {{name: s{num}, needs: [], run: {json.dumps(run)}, retry: {{max_retries: 0}}}}\n" for num in range(count)
    )
    return f"name: e\nengine: slurm\nparallel: {{max_concurrent: 100}}\nresources: {{{needs}}}\nsheets:\n{each}"


async def start(user: Agent, text: str) -> str:
    job_id: str = (await user.call("start_job", config_content=text))["job_id"]
    return job_id


async def waits(user: Agent, job_id: str, words: str) -> str:
    """Wait until a sheet of a job waits for this reason, and return what an agent is told of it."""
    with anyio.fail_after(SECONDS):
        while words not in (await user.call("get_job", job_id=job_id))["reason"]:  # noqa: ASYNC110 -- nothing tells of it
            await anyio.sleep(0.1)
    return str((await user.call("explain_job", job_id=job_id))["summary"])


async def test_a_limit_that_one_job_exceeds_is_told_and_the_sheet_waits(user: Agent, limit: Limit) -> None:
    await run_sync(limit, "MinTRESPerJob=cpu=3")
    job_id = await start(user, score("true", needs="cpus: 2, qos: tight"))
    assert "QOSMinCpuNotSatisfied means: it asks for less than its QOS wants of one job" in await waits(
        user, job_id, "QOSMinCpuNotSatisfied"
    )
    await user.call("cancel_job", job_id=job_id)


@pytest.mark.parametrize("tight", ["MaxTRESPerUser=cpu=1", "GrpTRES=cpu=1", "MaxWall=1", "MinTRESPerJob=cpu=3"])
async def test_what_a_qos_denies_at_once_is_refused_in_the_words_of_the_cluster(
    user: Agent, limit: Limit, tight: str
) -> None:
    await run_sync(limit, tight, "flags=DenyOnLimit")
    refused = await user.refused("start_job", config_content=score("true", needs="cpus: 2, time: 5m, qos: tight"))
    assert refused["code"] == "SUBMIT_REJECTED"
    assert ": QOSM" in refused["message"] or ": QOSGrpCpuLimit" in refused["message"]


@pytest.mark.parametrize("needs", ["qos: nowhere", "account: nowhere"])
async def test_an_account_or_a_qos_that_is_not_there_is_refused(user: Agent, needs: str) -> None:
    refused = await user.refused("start_job", config_content=score("true", needs=needs))
    assert (refused["code"], "Invalid" in refused["message"]) == ("SUBMIT_REJECTED", True), refused


async def test_more_sheets_than_a_user_may_submit_run_as_many_at_a_time_as_they_may(user: Agent, limit: Limit) -> None:
    await run_sync(limit, "MaxSubmitJobsPerUser=3")
    job_id = await start(user, score("sleep 1", count=8, needs="qos: tight"))
    assert (await user.settled(job_id))["status"] == "completed"


async def test_ends_that_the_queue_has_forgotten_before_a_conductor_came_are_told_by_the_accounting(
    lab: Lab, conductor: Conductor
) -> None:
    runs = "echo >begun-$PODIUM_SHEET; sleep 1000"
    asked = {
        "alone": ("f1", "", 1),
        "limited": ("f2", "partition: brief, ", 1),
        "lost": ("f3", "", 1),
        "array": ("f1", "", 2),
    }
    async with standing_agent(conductor.settings, "auto") as user:
        jobs = {
            name: await start(user, score(runs, needs=f"{more}extra: [--nodelist={node}]", count=count))
            for name, (node, more, count) in asked.items()
        }
        for name, job_id in jobs.items():
            workspace = Path((await user.call("get_job", job_id=job_id))["workspace"])
            await run_sync(until, lambda at=workspace, count=asked[name][2]: len(list(at.glob("begun-*"))) == count)
    await run_sync(conductor.kill)
    (alone,) = [
        lane for node, lane in map(str.split, lab.jobs("%N %i", states="R")) if node == "f1" and "_" not in lane
    ]
    await run_sync(lab.run, "scancel", alone)
    await run_sync(lab.power_off, "f3")
    await run_sync(lab.declare_down, "f3")
    await run_sync(until, lambda: alone not in lab.jobs("%i"))
    await run_sync(lab.submit, "true", "-w", "f1", "-p", "urgent", "--exclusive")
    await run_sync(lambda: until(lambda: not lab.jobs(states="all"), seconds=FORGETS_SECONDS))
    conductor.start()
    async with standing_agent(conductor.settings, "auto") as user:
        for job_id in jobs.values():
            assert (await user.settled(job_id))["status"] == "failed"
        found = {name: await user.call("get_job", job_id=job_id, detail="full") for name, job_id in jobs.items()}
    assert {name: [AT.sub("AT", sheet["reason"]) for sheet in each["sheets"]] for name, each in found.items()} == {
        "alone": ["cancelled on the cluster, and not by Podium (AT): Slurm says CANCELLED"],
        "limited": [
            "time limit reached (AT): that of its job on the cluster; resources.time in the score asks for more"
        ],
        "lost": ["lost with its node (AT): Slurm says NODE_FAIL"],
        "array": ["it had to make room for another job of the cluster (AT): Slurm says PREEMPTED"] * 2,
    }


async def test_while_the_accounting_hangs_sheets_run_and_end(lab: Lab, conductor: Conductor, user: Agent) -> None:
    await run_sync(lab.freeze_accounting)
    try:
        job_id = await start(user, score("exit 3", count=3))
        assert "exit code 3" in (await user.settled(job_id))["reason"]
        said = await run_sync(podium, conductor.settings, "doctor", "--engine", "slurm")
        assert "sacctmgr has not answered for" in said.stdout
    finally:
        await run_sync(lab.thaw_accounting)


async def test_the_doctor_tells_the_accounts_and_the_qos(conductor: Conductor, limit: Limit) -> None:
    await run_sync(limit)
    said = await run_sync(podium, conductor.settings, "doctor", "--engine", "slurm")
    assert re.search(r"✓ accounts .*mine normal,tight", said.stdout), said.stdout
