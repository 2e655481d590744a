"""How long a cluster lets a job run that asks for no time, from what sinfo lists."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.conductor.engines.slurm import cluster as module
from podium.conductor.engines.slurm.cluster import Cluster
from podium.conductor.engines.slurm.times import least, read_times, seconds_of
from podium.conductor.processes.run import Finished, Runner

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
    monkeypatch.setenv("SBATCH_TIMELIMIT", "0")
    assert await Cluster(Runner.__new__(Runner), "mk.", "").time_given("main") is None


class Busy(Runner):
    """A cluster that answers now and then."""

    def __init__(self, *answers: Finished) -> None:
        self.answers = list(answers)

    async def run(self, argv: Sequence[str], **_: Any) -> Finished:
        return self.answers.pop(0)


@pytest.mark.anyio
async def test_a_cluster_that_is_too_busy_to_say_its_times_is_asked_again_soon_and_what_it_said_counts_until_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = Finished(-9, timed_out=True)
    asked = Cluster(Busy(silent, Finished(0, LISTED), silent, Finished(0, "main*|5:00|infinite\n")), "mk.", "")
    assert await asked.time_given("main") is None
    assert await asked.time_given("main") is None, "it was asked just now"
    monkeypatch.setattr(module, "UNANSWERED_PAUSE", 0.0)
    monkeypatch.setattr(module, "TIMES_SECONDS", 0.0)
    asked._times_until = 0.0
    assert [await asked.time_given("main") for _ in range(3)] == [1800, 1800, 300]
