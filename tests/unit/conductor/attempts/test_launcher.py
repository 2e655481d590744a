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
from podium.score.model.plan import EngineName, Plan, Resources, Validation
from tests.support.plans import job_of, plan_of

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("nursed_reader")]


class _Instant:
    """An engine whose attempts succeed at once, except that it cannot even take the second one."""

    def __init__(self) -> None:
        self.send, self.receive = anyio.create_memory_object_stream[End](10)
        self.specs: list[AttemptSpec] = []

    async def submit(self, spec: AttemptSpec) -> None:
        if spec.key.endswith(".2"):
            raise RuntimeError("can't start new thread")
        self.specs.append(spec)
        self.send.send_nowait(End(spec.key, "exited", 0))

    def changes(self) -> AsyncIterator[End]:
        return self.receive


class _Reports:
    def __init__(self) -> None:
        self.verdicts: dict[int, Verdict] = {}
        self.one, self.two = anyio.Event(), anyio.Event()

    def attempt_ended(self, job_id: str, serial: int, verdict: Verdict) -> None:
        self.verdicts[serial] = verdict
        self.one.set()
        if len(self.verdicts) == 2:
            self.two.set()


@asynccontextmanager
async def running(
    folder: Path, engine: _Instant, reports: _Reports, *, name: EngineName = "local"
) -> AsyncIterator[Launcher]:
    """Yield a launcher that runs, with the engine under this name."""
    async with open_store(folder) as store, Reaper() as reaper, Reader(reaper) as reader, engine.send, engine.receive:
        home = Home(folder)
        engines = Engines({name: engine})  # type: ignore[dict-item]
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


def needing(program: str, engine: EngineName) -> Plan:
    """Return a plan whose only sheet needs a program that is nowhere here: an agent, or one that a `#!` line names."""
    agent = program == "agent"
    plan = plan_of([[]], instruments=["claude-code"] if agent else ())
    sheet = replace(plan.sheets[0], engine=engine, resources=1)
    update = {
        "sheets": (sheet,),
        "templates": ("work {{ 1 }}" if agent else "#!/nowhere/{{ 1 }}\n",),
        "env": {"PATH": "/nowhere"},
        "resources": (Resources(), Resources(cpus=2)),
    }
    return plan.model_copy(update=update)


async def launched(tmp_path: Path, plan: Plan, engine: EngineName) -> tuple[list[AttemptSpec], Verdict]:
    """Return what the engine was given for the sheet of a plan, and the verdict."""
    job, batch, reports, instant = job_of(plan), Batch(1, Moment(5.0, 5.0)), _Reports(), _Instant()
    jobs.submit(job, batch)
    sheets.start(job, 1, batch, "home")
    async with running(tmp_path, instant, reports, name=engine) as made:
        made.launch(job, job.running[1])
        with anyio.fail_after(20):
            await reports.one.wait()
    return instant.specs, reports.verdicts[1]


@pytest.mark.parametrize("program", ["agent", "#! line"])
async def test_the_programs_of_a_sheet_on_a_cluster_are_not_looked_for_here(tmp_path: Path, program: str) -> None:
    (spec,), verdict = await launched(tmp_path, needing(program, "slurm"), "slurm")
    assert verdict.passed
    assert (spec.engine, spec.resources) == ("slurm", Resources(cpus=2))
    specs, verdict = await launched(tmp_path, needing(program, "local"), "local")
    assert (specs, verdict.end.reason, verdict.trouble) == ([], "launch_failed", "missing")


async def test_a_fault_of_a_line_is_told_wherever_the_sheet_runs(tmp_path: Path) -> None:
    plan = needing("#! line", "slurm").model_copy(update={"templates": ("#!python{{ 3 }}\n",)})
    specs, verdict = await launched(tmp_path, plan, "slurm")
    assert specs == []
    assert verdict.message.startswith("the #! line needs the absolute path of a program")


async def test_a_workspace_in_the_home_is_known_to_be_ours_and_no_other(tmp_path: Path) -> None:
    plan = plan_of([[]])
    (spec,), _ = await launched(tmp_path, plan, "local")
    assert not spec.workspace_is_ours
    job, batch, reports, instant = job_of(plan), Batch(1, Moment(5.0, 5.0)), _Reports(), _Instant()
    job.workspace = str(Home(tmp_path).workspace(job.job_id))
    jobs.submit(job, batch)
    sheets.start(job, 1, batch, "home")
    async with running(tmp_path, instant, reports) as made:
        made.launch(job, job.running[1])
        with anyio.fail_after(20):
            await reports.one.wait()
    assert instant.specs[0].workspace_is_ours
