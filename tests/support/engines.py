"""A local engine in a test: opened, given attempts, asked for their ends; and pipes to meet the processes at."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import anyio.lowlevel
from pydantic import TypeAdapter

from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.local.limits.output import OutputLimits
from podium.conductor.engines.port import AttemptSpec, End, Usage
from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import Cgroups, own_procs
from podium.conductor.processes.keepers.keepers import Keepers
from podium.conductor.processes.reaper import Reaper
from podium.conductor.processes.tree import Hunt
from tests.support import nursed
from tests.support.podium_home import until

ROOT = Path(__file__).parents[2]
BOUND_SECONDS = 100  # for what takes a moment on an idle machine
# The end of a script that stays, with a gate `pids`. Its pid comes when the subshells that made daemons before it are gone: as
# long as one is there, it is a member too, and is counted.
STAY = "echo $$ >pids; exec sleep 1000"


@asynccontextmanager
async def open_keepers(folder: Path | None = None) -> AsyncIterator[Keepers]:
    """Yield the keepers in a folder, by default one of their own that goes away with them."""
    with ExitStack() as stack:
        place = folder or Path(stack.enter_context(TemporaryDirectory(prefix="podium-"))) / "keepers"
        async with Reaper() as reaper, Keepers(place, reaper, own_procs()) as keepers:
            yield keepers


@asynccontextmanager
async def open_engine(
    limits: OutputLimits | None = None, cgroups: Cgroups | None = None, keepers: Path | None = None
) -> AsyncIterator[LocalEngine]:
    """Yield an engine whose keepers have a folder of their own, or the one given."""
    async with open_keepers(keepers) as hands, LocalEngine(hands, limits, cgroups) as engine:
        yield engine


def make_spec(place: Path, script: str = "true", **fields: Any) -> AttemptSpec:
    """Return the specification of an attempt in a folder of its own below `place`, with a key that nobody else has."""
    key = f"test-{uuid.uuid4().hex}"
    return AttemptSpec(**{"key": key, "folder": place / key, "script": script, "workspace": place, "env": {}, **fields})


async def next_end(engine: LocalEngine) -> End:
    """Return the next end that the engine tells."""
    with anyio.fail_after(BOUND_SECONDS):
        return await anext(engine.changes())


async def run_attempt(spec: AttemptSpec, limits: OutputLimits | None = None, cgroups: Cgroups | None = None) -> End:
    """Run one attempt in an engine of its own, to its end."""
    async with open_engine(limits, cgroups) as engine:
        await engine.submit(spec)
        return await next_end(engine)


async def reattach(spec: AttemptSpec) -> End:
    """Let a new engine take over one attempt, and return its end."""
    async with open_engine(keepers=spec.folder.parent / "keepers") as engine:
        await engine.reattach(spec)
        return await next_end(engine)


async def described(engine: LocalEngine, key: str) -> Usage:
    """Return the load of an attempt as soon as the engine has found its process."""
    with anyio.fail_after(BOUND_SECONDS):
        while not (usage := await engine.describe([key])):
            await anyio.lowlevel.checkpoint()
        return usage[key]


@contextmanager
def bystander(*command: str | Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that no engine started, one that only sleeps if no command is given."""
    process = subprocess.Popen(command or ["/bin/sleep", "1000"], env=env, start_new_session=True)
    try:
        if facts.MARKER in env:  # a program that is being loaded has no environment yet
            until(lambda: facts.marker(process.pid) is not None)
        yield process
    finally:
        process.kill()
        process.wait()


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    stat = facts.read_stat(pid)
    return stat is not None and stat.state != "Z"


def hopping(place: Path, start: str) -> tuple[str, ...]:
    """Return a command that goes on in a new process again and again, about ten seconds long; the second writes to `pids`.

    `start` is what starts the next one, "/bin/bash" or more.
    """
    script = (
        f'sleep 0.03; (($2 > 300)) || {start} "$0" "$1" $(($2 + 1)) &\n(($2 != 2)) || echo $$ >"$1/pids"; sleep 0.03'
    )
    (place / "hop").write_text(script)
    return "/bin/bash", str(place / "hop"), str(place), "1"


class LateHunt(Hunt):
    """Learns who the members are when they have all gone and left others in their place."""

    def _look(self) -> list[facts.Stat]:
        found = super()._look()
        until(lambda: not any(is_alive(stat.pid) for stat in found))
        return found


def full_disk(mount: Path) -> list[dict[str, Any]] | None:
    """Run two attempts on a full disk, mounted on `mount`, and return their ends; None where we may not mount."""
    ends: list[dict[str, Any]] | None = on_a_disk_of_its_own("tests.support.full_disk", mount)
    return ends


def on_a_disk_of_its_own(module: str, *arguments: object, seconds: float = 100) -> Any:
    """Run a module of ours as root of a mount namespace, and return the JSON that it prints; None where we may not mount.

    It may take so many seconds.
    """
    inside = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        subprocess.run([*inside, "true"], check=True, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    command = [*inside, sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, env=child_env(), check=True, capture_output=True, timeout=seconds)
    return json.loads(done.stdout)


def child_env() -> dict[str, str]:
    """Return an environment in which a child finds our source and the tests."""
    return {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'server'}:{ROOT / 'tools'}"}


class Gate:
    """A named pipe between a script and its test. `echo x >gate` in the script never blocks; `read x <gate` does."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._text = ""

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    async def line(self) -> str:
        """Return the next line that a script wrote."""
        with anyio.fail_after(BOUND_SECONDS):
            while "\n" not in self._text:
                await anyio.wait_readable(self._file)
                self._text += os.read(self._file, 4096).decode()
        line, _, self._text = self._text.partition("\n")
        return line

    def open(self) -> None:
        """Let one `read` in a script go on."""
        os.write(self._file, b"go\n")


class Holder:
    """A conductor-like process that starts attempts and is then killed, as by `kill -9` or the kernel."""

    def __init__(self, *specs: AttemptSpec, home_id: str = "") -> None:
        """Start the attempts, in cgroups where the home is named."""
        text = TypeAdapter(tuple[AttemptSpec, ...]).dump_json(specs).decode()
        self._process = subprocess.Popen(
            nursed.command("holder", home_id, str(specs[0].folder.parent / "keepers")),
            cwd=ROOT,
            env=child_env(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()

    def kill(self, after: int = 1) -> None:
        """Kill it when it has launched so many attempts."""
        assert self._process.stdout is not None
        assert [self._process.stdout.readline() for _ in range(after)] == ["launched\n"] * after
        self._process.kill()
        self._process.communicate()
