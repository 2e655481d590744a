"""Jobs called by their names, as the server runs a tool."""

from collections.abc import Sequence
from typing import Any, Literal

import pytest

from podium.contract.models import JobDetail
from podium.contract.near import as_named, job_not_found
from podium.contract.ports import Progress
from podium.contract.waits import WaitView
from podium.errors import AmbiguousName, JobNotFound, PodiumError
from podium.mcp.calls.arguments import check
from podium_tools.names import by_name
from tests.support.port import ScriptedPort, job
from tests.unit.tools.helpers import SPECS, RecordedCall

pytestmark = pytest.mark.anyio

READING = [name for name, spec in SPECS.items() if spec.risk == "read" and "job_id" in spec.arguments.model_fields]
CHANGING = [name for name, spec in SPECS.items() if spec.risk != "read" and "job_id" in spec.arguments.model_fields]
OTHERS = {"read_artifact": {"path": "a.txt"}, "modify_job": {"config_content": "# long\n" * 100}}


class Named(ScriptedPort):
    """A port whose jobs have names; each question for a job by its id is noted."""

    def __init__(self, **names: str) -> None:
        super().__init__(jobs={job_id: job(job_id, job_name=name) for job_id, name in names.items()})

    def _asked(self, name: str, what: Any) -> None:
        super()._asked(name, what)
        asked = getattr(what, "job_id", what[0] if isinstance(what, tuple) else what)
        for each in asked if isinstance(asked, list) else [asked]:
            if each not in self.jobs:
                raise self.unknown(str(each))

    def unknown(self, name: str) -> JobNotFound:
        known = [each for each in self.jobs.values() if each.job_name == name]
        named = [as_named(each.job_id, each.status, each.submitted_at or "", "") for each in known]
        return job_not_found(name, list(self.jobs), named[:5], len(named))


async def called(port: ScriptedPort, tool: str, **arguments: Any) -> Any:
    spec = SPECS[tool]
    args = check(tool, spec.arguments, arguments)
    return await by_name(spec, args, lambda args: spec.handler(port, args, RecordedCall()))


async def refused(port: ScriptedPort, tool: str, **arguments: Any) -> PodiumError:
    with pytest.raises(PodiumError) as caught:
        await called(port, tool, **arguments)
    return caught.value


@pytest.mark.parametrize("tool", READING)
async def test_a_tool_that_reads_takes_the_name_that_one_job_has_and_answers_with_its_id(tool: str) -> None:
    port = Named(n1="nightly", n2="other")
    result = await called(port, tool, job_id="nightly", **OTHERS.get(tool, {}))
    assert "n1" in result.model_dump_json()
    assert "nightly" not in result.next


@pytest.mark.parametrize("tool", CHANGING)
async def test_a_tool_that_changes_something_wants_the_id_and_says_it_with_the_call(tool: str) -> None:
    port = Named(n1="nightly", n2="other")
    error = await refused(port, tool, job_id="nightly", **OTHERS.get(tool, {}))
    assert (error.code, error.message) == ("JOB_NOT_FOUND", "'nightly' is a job's name; its id is n1.")
    assert error.fix.startswith(f'{tool}(job_id="n1"')
    assert len(error.fix) < 100
    assert len(port.calls) == 1


async def test_a_name_that_several_jobs_have_is_refused_with_their_ids_times_and_states() -> None:
    port = Named(**{f"n{number}": "nightly" for number in range(7)})
    for tool in ("get_job", "cancel_job"):
        error = await refused(port, tool, job_id="nightly")
        assert (error.code, error.message) == ("AMBIGUOUS_NAME", "'nightly' is the name of 7 jobs.")
        assert isinstance(error, AmbiguousName)
        assert error.facts["jobs"][0] == as_named("n0", "running", "2026-01-02T03:04:05Z", "")
        assert (len(error.facts["jobs"]), error.facts["jobs_total"]) == (5, 7)
    assert error.fix == "Give the id that you mean: cancel_job(job_id=...)"
    assert (await refused(port, "get_job", job_id="nightly", detail="full")).fix.endswith(
        ': get_job(job_id="n0", detail="full")'
    )


async def test_an_id_wins_over_a_name_and_costs_one_question() -> None:
    port = Named(nightly="other", n2="nightly")
    assert (await called(port, "get_job", job_id="nightly")).job_id == "nightly"
    assert len(port.calls) == 1


async def test_an_unknown_job_is_refused_as_before() -> None:
    error = await refused(Named(n1="nightly"), "get_job", job_id="daily")
    assert (error.code, error.message) == ("JOB_NOT_FOUND", "Job 'daily' not found")


@pytest.mark.parametrize("name", ["with blank", 'a "quote"', "müllabfuhr", "ids/../x", "x" * 200])
async def test_any_name_can_be_given(name: str) -> None:
    assert (await called(Named(n1=name), "get_job", job_id=name)).job_id == "n1"


async def test_a_wait_takes_ids_and_names_and_counts_each_job_once() -> None:
    port = Named(n1="nightly", n2="other", n3="third")
    result = await called(port, "wait_for_job", job_ids=["nightly", "n2", "n1", "third"], timeout_seconds=0)
    assert [each.job_id for each in result.jobs] == ["n1", "n2", "n3"]
    assert '["n1", "n2", "n3"]' in result.next


async def test_a_name_whose_job_was_deleted_meanwhile_does_not_go_on_for_ever() -> None:
    class Fleeting(Named):
        """Says of every name that a job has it, whose id is unknown again."""

        async def detail(self, job_id: str, *, sheets: bool, sheets_cursor: str = "", limit: int = 50) -> JobDetail:
            raise job_not_found(job_id, (), [as_named(f"{job_id}x", "queued", "", "")], 1)

        async def wait(self, job_ids: Sequence[str], *, until: Literal["any", "all"], timeout_seconds: float, after: str,
                       progress: Progress | None = None, pattern: str = "") -> WaitView:  # fmt: skip
            raise job_not_found(job_ids[-1], (), [as_named(f"{job_ids[-1]}x", "queued", "", "")], 1)

    assert isinstance(await refused(Fleeting(), "get_job", job_id="a"), JobNotFound)
    assert isinstance(await refused(Fleeting(), "wait_for_job", job_ids=["a", "b"]), JobNotFound)
