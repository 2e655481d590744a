"""Names and options of any letters go through a real cluster's commands as they are."""

import os
from pathlib import Path

import pytest

from podium.score.model.plan import Resources
from tests.support.engine_grounds import Attempts, ClusterGround, ends_of
from tests.support.slurm.lab import Lab

pytestmark = pytest.mark.anyio
NAMES = ["a 'b\" $(c) ;&`d", "p%j%%x", "x\ny", "b\\n%j", os.fsdecode(b"\xff\xe9")]


def found(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.rglob(pattern))


@pytest.mark.parametrize("name", NAMES, ids=["quotes", "percents", "lines", "backslashes", "bytes"])
async def test_the_shared_folder_may_have_any_name(
    lab: Lab, short_tmp: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SLURM_CONF", str(lab.conf))
    place = short_tmp / name
    place.mkdir()
    async with ClusterGround(place, lab).open() as engine:
        spec = Attempts(place).new("exit 5", resources=Resources(extra=("--comment='a\"; $(b)",)))
        await engine.submit(spec)
        assert (await ends_of(engine, 1))[spec.key].exit_code == 5
    assert found(place, "lanes.log")
    assert found(short_tmp, "*")[0] == place
    assert not found(short_tmp, "slurm-*")


async def test_an_option_that_lacks_its_value_makes_no_job_of_a_question(
    lab: Lab, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_CONF", str(lab.conf))
    async with ClusterGround(short_tmp, lab).open() as engine:
        assert not await engine.refusal(Resources(extra=("--comment",)))
    assert not lab.run("squeue", "-h", "-t", "all", "-n", "wrap")


async def test_a_refusal_names_what_the_conductors_environment_asks_for(
    lab: Lab, short_tmp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_CONF", str(lab.conf))
    monkeypatch.setenv("SBATCH_PARTITION", "gone")
    origin = " (with SBATCH_PARTITION=gone from the conductor's environment)"
    async with ClusterGround(short_tmp, lab).open() as engine:
        words = await engine.refusal(Resources())
        assert words.startswith("invalid partition")
        assert words.endswith(origin)
        assert not await engine.refusal(Resources(partition="main"))
        spec = Attempts(short_tmp).new("true")
        await engine.submit(spec)
        end = (await ends_of(engine, 1))[spec.key]
        assert end.reason == "refused"
        assert end.detail.lower().startswith("invalid partition")
        assert end.detail.endswith(origin)
