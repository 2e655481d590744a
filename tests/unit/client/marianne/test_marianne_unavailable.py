"""The list of what a Marianne conductor does not do is complete: whatever is refused stands in it."""

import re
from collections.abc import Awaitable, Callable

import pytest

from podium.client.job_control import JobControlService
from podium.client.marianne.unavailable import MISSING_TOOLS, NOT_AVAILABLE
from podium.contract.methods import ModifyParams, ResumeParams, SubmitParams
from podium.errors import PodiumError, ScoreInvalid, UnsupportedByConductor, WrongState
from podium_tools.inventory import ALL_TOOLS
from tests.unit.client.asks import ASKS, SCORE
from tests.unit.client.marianne.recordings import FakeMarianne
from tests.unit.client.marianne.test_marianne_changes import NAMED, with_sheets

pytestmark = pytest.mark.anyio

Ask = Callable[[JobControlService], Awaitable[object]]

PARAMETERS: dict[str, Ask] = {
    "start_sheet": lambda service: service.start(SubmitParams(config_content=SCORE, start_sheet=2)),
    "variables": lambda service: service.start(SubmitParams(config_content=SCORE, variables={"a": "b"})),
    "idempotency_key": lambda service: service.start(SubmitParams(config_content=SCORE, idempotency_key="k")),
    "env_pass": lambda service: service.start(SubmitParams(config_content=SCORE, environment={"A": "b"})),
    "#! line": lambda service: service.start_job(command="#!/usr/bin/python3\nprint(1)"),
    "named scores": lambda service: service.start(SubmitParams(config_content=NAMED)),
    "find and replace": lambda service: service.resume(ResumeParams("x", find="a", replace="b")),
    "from_sheet": lambda service: service.resume(ResumeParams("x", from_sheet=2)),
    "edits": lambda service: service.modify(ModifyParams("x", edits=[("a", "b")])),
    "dry_run": lambda service: service.modify(ModifyParams("x", find="a", dry_run=True)),
    "pattern": lambda service: service.wait(["x"], until="any", timeout_seconds=0, after="", pattern="a"),
    "status waiting": lambda service: service.list_page(status="waiting", name="", limit=1, cursor=""),
    "and stuck": lambda service: service.list_page(status="stuck", name="", limit=1, cursor=""),
    "a running or queued job": lambda service: service.modify(ModifyParams("x", config_content=SCORE)),
    "a job of which a sheet has failed": lambda service: service.resume(ResumeParams("failed")),
    "pause_job: a queued job": lambda service: service.pause("queued"),
}
"""What is refused, by the words for it in the list."""
WHOLE = {
    "plan": "dry_run",
    "check": "validate_score",
    "record": "timeline, report",
    "running": "what runs since when",
    "log": "read_job_log",
    "changes": "subscriptions",
    "task_state": "tasks",
    "again": "retry of a completed job",
    "environment": "podium env",
    "edits": "edits",
    "try_change": "dry_run",
}
"""Operations that are refused whatever they are asked, by the words for them."""
LISTED = " ".join([*MISSING_TOOLS, *NOT_AVAILABLE])


@pytest.fixture
def jobs(marianne: FakeMarianne) -> None:
    with_sheets(marianne, "x", "running", "dispatched")
    with_sheets(marianne, "failed", "failed", "failed")
    with_sheets(marianne, "queued", "queued", "pending")


@pytest.mark.usefixtures("jobs")
@pytest.mark.parametrize("words", PARAMETERS)
async def test_a_parameter_that_is_refused_is_listed(service: JobControlService, words: str) -> None:
    with pytest.raises((UnsupportedByConductor, WrongState)):
        await PARAMETERS[words](service)
    assert words in LISTED


@pytest.mark.usefixtures("jobs")
async def test_exactly_the_listed_operations_are_refused_whole(service: JobControlService) -> None:
    refused = set()
    for name, ask in ASKS.items():
        try:
            await ask(service)
        except UnsupportedByConductor:
            refused.add(name)
        except (PodiumError, ScoreInvalid):
            continue
    assert refused - {"score"} == set(WHOLE)  # the file of this recording's job is not there
    assert not [words for words in WHOLE.values() if words not in LISTED]


def test_every_listed_tool_is_one_and_the_missing_ones_are_not_listed_twice() -> None:
    tools = {tool.name for tool in ALL_TOOLS}
    named = {
        name for each in NOT_AVAILABLE for name in re.findall(r"\b\w+_(?:jobs?|score|health)\b", each.partition(":")[0])
    }
    assert named | set(MISSING_TOOLS) <= tools
    assert not named & set(MISSING_TOOLS)


async def test_it_says_what_it_cannot_do(service: JobControlService, marianne: FakeMarianne) -> None:
    marianne.add("x", "queued")
    view = await service.conductor()
    assert (view.product, view.version, view.queued_jobs, view.jobs_total) == ("marianne", "0.1.0", 1, 1)
    assert (view.missing, view.not_available) == (MISSING_TOOLS, NOT_AVAILABLE)


@pytest.mark.usefixtures("jobs")
async def test_no_advice_is_to_put_another_conductor_in_the_place_of_this_one(service: JobControlService) -> None:
    fixes = []
    for ask in [*PARAMETERS.values(), *ASKS.values()]:
        try:
            await ask(service)
        except PodiumError as error:
            fixes.append(error.fix)
    starting = [fix for fix in fixes if "podium start" in fix]
    assert starting
    assert all(
        "and runs beside this one on another socket: leave PODIUM_SOCKET and --socket out" in fix for fix in starting
    )
