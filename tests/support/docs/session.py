"""A shell session as a page shows it: commands run in a fresh folder, with a home of its own and a real conductor."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from podium.settings import Settings
from tests.support.docs.blocks import LEFT_OUT, Block
from tests.support.nursed import command as nursed_command
from tests.support.podium_home import Conductor, ask
from tests.support.source_tree import REPOSITORY

SECONDS = 60
SUFFIXES = ("x5rqa", "k2m7p", "w3tnd", "b6hfe", "q4zsl", "j7vca", "n2yod", "t5gkx")
"""The ends of the ids that pages show, for the jobs of a name in their order."""
_HOME = "~/.local/state/podium"  # as pages call the home
_UNSTABLE = (
    (re.compile(r"\bpid \d+"), "pid 4711"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"), "2026-11-30T09:00:00Z"),
    (re.compile(r"(?:\d{4}-\d\d-\d\d )?\b\d\d:\d\d:\d\d\b"), "09:00:00"),
    (re.compile(r"\b(?:just now|\d+ (?:ms|s|min|h|d) ago)"), "just now"),
    (re.compile(r"\b\d+(?:\.\d+)? (?:s|ms)\b"), "0.0 s"),
    (re.compile(r"\b\d+(?:\.\d+)? (?:kB|MB|GB|KiB|MiB|GiB)"), "42 MiB"),
    (re.compile(r"\b\d+(?:\.\d+)? ?%"), "0 %"),
)


class Session:
    """Where the commands of one page run. `pages` show ids of their own for the jobs: `shown` maps them to the real ones."""

    def __init__(self, folder: Path, settings: Settings, page: str) -> None:
        """Make the folders of a user with nothing but the examples of the repository; `page` is the text."""
        self.user, self.bin, self.settings, self._page = folder / "user", folder / "bin", settings, page
        self.here = self.user / "demo"
        self.here.mkdir(parents=True)
        self.bin.mkdir()
        shutil.copytree(REPOSITORY / "examples", self.here / "examples", ignore=shutil.ignore_patterns("out"))
        podium = self.bin / "podium"
        podium.write_text(f'#!/bin/sh\nexec {shlex.join(nursed_command("commands"))} "$@"\n', encoding="utf-8")
        podium.chmod(0o755)
        self._where = folder / "where"
        self.shown: dict[str, str] = {}  # a job's id on the page -> its real id

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the user."""
        return {
            **os.environ,
            "HOME": str(self.user),
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "PODIUM_HOME": str(self.settings.home),
            "COLUMNS": "100",
        }

    def write(self, block: Block) -> None:
        """Write the file that a block is."""
        path = self.here / block.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")

    def run(self, command: str) -> tuple[int, list[str]]:
        """Run a command as it is typed; return its exit code and what a terminal shows, with the ids of the page."""
        for shown, real in self.shown.items():
            command = command.replace(shown, real)
        command = command.replace(_HOME, shlex.quote(str(self.settings.home)))
        script = f"{command}\nended=$?; pwd >{shlex.quote(str(self._where))}; exit $ended"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.here, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=SECONDS,
        )  # fmt: skip
        if self._where.exists():
            self.here = Path(self._where.read_text(encoding="utf-8").strip())
        self._meet_new_jobs()
        return done.returncode, self.as_shown(done.stdout).splitlines()

    def as_shown(self, text: str) -> str:
        """Replace what is so only in this session: ids and folders."""
        for shown, real in self.shown.items():
            text = text.replace(real, shown)
        return text.replace(str(self.settings.home), _HOME).replace(str(self.user), "~")

    def _meet_new_jobs(self) -> None:
        try:
            listed = ask(self.settings.socket, "job.list")
        except OSError:
            return
        for real in (job["job_id"] for job in reversed(listed)):
            if real not in self.shown.values():
                self.shown[self._id_on_page(real.rpartition("-")[0])] = real

    def _id_on_page(self, name: str) -> str:
        """Return the next id that the page has for a job of this name, or one to be written there."""
        own = re.findall(rf"\b{re.escape(name)}-[a-z2-7]{{5}}\b", self._page)
        return next(str(each) for each in (*own, *(f"{name}-{end}" for end in SUFFIXES)) if each not in self.shown)


@contextmanager
def session(folder: Path, settings: Settings, page: str) -> Iterator[Session]:
    """Return the session of a page. A conductor runs in it, unless the page shows how one starts; it is stopped at the end.

    Where a page does not show what `podium start` prints, the command finds that conductor: most pages need no other one.
    """
    made = Session(folder, settings, page)
    conductor = None if "$ podium start\nThe conductor is running" in page else Conductor(settings)
    if conductor:
        conductor.start(**made.environment)
    try:
        yield made
    finally:
        if conductor:
            conductor.end()
        else:
            made.run("podium stop --cancel")


def stable(lines: Iterable[str]) -> list[str]:
    """Return lines without what differs from run to run."""
    text = "\n".join(line.rstrip() for line in lines)
    for pattern, word in _UNSTABLE:
        text = pattern.sub(word, text)
    return text.split("\n") if text else []


def differs(shown: Iterable[str], real: Iterable[str]) -> bool:
    """Whether what a page shows is not what came, but for spaces. Lines may come in any order: sheets end in any."""
    left, right = ([" ".join(line.split()) for line in stable(lines)] for lines in (shown, real))
    if LEFT_OUT in left:
        return any(line not in right for line in left if line != LEFT_OUT)
    return sorted(left) != sorted(right)
