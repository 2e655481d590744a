"""What is recorded of Slurm, and what the stand-in is held to, is what the cluster here answers."""

from pathlib import Path

import pytest

from tests.support.slurm import accounting
from tests.support.slurm.lab import PATH, missing, open_lab
from tests.support.slurm.scenes import KEPT_OPTIONS, KEPT_SCENES, OPTIONS, RECORDED, SCENES, play


@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.parametrize("name", [*SCENES, *KEPT_SCENES])
def test_the_recorded_answers_are_those_of_the_cluster(tmp_path: Path, name: str) -> None:
    if name in KEPT_SCENES and (why := accounting.missing(PATH)):
        pytest.skip(why)
    with open_lab(KEPT_OPTIONS if name in KEPT_SCENES else OPTIONS) as lab:
        version = lab.run("sbatch", "--version")
        if version not in (RECORDED / "facts.txt").read_text():
            pytest.skip(f"the answers were recorded of another version than {version}")
        answered = play(name, tmp_path / "scene", {"PATH": PATH, **lab.env})
    assert answered == (RECORDED / f"{name}.txt").read_text()
