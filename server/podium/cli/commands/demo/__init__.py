"""`podium demo`: the whole way once, on a job that does real work; nothing is left behind unless it is to be kept."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psutil
import typer

from podium import __version__
from podium.cli.shared.probe import alive, health
from podium.cli.shared.session import wait_for
from podium.cli.terminal.door import say
from podium.errors import Internal
from podium.home import SOCKET
from podium.settings import Settings, load

if TYPE_CHECKING:  # it needs the protocol of the agents
    from podium.cli.commands.demo.story import Story

COMMAND_SECONDS = 40.0
SILENT_SECONDS = 4.0


def command(
    keep: Annotated[
        bool, typer.Option("--keep", help="keep the home and the workspace, and say where they are")
    ] = False,
) -> None:
    """Run a complete example once: an MCP client, the MCP server, a conductor and a real job.

    In a clone of Podium the job audits the repository, anywhere else the installation.
    """
    from podium.cli.commands.demo.heart import Heard
    from podium.cli.commands.demo.job import job_here
    from podium.cli.commands.demo.story import Story

    began = time.monotonic()
    job = job_here()
    say(f"Podium {__version__}: an agent starts a real job and stays in control of it", style="bold")
    say(f"The job audits {job.what}.", style="dim")
    with temporary_home(keep=keep) as settings, running_conductor(settings) as pid:
        story = Story(Heard(), settings, job, keep=keep)
        wait_for(story.tell)
        _stop(story, settings, pid)
    say(f"\nThat was the whole demo, in {time.monotonic() - began:.0f} s. Next: `podium --help`", style="bold")


@contextmanager
def temporary_home(*, keep: bool = False) -> Iterator[Settings]:
    """Make a home in a folder of its own. The folder is removed at the end, with the workspace, or kept; which is said."""
    folder = Path(tempfile.mkdtemp(prefix="podium-demo-"))
    home = folder / "home"
    settings = load(home=home, socket=home / SOCKET, log_level="warning")  # of its own, whatever PODIUM_SOCKET names
    try:
        yield settings
    finally:
        if keep:
            say(f"\nKept: the home {settings.home} and the workspace {folder / 'workspace'}")
            say(f"   podium start --home {settings.home}   has the conductor show the job again")
            say(f"   rm -r {folder}   removes both")
        else:
            shutil.rmtree(folder, ignore_errors=True)
            say(f"\nRemoved: {folder}, with the home and the workspace of the demo; --keep would have kept them")


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
    own = ["--home", str(settings.home), "--socket", str(settings.socket)]
    line = [sys.executable, "-P", "-m", "podium", *words, *own]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    code, printed = _patiently(line, {**os.environ, "PATH": path})
    for text in printed.splitlines():
        say(f"   {text}")
    if code:
        raise Internal(f"podium {words[0]} exited with code {code}.", fix="Run `podium doctor`.")


def _patiently(line: list[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a command and return its exit code and what it printed; while it takes long, say so.

    Raises:
        Internal: it does not end.
    """
    began = time.monotonic()
    with subprocess.Popen(  # noqa: S603
        line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        while time.monotonic() - began < COMMAND_SECONDS:
            with suppress(subprocess.TimeoutExpired):
                printed, _ = process.communicate(timeout=SILENT_SECONDS)
                return process.returncode, printed
            say(f"   … {time.monotonic() - began:.0f} s: it goes on", style="dim")
        process.kill()
    raise Internal(f"It did not end within {COMMAND_SECONDS:.0f} s.", fix="Run `podium doctor`.")


def _stop(story: "Story", settings: Settings, pid: int) -> None:
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
