"""The life of attempts outside the supervisor: prepared and launched, watched to their end, judged by their validations.

The supervisor commits the intent before `launch`; each attempt is reported back to it as one `Verdict`.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from podium.conductor import faults
from podium.conductor.attempts.commands import in_bash, last_line, unjudged
from podium.conductor.attempts.judging import judge, judge_at_once
from podium.conductor.attempts.live import LiveAttempt, live_of
from podium.conductor.attempts.observe import make_folders
from podium.conductor.attempts.outputs import Outputs
from podium.conductor.attempts.unplayed import broken, not_run, passed_over, undecided
from podium.conductor.attempts.values import Values
from podium.conductor.attempts.workspaces import check_mounted
from podium.conductor.engines.port import AttemptSpec, End, Engine
from podium.conductor.engines.several import Engines
from podium.conductor.processes.run import Runner
from podium.conductor.reading.process import NoReader
from podium.conductor.reading.queue import LAUNCHES
from podium.conductor.reading.reader import Reader
from podium.conductor.rules.state import Attempt, JobRun
from podium.conductor.rules.verdicts import Verdict
from podium.errors import PodiumError
from podium.home import Home
from podium.instruments.finding import find_executable
from podium.log import get_logger
from podium.reader.requests import Assemble, Assembled, Decide, Decided, Nothing, Render, decode, encode
from podium.score.model.context import captured_files, chars_of_each, constant
from podium.texts.interpreter import Interpreter, interpreter, missing_program
from podium.texts.shown import one_line

_LISTED = 5  # files in a note

log = get_logger()

Report = Callable[[str, int, Verdict], None]
"""Takes the verdict of one attempt, by job id and serial number; called exactly once for each."""
Answer = Callable[[str, int, bool], None]
"""Takes whether an attempt that was to be suspended is, by job id and serial number."""


class Launcher:
    """Launches attempts, cancels them, and reports their ends."""

    def __init__(
        self,
        engines: Engines,
        runner: Runner,
        reader: Reader,
        outputs: Outputs,
        home: Home,
        values: Values,
        *,
        grace_seconds: float,
    ) -> None:
        self._engines = engines
        self._runner = runner
        self._reader = reader
        self._outputs = outputs
        self._home = home
        self._values = values
        self._grace = grace_seconds
        self._live: dict[str, LiveAttempt] = {}
        self.survivors: list[str] = []  # what could not be ended since this conductor began
        self._plain: list[LiveAttempt] = []
        self._plain_came = anyio.Event()
        self._report: Report
        self._answer: Answer
        self._tasks: TaskGroup

    async def run(self, report: Report, answer: Answer) -> None:
        """Watch the engines for ends until cancelled, and report each; owns every launch, suspension and judgement."""
        self._report, self._answer = report, answer
        async with anyio.create_task_group() as self._tasks:
            self._tasks.start_soon(self._launch_plain)
            for engine in self._engines:
                self._tasks.start_soon(self._watch, engine)

    async def _watch(self, engine: Engine) -> None:
        async for end in engine.changes():
            self._take(end)

    def launch(self, job: JobRun, attempt: Attempt) -> None:
        """Start an attempt: one whose text is known, together with others, else in a task of its own."""
        live = self._track(job, attempt)
        if live.is_plain:
            self._plain.append(live)
            self._plain_came.set()
        else:
            self._tasks.start_soon(self._launch, live)

    async def reattach(self, job: JobRun, attempt: Attempt) -> None:
        """Hand an attempt that an earlier conductor began to the engine."""
        live = self._track(job, attempt)
        live.in_engine = True
        await live.engine.reattach(self._spec(live, "", {}))

    def cancel(self, attempt: Attempt) -> None:
        """End an attempt, however far it has come."""
        live = self._live.get(attempt.key)
        if live is None or live.cancel_asked:
            return
        live.cancel_asked = True
        if live.in_engine:
            self._tasks.start_soon(partial(live.engine.cancel, attempt.key, grace_seconds=self._grace))
        else:
            live.scope.cancel()

    def withdraw(self, attempt: Attempt) -> None:
        """Take back an attempt that has not begun on its cluster, also one on the way there."""
        live = self._live.get(attempt.key)
        if live is None or live.withdraw_asked:
            return
        live.withdraw_asked = True
        if live.in_engine:
            self._tasks.start_soon(live.engine.withdraw, attempt.key)

    def hold(self, attempt: Attempt, *, suspended: bool) -> None:
        """Suspend an attempt, or let a suspended one go on; what became of a suspension is told to the supervisor.

        One that has not begun is suspended as soon as it has; one whose processes have ended is judged all the same.
        """
        live = self._live.get(attempt.key)
        if live is None or live.ended or live.hold_asked is suspended:
            return
        live.hold_asked = suspended
        if live.in_engine:
            self._tasks.start_soon(self._hold, live)

    async def _hold(self, live: LiveAttempt) -> None:
        if not live.hold_asked:
            await live.engine.resume(live.attempt.key)
            return
        done = await live.engine.suspend(live.attempt.key)
        if live.hold_asked and not live.ended:  # else whoever asked has changed their mind
            self._answer(live.job_id, live.attempt.serial, done)

    def is_under_way(self, attempt: Attempt) -> bool:
        """Return whether an attempt has begun here and its processes have not ended."""
        live = self._live.get(attempt.key)
        return live is not None and not live.ended

    def _track(self, job: JobRun, attempt: Attempt) -> LiveAttempt:
        live = live_of(job, attempt, self._engines.begin(attempt.key, job.plan.sheet(attempt.sheet).engine))
        self._live[attempt.key] = live
        return live

    # -- on the way to the engine ---------------------------------------------------------------------------------

    async def _launch_plain(self) -> None:
        """Launch what needs no preparation, in one task: a task for each costs more than all that is done in it."""
        while True:
            await self._plain_came.wait()
            self._plain_came = anyio.Event()
            await self._launch_waiting()

    async def _launch_waiting(self) -> None:
        """Launch what waits. A function of its own, so that no variable of the loop keeps the last attempt's plan."""
        taken, self._plain = self._plain, []
        for live in taken:
            await self._launch(live, prepared=True)

    async def _launch(self, live: LiveAttempt, *, prepared: bool = False) -> None:
        """Hand an attempt to the engine; if it does not get that far, close it with the reason."""
        try:
            if prepared:
                ready: AttemptSpec | Verdict = self._spec(live, await self._script(live), live.env())
            else:
                with live.scope:
                    ready = await self._prepare(live)
            if live.scope.cancelled_caught or live.cancel_asked:
                ready = not_run(live, "cancelled", "cancelled before it started")
            elif live.withdraw_asked and isinstance(ready, AttemptSpec):
                ready = not_run(live, "withdrawn", "taken back before it was handed to its cluster")
            if isinstance(ready, AttemptSpec):
                live.in_engine = True
                faults.point("before_launch")
                await live.engine.submit(ready)
                faults.point("after_launch")
                if live.hold_asked:
                    self._tasks.start_soon(self._hold, live)
                return
        except NoReader as error:
            ready = Verdict(End(live.attempt.key, "never_started", detail=error.message), passed=False)
        except PodiumError as error:
            ready = not_run(live, "launch_failed", error.message)
        except Exception as error:  # noqa: BLE001 -- a fault at one attempt must not end all jobs
            ready = broken(live, End(live.attempt.key, "launch_failed"), error)
        self._close(live, await self._hidden(live, ready))

    async def _prepare(self, live: LiveAttempt) -> AttemptSpec | Verdict:
        """Return what to launch, or a verdict that says why nothing is launched."""
        live.known = await self._values.of(live.job_id, live.loaded)
        if live.first_try and (verdict := await self._skipped(live)):
            return verdict
        if live.is_tool and not live.sheet.on_cluster:
            path = live.env().get("PATH") or os.environ.get("PATH", "")
            if await anyio.to_thread.run_sync(find_executable, live.profile, path) is None:
                program, tool = live.profile.executable, live.profile.name
                what = f"the program {program} for instrument {tool} was not found in PATH"
                advice = "install it on the conductor's machine, or name another instrument in the score"
                return not_run(live, "launch_failed", f"{what}; {advice}", "missing")
        if live.remedy is not None and live.remedy.folders:
            await anyio.to_thread.run_sync(check_mounted, live.workspace, self._home.cluster_record)
            await anyio.to_thread.run_sync(make_folders, live.workspace, live.remedy.folders)
        script = await self._script(live)
        env = live.env()
        own = None if live.is_tool else interpreter(script)
        if own is not None and (why := await anyio.to_thread.run_sync(_unplayable, own, env, live)):
            return not_run(live, "launch_failed", why, "missing")
        return self._spec(live, script + live.note, env)

    async def _script(self, live: LiveAttempt) -> str:
        """Return the sheet's text. The reader is asked only if there is something to fill in."""
        template = live.plan.templates[live.sheet.template]
        if not live.is_assembled and (text := constant(template)) is not None:
            return text
        previous = await self._outputs.previous(live.job_id, live.attempt.job_seq, live.plan, live.sheet)
        variables = live.variables(previous)
        request = Render(
            label=live.sheet.label,
            previous=variables.pop("previous_outputs"),
            variables=variables,
            readings=live.readings,
            numbers=live.plan.dialect == "numbered",
            files=captured_files(live.plan, live.sheet),
            chars_of_file=chars_of_each(live.plan, 1),
        )
        if live.is_assembled:
            return await self._prompt(live, request, template)
        _, script = await self._reader.ask(request, Nothing, body=encode(template), client=LAUNCHES)
        return decode(script)

    async def _prompt(self, live: LiveAttempt, render: Render, template: str) -> str:
        """Return an agent's prompt, with what its score puts around the sheet's text."""
        sheet, plan = live.sheet, live.plan
        injections = tuple(plan.injections[index] for index in sheet.injections)
        checks = live.checks if sheet.told else ()
        alone = min(plan.max_concurrent, len(plan.sheets)) == 1
        request = Assemble(render=render, told=sheet.told, alone=alone, checks=checks, injections=injections)
        found, prompt = await self._reader.ask(request, Assembled, body=encode(template), client=LAUNCHES)
        if absent := list(map(live.known.masker, found.absent)):
            log.warning("prompt_without_files", job_id=live.job_id, sheet=sheet.label, files=absent)
            live.notes.append(_without(live.attempt.attempt, absent))
        return decode(prompt)

    async def _skipped(self, live: LiveAttempt) -> Verdict | None:
        """Return the verdict of a sheet that is skipped, None to run it. The condition comes before the command.

        Exit code 0 of the command skips, another one does not. Where it gives no answer the sheet fails instead of running; that
        of a numbered score runs, as in the original.
        """
        if live.sheet.skip_when:
            variables = live.variables({})
            del variables["previous_outputs"]
            request = Decide(
                label=live.sheet.label,
                variables=variables,
                readings=live.readings,
                numbers=live.plan.dialect == "numbered",
                statuses=live.statuses,
            )
            condition = encode(live.sheet.skip_when)
            if (await self._reader.ask(request, Decided, body=condition, client=LAUNCHES))[0].holds:
                return passed_over(live, "skip_when is true")
        skip = live.sheet.skip_when_command
        if skip is None:
            return None
        done = await self._runner.run(
            in_bash(live.expand(skip.command, is_command=True)),
            env=live.env(),
            cwd=live.workspace,
            timeout_seconds=skip.timeout_seconds,
            key=live.attempt.key,
            survivors=live.survivors,
        )
        if why := unjudged(done, skip.timeout_seconds):
            message = f"skip_when_command cannot be judged: {why}"
            if live.plan.dialect == "numbered":
                live.notes.append(f"{message}; the sheet was run")
                return None
            return undecided(live, f"{message}; the sheet was not run", why, live.known.masker(last_line(done)))
        why = f"skipped: {skip.description}" if skip.description else "skip_when_command exited with code 0"
        return passed_over(live, why) if done.exit_code == 0 else None

    def _spec(self, live: LiveAttempt, script: str, env: dict[str, str]) -> AttemptSpec:
        """Return what the engine is given; to take an attempt over it needs neither script nor environment."""
        folder = self._home.attempt(live.job_id, live.attempt.serial)
        argv, stdin_script = live.profile.command(f"{folder}/script", script, live.player.config)
        own = None if live.is_tool else interpreter(script)
        if own is not None:
            argv = own.command(f"{folder}/script")
        return AttemptSpec(
            key=live.attempt.key,
            folder=folder,
            script=script,
            workspace=live.workspace,
            workspace_is_ours=live.workspace == self._home.workspace(live.job_id),
            env=env,
            argv=tuple(argv),
            sought=own.sought if own is not None else "",
            strict=live.sheet.strict,
            stdin_script=stdin_script,
            timeout_seconds=live.limit_seconds,
            quiet_seconds=live.plan.stale_seconds,
            grace_seconds=self._grace,
            intended_at=live.attempt.started_at,
            engine=live.sheet.engine,
            resources=live.plan.resources[live.sheet.resources],
            gpus=live.attempt.gpus,
        )

    # -- at the end -----------------------------------------------------------------------------------------------

    def _take(self, end: End) -> None:
        """Judge an end, at once if possible. A function of its own, so that no variable of the loop keeps the attempt's plan."""
        live = self._live.get(end.key)
        if live is None:
            return
        live.in_engine, live.ended = False, True
        verdict = judge_at_once(live, end)
        if verdict is not None:
            self._close(live, verdict)
        else:
            live.scope = anyio.CancelScope()
            if live.cancel_asked:
                live.scope.cancel()
            self._tasks.start_soon(self._judge, live, end)

    async def _judge(self, live: LiveAttempt, end: End) -> None:
        folder = self._home.attempt(live.job_id, live.attempt.serial)
        try:
            live.known = await self._values.of(live.job_id, live.loaded)
            verdict = live.known.hidden(await judge(live, end, self._runner, self._reader, folder))
        except PodiumError as error:
            verdict = live.known.hidden(Verdict(end, passed=False, message=error.message))
        except Exception as error:  # noqa: BLE001 -- as in `_launch`; judged again after a restart, it would fail again
            verdict = live.known.hidden(broken(live, end, error))
        self._close(live, verdict)

    async def _hidden(self, live: LiveAttempt, verdict: Verdict) -> Verdict:
        """Return the verdict without secrets."""
        return (await self._values.of(live.job_id, live.loaded)).hidden(verdict)

    def _close(self, live: LiveAttempt, verdict: Verdict) -> None:
        faults.point("before_verdict")
        del self._live[live.attempt.key]
        self._engines.end(live.attempt.key)
        if live.survivors:
            end = verdict.end
            verdict = replace(verdict, end=replace(end, survivors=(*end.survivors, *live.survivors)))
        verdict = replace(verdict, notes=(*live.notes, *live.overruled, *verdict.notes))
        self.survivors += [f"{live.job_id}, sheet {live.sheet.label}: {each.text}" for each in verdict.end.survivors]
        log.debug(
            "attempt_ended",
            job_id=live.job_id,
            sheet=live.sheet.label,
            attempt=live.attempt.attempt,
            reason=verdict.end.reason,
            exit_code=verdict.end.exit_code,
            passed=verdict.passed,
        )
        self._report(live.job_id, live.attempt.serial, verdict)


def _without(attempt: int, files: Sequence[str]) -> str:
    """Return the note about files that were not there for a prompt."""
    which, were = ("file", "was") if len(files) == 1 else ("files", "were")
    more = f" and {len(files) - _LISTED} more" if len(files) > _LISTED else ""
    named = ", ".join(map(one_line, files[:_LISTED]))
    return f"attempt {attempt} began without the {which} {named}{more}, which {were} not there"


def _unplayable(own: Interpreter, env: Mapping[str, str], live: LiveAttempt) -> str:
    """Return why the program of a `#!` line cannot play the script, "" if it can, as far as that is seen. Blocks on the disk."""
    if own.fault or live.sheet.on_cluster:
        return own.fault
    missing = missing_program(own, env.get("PATH") or os.environ.get("PATH", ""), str(live.workspace))
    what = f"the program {missing}, which the #! line of the script names, was not found"
    return f"{what}; install it on the conductor's machine, or name another in that line" if missing else ""
