"""How long a cluster lets a job run that asks for no time, from what sinfo lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.conductor.engines.slurm.cluster import Cluster
from podium.conductor.engines.slurm.times import least, read_times, seconds_of
from podium.conductor.processes.run import Runner

LISTED = "main*|30:00|infinite\nbrief|n/a|1:00\nlong|1-00:00:00|2-00:00:00\nfree|n/a|infinite\nCLUSTER: one\n"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1:00", 60), ("30:00", 1800), ("1:30:00", 5400), ("2-03:05:00", 183_900), ("2-03", 183_600), ("1-00:30", 88_200),
        ("5", 300), ("infinite", None), ("n/a", None), ("UNLIMITED", None), ("", None), ("1:2:3:4", None),
    ],
)  # fmt: skip
def test_a_time_of_slurms_is_read(text: str, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize(
    ("partition", "seconds"),
    [("", 1800), ("main", 1800), ("brief", 60), ("long,brief", 60), ("long", 86_400), ("free", None), ("none", None)],
)
def test_a_job_that_asks_for_none_gets_the_default_of_its_partition_or_else_the_most(
    partition: str, seconds: float | None
) -> None:
    assert least(read_times(LISTED), partition) == seconds


@given(st.text())
def test_no_text_makes_the_reading_fail(text: str) -> None:
    assert all(each.seconds >= 0 for each in read_times(text))


@pytest.mark.anyio
async def test_the_time_that_the_conductors_own_environment_gives_to_jobs_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SBATCH_TIMELIMIT", "10")
    assert await Cluster(Runner.__new__(Runner), "mk.", "").time_given("main") == 600  # nothing is asked
