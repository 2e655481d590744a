"""Submits: with how much time for a second attempt, and what follows from the words with which a cluster takes none."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.conductor.engines.port import AttemptSpec
from podium.conductor.engines.slurm import counting, flights, intake, lanes, rounds
from podium.conductor.engines.slurm.answers import Row
from podium.conductor.engines.slurm.cluster import Cluster
from podium.conductor.engines.slurm.commands import LaneJob, spare_seconds
from podium.conductor.engines.slurm.engine import SlurmEngine, SlurmOptions
from podium.conductor.engines.slurm.fleet import Fleet
from podium.conductor.engines.slurm.flights import Pool
from podium.conductor.engines.slurm.shared import Seen, Shared
from podium.conductor.processes.run import Finished, Runner
from podium.lane.place import Claim
from podium.score.model.plan import Resources

MINUTE = Resources(partition="brief", time_seconds=60)


class OneMinute(Runner):
    """A cluster that takes lanes of one minute only, as one with `EnforcePartLimits`."""

    def __init__(self) -> None:
        self.submits: list[list[str]] = []

    async def run(self, argv: Sequence[str], **_: Any) -> Finished:
        if "sbatch" not in argv:
            return Finished(1, "squeue: error: no answer")
        self.submits.append([each for each in argv if each.startswith("--time=")] + [argv[-1]])
        if "--time=1" in argv:
            return Finished(0, "7")
        return Finished(
            1,
            "sbatch: error: Batch job submission failed: Requested time limit is invalid (missing or exceeds some limit)",
        )


@pytest.mark.anyio
async def test_a_lane_that_is_refused_with_time_for_more_is_submitted_with_that_of_one_attempt(tmp_path: Path) -> None:
    runner = OneMinute()
    async with SlurmEngine(runner, SlurmOptions(tmp_path / "shared"), mark="mk") as engine:
        for serial, resources in enumerate((MINUTE, MINUTE)):
            folder = tmp_path / f"home/jobs/job-{serial}/1"
            await engine.submit(AttemptSpec(f"mk.job-{serial}.1", folder, "", tmp_path, {}, resources=resources))
            with anyio.fail_after(5):
                while len(runner.submits) < 2 + serial:  # noqa: ASYNC110 -- nothing tells of it
                    await anyio.sleep(0.01)
    assert runner.submits == [["--time=2", "60"], ["--time=1", "0"], ["--time=1", "0"]]


def test_a_lane_with_the_time_of_one_attempt_has_only_the_rest_of_a_minute_to_spare() -> None:
    assert [spare_seconds(Resources(time_seconds=each)) for each in (60, 61, 90, 120)] == [0, 59, 30, 0]


def test_a_lane_that_asks_for_too_much_time_makes_room_for_one_that_asks_for_less() -> None:
    pool = Pool("job-1.hash", "mk.job-1.hash", MINUTE)
    pool.lanes = {each: Row(each, each, "PENDING", "pending", "PartitionTimeLimit") for each in ("5", "6")}
    assert counting.too_long(pool) == ["5", "6"]
    pool.exact = {"5"}
    assert counting.too_long(pool) == ["6"], "what an attempt itself needs is asked for as it is"
    pool.resources = Resources(partition="brief")
    assert counting.too_long(pool) == []


class Strange(Runner):
    """A cluster that takes nothing, in words that nobody knows, or in these."""

    def __init__(self, queue: Finished, words: str = "The moon is full") -> None:
        self.queue, self.words, self.submits = queue, words, 0
        self.at: dict[int, str] = {}  # what it says at one submit, in place of that

    async def run(self, argv: Sequence[str], **_: Any) -> Finished:
        if "sbatch" not in argv:
            return self.queue
        self.submits += 1
        words = self.at.get(self.submits, self.words)
        return Finished(1, f"sbatch: error: Batch job submission failed: {words}")


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_PAUSE", "LONGEST_PAUSE"):
        monkeypatch.setattr(flights, name, 0.01)
    monkeypatch.setattr(rounds, "FIRST_SECONDS", 0.01)


async def submit(engine: SlurmEngine, tmp_path: Path, serial: int) -> str:
    key = f"mk.job-1.{serial}"
    await engine.submit(AttemptSpec(key, tmp_path / f"home/jobs/job-1/{serial}", "", tmp_path, {}))
    return key


@pytest.mark.anyio
@pytest.mark.usefixtures("short_pauses")
async def test_what_nobody_understands_is_a_refusal_once_it_is_said_again_and_again(tmp_path: Path) -> None:
    runner = Strange(Finished(0))
    async with SlurmEngine(runner, SlurmOptions(tmp_path / "shared", ask_seconds=0.01), mark="mk") as engine:
        for serial in (1, 2):
            key = await submit(engine, tmp_path, serial)
            with anyio.fail_after(20):
                end = await anext(engine.changes())
            assert (end.key, end.reason, end.exit_code) == (key, "refused", None)
            assert end.detail == f"The moon is full (said at {lanes.UNCLEAR + serial - 1} submits in a row)"
            if serial == 1:
                before = runner.submits
        assert runner.submits == before + 1, "what comes after it is tried once"


@pytest.mark.anyio
@pytest.mark.usefixtures("short_pauses")
async def test_it_is_said_again_and_again_only_where_nothing_else_is_said_in_between(tmp_path: Path) -> None:
    runner = Strange(Finished(0))
    runner.at[5] = "Slurm temporarily unable to accept job, sleeping and retrying"
    async with SlurmEngine(runner, SlurmOptions(tmp_path / "shared", ask_seconds=0.01), mark="mk") as engine:
        await submit(engine, tmp_path, 1)
        with anyio.fail_after(20):
            end = await anext(engine.changes())
    assert (end.reason, runner.submits) == ("refused", 5 + lanes.UNCLEAR)


@pytest.mark.anyio
async def test_a_refusal_that_the_folder_does_not_let_be_told_is_no_storm_of_submits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = Strange(Finished(0), "Invalid account or account/partition combination specified")
    async with SlurmEngine(runner, SlurmOptions(tmp_path / "shared", ask_seconds=0.01), mark="mk") as engine:

        def away(*_: object) -> bool:
            raise OSError("Stale file handle")

        monkeypatch.setattr(engine.shared, "take", away)
        await submit(engine, tmp_path, 1)
        with anyio.fail_after(20):
            while not any(pool.pause for pool in engine.fleet.pools.values()):  # noqa: ASYNC110 -- nothing tells of it
                await anyio.sleep(0.01)
        assert runner.submits == 1


@pytest.mark.anyio
async def test_a_refusal_that_was_not_about_the_time_leaves_later_lanes_the_time_for_more(tmp_path: Path) -> None:
    runner = Strange(Finished(0), "Invalid account or account/partition combination specified")
    async with SlurmEngine(runner, SlurmOptions(tmp_path / "shared", ask_seconds=0.01), mark="mk") as engine:
        spec = AttemptSpec("mk.job-1.1", tmp_path / "home/jobs/job-1/1", "", tmp_path, {}, resources=MINUTE)
        await engine.submit(spec)
        with anyio.fail_after(20):
            assert (await anext(engine.changes())).reason == "refused"
        assert (runner.submits, engine.fleet.short) == (2, set())


@pytest.mark.anyio
@pytest.mark.usefixtures("short_pauses")
async def test_it_is_none_while_nobody_knows_whether_the_cluster_works(tmp_path: Path) -> None:
    runner = Strange(Finished(1, "slurm_load_jobs error: Unable to contact slurm controller"))
    async with SlurmEngine(runner, SlurmOptions(tmp_path / "shared", ask_seconds=0.01), mark="mk") as engine:
        key = await submit(engine, tmp_path, 1)
        with anyio.fail_after(20):
            while runner.submits < 3 * lanes.UNCLEAR:  # noqa: ASYNC110 -- nothing tells of it
                await anyio.sleep(0.01)
        place = engine.place(key)
        assert place is not None
        assert place.state == "unknown"


def test_the_pause_after_words_that_nobody_understands_grows_to_minutes() -> None:
    pool, pauses = Pool("job-1.hash", "mk.job-1.hash", Resources()), []
    for _ in range(lanes.UNCLEAR):
        pool.hold_off(0.0, "The moon is full")
        pauses.append(pool.not_before)
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]
    assert 600 < sum(pauses[:-1]) < 700


def test_a_lane_that_begins_does_not_bring_forward_the_next_submit(tmp_path: Path) -> None:
    fleet = Fleet(Shared(tmp_path, "python3", "token"), "mk.")
    flight = fleet.add(AttemptSpec("mk.job-1.1", tmp_path / "jobs/job-1/1", "", tmp_path, {}), 0.0)
    flight.pool.hold_off(0.0, "QOSMaxSubmitJobPerUserLimit")
    fleet.note(flight, Seen(True, Claim("7", "f2")), 1.0)
    assert flight.pool.not_before == 5
    flight.pool.hold_off(0.0, "Slurm job 6 ended (FAILED) before it took up anything")
    flight.pool.failures, flight.claim = 1, None
    fleet.note(flight, Seen(True, Claim("7", "f2")), 1.0)
    assert (flight.pool.not_before, flight.pool.failures, flight.pool.again_at) == (0, 0, None)


class Listed(Runner):
    """A cluster with partitions, that takes everything."""

    def __init__(self) -> None:
        self.reused: dict[str, str] = {}  # for how many seconds lanes are reused, by partition
        self.lists = 0

    async def run(self, argv: Sequence[str], **_: Any) -> Finished:
        if "sinfo" in argv:
            self.lists += 1
            return Finished(0, "main*|30:00|infinite\nlong|1-00:00:00|infinite\nbrief|n/a|1:00\nfree|n/a|infinite\n")
        if "sbatch" not in argv:
            return Finished(0)
        partition = next((each.partition("=")[2] for each in argv if each.startswith("--partition=")), "")
        self.reused[partition] = argv[-1]
        return Finished(0, str(len(self.reused)))


@pytest.mark.anyio
async def test_a_lane_for_what_says_no_time_takes_no_attempt_that_its_partition_would_end_early(tmp_path: Path) -> None:
    runner = Listed()
    expected = {"": "30", "long": "60", "brief": "1", "free": "60", "long,brief": "1"}
    async with SlurmEngine(runner, SlurmOptions(tmp_path / "shared"), mark="mk") as engine:
        for serial, partition in enumerate(expected, 1):
            folder = tmp_path / f"home/jobs/job-1/{serial}"
            resources = Resources(partition=partition)
            await engine.submit(AttemptSpec(f"mk.job-1.{serial}", folder, "", tmp_path, {}, resources=resources))
        with anyio.fail_after(20):
            while len(runner.reused) < len(expected):  # noqa: ASYNC110 -- nothing tells of it
                await anyio.sleep(0.01)
    assert (runner.reused, runner.lists) == (expected, 1)


class Limited(Runner):
    """A cluster that takes so many jobs of a user, and does not tell what becomes of them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken: list[int] = []

    async def run(self, argv: Sequence[str], **_: Any) -> Finished:
        if "sbatch" not in argv:
            return Finished(1, "squeue: error: no answer")
        array = next((each for each in argv if each.startswith("--array=0-")), "--array=0-0")
        count = int(array.removeprefix("--array=0-")) + 1
        if sum(self.taken) + count > self.limit:
            said = "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size)"
            return Finished(1, f"sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: {said}")
        self.taken.append(count)
        return Finished(0, str(len(self.taken)))


async def lanes_taken(limit: int, tmp_path: Path, attempts: int) -> list[int]:
    """Return how many lanes were taken at each submit for so many attempts, when the cluster takes no more."""
    runner = Limited(limit)
    async with SlurmEngine(runner, SlurmOptions(tmp_path / "shared"), mark="mk") as engine:
        for serial in range(1, attempts + 1):
            await submit(engine, tmp_path, serial)
        with anyio.fail_after(20):
            while sum(runner.taken) < min(limit, attempts):  # noqa: ASYNC110 -- nothing tells of it
                await anyio.sleep(0.01)
    return runner.taken


@pytest.mark.anyio
async def test_as_many_lanes_are_submitted_as_the_limit_of_a_user_allows(tmp_path: Path) -> None:
    assert sum(await lanes_taken(3, tmp_path, attempts=8)) == 3


@pytest.mark.anyio
async def test_a_wide_fan_gets_few_lanes_at_first_and_twice_as_many_at_each_further_submit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "NEXT_SECONDS", 0.01)
    monkeypatch.setattr(intake, "AT_ONCE", 200)
    assert await lanes_taken(1000, tmp_path, attempts=200) == [24, 48, 96, 32]


class HalfCancelled(Runner):
    """A cluster in whose brief partition jobs of more than a minute wait for ever. A cancel does its work, and fails."""

    def __init__(self) -> None:
        self.lanes: dict[str, tuple[str, str]] = {}  # name and state, by number
        self.cancels = 0

    async def run(self, argv: Sequence[str], **_: Any) -> Finished:
        if "sbatch" in argv:
            name = next(each for each in argv if each.startswith("--job-name=")).removeprefix("--job-name=")
            number = len(self.lanes) + 1
            state = "PENDING" if "--time=1" in argv else "WAITS"
            self.lanes[str(number)] = name, state
            return Finished(0, str(number))
        if "squeue" in argv:
            return Finished(0, "".join(self._row(number, *each) for number, each in self.lanes.items()))
        if "scancel" in argv:
            self.cancels += 1
            self.lanes |= {
                each: (self.lanes[each][0], "CANCELLED")
                for each in argv
                if self.lanes.get(each, ("", ""))[1] == "WAITS"
            }
            return Finished(1, "scancel: error: Kill job error on job id 99: Access/permission denied")
        return Finished(1, "no answer")

    @staticmethod
    def _row(number: str, name: str, state: str) -> str:
        told, reason = ("PENDING", "PartitionTimeLimit") if state == "WAITS" else (state, "None")
        return f"{number}|{number}|N/A|{told}|{reason}||brief|N/A|{name}\n"


@pytest.mark.anyio
@pytest.mark.usefixtures("short_pauses")
async def test_lanes_that_podium_cancelled_count_as_no_failure_of_the_cluster_though_the_cancel_failed(
    tmp_path: Path,
) -> None:
    runner = HalfCancelled()
    options = SlurmOptions(tmp_path / "shared", ask_seconds=0.01)
    async with SlurmEngine(runner, options, mark="mk") as engine:
        engine.clean()
        for serial in range(1, 5):  # as many pools
            folder = tmp_path / f"home/jobs/job-{serial}/1"
            await engine.submit(AttemptSpec(f"mk.job-{serial}.1", folder, "", tmp_path, {}, resources=MINUTE))
        with anyio.fail_after(20):
            while [state for _, state in runner.lanes.values()].count("PENDING") < 4:  # noqa: ASYNC110 -- nothing tells of it
                await anyio.sleep(0.01)
        assert runner.cancels
        assert all(pool.failures == 0 for pool in engine.fleet.pools.values())
        assert len(engine.fleet.flights) == 4, "none of them has ended"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Unable to contact slurm controller (connect failure)", ""),
        ("invalid partition specified: old", " (with SBATCH_PARTITION=old from the conductor's environment)"),
    ],
)
@pytest.mark.anyio
async def test_the_variables_of_the_environment_are_told_with_a_refusal_and_with_nothing_else(
    monkeypatch: pytest.MonkeyPatch, said: str, told: str
) -> None:
    monkeypatch.setenv("SBATCH_PARTITION", "old")
    runner = Strange(Finished(0), said)
    lane = LaneJob("mk.job-1.hash", "/root", "/log", "/lane.sh", ("/pool", "0"), Resources())
    words = (await Cluster(runner, "mk.", "").submit(lane, 1)).words
    assert words.startswith(said)
    assert words.removeprefix(said) == told
