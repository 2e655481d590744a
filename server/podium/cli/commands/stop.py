"""`podium stop`: end the conductor."""

import time
from contextlib import suppress
from typing import Annotated, Any, NamedTuple

import anyio
import typer

from podium.cli.calling.options import AsJson, Home, Socket, settings_for
from podium.cli.shared.probe import alive
from podium.cli.shared.session import wait_for
from podium.cli.terminal.door import line, print_json
from podium.cli.views.own import StoppedView
from podium.client.link.daemon_client import DaemonClient
from podium.errors import ConductorError, ConductorNotRunning, ConductorTimeout
from podium.settings import Settings
from podium_tools.results import counted

POLL_SECONDS = 0.05
SPARE_SECONDS = 10.0  # over the bound that the conductor gave
UNTOLD_SECONDS = 10.0  # the bound of a conductor of an earlier version, which gives none


def command(
    home: Home = None,
    socket: Socket = None,
    cancel: Annotated[
        bool,
        typer.Option(
            "--cancel",
            help="cancel the sheets that run or wait on a cluster too; otherwise they go on for the next conductor",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Stop the conductor. One that is not Podium's is never stopped, though PODIUM_SOCKET names it."""
    settings = settings_for(home, socket)
    try:
        stopped = stop(settings, cancel=cancel)
    except ConductorNotRunning:
        if as_json:
            print_json(StoppedView(stopped=False).model_dump())
        else:
            line(f"No conductor is running on {settings.socket}.")
        return
    if as_json:
        print_json(_view(stopped, cancelled=cancel).model_dump())
    else:
        _tell(stopped, cancel=cancel)


def _tell(stopped: "Stopped", *, cancel: bool) -> None:
    pid, running, became = stopped.pid, stopped.running, ""
    if running and cancel:
        became = f"; {counted(running, 'sheet')} {'was' if running == 1 else 'were'} cancelled"
    elif running:
        became = f"; {counted(running, 'sheet')} {'goes' if running == 1 else 'go'} on without it"
    line(f"The conductor (pid {pid}) has stopped{became}.")
    for survivor in stopped.survivors:
        line(f"Not ended: {survivor}.")
    if stopped.unstored:
        line(f"Not recorded: {'; '.join(stopped.unstored)}. {stopped.trouble}.")
        line("The next conductor continues these jobs; cancel them then if they are not to go on.")


def _view(stopped: "Stopped", *, cancelled: bool) -> StoppedView:
    return StoppedView(
        stopped=True,
        pid=stopped.pid,
        running_sheets=stopped.running,
        cancelled=cancelled,
        survivors=stopped.survivors,
        unstored=stopped.unstored,
        trouble=stopped.trouble,
    )


class Stopped(NamedTuple):
    """What was stopped: the conductor's pid, how many sheets ran or were on a cluster, which ends it could not record and why.

    `survivors` is what lives on.
    """

    pid: int
    running: int
    unstored: list[str]
    trouble: str
    survivors: list[str]


def stop(settings: Settings, *, cancel: bool) -> Stopped:
    """Ask the conductor to stop, wait until its process is gone; return what became of it.

    Raises:
        ConductorNotRunning: there is none.
        UnsupportedByConductor: it is not ours; nothing was done to it.
        ConductorTimeout: it agreed but does not end.
    """

    async def work() -> tuple[Stopped, float]:
        async with DaemonClient(settings=settings) as client:
            status = await client.call("daemon.status")
            reply = await client.call("daemon.shutdown", {"graceful": True, "cancel": cancel})
            bound = reply.get("within_seconds", UNTOLD_SECONDS) if isinstance(reply, dict) else UNTOLD_SECONDS
            last = await _last_word(client, bound) if cancel else {}
        unstored, trouble = last.get("unstored") or [], last.get("store_trouble") or ""
        survivors = [each for each in last.get("survivors") or [] if each not in status.get("survivors", [])]
        pid, running = (
            int(status["pid"]),
            sum(int(status.get(name, 0)) for name in ("running_sheets", "cluster_sheets")),
        )
        return Stopped(pid, running, unstored, trouble, survivors), float(bound)

    stopped, bound = wait_for(work)
    pid = stopped.pid
    limit = bound + SPARE_SECONDS
    deadline = time.monotonic() + limit
    while alive(pid):
        if time.monotonic() > deadline:
            raise ConductorTimeout(
                f"The conductor (pid {pid}) agreed to stop but is still running after {limit:.0f} s.",
                fix=f"Read its log in {settings.home}; as a last resort, send KILL to process {pid}: nothing is lost.",
                pid=pid,
            )
        time.sleep(POLL_SECONDS)
    return stopped


async def _last_word(client: DaemonClient, seconds: float) -> dict[str, Any]:
    """Return the last status of a conductor that is stopping."""
    last: dict[str, Any] = {}
    with suppress(ConductorError), anyio.move_on_after(seconds):
        while True:
            last = await client.call("daemon.status")
            await anyio.sleep(POLL_SECONDS)
    return last
