"""The conductor's one place where jobs change.

Commands are taken in batches: each is applied to the jobs in memory, free slots are filled, and everything that was touched
is written in one commit. Only then are callers answered, events published and processes started or ended. If the commit
fails, the touched jobs are read back from the store, so memory is never ahead of the disk for longer than a commit.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import count
from typing import Any

import structlog

from podium.conductor import clock, faults
from podium.conductor.attempts.launcher import Launcher
from podium.conductor.clock import Moment
from podium.conductor.engines.port import Place
from podium.conductor.rules.batch import Batch, Record, Telling
from podium.conductor.rules.event import Event
from podium.conductor.rules.scheduler import Scheduler
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.transitions import control, sheets
from podium.conductor.rules.transitions import jobs as job_transitions
from podium.conductor.rules.verdicts import Verdict
from podium.conductor.store.store import Store
from podium.conductor.store.trouble import Trouble
from podium.conductor.supervisor.going import set_going
from podium.conductor.supervisor.inbox import Command, Inbox, Transition
from podium.conductor.supervisor.loading import Loader
from podium.conductor.supervisor.refused import Refused
from podium.conductor.supervisor.saving import rows_of
from podium.conductor.supervisor.timers import Timers
from podium.conductor.supervisor.unstored import Unstored, how
from podium.contract.states import TERMINAL
from podium.errors import JobDamaged, PodiumError, StorageFull

log = structlog.get_logger()
_RETRY_STORAGE_SECONDS = 1.0


class Retired(Exception):
    """The job left memory between the look-up and the batch; load it and ask again."""


class Supervisor:
    """Owns the jobs in memory. `run` is its only task.

    After each commit, `publish` gets its events, `launcher` what it asks of attempts, and `remove` the ids of deleted jobs;
    `has_news` is called if there is something to tell of (see `transitions.notifications`). All return at once.
    """

    def __init__(
        self,
        store: Store,
        loader: Loader,
        scheduler: Scheduler,
        launcher: Launcher,
        *,
        next_event: int,
        next_job: int,
        publish: Callable[[list[Event]], None],
        remove: Callable[[str], None],
        telling: Telling = Telling(),  # noqa: B008 -- it cannot be changed
        suspending: bool = False,
        has_news: Callable[[], None] = lambda: None,
    ) -> None:
        self.jobs: dict[str, JobRun] = {}
        self._workspaces: defaultdict[str, set[str]] = defaultdict(set)  # -> ids of the jobs in memory that work there
        self.scheduler = scheduler
        self.last_event = next_event - 1
        self.accepting = True
        self._numbers = count(next_job)
        self._store = store
        self._loader = loader
        self._launcher = launcher
        self._publish = publish
        self._remove = remove
        self._telling = telling
        self._suspending = suspending
        self._has_news = has_news
        self._inbox = Inbox()
        self.unstored = Unstored()
        self.damaged: dict[str, JobDamaged] = {}  # jobs that were not taken up, because their rows make no sense
        self._put_back: list[Command] = []  # that could not be committed and are tried again
        self._unread: dict[str, None] = {}  # ids of jobs that have to be read back from the disk before anything else
        self._timers = Timers()
        self._hold_until = 0.0
        self.refused = Refused()

    # -- what others ask ------------------------------------------------------------------------------------------

    def reserve(self) -> int:
        """Return the number of a new job; a number whose job is refused stays unused."""
        return next(self._numbers)

    @property
    def trouble(self) -> Trouble | None:
        """What keeps the store from being written now."""
        return self._store.trouble

    def unstored_ends(self) -> list[str]:
        """Return in words each sheet that has ended and whose end is not stored."""
        return [
            f"sheet {job.label(num)} of {job.job_id} ({how(verdict)})"
            for job in self.jobs.values()
            for num, verdict in self.unstored.ended(job).items()
        ]

    def working_in(self, workspace: str) -> set[str]:
        """Return the ids of the active jobs that have this workspace."""
        return self._workspaces.get(workspace, set())

    async def submit(self, job: JobRun, records: Sequence[Record], request_key: str | None = None) -> None:
        """Take a new job, and write the caller's rows beside it; when this returns it is on the disk.

        Raises:
            StorageFull: it was not taken.
        """
        await self._ask(Command(job.job_id, job_transitions.submit, records, job, request_key=request_key))

    async def change(self, job: JobRun, transition: Transition, request_key: str | None = None) -> Any:
        """Apply a control transition to a job; what it did is on the disk when this returns.

        Raises:
            Retired: the job left memory meanwhile.
            PodiumError: the transition refused, or the disk is full.
        """
        active = job.job_id in self.jobs
        return await self._ask(Command(job.job_id, transition, job=job, was_active=active, request_key=request_key))

    def attempt_ended(self, job_id: str, serial: int, verdict: Verdict) -> None:
        """Note the end of an attempt. It is recorded even if the disk is full now."""
        if self._store.trouble is not None:
            self.unstored.note_end(job_id, serial, verdict)
        self._inbox.post(Command(job_id, partial(self._end, serial, verdict), kept=True, ended=(serial, verdict)))

    def _end(self, serial: int, verdict: Verdict, job: JobRun, batch: Batch) -> None:
        if (attempt := job.open_attempt(serial)) is None:
            return
        if attempt.claim.engine == "local":  # the trouble of a cluster keeps nothing of this machine waiting
            self.refused.learn(verdict.end, batch.now.mono)
        self.scheduler.give_back(attempt)
        sheets.attempt_ended(job, attempt, verdict, batch)
        self._watch(job, attempt.sheet, batch.now)
        self._offer(job)

    def attempt_placed(self, job_id: str, serial: int, place: Place) -> None:
        """Note that an attempt has left the queue of its cluster and runs on a node."""
        self._inbox.post(Command(job_id, partial(sheets.placed, serial, place), kept=True))

    def attempt_suspended(self, job_id: str, serial: int, done: bool) -> None:
        """Note that an attempt is suspended, or that it cannot be."""
        self._inbox.post(Command(job_id, partial(sheets.attempt_suspended, serial=serial, done=done), kept=True))

    def mark_stuck(self, job_id: str) -> None:
        """Record that a running job shows no sign of life."""
        self._inbox.post(Command(job_id, job_transitions.mark_stuck, kept=True))

    def settle(self, job_id: str) -> None:
        """Derive a recovered job's state from its sheets and intent, as if a sheet had just ended."""
        self._inbox.post(Command(job_id, job_transitions.settle, kept=True))

    def post(self, records: Sequence[Record]) -> None:
        """Commit rows that concern no job in memory, without waiting; a full disk only delays them."""
        self._inbox.post(Command(records=records, kept=True))

    async def write(self, records: Sequence[Record]) -> None:
        """Commit rows that concern no job in memory (house-keeping); while the disk is full this waits."""
        await self._ask(Command(records=records, kept=True))

    def leave_out(self, error: JobDamaged) -> None:
        """Note a job that cannot be taken up; the others go on."""
        self.damaged[str(error.facts["job_id"])] = error
        log.error("job_damaged", job_id=error.facts["job_id"], error=error.message)

    def removed(self, job_id: str) -> None:
        """Have the folder of a deleted job removed."""
        self._remove(job_id)

    def probe(self) -> None:
        """Write something that changes no job, to show whether the store can be written; tried again until it can."""
        self.post([("probes", (str(clock.now().wall),))])

    def cancel_unstored(self, job_id: str, request_key: str | None = None) -> JobRun | None:
        """End the running sheets of a job although its cancel could not be stored; it is stored as soon as that is possible.

        Return the job, None if nothing of it runs: then nothing is done.
        """
        job = self.jobs.get(job_id)
        if job is None or not job.running:
            return None
        if self.unstored.note_cancel(job_id):
            self._inbox.post(Command(job_id, control.cancel, kept=True, request_key=request_key))
        for attempt in job.running.values():
            self._launcher.cancel(attempt)
        return job

    async def flushed(self) -> None:
        """Wait until everything that is visible in memory now is on the disk, or was undone because the disk is full."""
        with suppress(StorageFull):
            await self._ask(Command())

    async def _ask(self, command: Command) -> Any:
        self._inbox.post(command)
        return await command.result()

    # -- the loop -------------------------------------------------------------------------------------------------

    def adopt(self, job: JobRun, now: Moment) -> None:
        """Take a job that was read from the store: its running attempts hold again what they held, its waits go on."""
        self._know(job)
        for attempt in job.running.values():
            self.scheduler.hold(job, attempt)
        pause = job.plan.pause_between_sheets_seconds
        ended = [
            run.finished_at
            for run in (job.sheets.values() if pause else ())
            if run.finished_at and run.status in {"completed", "failed", "waiting"}
        ]
        # Setting the clock back cannot lengthen the pause after the last sheet.
        left = min(pause, max(0.0, max(ended) + pause - now.wall)) if ended else 0.0
        job.not_before = now.mono + left
        self._watch_all(job, now)

    async def run(self) -> None:
        """Take commands for ever; cancelled by its owner."""
        while True:
            now = clock.now().mono
            holds = [moment - now for moment in (self._hold_until, self.refused.until) if moment > now]
            waits = [seconds for seconds in (self._timers.seconds_left(now), *holds) if seconds is not None]
            await self._round(await self._inbox.take(min(waits, default=None)))

    async def _round(self, commands: list[Command]) -> None:
        """Do one batch. A function of its own, so that nothing keeps its jobs and their plans until the next one."""
        if self._unread and (failing := await self._read_back()):
            self._refuse(commands, failing)
            return
        now = clock.now()
        if self._hold_until <= now.mono:
            commands, self._put_back = self._put_back + commands, []
        batch = Batch(self.last_event + 1, now, telling=self._telling, suspending=self._suspending)
        done = [command for command in commands if self._apply(command, batch)]
        self._wake_due(batch)
        self._dispatch(batch)
        try:
            if rows := rows_of(batch):
                faults.point("before_commit")
                await self._store.commit(rows)
                faults.point("after_commit")
        except StorageFull as error:
            await self._undo(batch, done, error)
        else:
            self._follow(batch, done)

    def _apply(self, command: Command, batch: Batch) -> bool:
        """Apply a command; return False if it was refused."""
        job = self.jobs.get(command.job_id)
        try:
            if command.job is not None:
                if job is not (command.job if command.was_active else None):
                    raise Retired
                job = command.job
            elif job is not None and job.status in TERMINAL:
                job = None  # it is about to leave memory, and no caller waits
            if command.transition is not None and job is not None:
                command.value = command.transition(job, batch)
                self.scheduler.turn(batch.turned)
                if command.job is not None:
                    self._go_on(job, batch)
        except (PodiumError, Retired) as error:
            command.fail(error)
            return False
        batch.records.extend(command.records)
        if command.request_key is not None:
            batch.remember(command.request_key, command.value)
        return True

    def _go_on(self, job: JobRun, batch: Batch) -> None:
        """Follow up a caller's change: it may have ended the job, else the job continues in memory."""
        if job.status not in TERMINAL:
            job_transitions.settle(job, batch)  # there may be nothing left to do
        if job.status not in TERMINAL:
            self._know(job)
            self._watch_all(job, batch.now)

    def _wake_due(self, batch: Batch) -> None:
        for job_id, num in self._timers.due(batch.now.mono):
            job = self.jobs.get(job_id)
            if job is None:
                continue
            if num is not None and num in job.waiting and job.status != "paused":
                sheets.wake(job, num, batch)
            self._offer(job)

    def _dispatch(self, batch: Batch) -> None:
        if not self.accepting or max(self._hold_until, self.refused.until) > batch.now.mono:
            return
        for job, num, gpus in self.scheduler.next_sheets(batch.now.mono):
            sheets.start(job, num, batch, self._store.mark, gpus)
            if job.not_before > batch.now.mono:
                self._offer(job)

    def _offer(self, job: JobRun) -> None:
        now = clock.now().mono
        if job.not_before > now:
            self._timers.add(job.not_before, job.job_id, None)
        else:
            self.scheduler.offer(job)

    def _watch_all(self, job: JobRun, now: Moment) -> None:
        for num in job.waiting:
            self._watch(job, num, now)
        self._offer(job)

    def _watch(self, job: JobRun, num: int, now: Moment) -> None:
        """Set the timer of a sheet that waits. The stored remaining time bounds it, so setting the clock back cannot hang it."""
        run = job.sheets.get(num)
        if run is not None and run.status == "waiting" and run.waiting_until is not None:
            left = max(0.0, min(run.waiting_left or 0.0, run.waiting_until - now.wall))
            self._timers.add(now.mono + left, job.job_id, num)

    def _follow(self, batch: Batch, done: list[Command]) -> None:
        """Do what may only happen after the commit."""
        self.last_event = batch.next_seq - 1
        for loaded in batch.plans.values():
            loaded.text = loaded.source = ""
        for job in batch.retired:
            if job.status in TERMINAL:  # unless it was resumed in this very batch
                self._forget(job)
        if not self._put_back:
            self.unstored.clear()
        for command in done:
            command.resolve()
        faults.point("before_reply")
        self._publish(batch.events)
        set_going(batch, self._launcher)
        for job_id in batch.removals:
            self._remove(job_id)
        if batch.has_news:
            self._has_news()

    async def _undo(self, batch: Batch, done: list[Command], error: StorageFull) -> None:
        """Restore the touched jobs from the disk, refuse the callers, and keep the ends of attempts for later."""
        now = clock.now().mono
        if self._hold_until <= now:
            log.error("storage_full", jobs=[job.job_id for job in batch.jobs.values()], error=error.message)
        self._hold_until = now + _RETRY_STORAGE_SECONDS
        for job in batch.jobs.values():
            self._forget(job)
            self._unread[job.job_id] = None
        await self._read_back()
        self._refuse(done, error)

    async def _read_back(self) -> StorageFull | None:
        """Read jobs back from the disk; return why that is not possible now."""
        for job_id in list(self._unread):
            try:
                fresh = await self._loader.job(job_id)
                if fresh is not None and fresh.status not in TERMINAL:
                    self.adopt(fresh, clock.now())
            except JobDamaged as damage:
                self.leave_out(damage)
            except StorageFull as error:
                self._hold_until = clock.now().mono + _RETRY_STORAGE_SECONDS
                return error
            del self._unread[job_id]
        return None

    def _refuse(self, commands: list[Command], error: StorageFull) -> None:
        """Keep the ends of attempts for later, and refuse the callers."""
        for command in commands:
            if command.kept:
                self._put_back.append(command)
                if command.ended is not None:
                    self.unstored.note_end(command.job_id, *command.ended)
            else:
                command.fail(error)
        if not self._put_back:  # so that the store is tried, and its trouble ends, without a caller
            self.probe()

    def _know(self, job: JobRun) -> None:
        self.jobs[job.job_id] = job
        self._workspaces[job.workspace].add(job.job_id)

    def _forget(self, job: JobRun) -> None:
        self.jobs.pop(job.job_id, None)
        self._workspaces[job.workspace].discard(job.job_id)
        if not self._workspaces[job.workspace]:
            del self._workspaces[job.workspace]
        self.scheduler.leave(job)
