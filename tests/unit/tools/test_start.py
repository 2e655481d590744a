"""`start_job` and `validate_score`."""

import pytest

from podium.contract.command import CommandParams
from podium.contract.methods import SubmitParams
from podium.contract.models import PlanSheetView
from podium.contract.weight import tokens_at_most
from podium.errors import InvalidArguments, ScoreInvalid, ScoreNotFound
from tests.support.port import CURSOR, ScriptedPort, ended, job, plan
from tests.unit.tools.helpers import use

pytestmark = pytest.mark.anyio

ID = "build-x7k2q"


async def test_a_start_says_accepted_and_what_the_job_does_not_more() -> None:
    port = ScriptedPort(jobs={ID: job(status="queued", reason="queued behind 4 jobs", running=[], sheets_completed=0)})
    result = await use(port, "start_job", {"config_path": "a.yaml"})
    assert result.summary == (f"{ID} was accepted. {ID} is queued (0 of 3 sheets completed): queued behind 4 jobs.")
    assert result.status == "queued"
    assert result.next == f'wait_for_job(job_ids=["{ID}"], after="{CURSOR}")'


async def test_a_replay_is_marked_and_says_that_nothing_was_started() -> None:
    result = await use(ScriptedPort(replayed=True), "start_job", {"config_path": "a.yaml", "idempotency_key": "k"})
    assert result.replayed
    assert "nothing new was started" in result.summary


async def test_a_replay_leads_on_from_the_state_that_the_job_has_reached() -> None:
    port = ScriptedPort(jobs={ID: ended(started_at="2027-01-01T00:00:00Z")}, replayed=True)
    result = await use(port, "start_job", {"config_path": "a.yaml", "idempotency_key": "k"})
    assert result.next == f'read_job_log(job_id="{ID}")'


async def test_a_start_with_a_key_says_how_long_it_holds() -> None:
    told = "The key stays taken until 7 days after the job is deleted."
    keyed = await use(ScriptedPort(), "start_job", {"config_path": "a.yaml", "idempotency_key": "k"})
    assert keyed.summary.endswith(told)
    assert told not in (await use(ScriptedPort(), "start_job", {"config_path": "a.yaml"})).summary


async def test_all_arguments_reach_the_port() -> None:
    port = ScriptedPort()
    await use(
        port,
        "start_job",
        {
            "config_content": "name: x",
            "workspace": "/srv/x",
            "start_sheet": "tests",
            "self_healing": True,
            "idempotency_key": "k",
            "variables": ["branch=main", "expr=a=b"],
        },
    )
    assert port.calls == [
        (
            "start",
            SubmitParams(
                config_content="name: x",
                workspace="/srv/x",
                start_sheet="tests",
                self_healing=True,
                idempotency_key="k",
                variables={"branch": "main", "expr": "a=b"},
            ),
        )
    ]


@pytest.mark.parametrize(("text", "sheet"), [("3", 3), ("tests", "tests"), ("", 1), (" 2 ", 2)])
async def test_a_sheet_is_a_number_or_a_name(text: str, sheet: int | str) -> None:
    port = ScriptedPort()
    await use(port, "start_job", {"config_path": "a.yaml", "start_sheet": text})
    assert port.calls[0][1].start_sheet == sheet


@pytest.mark.parametrize("tool", ["start_job", "validate_score"])
@pytest.mark.parametrize(
    "given", [{}, {"config_content": "  \n"}, {"config_path": "a.yaml", "config_content": "name: x"}]
)
async def test_exactly_one_score_is_wanted(tool: str, given: dict[str, str]) -> None:
    port = ScriptedPort()
    with pytest.raises(InvalidArguments, match=r"config_path( nor| and|,) config_content"):
        await use(port, tool, given)
    assert port.calls == []


async def test_the_problems_of_a_score_quote_their_lines_and_lead_to_what_explains_them() -> None:
    problem = {"line": 3, "column": 7, "field": "sheets[0].rnu", "message": "unknown key; did you mean run?"}
    listed = [{**problem, "text": "rnu: pytest", "topic": "sheets"}, {**problem, "topic": "sheets"}]
    error = ScoreInvalid("not valid", problems=listed, problems_total=2)
    result = await use(ScriptedPort(error=error), "validate_score", {"config_path": "a.yaml"})
    assert result.problems == [
        "3:7 sheets[0].rnu: unknown key; did you mean run? | rnu: pytest",
        "3:7 sheets[0].rnu: unknown key; did you mean run?",
    ]
    assert result.next == 'describe_score(topic="sheets")'


async def test_many_problems_with_long_lines_are_listed_as_far_as_they_fit() -> None:
    listed = [{"line": number, "message": "m" * 400, "text": "é" * 120} for number in range(1, 101)]
    error = ScoreInvalid("not valid", problems=listed, problems_total=100)
    result = await use(ScriptedPort(error=error), "validate_score", {"config_path": "a.yaml"})
    assert 10 < len(result.problems) <= 50
    assert f"The first {len(result.problems)} are shown." in result.summary
    assert sum(map(tokens_at_most, result.problems)) <= 6_000


async def test_a_command_reaches_the_port_in_place_of_a_score() -> None:
    port = ScriptedPort()
    await use(port, "start_job", {"command": "npm test", "workspace": "/srv/x"})
    assert port.calls == [("start", CommandParams(command="npm test", workspace="/srv/x", start_sheet=1))]


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("npm test", '"npm test"'),
        ("x" * 300, "..."),
        ("API_KEY=abc123 npm test", "..."),
        ("login --token abc123", "..."),
    ],
)
async def test_the_next_call_repeats_a_short_command_without_secrets(command: str, shown: str) -> None:
    result = await use(ScriptedPort(), "start_job", {"command": command, "dry_run": True})
    assert result.next == f"start_job(command={shown})"


@pytest.mark.parametrize("variables", [["branch"], ["=x"], ["a=1", "a=2"]])
async def test_a_variable_is_a_name_and_a_value_once(variables: list[str]) -> None:
    with pytest.raises(InvalidArguments, match="variables"):
        await use(ScriptedPort(), "start_job", {"config_path": "a.yaml", "variables": variables})


async def test_a_dry_run_starts_nothing_and_shows_the_plan() -> None:
    port = ScriptedPort()
    result = await use(port, "start_job", {"config_path": "a.yaml", "dry_run": True})
    assert [name for name, _ in port.calls] == ["plan"]
    assert result.status == "not_started"
    assert result.job_id == ""
    assert result.dry_run
    assert [sheet.name for sheet in result.plan] == ["compile", "review"]
    assert result.summary == (
        "Dry run: nothing was started. build: 2 sheets, one after another; instruments not found: claude-code."
    )


async def test_a_dry_run_leads_to_the_start_that_it_tried() -> None:
    given = {
        "config_path": "a.yaml",
        "workspace": "/srv/x",
        "start_sheet": "tests",
        "self_healing": True,
        "idempotency_key": "k",
        "variables": ["branch=main"],
    }
    result = await use(ScriptedPort(), "start_job", {**given, "dry_run": True})
    assert result.next == (
        'start_job(config_path="a.yaml", workspace="/srv/x", start_sheet="tests", self_healing=true, '
        'idempotency_key="k", variables=["branch=main"])'
    )
    inline = await use(ScriptedPort(), "start_job", {"config_content": "name: x", "dry_run": True})
    assert inline.next == "start_job(config_content=...)"


async def test_a_replay_of_a_failed_job_leads_to_its_explanation() -> None:
    result = await use(ScriptedPort(jobs={ID: ended("failed")}, replayed=True), "start_job", {"config_path": "a.yaml"})
    assert result.next == f'explain_job(job_id="{ID}")'


async def test_a_start_in_the_middle_warns_that_what_comes_before_does_not_run() -> None:
    port = ScriptedPort(jobs={ID: job(sheets_skipped=1, sheets_before_start=1, warnings=["the score's own"])})
    result = await use(port, "start_job", {"config_path": "a.yaml", "start_sheet": "tests"})
    assert result.warnings == [
        "The sheets before tests do not run: the workspace must already contain what they produce.",
        "the score's own",
    ]
    assert (await use(port, "start_job", {"config_path": "a.yaml", "start_sheet": "1"})).warnings == ["the score's own"]


@pytest.mark.parametrize(
    ("needs", "at_once", "order"),
    [
        ([[]], 4, "1 sheet."),
        ([[], [1], [2]], 4, "3 sheets, one after another."),
        ([[], [], [1, 2]], 4, "3 sheets, at most 4 at a time."),
        ([[], [], []], 1, "3 sheets, one after another."),
    ],
)
async def test_the_order_of_a_plan_is_said(needs: list[list[int]], at_once: int, order: str) -> None:
    sheets = [PlanSheetView(sheet=number, instrument="cli", needs=each) for number, each in enumerate(needs, start=1)]
    port = ScriptedPort(checked=plan(sheets=sheets, sheets_total=len(sheets), max_concurrent=at_once))
    result = await use(port, "validate_score", {"config_path": "a.yaml"})
    assert result.summary == f"The score is valid. build: {order}"


async def test_a_long_plan_is_cut_and_says_so() -> None:
    sheets = [PlanSheetView(sheet=number, instrument="cli") for number in range(1, 1001)]
    port = ScriptedPort(checked=plan(sheets=sheets, sheets_total=1000))
    result = await use(port, "validate_score", {"config_path": "a.yaml"})
    assert len(result.sheets) == 50
    assert "1000 sheets, of which the first 50 are shown" in result.summary


async def test_a_check_shows_more_notes_than_a_start() -> None:
    port = ScriptedPort(checked=plan(warnings=[f"note {number}" for number in range(30)]))
    checked = await use(port, "validate_score", {"config_path": "a.yaml"})
    assert [checked.warnings[0], *checked.warnings[19:]] == ["note 0", "note 19", "and 10 more"]
    planned = await use(port, "start_job", {"config_path": "a.yaml", "dry_run": True})
    assert planned.warnings[5:] == ["and 25 more"]


async def test_a_valid_score_leads_to_its_start() -> None:
    result = await use(ScriptedPort(), "validate_score", {"config_path": "a.yaml"})
    assert result.valid
    assert result.missing_instruments == ["claude-code"]
    assert result.next == 'start_job(config_path="a.yaml")'


async def test_an_invalid_score_is_an_answer_with_every_problem() -> None:
    problems = [
        {"line": 3, "column": 5, "field": "sheet.total_items", "message": "must be at least 1"},
        {"line": 0, "field": "backend.type", "message": "unknown", "allowed": ["cli", "claude-code"]},
    ]
    port = ScriptedPort(error=ScoreInvalid("2 problems", problems=problems))
    result = await use(port, "validate_score", {"config_content": "x"})
    assert not result.valid
    assert result.summary == "The score is not valid: 2 problems."
    assert result.problems == [
        "3:5 sheet.total_items: must be at least 1",
        "backend.type: unknown (allowed: cli, claude-code)",
    ]


async def test_a_missing_score_file_is_an_error_of_the_call() -> None:
    with pytest.raises(ScoreNotFound):
        await use(ScriptedPort(error=ScoreNotFound("no a.yaml")), "validate_score", {"config_path": "a.yaml"})
