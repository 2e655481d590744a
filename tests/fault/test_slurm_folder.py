"""A shared folder that is away, or takes nothing: attempts wait, their place says why, and they go on when it is back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.conductor.engines.port import Engine
from podium.conductor.engines.slurm import installing
from podium.lane import program
from tests.support.engine_grounds import Attempts, ClusterGround, comes_true, ends_of, until_place
from tests.support.slurm.stand_in.playing import open_stand_in


@pytest.fixture
def ground(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClusterGround]:
    """A played cluster."""
    with open_stand_in() as cluster:
        monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
        yield ClusterGround(short_tmp, cluster)


def obstacle(engine: Engine, key: str) -> str:
    """Return what keeps an attempt out of sight."""
    place = engine.place(key)
    return place.obstacle if place else ""


@pytest.mark.anyio
async def test_what_runs_and_what_is_submitted_while_the_shared_folder_is_away_goes_on_when_it_is_back(
    ground: ClusterGround,
) -> None:
    attempts = Attempts(ground.place)
    shared, away = ground.place / "shared", ground.place / "away"
    async with ground.open() as engine:
        first = attempts.new("until [ -e go ]; do sleep 0.1; done; exit 3")
        await engine.submit(first)
        await until_place(engine, first.key, "running")
        shared.rename(away)
        second = attempts.new("exit 4")
        await engine.submit(second)
        await until_place(engine, second.key, "unknown")
        assert "is not there any more" in obstacle(engine, second.key)
        (ground.place / "go").touch()
        await until_place(engine, first.key, "unknown")
        assert f"mkdir -p {shared}" in obstacle(engine, first.key)
        await comes_true(lambda: "Slurm answers; the folder" in engine.status())
        assert not shared.exists()  # nothing was made in the place of what is only away
        away.rename(shared)
        ends = await ends_of(engine, 2)
    assert {end.exit_code for end in ends.values()} == {3, 4}


@pytest.mark.anyio
async def test_a_cancel_while_the_shared_folder_is_away_counts_when_it_is_back(ground: ClusterGround) -> None:
    attempts = Attempts(ground.place)
    shared, away = ground.place / "shared", ground.place / "away"
    ground.close_queue()
    async with ground.open() as engine:
        spec = attempts.new("touch ran")
        await engine.submit(spec)
        await until_place(engine, spec.key, "queued")
        await comes_true(lambda: any(shared.glob("*/pools/*/todo/1")))
        shared.rename(away)
        await engine.cancel(spec.key, grace_seconds=0.1)
        await until_place(engine, spec.key, "unknown")
        away.rename(shared)
        (end,) = (await ends_of(engine, 1)).values()
        ground.open_queue()
        last = attempts.new()
        await engine.submit(last)
        assert list(await ends_of(engine, 1)) == [last.key]
    assert end.reason == "cancelled"
    assert not (ground.place / "ran").exists()


@pytest.mark.anyio
async def test_a_shared_folder_that_cannot_be_made_keeps_attempts_waiting(ground: ClusterGround) -> None:
    attempts = Attempts(ground.place)
    in_its_place = ground.place / "shared"
    in_its_place.touch()
    async with ground.open() as engine:
        spec = attempts.new("exit 5")
        await engine.submit(spec)
        await until_place(engine, spec.key, "unknown")
        assert "Not a directory" in obstacle(engine, spec.key)
        in_its_place.unlink()
        (end,) = (await ends_of(engine, 1)).values()
    assert end.exit_code == 5


@pytest.mark.anyio
async def test_lanes_write_nothing_beside_their_program_that_a_full_disk_could_cut(ground: ClusterGround) -> None:
    attempts = Attempts(ground.place)
    async with ground.open() as engine:
        spec = attempts.new()
        await engine.submit(spec)
        assert (await ends_of(engine, 1))[spec.key].exit_code == 0
    (made,) = ground.place.glob("shared/*/program-*")
    written = {str(each.relative_to(made)) for each in made.rglob("*") if each.is_file()}
    assert written == {*program.files(), installing.LANE_SCRIPT}
