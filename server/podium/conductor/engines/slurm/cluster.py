"""Asking Slurm: its commands are run with a time limit each, and what they answer is read."""

import math
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
from anyio.to_thread import run_sync

from podium.conductor import faults
from podium.conductor.engines.slurm import answers, commands, nodes, times
from podium.conductor.engines.slurm.answers import Row, Submitted
from podium.conductor.engines.slurm.commands import LaneJob
from podium.conductor.processes.run import NOT_FOUND, Finished, Runner
from podium.log import get_logger
from podium.score.model.plan import Resources

QUEUE_SECONDS, SUBMIT_SECONDS, CANCEL_SECONDS, WAKE_SECONDS = 20.0, 60.0, 20.0, 5.0
TEST_SECONDS, NODES_SECONDS = 4.0, 0.9  # together less than the engine waits for a refusal
ACCOUNT_SECONDS = 10.0
UNANSWERED_PAUSE = 30.0  # before sacct or sinfo is asked again that did not answer
QUEUE_BYTES = 32 * 1024 * 1024  # of the longest answer that is read; one that is cut is not believed
WORDS_BYTES = 16 * 1024
TIMES_SECONDS = 600.0  # for which the answer counts how long jobs may run
MOST_NAMED = 500  # lanes in one command line

log = get_logger()


@dataclass(frozen=True)
class Queue:
    """What the cluster says about our lanes, by lane; `rows` is None if it does not answer, and `words` say how."""

    rows: dict[str, Row] | None
    words: str = ""


class Cluster:
    """Slurm's commands, for the lanes whose names begin with `prefix`."""

    def __init__(self, runner: Runner, prefix: str, search_path: str) -> None:
        self._runner = runner
        self._prefix = prefix
        self._env = commands.command_environment(os.environ, search_path)
        self._user = str(os.getuid())
        self._account_at = 0.0  # not before it is the accounting asked again; never if there is none
        self._times: list[times.Times] = []
        self._times_until = 0.0
        self._asking_times = anyio.Lock()

    async def queue(self) -> Queue:
        """Ask for all lanes."""
        done = await self._run(commands.squeue(self._user), QUEUE_SECONDS, QUEUE_BYTES)
        if done.timed_out:
            return Queue(None, f"squeue did not answer within {QUEUE_SECONDS:g} s")
        if done.exit_code != 0:
            words = answers.say(done.output.splitlines()[-3:])
            return Queue(None, words or f"squeue ended with exit code {done.exit_code}")
        cut = len(done.output.encode()) >= QUEUE_BYTES
        # In a thread: an answer about thousands of lanes takes tens of milliseconds to read.
        rows = None if cut else await run_sync(answers.read_queue, done.output, self._prefix)
        return Queue(rows, "" if rows is not None else "squeue answered what cannot be read")

    async def submit(self, lane: LaneJob, count: int) -> Submitted:
        """Submit lanes."""
        faults.point("before_sbatch")
        done = await self._run(commands.sbatch(lane, count), SUBMIT_SECONDS, WORDS_BYTES)
        faults.point("after_sbatch")
        found = answers.read_submit(done.exit_code, done.output, timed_out=done.timed_out)
        if found.may_be_refusal:
            return replace(found, words=self._with_variables(lane.resources, found.words))
        return found

    async def cancel(self, lanes: Sequence[str]) -> str:
        """End lanes; return what is wrong, "" if nothing is."""
        faults.point("before_scancel")
        wrong = await self._each(lanes, commands.scancel, CANCEL_SECONDS)
        faults.point("after_scancel")
        return wrong

    async def wake(self, lanes: Sequence[str]) -> None:
        """Make lanes look at once. They look by themselves a little later."""
        await self._each(lanes, commands.wake, WAKE_SECONDS)

    async def _each(self, lanes: Sequence[str], words: "commands.OfLanes", seconds: float) -> str:
        wrong = ""
        for at in range(0, len(lanes), MOST_NAMED):
            done = await self._run(words(lanes[at : at + MOST_NAMED]), seconds, WORDS_BYTES)
            if done.exit_code != 0 or done.timed_out:
                wrong = answers.say(done.output.splitlines()[-3:]) or f"scancel ended with exit code {done.exit_code}"
                log.debug("scancel_failed", reason=wrong, lanes=len(lanes))
        return wrong

    async def account(self, lanes: Sequence[str]) -> Mapping[str, Row]:
        """Ask the accounting about lanes that the queue does not know any more; return what it says by number.

        One that does not answer, as while its database is down, is left in peace for a while.
        """
        rows: dict[str, Row] = {}
        for at in range(0, len(lanes), MOST_NAMED):
            if time.monotonic() < self._account_at:
                break
            asked = commands.sacct(lanes[at : at + MOST_NAMED], self._env.get("SLURM_CLUSTERS", ""))
            done = await self._run(asked, ACCOUNT_SECONDS, QUEUE_BYTES)
            if done.exit_code == 0 and not done.timed_out:
                rows |= {row.number: row for row in answers.read_account(done.output).values()}
            else:
                is_none = "accounting storage is disabled" in done.output
                self._account_at = math.inf if is_none else time.monotonic() + UNANSWERED_PAUSE
                log.debug("accounting_does_not_answer", reason=answers.say(done.output.splitlines()[-3:]))
        return rows

    async def refusal(self, resources: Resources) -> str:
        """Ask whether the cluster could never take this; "" if it could, or does not answer."""
        if shutil.which("sbatch", path=self._env.get("PATH")) is None:
            return f"this machine has no Slurm ({_not_found('sbatch')})"
        return self._with_variables(resources, await self._refusal(resources))

    async def _refusal(self, resources: Resources) -> str:
        done = await self._run(commands.sbatch_test(resources), TEST_SECONDS, WORDS_BYTES)
        words = answers.read_test(done.exit_code, done.output, timed_out=done.timed_out)
        if not any(each in words for each in (answers.UNAVAILABLE, answers.NO_PARTITION, answers.NO_GRES)):
            return words
        done = await self._run(commands.nodes(), NODES_SECONDS, QUEUE_BYTES)
        there = nodes.read_nodes(done.output)
        if answers.NO_PARTITION in words:
            return "; ".join(filter(None, [words, nodes.partitions(there)]))
        lacking = nodes.lacking(resources, there, self._env.get("SBATCH_PARTITION", ""))
        return lacking or (words if answers.NO_GRES in words else "")

    async def time_given(self, partition: str) -> float | None:
        """Ask how many seconds a job gets that asks for no time, unless that was asked just now; None if there is no limit, or
        nobody says.
        """
        if given := self._env.get("SBATCH_TIMELIMIT"):
            return times.seconds_of(given) or None
        async with self._asking_times:
            if time.monotonic() >= self._times_until:
                done = await self._run(commands.times(), TEST_SECONDS, QUEUE_BYTES)
                answered = done.exit_code == 0 and not done.timed_out
                self._times = times.read_times(done.output) if answered else self._times
                self._times_until = time.monotonic() + (TIMES_SECONDS if answered else UNANSWERED_PAUSE)
        return times.least(self._times, partition or self._env.get("SBATCH_PARTITION", ""))

    def _with_variables(self, resources: Resources, words: str) -> str:
        """Return a refusal with what else the submit asked for: nobody wrote it into the score. Where there is little room, the
        cluster's own words come first.
        """
        also = commands.from_environment(self._env, resources)
        return f"{words} (with {also} from the conductor's environment)" if also and words else words

    async def _run(self, argv: Sequence[str], seconds: float, most_bytes: int) -> Finished:
        done = await self._runner.run(
            commands.in_environment(self._env, argv),
            env={},
            cwd=Path("/"),
            timeout_seconds=seconds,
            key=f"{self._prefix}slurm",
            output_limit_bytes=most_bytes,
        )
        return replace(done, output=_not_found(argv[0])) if done.exit_code == NOT_FOUND else done


def _not_found(command: str) -> str:
    return f"{command} was not found in the conductor's PATH"
