"""Where an attempt is, in words: right for each state, and clean whatever the cluster says."""

import pytest

from podium.conductor.engines.port import Place
from podium.conductor.rules.places import ran_at, told
from podium.score.model.plan import EngineName

AT = 1_800_000_000.0  # 2027-01-15T08:00:00Z


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (
            Place("queued", "512", partition="main", reason="Resources", expected_start=AT),
            "in Slurm's queue as job 512, partition main: Resources; expected to start at 2027-01-15T08:00:00.000Z",
        ),
        (Place("queued"), "in Slurm's queue"),
        (Place("queued", partition="a", reason="No."), "to be put into Slurm's queue, partition a: No"),
        (
            Place("queued", reason="The moon is full", again_at=AT),
            "to be put into Slurm's queue: The moon is full; tried again at 2027-01-15T08:00:00.000Z",
        ),
        (Place("queued", "512", reason="Priority"), "in Slurm's queue as job 512: Priority"),
        (Place("running", "512", "f2", "main"), "on node f2 as Slurm job 512, partition main"),
        (Place("running"), "on a node of Slurm as a Slurm job"),
        (Place("suspended", "512", "f2"), "suspended on node f2 as Slurm job 512"),
        (Place("unknown"), "Slurm does not answer"),
        (
            Place("unknown", "512", "f2", reason="Unable to contact slurm controller.", since=AT),
            "Slurm does not answer since 2027-01-15T08:00:00.000Z: Unable to contact slurm controller; last seen on node f2 as "
            "Slurm job 512",
        ),
    ],
)
def test_an_attempt_on_a_cluster_is_told_with_all_that_is_known(place: Place, text: str) -> None:
    assert told(place, "slurm") == text


@pytest.mark.parametrize(("place", "text"), [(Place("running"), ""), (Place("suspended"), "suspended")])
def test_of_this_machine_only_what_is_unusual_is_told(place: Place, text: str) -> None:
    assert told(place, "local") == text


@pytest.mark.parametrize(
    ("place", "engine", "text"),
    [
        (Place("running", "512", "f2", "main"), "slurm", "Slurm job 512 on node f2"),
        (Place("running", node="f2"), "slurm", "a Slurm job on node f2"),
        (Place("running", "512"), "slurm", ""),
        (Place("queued", "512", "f2"), "slurm", ""),
        (Place("running", node="f2"), "local", ""),
    ],
)
def test_where_it_ran_is_kept_only_of_one_that_was_on_a_node(place: Place, engine: EngineName, text: str) -> None:
    assert ran_at(place, engine) == text


def test_what_a_cluster_says_is_one_clean_line_of_a_bounded_length() -> None:
    place = Place("queued", "5\x1b[2J12", partition="a\u202eb", reason="Res\nources\x00 " + "x" * 500)
    text = told(place, "slurm")
    assert text.startswith("in Slurm's queue as job 5 [2J12, partition a b: Res ources  xxx")
    assert len(text) < 300
    assert text.endswith("…")
