"""A sheet that waits while its keeper, the keeper's guard or its conductor is killed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from anyio.to_thread import run_sync

from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.port import AttemptSpec, End
from podium.conductor.processes.keepers import remains
from tests.support.engines import Gate, is_alive, make_spec, open_engine
from tests.support.journals import keeper_and_guard, kill, newest, read_journal
from tests.support.podium_home import until

ENDS = [("exit 7", "exited", 7, None), ("kill -SEGV $$", "killed", None, 11)]
WAIT = "echo $$ >>ran; echo x >said; read -r x <hold; "


def told(end: End) -> tuple[str, int | None, int | None]:
    """Return the reason of an end and how its process ended."""
    return end.reason, end.exit_code, end.signal


class Stage:
    """A sheet that has begun and waits, and the keeper that runs it."""

    def __init__(self, place: Path, said: Gate, hold: Gate) -> None:
        self.place, self.said, self._hold = place, said, hold
        self.keepers = place / "keepers"

    def spec(self, ending: str) -> AttemptSpec:
        """Return an attempt that waits for `release`, and then ends so."""
        return make_spec(self.place, WAIT + ending)

    async def has_begun(self) -> None:
        """Wait until a sheet has begun, and its start is in the journal."""
        await self.said.line()
        await run_sync(until, lambda: any(words[0] == "started" for words in read_journal(newest(self.keepers))))

    def release(self) -> None:
        """Let the sheet end."""
        self._hold.open()

    @property
    def pids(self) -> tuple[int, int]:
        """The keeper and its guard."""
        return keeper_and_guard(newest(self.keepers))

    async def kill(self, *pids: int) -> None:
        """Kill processes and wait until they are dead."""
        for pid in pids:
            kill(pid)
        await run_sync(until, lambda: not any(is_alive(pid) for pid in pids))

    async def end_sheet(self) -> None:
        """Let the sheet end and wait until it has."""
        (pid,) = map(int, (self.place / "ran").read_text().split())
        self.release()
        await run_sync(until, lambda: not is_alive(pid))

    def runs(self) -> int:
        """Return how often the sheet was run."""
        return len((self.place / "ran").read_text().split())

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[LocalEngine]:
        """Open an engine on the keepers."""
        async with open_engine(keepers=self.keepers) as engine:
            yield engine


@contextmanager
def without_kernel(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand for a kernel before 6.15, which does not tell how the process of a pidfd ended."""
    with monkeypatch.context() as patch:
        patch.setattr(remains, "exit_code", lambda hold: None)
        yield
