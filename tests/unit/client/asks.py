"""Each operation of the port, asked of a service with a job "x"."""

from collections.abc import Awaitable, Callable

from podium.client.job_control import JobControlService
from podium.contract.methods import LogParams, ModifyParams, ResumeParams, SubmitParams
from podium.contract.score_text import CheckParams, JobScoreParams
from podium.contract.sheet_env import EnvParams

SCORE = "name: x\nsheet: {size: 1, total_items: 1}\nprompt: {}\n"
Ask = Callable[[JobControlService], Awaitable[object]]

ASKS: dict[str, Ask] = {
    "start": lambda service: service.start(SubmitParams(config_content=SCORE)),
    "plan": lambda service: service.plan(SubmitParams(config_content="name: x")),
    "check": lambda service: service.check(CheckParams(config_content="name: x")),
    "score": lambda service: service.score(JobScoreParams("x")),
    "again": lambda service: service.start(SubmitParams(again="x")),
    "environment": lambda service: service.environment(EnvParams(job_id="x")),
    "pause": lambda service: service.pause("x"),
    "resume": lambda service: service.resume(ResumeParams("x")),
    "modify": lambda service: service.modify(ModifyParams("x", config_content=SCORE)),
    "edits": lambda service: service.modify(ModifyParams("x", edits=[("a", "b"), ("c", "d")])),
    "try_change": lambda service: service.modify(ModifyParams("x", find="a", replace="b", dry_run=True)),
    "cancel": lambda service: service.cancel("x"),
    "delete": lambda service: service.delete("x"),
    "process_health": lambda service: service.process_health("x"),
    "list_page": lambda service: service.list_page(status=None, name="", limit=5, cursor=""),
    "detail": lambda service: service.detail("x", sheets=True),
    "wait": lambda service: service.wait(["x"], until="any", timeout_seconds=0, after="h1:1"),
    "record": lambda service: service.record("x", commands=True),
    "running": lambda service: service.running("x"),
    "log": lambda service: service.log(LogParams("x")),
    "explain": lambda service: service.explain("x"),
    "artifacts": lambda service: service.artifacts("x", path="", limit=5, cursor=""),
    "changes": lambda service: service.changes(None, after=""),
    "task_state": lambda service: service.task_state("k" * 16),
    "conductor": lambda service: service.conductor(),
}
