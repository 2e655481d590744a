"""`explain_job`: one call that answers why, and names the calls that follow."""

import pytest

from podium.contract.models import EventView, ExplainView, LogLine, LogView, SheetView, ValidationView
from podium_tools.results import OUTPUT_NOTE
from tests.support.port import CURSOR, ScriptedPort, ended, job
from tests.unit.tools.helpers import use

pytestmark = pytest.mark.anyio

ID = "build-x7k2q"
CHECK = ValidationView(type="file_exists", passed=False, expected="a.txt exists", found="nothing", seconds=0.1)


def output(*texts: str, **facts: object) -> LogView:
    lines = [LogLine(text=text) for text in texts]
    base = {"job_id": ID, "sheet": 2, "sheet_name": "tests", "attempt": 3, "stream": "stderr", "lines": lines}
    return LogView.model_validate({**base, **facts})


def failed(**facts: object) -> ExplainView:
    """Return the explanation of a job whose second sheet failed in its third attempt."""
    sheet = SheetView(sheet=2, name="tests", status="failed", attempts=3, exit_code=1, validations=[CHECK])
    base = {
        "job": ended("failed", reason="sheet tests failed: exit code 1", sheets_failed=1).model_copy(
            update={"allowed_actions": ["resume", "modify", "delete"]}
        ),
        "kind": "failed",
        "cause": "tests had 3 attempts.",
        "sheet": sheet,
        "earlier_attempts": ["attempt 1 failed: exit code 1"],
        "blocked": ["report"],
        "blocked_total": 1,
        "output": output("Traceback", "KeyError: 'x'"),
        "can_edit": True,
    }
    return ExplainView.model_validate({**base, **facts})


async def test_a_failure_names_sheet_attempt_output_check_and_what_it_blocks() -> None:
    port = ScriptedPort(explained=failed())
    result = await use(port, "explain_job", {"job_id": ID})
    assert port.calls == [("explain", ID)]
    assert result.summary.endswith("sheet tests failed: exit code 1. tests had 3 attempts.")
    assert (result.kind, result.sheet, result.attempt, result.exit_code) == ("failed", "tests", 3, 1)
    assert result.failed_validations == ["file_exists: expected a.txt exists, found nothing"]
    assert result.earlier_attempts == ["attempt 1 failed: exit code 1"]
    assert result.blocked == ["report"]
    assert result.job_output == "Traceback\nKeyError: 'x'"
    assert (result.job_output_note, result.output_stream) == (OUTPUT_NOTE, "stderr")


async def test_a_failure_leads_to_its_repair_and_to_more_output() -> None:
    result = await use(ScriptedPort(explained=failed()), "explain_job", {"job_id": ID})
    assert result.next == f'resume_job(job_id="{ID}", find=..., replace=...)'
    assert result.options == [
        f'read_job_log(job_id="{ID}", sheet="2", attempt=3, stream="stdout"): shows what it wrote to stdout',
        f'resume_job(job_id="{ID}"): keeps the finished sheets and runs the others again; first remove the cause',
        f'get_job(job_id="{ID}", detail="score"): shows the score, to correct it',
    ]
    cut = await use(ScriptedPort(explained=failed(output=output("x", truncated=True))), "explain_job", {"job_id": ID})
    assert cut.output_truncated
    assert cut.next == f'read_job_log(job_id="{ID}", sheet="2", attempt=3, stream="stderr")'
    assert cut.options[0] == f"{cut.next}: shows more of the output"


async def test_only_some_of_many_blocked_sheets_are_named() -> None:
    port = ScriptedPort(explained=failed(blocked=["a", "b"], blocked_total=500))
    assert (await use(port, "explain_job", {"job_id": ID})).blocked == ["a", "b", "and 498 more"]


async def test_remedies_are_told_one_a_line() -> None:
    event = EventView(
        seq=4, job_id=ID, job_seq=4, type="healing.applied", at="2026-01-02T03:04:05Z", data={"remedy": "wait"}
    )
    result = await use(ScriptedPort(explained=failed(healing=[event])), "explain_job", {"job_id": ID})
    assert result.healing == [f"2026-01-02T03:04:05Z {ID} healing.applied remedy=wait"]


async def test_a_waiting_job_says_until_when_and_leads_to_a_wait() -> None:
    waiting = job(running=[], waiting=["tests"], reason="sheet tests waits 30 s: retry 1 of 2 after: exit code 1")
    view = ExplainView(job=waiting, kind="waiting", can_edit=True, waits_until="2026-01-02T03:05:00Z")
    result = await use(ScriptedPort(explained=view), "explain_job", {"job_id": ID})
    assert (result.kind, result.waits_until) == ("waiting", "2026-01-02T03:05:00Z")
    assert result.next == f'wait_for_job(job_ids=["{ID}"], after="{CURSOR}")'
    assert result.options == [
        f'modify_job(job_id="{ID}", find=..., replace=...): continues with a corrected score',
        f'cancel_job(job_id="{ID}"): ends the job and its processes',
    ]


async def test_a_stuck_job_leads_to_a_look_at_its_process() -> None:
    view = ExplainView(job=job(stuck=True), kind="stuck")
    result = await use(ScriptedPort(explained=view), "explain_job", {"job_id": ID})
    assert result.next == f'verify_process_health(job_id="{ID}")'
    assert result.options[0].startswith(result.next)


async def test_a_running_job_can_be_looked_at_and_ended() -> None:
    view = ExplainView(job=job(config_path="/srv/a.yaml"), kind="running", can_edit=True)
    result = await use(ScriptedPort(explained=view), "explain_job", {"job_id": ID})
    assert [option.partition("(")[0] for option in result.options] == [
        "verify_process_health",
        "modify_job",
        "cancel_job",
    ]
    assert result.options[1].startswith(f'modify_job(job_id="{ID}", find=..., replace=...)')
    foreign = view.model_copy(update={"can_edit": False})
    result = await use(ScriptedPort(explained=foreign), "explain_job", {"job_id": ID})
    assert result.options[1].startswith(f'modify_job(job_id="{ID}", config_path=...)')


async def test_a_stream_that_holds_nothing_is_not_offered() -> None:
    result = await use(ScriptedPort(explained=failed(other_bytes=0)), "explain_job", {"job_id": ID})
    assert not any(option.startswith("read_job_log") for option in result.options)


async def test_each_of_several_failed_sheets_has_its_reason() -> None:
    several = ended("failed", reason="sheet tests failed (and 6 more): exit code 1", sheets_failed=7)
    view = failed(job=several, failed=["tests: exit code 1", "lint: exit code 2"])
    result = await use(ScriptedPort(explained=view), "explain_job", {"job_id": ID})
    assert result.failed_sheets == ["tests: exit code 1", "lint: exit code 2", "and 5 more"]
    one = await use(ScriptedPort(explained=failed(failed=["tests: exit code 1"])), "explain_job", {"job_id": ID})
    assert "failed_sheets" not in one.model_dump()


@pytest.mark.parametrize(
    ("kind", "actions", "next_call", "resumes"),
    [
        ("paused", ["resume", "cancel"], "", "continues with the remaining sheets"),
        ("cancelled", ["resume", "delete"], "", "keeps the finished sheets and runs the others again"),
        ("completed", ["delete"], f'read_artifact(job_id="{ID}", path="report.md")', None),
    ],
)
async def test_what_somebody_asked_for_is_undone_only_by_choice(
    kind: str, actions: list[str], next_call: str, resumes: str | None
) -> None:
    view = ExplainView.model_validate({"job": job(status=kind, running=[], allowed_actions=actions), "kind": kind})
    result = await use(ScriptedPort(explained=view), "explain_job", {"job_id": ID})
    assert result.next == next_call
    assert (f'resume_job(job_id="{ID}"): {resumes}' in result.options) == (resumes is not None)


@pytest.mark.parametrize(
    ("reason", "resumes"),
    [
        ("sheet a waits for approval: b?", "approves the sheets that wait for an approval"),
        ("paused on request; sheet a waits for approval: b?", "continues with the remaining sheets"),
    ],
)
async def test_what_a_resume_does_of_a_job_that_holds(reason: str, resumes: str) -> None:
    held = job(status="paused", reason=reason, holding=["a"], running=[], allowed_actions=["resume", "cancel"])
    result = await use(ScriptedPort(explained=ExplainView(job=held, kind="paused")), "explain_job", {"job_id": ID})
    assert result.next == ""
    assert f'resume_job(job_id="{ID}"): {resumes}' in result.options


async def test_without_a_sheet_that_tells_its_fields_are_empty() -> None:
    result = await use(ScriptedPort(), "explain_job", {"job_id": ID})
    assert (result.sheet, result.attempt, result.exit_code, result.job_output) == ("", 0, None, "")
    assert (result.output_stream, result.output_truncated) == ("", False)
