"""`podium top`: jobs as they go, drawn again and again, with keys to pause, resume and cancel them and to see their output."""

import os
import signal
import sys
from typing import Annotated

import anyio
import typer
from anyio.abc import TaskGroup, TaskStatus

from podium.cli.calling.options import AsJson, Home, Socket, settings_for
from podium.cli.commands.top.draw import draw, listed, rows_of
from podium.cli.commands.top.keys import keys_in, press
from podium.cli.commands.top.looking import Watch, look, measure
from podium.cli.commands.top.screen import Page
from podium.cli.commands.top.state import State
from podium.cli.shared.session import wait_for
from podium.cli.terminal.door import ink
from podium.cli.terminal.live import suspend
from podium.cli.terminal.stream import columns_of, moves
from podium.client.job_control import job_control
from podium.contract.snapshot import LoadView, SnapshotView
from podium.errors import Internal
from podium.settings import Settings

KEY_BYTES = 1024
RESUMED = {signal.SIGTSTP, signal.SIGWINCH}


def command(
    once: Annotated[bool, typer.Option("--once", help="print one table and end")] = False,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Watch jobs live: running ones first, with their load, and the last line of the chosen one's output.

    Keys: up and down (or k and j) choose a job, p pauses, r resumes, c cancels it after a question, l shows its output and e why
    it failed or waits, ? explains the keys, q goes back or quits. Jobs go on whatever happens to this command.
    Without a terminal, with TERM=dumb, --once or --json it looks once and ends.
    """
    settings = settings_for(home, socket)
    if once or as_json or not (sys.stdin.isatty() and moves(sys.stdout)):
        state = wait_for(lambda: _look_once(settings))
        if as_json:
            from podium.cli.terminal.door import print_json

            seen = snapshot(state)
            print_json(seen.model_dump())
            return
        for line in listed(state, columns_of(sys.stdout)):
            ink(line)
        return
    state = wait_for(
        lambda: _look_once(settings, is_loaded=False)
    )  # an error that is there from the start is an ordinary one
    with Page() as page:
        wait_for(lambda: _Top(settings, state, page).run())


async def _look_once(settings: Settings, *, is_loaded: bool = True) -> State:
    state = State()
    async with job_control(settings) as control:
        await look(control, state)
        if is_loaded:
            await measure(control, state, None)
    return state


def snapshot(state: State) -> SnapshotView:
    """Return what was seen in one look."""
    if state.conductor is None:
        raise Internal("There was no look at the conductor.", fix="Report this.")
    loads = {
        job_id: LoadView(cpu_percent=load.cpu_percent, memory_mb=load.memory_mb, processes=load.processes)
        for job_id, load in state.loads.items()
    }
    return SnapshotView(conductor=state.conductor, jobs=list(state.jobs), jobs_total=state.total, loads=loads)


class _Top:
    """The live screen: one task looks at the jobs, one listens for events, one minds signals, and one reads the keys."""

    def __init__(self, settings: Settings, state: State, page: Page) -> None:
        self._settings, self._state, self._page = settings, state, page

    async def run(self) -> None:
        """Go on until a key ends it. Signals end it as they end every command."""
        async with job_control(self._settings) as control, anyio.create_task_group() as tasks:
            watch = Watch(control, self._state, self._draw, lambda: self._page.size)
            await tasks.start(
                self._mind_signals
            )  # before the terminal is ours: it has to come back when a signal suspends us
            self._page.take()
            self._draw()
            tasks.start_soon(watch.listen)
            tasks.start_soon(watch.run)
            await self._read_keys(watch, tasks)
            tasks.cancel_scope.cancel()

    def _draw(self) -> None:
        size = self._page.size
        self._page.draw(draw(self._state, *size), size)

    async def _read_keys(self, watch: Watch, tasks: TaskGroup) -> None:
        """Do what each key wants, until one ends the command; the end of the input does, too."""
        keyboard = sys.stdin.fileno()
        while True:
            await anyio.wait_readable(keyboard)
            data = os.read(keyboard, KEY_BYTES)
            for key in keys_in(data):
                chosen = self._state.chosen
                todo = press(self._state, key, rows_of(self._page.size[1]))
                if todo.what == "quit":
                    return
                if todo.what:
                    tasks.start_soon(watch.do, todo)
                elif self._state.chosen != chosen:
                    watch.moved()
            if not data:
                return
            self._draw()

    async def _mind_signals(self, *, task_status: TaskStatus[None]) -> None:
        """Draw anew for another size; give the terminal back while this process is suspended, and take it again after."""
        with anyio.open_signal_receiver(*RESUMED) as received:
            task_status.started()
            async for number in received:
                if number == signal.SIGTSTP:
                    self._page.give_back()
                    suspend()
                    self._page.take()
                self._draw()
