"""The stand-in for a cluster answers as Slurm 22.05 does."""

from pathlib import Path

import pytest

from tests.support.slurm.scenes import OPTIONS, RECORDED, SCENES, play
from tests.support.slurm.stand_in.playing import open_stand_in


@pytest.mark.parametrize("name", SCENES)
def test_the_stand_in_answers_what_was_recorded_of_the_real_one(tmp_path: Path, name: str) -> None:
    with open_stand_in(OPTIONS) as stand_in:
        answered = play(name, tmp_path / "scene", stand_in.env)
    assert answered == (RECORDED / f"{name}.txt").read_text()
