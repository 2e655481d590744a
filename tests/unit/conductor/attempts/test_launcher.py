"""An error of the conductor itself at one attempt is that attempt's end, and nobody else's."""

import gc
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from podium.conductor.attempts import launcher as module
from podium.conductor.attempts.launcher import Launcher
from podium.conductor.attempts.outputs import Outputs
from podium.conductor.attempts.values import Values
from podium.conductor.clock import Moment
from podium.conductor.engines.port import AttemptSpec, End
from podium.conductor.engines.several import Engines
from podium.conductor.processes.reaper import Reaper
from podium.conductor.processes.run import Runner
from podium.conductor.reading.reader import Reader
from podium.conductor.rules.batch import Batch
from podium.conductor.rules.transitions import jobs, sheets
from podium.conductor.rules.verdicts import Verdict
from podium.conductor.store.store import open_store
from podium.home import Home
from podium.score.model.plan import Validation
from tests.support.plans import job_of, plan_of

pytestmark = pytest.mark.anyio


class _Instant:
    """An engine whose attempts succeed at once, except that it cannot even take the second one."""

    def __init__(self) -> None:
        self.send, self.receive = anyio.create_memory_object_stream[End](10)

    async def submit(self, spec: AttemptSpec) -> None:
        if spec.key.endswith(".2"):
            raise RuntimeError("can't start new thread")
        self.send.send_nowait(End(spec.key, "exited", 0))

    def changes(self) -> AsyncIterator[End]:
        return self.receive


class _Reports:
    def __init__(self) -> None:
        self.verdicts: dict[int, Verdict] = {}
        self.two = anyio.Event()

    def attempt_ended(self, job_id: str, serial: int, verdict: Verdict) -> None:
        self.verdicts[serial] = verdict
        if len(self.verdicts) == 2:
            self.two.set()


@asynccontextmanager
async def running(folder: Path, engine: _Instant, reports: _Reports) -> AsyncIterator[Launcher]:
    """Yield a launcher that runs."""
    async with open_store(folder) as store, Reaper() as reaper, Reader(reaper) as reader, engine.send, engine.receive:
        home = Home(folder)
        engines = Engines({"local": engine})  # type: ignore[dict-item]
        runner = Runner(reaper)  # type: ignore[arg-type]
        made = Launcher(engines, runner, reader, Outputs(store, home), home, Values(home, {}), grace_seconds=1.0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(made.run, reports.attempt_ended, lambda *answer: None)
            await anyio.wait_all_tasks_blocked()
            yield made
            tasks.cancel_scope.cancel()


async def test_an_attempt_that_cannot_be_judged_or_launched_fails_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_: Any) -> Verdict:
        raise OSError(36, "File name too long")

    monkeypatch.setattr(module, "judge", broken)
    plan = plan_of([[], []])
    checked = replace(plan.sheets[0], validations=(0,))
    rule = Validation(type="file_exists", path="x")
    job = job_of(plan.model_copy(update={"sheets": (checked, plan.sheets[1]), "validations": (rule,)}))
    batch, reports, engine = Batch(1, Moment(5.0, 5.0)), _Reports(), _Instant()
    jobs.submit(job, batch)
    for num in (1, 2):
        sheets.start(job, num, batch, "home")
    async with running(tmp_path, engine, reports) as made:
        for attempt in list(job.running.values()):
            made.launch(job, attempt)
        with anyio.fail_after(20):
            await reports.two.wait()
    judged, launched = reports.verdicts[1], reports.verdicts[2]
    assert (judged.passed, judged.end.reason, judged.end.exit_code) == (False, "exited", 0)
    assert judged.message.startswith("internal error: OSError: File name too long")
    assert (launched.passed, launched.end.reason) == (False, "launch_failed")
    assert launched.message.startswith("internal error: RuntimeError; the conductor's log")
    assert "Traceback" in capsys.readouterr().out


async def test_the_plan_of_the_last_attempt_is_forgotten_when_its_job_is_over(tmp_path: Path) -> None:
    reports, engine = _Reports(), _Instant()

    def play(made: Launcher) -> weakref.ref[Any]:
        job, batch = job_of(plan_of([[]])), Batch(1, Moment(5.0, 5.0))
        jobs.submit(job, batch)
        sheets.start(job, 1, batch, "home")
        made.launch(job, job.running[1])
        return weakref.ref(job.plan)

    async with running(tmp_path, engine, reports) as made:
        plan = play(made)
        await anyio.wait_all_tasks_blocked()
        gc.collect()
        assert reports.verdicts[1].passed
        assert plan() is None
