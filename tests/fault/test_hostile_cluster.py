"""What stands in the shared folder, or comes from Slurm, may be anything: it ends no conductor, and none of the other attempts."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from podium.conductor.engines.port import AttemptSpec
from podium.conductor.engines.slurm import counting, verdicts
from podium.conductor.engines.slurm.cluster import CANCEL_SECONDS, SUBMIT_SECONDS
from podium.conductor.engines.slurm.engine import SlurmEngine
from podium.conductor.engines.slurm.flights import FIRST_PAUSE
from podium.lane import place
from tests.support.engine_grounds import (
    MARK,
    Attempts,
    ClusterGround,
    comes_true,
    ends_of,
    until_described,
    until_place,
)
from tests.support.engines import Gate
from tests.support.slurm.stand_in.playing import StandIn, open_stand_in

pytestmark = pytest.mark.anyio
WAITING = "read x <gate"


@pytest.fixture
def ground(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClusterGround]:
    """Return a played cluster and the folder that its nodes share with us."""
    with open_stand_in() as cluster:
        monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
        yield ClusterGround(short_tmp, cluster)


def folder_of(ground: ClusterGround, spec: AttemptSpec) -> Path:
    return ground.place / "shared" / MARK / place.JOBS / spec.folder.parent.name / spec.folder.name


async def playing(engine: SlurmEngine, spec: AttemptSpec) -> None:
    """Submit an attempt, and wait until it runs."""
    await engine.submit(spec)
    await until_place(engine, spec.key, "running")


async def still_works(engine: SlurmEngine, attempts: Attempts) -> None:
    """See that other attempts are played as ever."""
    spec = attempts.new("exit 9")
    await engine.submit(spec)
    assert (await ends_of(engine, 1))[spec.key].exit_code == 9


@pytest.mark.parametrize(
    "record",
    [
        "[" * 4000,
        '{"reason":"exited","code":"zero","seconds":"long","left":7,"node":{"a":1}}',
        '{"reason":"exited","code":0,"seconds":1e999,"ended":NaN,"left":[[]]}',
        '{"reason":"exited","code":0,"detail":"\\ud800","node":"\\u0000\\u001b[2J"}',
    ],
)
async def test_a_record_of_an_end_may_hold_anything(
    ground: ClusterGround, attempts: Attempts, gate: Gate, record: str
) -> None:
    spec = attempts.new(WAITING)
    async with ground.open() as engine:
        assert isinstance(engine, SlurmEngine)
        await playing(engine, spec)
        (folder_of(ground, spec) / place.EXIT).symlink_to(record)
        place.ring(str(ground.place / "shared" / MARK), spec.folder.parent.name, int(spec.folder.name))
        if record.startswith("{"):
            end = (await ends_of(engine, 1))[spec.key]
            assert end.reason == "exited"
            assert (end.began_at, end.processes_ended) == (end.ended_at, 0)
            assert end.place.isprintable()
        await still_works(engine, attempts)
        gate.open()


async def test_a_claim_that_nobody_understands_can_be_cancelled_away(ground: ClusterGround, attempts: Attempts) -> None:
    ground.close_queue()
    spec = attempts.new("exit 1")
    async with ground.open() as engine:
        assert isinstance(engine, SlurmEngine)
        await engine.submit(spec)
        await comes_true((folder_of(ground, spec) / place.SPEC).exists)
        (folder_of(ground, spec) / place.CLAIM).symlink_to("{" * 4000)
        ground.open_queue()
        await until_place(engine, spec.key, "running")
        await engine.cancel(spec.key, grace_seconds=0)
        await comes_true(lambda: place.read_ask(str(folder_of(ground, spec))) == place.Ask("stop", "cancelled", 0))
        await still_works(engine, attempts)


async def test_a_lane_that_dies_right_after_its_claim_leaves_no_secret(
    ground: ClusterGround, attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((counting, "SETTLED_SECONDS"), (verdicts, "SILENT_SECONDS")):
        monkeypatch.setattr(module, name, 0.1)
    ground.close_queue()
    spec = attempts.new("exit 1", env={"TOKEN": "secret"})
    async with ground.open() as engine:
        await engine.submit(spec)
        await comes_true((folder_of(ground, spec) / place.SPEC).exists)
        assert place.take_claim(str(folder_of(ground, spec)), place.Claim("999", "f1", 1, "token"))
        assert (await ends_of(engine, 1))[spec.key].reason == "lost"
    assert not (folder_of(ground, spec) / place.SPEC).exists()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def zeros(path: Path) -> None:
    path.touch()
    os.truncate(path, 2**40)


def numbers(path: Path) -> None:
    path.write_text(
        '{"pid":1e999,"processes":-7,"cpu_seconds":NaN,"memory_bytes":1' + "0" * 400 + ',"stopped":[{},-1,true]}'
    )


@pytest.mark.parametrize("make", [pipe, zeros, numbers])
async def test_a_load_may_be_anything_and_keeps_nobody(
    ground: ClusterGround, attempts: Attempts, gate: Gate, make: Callable[[Path], None]
) -> None:
    spec, other = attempts.new(WAITING), attempts.new(WAITING)
    async with ground.open() as engine:
        assert isinstance(engine, SlurmEngine)
        await playing(engine, spec)
        await playing(engine, other)
        alive = folder_of(ground, spec) / place.ALIVE
        new = alive.with_name("planted")
        make(new)
        new.replace(alive)
        with anyio.fail_after(5):  # each pipe would keep a thread, of which there are few
            for _ in range(10):
                for usage in (await engine.describe([spec.key])).values():
                    assert (usage.pid, usage.processes, usage.memory_mb, usage.stopped) == (None, 0, 0.0, ())
        await until_described(engine, [other.key])
        gate.open()
        gate.open()
        await ends_of(engine, 2)


async def test_a_folder_that_others_can_write_is_given_nothing_and_says_so(
    ground: ClusterGround, attempts: Attempts
) -> None:
    root = ground.place / "shared" / MARK
    root.mkdir(parents=True)
    root.chmod(0o777)
    spec = attempts.new("exit 4")
    async with ground.open() as engine:
        await engine.submit(spec)
        await until_place(engine, spec.key, "unknown")
        where = await engine.find(spec.key)
        assert where is not None
        assert "other users can write in it" in where.obstacle
        assert not list(root.iterdir())
        root.chmod(0o700)
        assert (await ends_of(engine, 1))[spec.key].exit_code == 4


async def test_a_submit_that_hangs_keeps_neither_other_jobs_nor_a_cancel_of_its_own(
    ground: ClusterGround, attempts: Attempts
) -> None:
    cluster = ground.cluster
    assert isinstance(cluster, StandIn)
    spec, began = attempts.new("exit 1"), time.monotonic()
    async with ground.open() as engine:
        assert isinstance(engine, SlurmEngine)
        cluster.break_command("sbatch", "hang", 1)
        await engine.submit(spec)
        await comes_true(lambda: cluster.calls("sbatch"))
        await still_works(engine, Attempts(ground.place))
        await engine.cancel(spec.key, grace_seconds=0)
        assert (await ends_of(engine, 1))[spec.key].reason == "cancelled"
        assert time.monotonic() - began < SUBMIT_SECONDS, "it hangs no longer"


async def test_a_cancel_of_lanes_that_hangs_keeps_no_round_and_no_attempt_that_has_another_lane(
    ground: ClusterGround, attempts: Attempts, gate: Gate
) -> None:
    cluster, others = ground.cluster, Attempts(ground.place)
    assert isinstance(cluster, StandIn)
    plays, spec, again = others.new(WAITING), attempts.new("exit 1"), attempts.new("exit 1")
    async with ground.open() as engine:
        assert isinstance(engine, SlurmEngine)
        await playing(engine, plays)
        ground.close_queue()
        await engine.submit(spec)
        await comes_true(lambda: "PENDING" in cluster.jobs().values())
        cluster.break_command("scancel", "hang", 1)
        await engine.cancel(spec.key, grace_seconds=0)
        assert (await ends_of(engine, 1))[spec.key].reason == "cancelled"
        await comes_true(lambda: cluster.calls("scancel"))
        began, rounds = time.monotonic(), len(cluster.calls("squeue"))
        await comes_true(lambda: len(cluster.calls("squeue")) > rounds + 1)
        await engine.submit(again)
        gate.open()
        assert (await ends_of(engine, 1))[plays.key].exit_code == 0
        assert time.monotonic() - began < CANCEL_SECONDS, "it hangs no longer"
        seen = engine.place(again.key)
        assert seen is not None
        assert seen.engine_id == "", "a lane that is being cancelled might take it"


async def test_what_sbatch_says_and_nobody_understands_is_told_with_the_time_of_the_next_try(
    ground: ClusterGround, attempts: Attempts
) -> None:
    cluster = ground.cluster
    assert isinstance(cluster, StandIn)
    spec = attempts.new("exit 1")
    async with ground.open() as engine:
        cluster.break_command("sbatch", "strange", 1)
        before = time.time()
        await engine.submit(spec)
        await comes_true(lambda: (seen := engine.place(spec.key)) is not None and seen.again_at)
        where = engine.place(spec.key)
        assert where is not None
        assert (where.state, where.engine_id, where.reason) == ("queued", "", "The moon is full")
        assert where.again_at is not None
        assert before + FIRST_PAUSE <= where.again_at <= time.time() + FIRST_PAUSE
        assert (await ends_of(engine, 1))[spec.key].exit_code == 1
    assert len(cluster.calls("sbatch")) == 2
