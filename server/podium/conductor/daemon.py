"""The conductor's composition root: parts are made, old attempts re-attached, the socket opened, and all of it ended again."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import anyio

from podium import log as logging
from podium.conductor import clock, faults
from podium.conductor.assembly import Hands, Parts, Stop, assemble, reader_limits, slurm_options
from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.local.limits.output import OutputLimits
from podium.conductor.engines.slurm.engine import SlurmEngine
from podium.conductor.housekeeping.journals import keep_short
from podium.conductor.housekeeping.place import keep_record, watch_place
from podium.conductor.housekeeping.placed import watch_placed
from podium.conductor.housekeeping.retention import Retention
from podium.conductor.housekeeping.watch import StuckWatch
from podium.conductor.lock import HomeTaken, hold_home
from podium.conductor.processes.cgroup import Cgroups, own_procs
from podium.conductor.processes.keepers.keepers import Keepers
from podium.conductor.processes.reaper import Reaper
from podium.conductor.processes.run import Runner
from podium.conductor.reading.reader import Reader
from podium.conductor.rules.transitions import control, suspensions, withdrawals
from podium.conductor.service.context import Context
from podium.conductor.service.handlers import build
from podium.conductor.service.handlers.daemon import cancel_seconds
from podium.conductor.service.listener import Listener, SocketTaken
from podium.conductor.store.schema import UnreadableDatabase
from podium.conductor.store.store import StorageBroken, open_store
from podium.conductor.supervisor.events import Dropped
from podium.errors import InvalidArguments, JobNotFound, PermissionDenied, StorageFull, WrongState
from podium.settings import Settings

log = logging.get_logger()
_UNSTORED_LOOK_SECONDS = 0.2
_TOLD_SECONDS = 0.5  # for whoever stops to ask what lives on
_NEWS_SECONDS = 2.0  # for commands that tell of ends; what has not ended then, the next conductor runs again
_LAST_TRY_SECONDS = 1.5  # longer than the time between two tries to store


def run(settings: Settings) -> int:
    """Run a conductor until it is told to stop; return the process's exit code."""
    logging.configure(settings.log_level)
    refused: list[Exception] = []
    try:
        with hold_home(settings.home):
            anyio.run(_main, settings)
    except* (
        HomeTaken,
        UnreadableDatabase,
        SocketTaken,
        InvalidArguments,
        PermissionDenied,
        StorageBroken,
        StorageFull,
    ) as group:
        refused.extend(_leaves(group))
    for error in refused:
        event = "stopped_as_the_disk_is_broken" if isinstance(error, StorageBroken) else "cannot_start"
        log.critical(event, reason=str(error))
    return 1 if refused else 0


def _leaves(error: Exception) -> Iterator[Exception]:
    """Yield the errors of a group, which task groups nest as they are nested themselves."""
    if not isinstance(error, ExceptionGroup):
        yield error
        return
    for each in error.exceptions:
        yield from _leaves(each)


async def _main(settings: Settings) -> None:
    limits = OutputLimits(settings.max_log_bytes, settings.max_job_log_bytes)
    async with open_store(settings.home) as store:
        cgroups = Cgroups.open(store.mark)
        async with (
            Reaper() as reaper,
            Keepers(settings.places.keepers, reaper, own_procs()) as keepers,
            Reader(reaper, reader_limits(settings)) as reader,
            LocalEngine(keepers, limits, cgroups, mark=store.mark) as engine,
            SlurmEngine(Runner(keepers), slurm_options(settings), mark=store.mark) as slurm,
        ):
            stop, hands = Stop(), Hands(engine, slurm)
            parts = await assemble(settings, store, Runner(keepers, cgroups), reader, hands, stop)
            # Bound before anything is taken up: a start that cannot listen has run nothing.
            with Listener(settings.socket, build(parts.context), settings.max_connections) as listener:
                await _serve(parts, hands, listener, stop)
    log.info("conductor_stopped")


async def _serve(parts: Parts, hands: Hands, listener: Listener, stop: Stop) -> None:
    """Take up what an earlier conductor left, then answer until a stop is asked for."""
    context, settings = parts.context, parts.context.settings
    supervisor = context.supervisor
    retention = Retention(settings, context.store, supervisor, context.changes, context.timekeeper)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_on_signals, context, stop)
        tasks.start_soon(context.launcher.run, supervisor.attempt_ended, supervisor.attempt_suspended)
        tasks.start_soon(supervisor.run)
        tasks.start_soon(parts.removals.run, supervisor.post)
        tasks.start_soon(StuckWatch(supervisor, context.engines, context.home, settings.stuck_seconds).run)
        tasks.start_soon(watch_placed, supervisor, context.engines)
        tasks.start_soon(watch_place, context.store, supervisor)
        tasks.start_soon(keep_record, settings.home, settings.socket, context.store.home_id)
        await parts.removals.sweep()
        await _recover(context)
        await hands.local.clean()
        hands.cluster.clean()
        tasks.start_soon(parts.notifications.run, supervisor, context.changes)
        tasks.start_soon(retention.run)
        tasks.start_soon(keep_short, context.store, hands.local.shorten_journals)
        tasks.start_soon(listener.run)
        log.info("conductor_ready", pid=os.getpid(), socket=str(settings.socket), home=str(settings.home))
        await stop.asked.wait()
        await _wind_down(context, stop)
        if stop.cancel:
            await hands.cluster.clear_queue()
        await parts.notifications.drain(supervisor, _NEWS_SECONDS)
        tasks.cancel_scope.cancel()


async def _recover(context: Context) -> None:
    """Take up every job that is not terminal; hand open attempts to the engine, and end those of cancelled jobs."""
    faults.point("before_recovery")
    jobs, damaged = await context.loader.active()
    for error in damaged:
        context.supervisor.leave_out(error)
    now = clock.now()
    for job in jobs:  # all of them before any goes on: what runs already holds slots
        context.supervisor.adopt(job, now)
    # Only what an earlier conductor has begun: from the first commit on, sheets are started beside it.
    begun = [(job, attempt) for job in jobs for attempt in job.running.values()]
    faults.point("after_adoption")
    for job, attempt in begun:
        await context.launcher.reattach(job, attempt)
        if job.intent == "cancel":
            context.launcher.cancel(attempt)
            continue
        # Also one that should run: an earlier conductor may have stored that it goes on, and died before it did.
        wanted = suspensions.is_wanted(job, suspending=context.settings.hold_running)
        context.launcher.hold(attempt, suspended=attempt.suspended or wanted)
        if withdrawals.are_wanted(job):
            context.launcher.withdraw(attempt)
    for job in jobs:
        if job.status != "paused" or job.intent or not job.ready:  # of the rest, perhaps many, nothing follows
            context.supervisor.settle(job.job_id)
    log.info("jobs_recovered", count=len(context.supervisor.jobs))


async def _on_signals(context: Context, stop: Stop) -> None:
    """Stop on TERM and INT; sheets run on."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            log.info("signal_received", signal=number.name)
            context.shutting_down = True
            stop.ask(False)


async def _wind_down(context: Context, stop: Stop) -> None:
    """Start nothing new; with `cancel`, cancel what runs and wait for its end, within bounds."""
    context.shutting_down = True
    context.supervisor.accepting = False
    if not stop.cancel:
        return
    with anyio.move_on_after(cancel_seconds(context.settings)):
        async with anyio.create_task_group() as tasks:  # together, as one commit takes them all
            for job in context.supervisor.jobs.values():
                if job.running and job.intent != "cancel":
                    tasks.start_soon(_cancel, context, job.job_id)
        await _all_ended(context)


async def _all_ended(context: Context) -> None:
    """Return when no sheet runs any more. If their ends cannot be stored, this is tried once more.

    Whoever stops is told that, and what could not be ended.
    """
    lived_on = len(context.launcher.survivors)
    while _some_run(context):
        with context.hub.subscribe() as events, suppress(Dropped):  # dropped: more came at once than it holds
            while _some_run(context):
                with anyio.move_on_after(_UNSTORED_LOOK_SECONDS):  # what cannot be stored is no event
                    await events.take(1)
    if unstored := context.supervisor.unstored_ends():
        await anyio.sleep(_LAST_TRY_SECONDS)
        log.error("stopped_without_recording", sheets=unstored, reason=str(context.store.trouble or ""))
    elif len(context.launcher.survivors) > lived_on:
        await anyio.sleep(_TOLD_SECONDS)


def _some_run(context: Context) -> bool:
    ended = context.supervisor.unstored.ended
    return any(len(job.running) > len(ended(job)) for job in context.supervisor.jobs.values() if job.running)


async def _cancel(context: Context, job_id: str) -> None:
    """Cancel a job for a stop. It may have ended, or gone, meanwhile; on a full disk its sheets are ended without a record."""
    try:
        await context.changes.apply(job_id, control.cancel)
    except (WrongState, JobNotFound) as error:
        log.debug("needs_no_cancel", job_id=job_id, reason=error.message)
    except StorageFull as error:
        context.supervisor.cancel_unstored(job_id)
        log.warning("cancelled_without_recording", job_id=job_id, error=error.message)
