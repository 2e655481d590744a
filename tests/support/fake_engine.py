"""An engine that fulfils the port with little: a queue in memory, and a process of its own for each attempt.

For tests of what uses engines: the queue can be closed, the engine can be out of reach, and a cluster's ends can be brought about.
The common suite of engines holds it to what every engine promises.
"""

import math
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import TaskGroup

from podium.conductor.engines.command import command
from podium.conductor.engines.port import AttemptSpec, Capabilities, End, EndReason, Place, Usage
from podium.conductor.processes import facts
from podium.score.model.plan import Resources

LOOK_SECONDS = 0.01
NOWHERE = "nowhere"  # a partition that is refused
UNREACHABLE = "the fake engine is out of reach"
FULL = "Resources"


@dataclass(eq=False)
class Play:
    """An attempt that was submitted."""

    spec: AttemptSpec
    process: subprocess.Popen[bytes] | None = None
    began_at: float = 0.0
    why: EndReason | None = None  # it is being ended
    kill_at: float = math.inf
    ended: int = 0
    suspended: bool = False
    written: tuple[int, float] = (0, 0.0)  # how much, and since when it is that much
    end: End | None = None


@dataclass
class World:
    """What outlives an engine: the attempts. `slots` of them run at once; 0 closes the queue."""

    slots: int = 100
    stream_bytes: int = 1024**3
    reachable: bool = True
    plays: dict[str, Play] = field(default_factory=dict)

    def add(self, spec: AttemptSpec) -> None:
        """Take an attempt, unless it is here."""
        if spec.key not in self.plays:
            play = self.plays[spec.key] = Play(spec)
            if spec.resources.partition == NOWHERE:
                self._conclude(play, "refused", detail=f"there is no partition {NOWHERE}")
            elif not os.access(spec.workspace, os.X_OK):
                self._conclude(play, "launch_failed", detail=f"cannot change to workspace {spec.workspace}")

    def stop(self, key: str, why: EndReason, grace_seconds: float) -> None:
        """End an attempt: TERM, the grace period, KILL."""
        play = self.plays[key]
        if play.end is not None or play.why is not None:
            return
        if play.process is None:
            self._conclude(play, why)
            return
        play.why, play.kill_at = why, time.monotonic() + grace_seconds
        play.ended = self.signal(key, signal.SIGTERM)
        self.signal(key, signal.SIGCONT)

    def signal(self, key: str, number: signal.Signals) -> int:
        """Send a signal to all processes of an attempt, and return how many there are."""
        members = self.members(key)
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return len(members)

    def members(self, key: str) -> list[int]:
        """Return the pids of an attempt's processes."""
        pids = (int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal())
        return [pid for pid in pids if facts.marker(pid) == key and facts.read_stat(pid)]

    def advance(self) -> None:
        """Start what there is room for, keep the limits, and note what has ended."""
        going = [play for play in self.plays.values() if play.end is None]
        running = [play for play in going if play.process is not None]
        for play in [play for play in going if play.process is None][: max(0, self.slots - len(running))]:
            try:
                self._begin(play)
            except ValueError as error:
                self._conclude(play, "launch_failed", detail=str(error))
        for play in running:
            self._look_at(play)

    def _begin(self, play: Play) -> None:
        spec = play.spec
        spec.folder.mkdir(parents=True)
        script = spec.folder / "script"
        script.write_text(spec.script)
        out, err = (spec.folder / name for name in ("stdout.log", "stderr.log"))
        with (
            out.open("ab") as stdout,
            err.open("ab") as stderr,
            (script if spec.stdin_script else Path(os.devnull)).open() as text,
        ):
            play.process = subprocess.Popen(
                command(spec, "/bin/bash", str(script)), env={**os.environ, **spec.env, facts.MARKER: spec.key},
                stdin=text, stdout=stdout, stderr=stderr, start_new_session=True,
            )  # fmt: skip
        play.began_at, play.written = time.time(), (0, time.monotonic())

    def _look_at(self, play: Play) -> None:
        spec, now = play.spec, time.monotonic()
        assert play.process is not None
        code = play.process.poll()
        if code is None and play.why is None:
            sizes = [path.stat().st_size for path in spec.folder.glob("*.log")]
            written = sum(sizes)
            if max(sizes) > self.stream_bytes:
                self.stop(spec.key, "output_limit", 0.0)
            if written != play.written[0]:
                play.written = (written, now)
            if spec.timeout_seconds is not None and time.time() - play.began_at > spec.timeout_seconds:
                self.stop(spec.key, "timed_out", spec.grace_seconds)
            elif spec.quiet_seconds is not None and now - play.written[1] > spec.quiet_seconds:
                self.stop(spec.key, "stale", spec.grace_seconds)
        elif code is None and now > play.kill_at:
            self.signal(spec.key, signal.SIGKILL)
        elif code is not None:
            play.ended += len(self.members(spec.key))  # what it has left behind
            while self.signal(spec.key, signal.SIGKILL):
                pass
            self._conclude(play, play.why or ("killed" if code < 0 else "exited"), code)

    def _conclude(self, play: Play, reason: EndReason, code: int | None = None, detail: str = "") -> None:
        number = -code if code is not None and code < 0 else None
        play.end = End(
            play.spec.key, reason, None if number or code is None else code, number, play.ended, time.time(), detail,
            began_at=play.began_at,
        )  # fmt: skip


class FakeEngine:
    """An `Engine` on a `World`; another one on the same world is as after a crash. `mark` is its home's."""

    capabilities = Capabilities("environment", suspend=True, queues=True)

    def __init__(self, world: World, *, mark: str = "") -> None:
        self.world = world
        self._prefix = f"{mark}." if mark else ""
        self._own: dict[str, AttemptSpec] = {}
        self._new: list[AttemptSpec] = []
        self._cancels: dict[str, float] = {}
        self._withdrawals: set[str] = set()
        self._ends, self._changes = anyio.create_memory_object_stream[End](math.inf)
        self._tasks: TaskGroup = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._tasks.start_soon(self._run)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        self._tasks.cancel_scope.cancel()
        try:
            return await self._tasks.__aexit__(kind, error, trace)
        finally:
            self._ends.close()
            self._changes.close()

    async def refusal(self, resources: Resources) -> str:
        """Refuse a partition that is nowhere."""
        return f"there is no partition {NOWHERE}" if self.world.reachable and resources.partition == NOWHERE else ""

    async def submit(self, spec: AttemptSpec) -> None:
        """Put an attempt into the queue as soon as the engine is in reach."""
        if spec.key not in self._own:
            self._own[spec.key] = spec
            self._new.append(spec)

    async def reattach(self, spec: AttemptSpec) -> None:
        """Take over an attempt of the world, or say that there is none."""
        if spec.key in self._own:
            return
        play = self.world.plays.get(spec.key)
        self._own[spec.key] = spec
        if play is None:
            self._report(End(spec.key, "never_started", ended_at=time.time()))
        elif not spec.key.startswith(self._prefix) and play.end is None:
            self._report(End(spec.key, "elsewhere", ended_at=time.time()))

    async def find(self, key: str) -> Place | None:
        """Return where an attempt is."""
        return self.place(key)

    async def poll(self, keys: Sequence[str]) -> Mapping[str, Place]:
        """Return where these attempts are."""
        return {key: place for key in keys if (place := self.place(key))}

    def place(self, key: str) -> Place | None:
        """Return where an attempt is."""
        if key not in self._own:
            return None
        play = self.world.plays.get(key)
        if not self.world.reachable:
            return Place("unknown", reason=UNREACHABLE)
        if play is None or play.process is None:
            return Place("queued", reason=FULL)
        return Place("suspended" if play.suspended else "running", str(play.process.pid), "fake")

    def status(self) -> str:
        """Return whether it is in reach."""
        return "answers" if self.world.reachable else UNREACHABLE

    def changes(self) -> AsyncIterator[End]:
        """Return the stream of ends."""
        return self._changes

    async def cancel(self, key: str, *, grace_seconds: float) -> None:
        """End an attempt as soon as the engine is in reach."""
        if key in self._own:
            self._cancels.setdefault(key, grace_seconds)

    async def withdraw(self, key: str) -> None:
        """Take an attempt out of the queue as soon as the engine is in reach."""
        if key in self._own:
            self._withdrawals.add(key)

    async def suspend(self, key: str) -> bool:
        """Stop an attempt that runs; one in the queue is withdrawn."""
        await self.withdraw(key)
        play = self.world.plays.get(key)
        if not self.world.reachable or play is None or play.process is None or play.end is not None:
            return False
        play.suspended = self.world.signal(key, signal.SIGSTOP) > 0
        return play.suspended

    async def resume(self, key: str) -> None:
        """Let it go on."""
        if play := self.world.plays.get(key):
            play.suspended = False
            self.world.signal(key, signal.SIGCONT)

    def halted(self, key: str) -> str:
        """Return "": only this engine stops anything."""
        return ""

    async def describe(self, keys: Sequence[str]) -> dict[str, Usage]:
        """Return how many processes those of these attempts have that run."""
        running = {
            key: play.process.pid
            for key in keys
            if (play := self.world.plays.get(key)) and play.process and not play.end
        }
        return {
            key: Usage(pid, len(self.world.members(key)), alive=True, zombie=False, node="fake")
            for key, pid in running.items()
        }

    async def _run(self) -> None:
        while True:
            if self.world.reachable:
                self._look()
            await anyio.sleep(LOOK_SECONDS)

    def _look(self) -> None:
        new, self._new = self._new, []
        for spec in new:
            self.world.add(spec)
        for key in [key for key in self._cancels if key in self.world.plays]:
            self.world.stop(key, "cancelled", self._cancels.pop(key))
        for key in self._withdrawals & self.world.plays.keys():
            if self.world.plays[key].process is None:
                self.world.stop(key, "withdrawn", 0.0)
        self._withdrawals.clear()
        self.world.advance()
        for key in list(self._own):
            play = self.world.plays.get(key)
            if play is not None and play.end is not None:
                self._report(play.end)

    def _report(self, end: End) -> None:
        del self._own[end.key]
        self._ends.send_nowait(end)
