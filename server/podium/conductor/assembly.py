"""The parts of a conductor, made and put together."""

import os
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

import anyio

from podium import log as logging
from podium.conductor import clock
from podium.conductor.attempts.launcher import Launcher
from podium.conductor.attempts.outputs import Outputs
from podium.conductor.attempts.telling import Teller
from podium.conductor.attempts.values import Values
from podium.conductor.engines.local.engine import LocalEngine
from podium.conductor.engines.several import Engines
from podium.conductor.engines.slurm.engine import SlurmEngine, SlurmOptions
from podium.conductor.housekeeping.notifications import Notifications
from podium.conductor.housekeeping.removal import Removals
from podium.conductor.housekeeping.retention import calendar_of
from podium.conductor.plans.compiling import Compiler, user_profiles
from podium.conductor.processes import machine
from podium.conductor.processes.run import Runner
from podium.conductor.reading.reader import Reader, ReaderLimits
from podium.conductor.rules.batch import Telling
from podium.conductor.rules.capacity import Capacity
from podium.conductor.rules.scheduler import Limits, Scheduler
from podium.conductor.service.context import Context
from podium.conductor.store.store import Store
from podium.conductor.supervisor.changes import Changes
from podium.conductor.supervisor.events import EventHub
from podium.conductor.supervisor.loading import Loader
from podium.conductor.supervisor.supervisor import Supervisor
from podium.conductor.views.jobs import JobViews
from podium.conductor.views.queries import Queries
from podium.conductor.views.sheets import SheetViews
from podium.instruments.builtin import builtin_profiles
from podium.places import config_file
from podium.score.model.resources import Machine
from podium.settings import Settings

log = logging.get_logger()


class Stop:
    """The wish to stop, and whether the running sheets are to be ended with it."""

    def __init__(self) -> None:
        self.asked = anyio.Event()
        self.cancel = False

    def ask(self, cancel: bool) -> None:
        """Ask for the stop; a later, stricter wish counts."""
        self.cancel = self.cancel or cancel
        self.asked.set()


class Hands(NamedTuple):
    """What sheets are played with."""

    local: LocalEngine
    cluster: SlurmEngine


class Parts(NamedTuple):
    """What is put together for one run: the handlers' parts, and what no handler needs."""

    context: Context
    removals: Removals
    notifications: Notifications


def slurm_options(settings: Settings) -> SlurmOptions:
    """Return how the engine of a cluster works."""
    return SlurmOptions(
        folder=settings.cluster,
        python=settings.slurm_python,
        reuse_seconds=settings.slurm_reuse_seconds,
        ask_seconds=settings.slurm_ask_seconds,
        stream_bytes=settings.max_log_bytes,
        job_bytes=settings.max_job_log_bytes,
        record=settings.places.cluster_record,
    )


def reader_limits(settings: Settings) -> ReaderLimits:
    """Return what the reader may take for one text."""
    return ReaderLimits(seconds=settings.reader_seconds, memory_bytes=settings.reader_memory_bytes)


def _machine(settings: Settings, local: LocalEngine) -> Machine:
    """Return what there is for sheets: what the settings do not say, the machine does."""
    found = machine.find()
    return Machine(
        cpus=settings.cpus or found.cpus,
        memory_bytes=settings.memory_bytes or found.memory_bytes,
        gpus=found.gpus if settings.gpus is None else tuple(range(settings.gpus)),
        memory_is_limit=local.memory_is_limit,
    )


def _limits(settings: Settings, has: Machine) -> Limits:
    """Return how much may run at once."""
    gpus = has.gpus or ()
    capacity = Capacity(has.cpus, has.memory_bytes, len(gpus))
    return Limits(settings.max_sheets, settings.max_sheets_per_agent, settings.slurm_sheets, capacity, gpus)


async def assemble(settings: Settings, store: Store, runner: Runner, reader: Reader, hands: Hands, stop: Stop) -> Parts:
    """Make the parts and put them together."""
    home, has = settings.places, _machine(settings, hands.local)
    contents, own = await user_profiles(reader, config_file().parent)
    hub, loader, removals = EventHub(), Loader(store), Removals(store, home, settings.cluster, hands.cluster.remove_job)
    values = Values(home, os.environ, settings.env_file)
    if settings.env_file is not None and values.own.trouble:
        log.warning("env_file_unusable", reason=values.own.trouble)
    outputs = Outputs(store, home)
    engines = Engines({"local": hands.local, "slurm": hands.cluster}, settings.engine)
    launcher = Launcher(engines, runner, reader, outputs, home, values, grace_seconds=settings.grace_seconds)
    teller = Teller(runner, values, home, store.mark, settings.notify, settings.notify_seconds)
    news = Notifications(teller, store, loader)
    last_event, last_job = await store.read(_numbers)
    supervisor = Supervisor(
        store,
        loader,
        Scheduler(_limits(settings, has)),
        launcher,
        next_event=last_event + 1,
        next_job=last_job + 1,
        publish=hub.publish,
        remove=removals.add,
        telling=Telling(bool(settings.notify.strip()), lambda job, seq: views.told(job, seq)),  # noqa: PLW0108 -- they are made below
        has_news=news.wake,
        suspending=settings.hold_running,
    )
    views = JobViews(supervisor, store.home_id, settings.stuck_seconds, engines.halted, engines.place)
    context = Context(
        settings=settings,
        home=home,
        store=store,
        timekeeper=await _timekeeper(store),
        loader=loader,
        supervisor=supervisor,
        changes=Changes(store, loader, supervisor),
        launcher=launcher,
        values=values,
        engines=engines,
        keepers=hands.local.keepers.describe,
        profiles={**builtin_profiles(), **own},
        reader=reader,
        compiler=_compiler(settings, reader, contents, loader, has),
        hub=hub,
        queries=Queries(store),
        views=views,
        sheet_views=SheetViews(store, loader, supervisor, engines.place),
        shut_down=stop.ask,
    )
    return Parts(context, removals, news)


def _compiler(
    settings: Settings, reader: Reader, profiles: Mapping[str, Any], loader: Loader, machine: Machine
) -> Compiler:
    return Compiler(
        reader, profiles, settings.max_score_bytes, loader.share, settings.score_profiles, settings.engine, machine
    )


async def _timekeeper(store: Store) -> clock.Timekeeper:
    began = clock.now()
    return clock.Timekeeper(await store.read(lambda db: calendar_of(db, began.wall)), began)


def _numbers(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the numbers of the last event and the last job there ever were."""
    event = db.execute("SELECT COALESCE(MAX(seq), 0) FROM events").fetchone()[0]
    job = db.execute(
        "SELECT MAX((SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = 'jobs'), COALESCE(MAX(seq), 0)) FROM jobs"
    ).fetchone()[0]
    return event, job
