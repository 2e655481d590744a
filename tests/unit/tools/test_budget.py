"""What tools cost a model: their definitions, and results whatever a job or a score put into them."""

import json
import random
import string
from typing import Any

import pytest
from mcp.types import TextContent

from podium.contract.changed import Labels, ScoreChange
from podium.contract.models import (
    ActionView,
    ArtifactEntry,
    ArtifactPage,
    ArtifactText,
    ClearView,
    EventView,
    ExplainView,
    JobPage,
    JobView,
    LogLine,
    LogView,
    PlanSheetView,
    SheetView,
    ValidationView,
)
from podium.contract.near import as_named, job_not_found
from podium.contract.score_text import JobScore, ScoreText
from podium.contract.states import JobStatus
from podium.contract.topics import TOPICS
from podium.contract.waits import MatchView, WaitView
from podium.contract.weight import RESULT_TOKENS, fits, tokens_at_most
from podium.errors import ScoreInvalid
from podium.mcp.app import build_server
from podium.mcp.calls.results import failure, success
from podium.mcp.instructions import instructions
from podium_tools import ALL_TOOLS
from podium_tools.score import _invalid
from tests.support.port import CURSOR, ScriptedPort, ended, job, plan
from tests.support.tokens import count_tokens, has_encoder
from tests.unit.tools.helpers import use

pytestmark = pytest.mark.anyio

ID = "build-x7k2q"
LONG = "n" * 100  # a long name
# Characters that cost much, each drawn at random, so that no encoding shortens them.
COSTLY = {
    "letters": string.ascii_letters,
    "hexadecimal": "0123456789abcdef",
    "signs": string.punctuation,
    "quotes": '"\\',
    "lines": "a\n",
    "chinese": "".join(map(chr, range(0x4E00, 0x9FFF))),
    "cuneiform": "".join(map(chr, range(0x12000, 0x12300))),
    "emoji": "".join(map(chr, range(0x1F300, 0x1F600))),
}


def drawn(alphabet: str, length: int) -> str:
    """Return a text of characters drawn at random, always the same."""
    return "".join(random.Random(7).choices(alphabet, k=length))


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


async def test_the_list_of_tools_stays_within_its_budget() -> None:
    server = build_server(ScriptedPort().opened)
    tools = [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in await server.list_tools()]
    bare = [{key: value for key, value in tool.items() if key != "outputSchema"} for tool in tools]
    without, whole = count_tokens([compact(bare), compact(tools)])
    assert without <= 3900
    assert whole <= 7200


def test_the_instructions_stay_within_their_budget() -> None:
    assert len(instructions([spec.name for spec in ALL_TOOLS])) <= 1500


def test_the_estimate_is_no_less_than_what_a_text_costs() -> None:
    if not has_encoder():
        pytest.skip("needs Node and npm for the real encoding")
    texts = {kind: drawn(alphabet, 300) for kind, alphabet in COSTLY.items()}
    real = dict(zip(texts, count_tokens([compact(text) for text in texts.values()]), strict=True))
    low = {
        kind: (tokens_at_most(compact(text)), real[kind])
        for kind, text in texts.items()
        if tokens_at_most(compact(text)) < 0.9 * real[kind]
    }
    assert not low


@pytest.mark.parametrize("kind", COSTLY)
def test_a_text_fits_exactly_if_its_estimate_does(kind: str) -> None:
    for length in (1, 30, 299):
        text = drawn(COSTLY[kind], length)
        cost = tokens_at_most(text)
        assert fits(text, cost)
        assert not fits(text, cost - 1)


def test_the_estimate_of_ordinary_text_is_no_more_than_three_times_its_cost() -> None:
    text = (__doc__ or "") * 20
    assert tokens_at_most(text) <= 3 * count_tokens([text])[0]


async def test_a_file_that_costs_much_comes_in_smaller_parts() -> None:
    text = drawn(COSTLY["cuneiform"], 5000)

    class Files(ScriptedPort):
        async def artifact(self, job_id: str, *, path: str, offset: int, max_bytes: int) -> ArtifactText:
            part = text.encode()[offset : offset + max_bytes // 4 * 4].decode()
            return ArtifactText(
                path=path, size_bytes=20_000, offset=offset, text=part, next_offset=offset + len(part) * 4
            )

    result = await use(Files(), "read_artifact", {"job_id": ID, "path": "a.txt"})
    assert tokens_at_most(result.model_dump_json()) <= RESULT_TOKENS
    assert result.truncated
    assert result.next_offset == len(result.job_output.encode()) > 4000


async def test_many_long_paths_make_a_shorter_page() -> None:
    entries = [ArtifactEntry(path=f"{number:03}/{drawn('xyz/', 1000)}", type="file") for number in range(100)]

    class Files(ScriptedPort):
        async def artifacts(self, job_id: str, *, path: str, limit: int, cursor: str) -> ArtifactPage:
            return ArtifactPage(workspace="/w", entries=entries[:limit], next_cursor=entries[limit - 1].path, total=100)

    result = await use(Files(), "list_artifacts", {"job_id": ID})
    assert tokens_at_most(result.model_dump_json()) <= RESULT_TOKENS
    assert 0 < len(result.entries) < 100
    assert result.next_cursor == result.entries[-1].path
    assert result.summary.endswith(", shortened to fit in one reply; use next_cursor for more.")


async def test_no_result_is_over_the_limit_however_full_the_views_are() -> None:
    check = ValidationView(type="content_regex", passed=False, expected="e" * 2000, found="f" * 2000, seconds=1)
    sheets = [
        SheetView(
            sheet=n, name=LONG, status="failed", reason="r" * 5000, needs=list(range(9000)), validations=[check] * 50
        )
        for n in range(1, 51)
    ]
    full = job(
        job_name=LONG,
        reason="why " * 5000,
        running=[LONG] * 10,
        waiting=[LONG] * 10,
        warnings=["w" * 5000] * 500,
    )
    event = EventView(
        seq=1, job_id=ID, job_seq=1, type="sheet.failed", at="2026-01-02T03:04:05Z", data={"reason": "x" * 5000}
    )
    output = LogView(job_id=ID, sheet=1, attempt=1, stream="stderr", lines=[LogLine(text="e" * 990)] * 4)

    class Full(ScriptedPort):
        async def detail(self, job_id: str, *, sheets: bool, sheets_cursor: str = "", limit: int = 50) -> Any:
            found = await super().detail(job_id, sheets=sheets, sheets_cursor=sheets_cursor, limit=limit)
            return found.model_copy(update={"sheets": found.sheets[:limit]})

        async def list_page(self, **given: Any) -> JobPage:
            return JobPage(jobs=[full] * given["limit"], total=1000, next_cursor="c")

    port = Full(
        jobs={ID: full},
        sheets=sheets,
        checked=plan(
            sheets=[PlanSheetView(sheet=n, name=LONG, instrument="cli", needs=list(range(5000))) for n in range(99)],
            warnings=["w" * 5000] * 500,
        ),
        waited=WaitView(woke_for="event", jobs=[full] * 3, events=[event] * 50, after=CURSOR, waited_seconds=1),
        explained=ExplainView(
            job=full,
            kind="failed",
            sheet=sheets[0],
            earlier_attempts=["attempt 1 failed: " + "m" * 4000] * 5,
            blocked=[LONG] * 10,
            blocked_total=9000,
            healing=[event] * 20,
            output=output,
        ),
    )
    calls: dict[str, dict[str, Any]] = {
        "start_job": {"config_path": "a.yaml"},
        "get_job": {"job_id": ID, "detail": "full"},
        "list_jobs": {"limit": 100},
        "wait_for_job": {"job_ids": [ID]},
        "explain_job": {"job_id": ID},
        "validate_score": {"config_path": "a.yaml"},
        "pause_job": {"job_id": ID},
    }
    for tool, arguments in calls.items():
        (block,) = success(await use(port, tool, arguments)).content
        assert isinstance(block, TextContent)
        assert tokens_at_most(block.text) <= 10_000, tool


def test_an_error_with_many_problems_holds_the_first_and_tells_how_many() -> None:
    problem = {"line": 1, "column": 1, "field": "sheets[0]", "message": "m" * 400, "allowed": [LONG] * 20}
    result = failure(ScoreInvalid("100 problems", problems=[problem] * 100, problems_total=100))
    (block,) = result.content
    assert isinstance(block, TextContent)
    error = json.loads(block.text)["error"]
    assert error["problems_total"] == 100
    assert 0 < len(error["problems"]) < 100
    assert tokens_at_most(compact(error)) <= 10_000


async def test_a_wait_for_fifty_jobs_fits() -> None:
    view = WaitView(woke_for="timeout", jobs=[ended(reason="r " * 300)] * 50, after=CURSOR, waited_seconds=1)
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID]})
    assert tokens_at_most(result.model_dump_json()) <= 10_000


@pytest.mark.parametrize("kind", COSTLY)
@pytest.mark.parametrize("tool", ["get_job", "validate_score"])
async def test_the_text_of_a_score_comes_in_smaller_pages_where_it_costs_much(kind: str, tool: str) -> None:
    text = ScoreText(lines=[drawn(COSTLY[kind].replace("\n", ""), 1500)] * 200, lines_total=200)
    variables = {f"name{number}": drawn(COSTLY[kind], 200) for number in range(50)}
    sheets = [
        PlanSheetView(sheet=n, name=LONG, instrument="cli", command=drawn(COSTLY[kind], 120)) for n in range(1, 51)
    ]
    score = JobScore(job=job(), text=text, file="inline", start_variables=variables, variables=variables)
    port = ScriptedPort(score_text=text, job_score=score, checked=plan(sheets=sheets))
    arguments = {"job_id": ID, "detail": "score"} if tool == "get_job" else {"config_path": "/a.yaml"}
    result = await use(port, tool, arguments)
    assert tokens_at_most(result.model_dump_json()) <= RESULT_TOKENS
    assert result.truncated
    assert result.score


def a_full_job(kind: str) -> JobView:
    """Return a job whose name, reason and labels are as long as they may be and cost much."""
    name = drawn(COSTLY[kind].replace("\n", ""), 200)
    return job(
        job_id=f"{'a' * 30}-x7k2q", job_name=name, status="failed", reason=drawn(COSTLY[kind], 500), running=[name] * 20,
        waiting=[name] * 20, running_total=40, workspace=f"/{name}", finished_at="2026-01-02T03:04:05Z",
    )  # fmt: skip


@pytest.mark.parametrize("kind", COSTLY)
async def test_jobs_that_are_cleared_fit_however_they_are_named(kind: str) -> None:
    view = ClearView(jobs=[a_full_job(kind)] * 50, total=10_000, counts={"failed": 10_000})
    result = await use(ScriptedPort(cleared=view), "clear_jobs", {})
    assert tokens_at_most(result.model_dump_json()) <= 10_000
    assert result.total == 10_000


@pytest.mark.parametrize("kind", COSTLY)
@pytest.mark.parametrize("status", ["failed", "running"])
async def test_a_wait_for_fifty_jobs_that_saw_a_costly_line_fits(kind: str, status: JobStatus) -> None:
    line = LogLine(text=drawn(COSTLY[kind], 1000), number=1)
    match = MatchView(job_id=ID, sheet=1, sheet_name=drawn(COSTLY[kind], 200), attempt=1, stream="stdout", line=line)
    jobs = [a_full_job(kind).model_copy(update={"status": status})] * 50
    view = WaitView(woke_for="pattern", jobs=jobs, after=CURSOR, waited_seconds=1, match=match)
    result = await use(ScriptedPort(waited=view), "wait_for_job", {"job_ids": [ID] * 50, "pattern": "x"})
    assert tokens_at_most(result.model_dump_json()) <= 10_000
    assert result.job_output


@pytest.mark.parametrize("kind", COSTLY)
@pytest.mark.parametrize("tool", ["modify_job", "resume_job"])
async def test_what_a_changed_score_changes_fits_however_the_sheets_are_named(kind: str, tool: str) -> None:
    labels = Labels(labels=[drawn(COSTLY[kind], 200)] * 20, total=10_000)
    groups = dict.fromkeys(("finished", "running", "unfinished", "added", "removed"), labels)
    change = ScoreChange(sheets=groups, settings=["parallel"], warnings=[drawn(COSTLY[kind], 2000)] * 9, file="/a.yaml")
    view = ActionView(job=a_full_job(kind), message="ok", changed_total=10_000, kept_total=10_000, change=change)
    result = await use(ScriptedPort(action=view), tool, {"job_id": ID, "find": "a", "replace": "b"})
    assert tokens_at_most(result.model_dump_json()) <= 10_000
    assert [each.what for each in result.changed][:5] == list(groups)


@pytest.mark.parametrize("kind", COSTLY)
def test_problems_with_costly_values_fit_in_both_answers(kind: str) -> None:
    text = drawn(COSTLY[kind].replace("\n", ""), 300)
    problem = {"line": 1, "column": 1, "field": "sheets[0]", "message": f"write {text}", "text": text, "topic": "retry"}
    error = ScoreInvalid(f"100 problems: {text}", problems=[problem] * 100, problems_total=100)
    (block,) = failure(error).content
    assert isinstance(block, TextContent)
    assert tokens_at_most(block.text) <= 10_000
    assert tokens_at_most(_invalid(error).model_dump_json()) <= 10_000


@pytest.mark.parametrize("kind", COSTLY)
def test_a_name_that_many_jobs_have_fits(kind: str) -> None:
    name = drawn(COSTLY[kind], 200)
    error = job_not_found(name, [name] * 50, [as_named(name, "failed", "2026-01-02T03:04:05Z", "")] * 5, 10_000)
    (block,) = failure(error).content
    assert isinstance(block, TextContent)
    assert tokens_at_most(block.text) <= 10_000


@pytest.mark.parametrize("topic", ["", *TOPICS])
async def test_every_topic_about_scores_fits(topic: str) -> None:
    result = await use(ScriptedPort(), "describe_score", {"topic": topic})
    assert tokens_at_most(result.model_dump_json()) <= 10_000
