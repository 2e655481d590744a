"""`podium demo`: the whole way once, on this repository; nothing is left behind."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from podium import __version__
from podium.cli.commands.demo.story import Story
from podium.cli.shared.output import say
from podium.cli.shared.probe import alive, health
from podium.cli.shared.screen import Terminal
from podium.cli.shared.session import wait_for
from podium.cwd import absolute
from podium.errors import Internal, ScoreNotFound
from podium.settings import Settings, load

SCORE = Path("examples/release-audit/release-audit.yaml")
COMMAND_SECONDS = 40.0


def command() -> None:
    """Run a complete example once: an MCP client, the MCP server, a conductor and a real job on this repository."""
    score = absolute(SCORE, "The score")
    if not score.is_file():
        raise ScoreNotFound(
            f"{SCORE} was not found.", fix="Run this command in a clone of Podium, or run `make demo` there."
        )
    began = time.monotonic()
    say(f"Podium {__version__}: an agent starts a real job and stays in control of it", style="bold")
    with temporary_home() as settings, running_conductor(settings) as pid:
        story = Story(Terminal(highlight=False), settings, score)
        wait_for(story.tell)
        _stop(story, settings, pid)
    say(f"\nThat was the whole demo, in {time.monotonic() - began:.0f} s. Next: README.md", style="bold")


@contextmanager
def temporary_home() -> Iterator[Settings]:
    """Make a home that is removed at the end, workspaces and all."""
    folder = tempfile.mkdtemp(prefix="podium-demo-")
    try:
        yield load(home=Path(folder) / "home", log_level="warning")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_conductor(settings: Settings) -> Iterator[int]:
    """Start a conductor in the background, as a user would, and make sure that it is gone at the end."""
    say("\n1. A conductor starts in its own home folder", style="bold cyan")
    podium(settings, "start")
    found = health(settings.socket)
    if found is None:
        raise Internal("The conductor does not answer.", fix="Run `podium doctor`.")
    try:
        yield found.pid
    finally:
        if health(settings.socket):
            podium(settings, "stop", "--cancel")


def podium(settings: Settings, *words: str) -> None:
    """Run a `podium` command on the demo's home and show it with its output.

    Raises:
        Internal: it failed.
    """
    say(f"   $ podium {' '.join(words)}", style="dim")
    line = [sys.executable, "-P", "-m", "podium", *words, "--home", str(settings.home)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(  # noqa: S603
        line, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )
    for text in (done.stdout + done.stderr).splitlines():
        say(f"   {text}")
    if done.returncode:
        raise Internal(f"podium {words[0]} exited with code {done.returncode}.", fix="Run `podium doctor`.")


def _stop(story: Story, settings: Settings, pid: int) -> None:
    """Stop the conductor and show that nothing is left.

    Raises:
        Internal: a process of the demo is still there.
    """
    story.title("The conductor stops, and no process is left behind")
    podium(settings, "stop")
    left = [*_of_job(story.job_id), *psutil.Process().children(recursive=True)]
    if left or alive(pid):
        raise Internal(f"Still running: {left}", fix="Report this: the demo should leave nothing behind.")
    say("   processes left over from the conductor, the server and the job: none")


def _of_job(job_id: str) -> Iterator[psutil.Process]:
    """Yield every process that carries the job's id in its environment, wherever it went."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("PODIUM_JOB_ID") == job_id:
                yield process
