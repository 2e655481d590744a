"""What the figures run on: homes in short temporary folders, conductors in them, and the scores that they play."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from tests.bench.interrupts import Interrupts
from tests.support.podium_home import Conductor, make_home, until

AT_ONCE = 16  # sheets at once, of the conductor by default and of the bare loop
ONE_SHEET = "name: one\nsheets: [{name: only, run: 'true'}]\n"


def sheets_score(count: int) -> str:
    """Return a score of so many `true` sheets, of which as many run at once as the bare loop has processes."""
    items = ", ".join(str(number) for number in range(1, count))
    rest = f"  - {{name: rest, needs: [first], foreach: [{items}], run: 'true'}}\n"
    return f"name: many\nparallel: {{max_concurrent: {AT_ONCE}}}\nsheets:\n  - {{name: first, run: 'true'}}\n{rest}"


@dataclass
class Bench:
    """One run of the figures. `quick` makes everything smaller, for a look rather than for a record."""

    quick: bool
    folder: Path
    interrupts: Interrupts = field(default_factory=Interrupts)

    def size(self, full: int, quick: int) -> int:
        """Return a number of jobs, sheets or calls."""
        return quick if self.quick else full

    @property
    def rounds(self) -> int:
        """How often a short run is repeated."""
        return self.size(9, 3)

    def new_folder(self) -> Path:
        """Return an empty folder with a short path."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    @cached_property
    def script(self) -> Path:
        """The script file that the bare loop runs."""
        path = self.folder / "true.sh"
        path.write_text("true")
        return path

    @contextmanager
    def conductor(self, folder: Path | None = None) -> Iterator[Conductor]:
        """Run a conductor, on a home that was made before or on a new one."""
        with self.ended(Conductor(make_home(folder or self.new_folder()))) as running:
            with self.interrupts.held():
                running.start()
            yield running

    def ended(self, conductor: Conductor) -> AbstractContextManager[Conductor]:
        """Let a conductor that is started within, while interrupts are held, be ended afterwards."""
        return self.interrupts.whole(_ended(conductor))

    def bare_spawn_seconds(self, count: int, at_once: int = AT_ONCE) -> float:
        """Return the seconds that a process needs which only spawns and waits."""
        words = ["tests.bench.baselines.spawn_loop", str(count), str(at_once), str(self.script)]
        done = subprocess.run([sys.executable, "-m", *words], check=True, capture_output=True, text=True)
        return float(done.stdout)

    @contextmanager
    def echo(self, what: Literal["lines", "bytes"]) -> Iterator[Path]:
        """Run an echo server and yield its socket."""
        path = self.new_folder() / "echo.sock"
        command = [sys.executable, "-m", "tests.bench.baselines.echo", what, str(path)]
        with self.interrupts.whole(_in_session(command)):
            until(path.exists)
            yield path


@contextmanager
def _in_session(command: list[str]) -> Iterator[None]:
    """Run a command in a session of its own, as conductors are: the kernel shares the processors out by session."""
    process = subprocess.Popen(command, start_new_session=True)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _ended(conductor: Conductor) -> Iterator[Conductor]:
    try:
        yield conductor
    finally:
        conductor.end()


@contextmanager
def open_bench(interrupts: Interrupts, *, quick: bool, place: Path) -> Iterator[Bench]:
    """Make the folder of one run in `place` and remove it afterwards; settings of the user stay out of it.

    `place` must be on a disk. Where thousands of files were removed in the last minutes, by an earlier run too, ext4 takes up to
    ten times as long to make one, since it does not use their inodes again so soon. So homes are kept away from each other.
    """
    for name in [name for name in os.environ if name.startswith("PODIUM_")]:
        del os.environ[name]
    os.environ["PODIUM_CONFIG"] = os.devnull
    folder = Path(tempfile.mkdtemp(prefix="pb-", dir=place))
    if chattr := shutil.which("chattr"):
        subprocess.run([chattr, "+T", str(folder)], check=False, capture_output=True)
    try:
        yield Bench(quick, folder, interrupts)
    finally:
        # Some 200,000 files: shutil takes many times as long. A signal to our group must not end it.
        subprocess.run(["rm", "-rf", str(folder)], check=False, process_group=0)
