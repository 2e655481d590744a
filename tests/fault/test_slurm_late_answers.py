"""Answers of a cluster that are older than what is known by then: nothing that runs is ended for them."""

import shutil
from pathlib import Path

import pytest

from tests.support.engine_grounds import Attempts, ClusterGround, comes_true, ends_of, until_place
from tests.support.slurm.stand_in.playing import StandIn

LATE = """#!/bin/sh
said=$({real} "$@") || exit
echo "$said" >>{folder}/asked
while [ -e {folder}/late ]; do sleep 0.1; done
[ -z "$said" ] || echo "$said"
"""


@pytest.fixture
def ground(short_tmp: Path, cluster: StandIn, monkeypatch: pytest.MonkeyPatch) -> ClusterGround:
    """An engine's ground on it; `squeue` answers, as it was when it was asked, only once the file `late` is gone."""
    monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
    real, shown = short_tmp / "squeue", cluster.folder / "bin" / "squeue"
    shutil.copy(shown, real)
    shown.write_text(LATE.format(real=real, folder=short_tmp))
    return ClusterGround(short_tmp, cluster)


@pytest.mark.anyio
async def test_a_lane_that_begins_while_the_queue_is_asked_is_not_cancelled_as_one_that_waits(
    ground: ClusterGround,
) -> None:
    late, answers, attempts = ground.place / "late", ground.place / "asked", Attempts(ground.place)
    answers.touch()
    ground.close_queue()
    async with ground.open() as engine:
        spec = attempts.new("until [ -e go ]; do sleep 0.1; done; exit 3")
        await engine.submit(spec)
        await until_place(engine, spec.key, "queued")
        await comes_true(lambda: "PENDING" in answers.read_text())
        late.touch()
        known = answers.stat().st_size
        await comes_true(lambda: answers.stat().st_size > known)
        ground.open_queue()
        await until_place(engine, spec.key, "running")
        late.unlink()
        await comes_true(lambda: {"RUNNING", "CANCELLED"} & set(answers.read_text().split("|")))
        (ground.place / "go").touch()
        (end,) = (await ends_of(engine, 1)).values()
    assert (end.reason, end.exit_code) == ("exited", 3)
