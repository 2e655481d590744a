"""The engine of a Slurm cluster: attempts are put into a shared folder, lanes play them, and Slurm queues the lanes.

Closing the engine ends no attempt: the next conductor finds each one in the folder, and the lanes by their names. With nothing on
the cluster no task wakes and no command is run.
"""

import math
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup

from podium.conductor import faults
from podium.conductor.engines.port import AttemptSpec, Capabilities, End, Place, Usage
from podium.conductor.engines.slurm import counting, intake, lanes, news, rounds, takeover, verdicts, wishes
from podium.conductor.engines.slurm.cluster import Cluster
from podium.conductor.engines.slurm.fleet import Fleet
from podium.conductor.engines.slurm.flights import Flight
from podium.conductor.engines.slurm.shared import Shared
from podium.conductor.engines.slurm.slow import Slow
from podium.conductor.engines.slurm.verdicts import Fate, end_of
from podium.conductor.processes.run import Runner
from podium.lane import values
from podium.log import get_logger
from podium.score.model.plan import Resources
from podium.texts.shown import cut_line

REMEMBERED_SECONDS = 10.0  # for which the answer about what the cluster would take counts
REFUSAL_SECONDS = 5.0  # for its question; without an answer nothing is refused
CLEAR_SECONDS = 5.0  # for the last cancel
NO_MARK = "podium"

log = get_logger()


@dataclass(frozen=True)
class SlurmOptions:
    """How the engine works. `folder` is what every node sees under the same path; in `record` the home remembers that something
    of it was made there. `search_path` is where the commands are, "" for the conductor's PATH. A lane takes attempts for
    `reuse_seconds`, and waits for one for `linger_seconds`. Slurm is asked about all lanes at most every
    `ask_seconds`.
    """

    folder: Path
    python: str = "python3"
    reuse_seconds: float = 60.0
    linger_seconds: float = 3.0
    ask_seconds: float = 3.0
    stream_bytes: int = 1024**3
    job_bytes: int = 4 * 1024**3
    search_path: str = ""
    record: Path | None = None


class SlurmEngine:
    """An `Engine` (see `port`) on a Slurm cluster. Open it inside open `Keepers`, whose runner it is given.

    The names of its home's lanes begin with the home's `mark`; those of other homes are left alone.
    """

    def __init__(self, runner: Runner, options: SlurmOptions, *, mark: str = "") -> None:
        self.options = options
        self.prefix = f"{mark or NO_MARK}."
        self.is_marked = bool(mark)
        self.capabilities = Capabilities("environment", suspend=True, queues=True)
        self.shared = Shared(options.folder / (mark or NO_MARK), options.python, secrets.token_hex(8), options.record)
        self.cluster = Cluster(runner, self.prefix, options.search_path)
        self.fleet = Fleet(self.shared, self.prefix)
        self.slow = Slow(str(options.folder))
        self.to_put = anyio.Event()
        self.to_submit = anyio.Event()
        self.to_wish = anyio.Event()
        self.to_look = anyio.Event()
        self.to_ask = anyio.Event()
        self.waking: set[str] = set()  # lanes that are being made to look just now
        self.taken_up = False  # what an earlier conductor left is known
        self.may_take_up = False
        self._refusals: dict[Resources, tuple[float, str]] = {}
        # Unbounded, but each attempt puts at most one end into it.
        self._ends, self._changes = anyio.create_memory_object_stream[End](math.inf)
        self.tasks: TaskGroup = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self.tasks.__aenter__()
        for each in (intake.run, lanes.run, news.run, rounds.run, wishes.run):
            self.tasks.start_soon(each, self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self.tasks.cancel_scope.cancel()
        try:
            return await self.tasks.__aexit__(kind, error, trace)
        finally:
            self._ends.close()
            self._changes.close()

    # -- the port ---------------------------------------------------------------------------------------------------

    async def refusal(self, resources: Resources) -> str:
        """Ask the cluster, unless it was asked the same just now."""
        now = time.monotonic()
        self._refusals = {key: each for key, each in self._refusals.items() if now - each[0] < REMEMBERED_SECONDS}
        if resources not in self._refusals:
            words = ""
            with anyio.move_on_after(REFUSAL_SECONDS):
                words = await self.cluster.refusal(resources)
            self._refusals[resources] = (time.monotonic(), words)
        return self._refusals[resources][1]

    async def submit(self, spec: AttemptSpec) -> None:
        """Put an attempt where lanes find it, together with others that are submitted meanwhile."""
        if spec.key not in self.fleet.flights:
            self.fleet.add(spec, time.monotonic())
            self.may_take_up = True
            self.to_put.set()

    async def reattach(self, spec: AttemptSpec) -> None:
        """Take over what an earlier conductor may have begun."""
        if spec.key not in self.fleet.flights:
            flight = self.fleet.add(spec, time.monotonic())
            flight.earlier = True
            self.tasks.start_soon(takeover.take_over, self, flight)

    def clean(self) -> None:
        """Let what is left of attempts that are not re-attached be cancelled. Call it after the last `reattach`."""
        self.may_take_up = True
        self.to_ask.set()

    async def clear_queue(self) -> None:
        """Cancel at once the lanes of all pools without an attempt, as the next round would, before the engine is closed.

        What cannot be cancelled soon finds nothing to play when it begins, and ends.
        """
        now, pools = time.monotonic(), [pool for pool in self.fleet.pools.values() if not pool.flights]
        lanes = [lane for pool in pools for lane in {*pool.fresh, *counting.surplus(pool, now)}]
        with anyio.move_on_after(CLEAR_SECONDS):
            await self.cluster.cancel(lanes)

    async def remove_job(self, job_id: str) -> bool:
        """Remove what a job left in the shared folder; return whether nothing of it is left, as far as the folder answers."""
        try:
            return await self.slow.do(self.shared.remove_job, job_id)
        except OSError as error:
            log.warning("job_not_removed_from_the_shared_folder", job_id=job_id, reason=self.slow.words(error))
            return False

    async def find(self, key: str) -> Place | None:
        """Return where an attempt is, as far as it is known."""
        return self.place(key)

    async def poll(self, keys: Sequence[str]) -> Mapping[str, Place]:
        """Return where these attempts are, as far as it is known."""
        return {key: place for key in keys if (place := self.place(key))}

    def place(self, key: str) -> Place | None:
        """Return where an attempt was when it was last looked at."""
        flight = self.fleet.flights.get(key)
        return self.fleet.place(flight) if flight else None

    def status(self) -> str:
        """Return whether the cluster answered when it was asked last, and what is wrong with the folder; "" before that."""
        fleet = self.fleet
        answers = (
            f"Slurm does not answer: {fleet.words}" if fleet.words else "Slurm answers" if fleet.answered_at else ""
        )
        return "; ".join(filter(None, [answers, fleet.folder_words]))

    def changes(self) -> AsyncIterator[End]:
        """Return the stream of ends; there is only one, so it may have only one reader."""
        return self._changes

    async def cancel(self, key: str, *, grace_seconds: float) -> None:
        """Ask for the end of an attempt. It is not an error if it has ended."""
        if (flight := self.fleet.flights.get(key)) and flight.cancelled_at is None:
            flight.cancelled_at, flight.grace_seconds = time.monotonic(), grace_seconds
            self.to_wish.set()

    async def withdraw(self, key: str) -> None:
        """Take back an attempt that no lane has claimed."""
        flight = self.fleet.flights.get(key)
        if flight is not None and flight.stage != "playing":
            flight.to_withdraw = True
            self.to_wish.set()

    async def suspend(self, key: str) -> bool:
        """Hold the processes of an attempt that runs; they keep what they have on their node. One that waits is withdrawn.

        It may just begin, or its folder be away: the call waits until it is known to be held, over, or to be let go on.
        """
        flight = self.fleet.flights.get(key)
        if flight is None or flight.cancelled_at is not None:
            return False
        settled = flight.want_hold()
        self.to_wish.set()
        await settled.wait()
        return flight.suspended and flight.hold_settled is settled

    async def resume(self, key: str) -> None:
        """Let them go on. What cannot be asked now is asked again; nothing is asked of one that is not held."""
        if flight := self.fleet.flights.get(key):
            flight.forget_hold()
            flight.to_go_on = flight.asked == "hold" or flight.earlier
            self.to_wish.set()

    def halted(self, key: str) -> str:
        """Return "": that something else has stopped it, the load says that its node tells."""
        return ""

    async def describe(self, keys: Sequence[str]) -> dict[str, Usage]:
        """Return the load that the lanes have written last."""
        playing = {key: each for key in keys if (each := self.fleet.flights.get(key)) and each.stage == "playing"}
        try:
            folders = {key: each.folder for key, each in playing.items()}
            loads = await self.slow.do(self.shared.loads, folders) if playing else {}
        except OSError:
            return {}
        return {key: usage_of(load, playing[key]) for key, load in loads.items()}

    # -- for its tasks ----------------------------------------------------------------------------------------------

    def report(self, flight: Flight, fate: Fate) -> None:
        """Tell how an attempt ended, and drop it. One that has been told of is not told again."""
        if self.fleet.flights.get(flight.spec.key) is not flight:
            return
        faults.point("before_end")
        self.fleet.drop(flight, time.monotonic())
        flight.forget_hold()
        self._ends.send_nowait(end_of(flight, fate, time.time()))


def usage_of(load: Mapping[str, object], flight: Flight) -> Usage:
    """Return the load of an attempt, of which its lane wrote this."""

    def number(name: str) -> float:
        return values.number(load.get(name))

    stopped = load.get("stopped")
    return Usage(
        pid=int(number("pid")) or None,
        processes=int(number("processes")),
        alive=True,
        zombie=False,
        cpu_percent=number("cpu_percent"),
        cpu_seconds=number("cpu_seconds"),
        memory_mb=round(number("memory_bytes") / 1024**2, 1),
        uptime_seconds=max(number("uptime"), time.time() - flight.changed_at),  # the load was written a while ago
        stopped=tuple(filter(None, map(values.whole, stopped))) if isinstance(stopped, list) else (),
        node=cut_line(flight.claim.node, verdicts.WORD_CHARS) if flight.claim else "",
    )
