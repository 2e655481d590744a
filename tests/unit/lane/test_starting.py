"""The environment of an attempt on a node."""

from podium.lane.place import Spec
from podium.lane.starting import environment


def spec(**env: str) -> Spec:
    """Return a spec with this environment."""
    return Spec("home.1", ("true",), env, "/")


def test_the_sheet_adds_to_the_environment_of_the_node() -> None:
    found = environment({b"PATH": b"/node", b"TMPDIR": b"/local"}, spec(PATH="/sheet", ONE="1"))
    assert found == {b"PATH": b"/sheet", b"TMPDIR": b"/local", b"ONE": b"1", b"PODIUM_ATTEMPT_KEY": b"home.1"}


def test_what_the_cluster_gave_stays() -> None:
    own = {b"SLURM_JOB_ID": b"7", b"ROCR_VISIBLE_DEVICES": b"2", b"GPU_DEVICE_ORDINAL": b"2"}
    wanted = spec(SLURM_JOB_ID="1", ROCR_VISIBLE_DEVICES="0", GPU_DEVICE_ORDINAL="0", SLURM_HINT="x")
    found = environment(own, wanted)
    assert own.items() <= found.items()
    assert found[b"SLURM_HINT"] == b"x"


def test_bytes_that_are_no_text_stay_as_they_are() -> None:
    assert (
        environment({b"\xff": b"\xe9"}, spec(**{"n\udcff": "\udce9"})).items()
        >= {b"\xff": b"\xe9", b"n\xff": b"\xe9"}.items()
    )
