"""`get_job`, `list_jobs`, `verify_process_health` and `conductor_status`."""

import json

import pytest

from podium.contract.models import ExplainView, JobPage, LogLine, LogView, PlanSheetView, SheetView, ValidationView
from podium.contract.results import ProcessHealth
from podium.contract.score_text import CheckedScore, CheckParams, JobScore, JobScoreParams, ScoreText
from podium.errors import InvalidArguments
from podium_tools.results import OUTPUT_NOTE
from tests.support.port import CURSOR, ScriptedPort, ended, job, plan
from tests.unit.tools.helpers import use

pytestmark = pytest.mark.anyio

ID = "build-x7k2q"


async def test_concise_asks_for_no_sheets() -> None:
    port = ScriptedPort()
    result = await use(port, "get_job", {"job_id": ID})
    assert port.calls == [("detail", (ID, False, "", 1))]
    assert result.summary == f"{ID} is running (1 of 3 sheets completed, running: 2 tests)."
    assert result.next == f'wait_for_job(job_ids=["{ID}"], after="{CURSOR}")'


async def test_full_shows_sheets_with_only_their_failed_validations() -> None:
    checks = [
        ValidationView(type="file_exists", passed=False, expected="a.txt", found="nothing", seconds=0.1),
        ValidationView(type="command", passed=True, expected="0", found="0", seconds=0.1),
    ]
    sheet = SheetView(sheet=2, name="tests", status="failed", attempts=3, exit_code=1, validations=checks)
    result = await use(ScriptedPort(sheets=[sheet], sheets_cursor="c2"), "get_job", {"job_id": ID, "detail": "full"})
    assert result.sheets[0].failed_validations == ["file_exists: expected a.txt, found nothing"]
    assert result.sheets[0].exit_code == 1
    assert result.next == f'get_job(job_id="{ID}", sheets_cursor="c2")'


async def test_a_sheet_tells_what_is_special_about_it_and_nothing_else() -> None:
    check = ValidationView(
        type="file_exists", passed=False, expected="a.txt", found="nothing", seconds=0.1, description="the report"
    )
    special = SheetView(
        sheet=1,
        name="review",
        description="looks at every change",
        status="waiting",
        instrument="claude-code",
        waiting_until="2026-01-02T03:05:00Z",
        healing="timed out: it doubled the time limit",
        processes_ended=2,
        validations=[check],
    )
    plain = SheetView(sheet=2, name="build", status="completed", instrument="cli")
    result = await use(ScriptedPort(sheets=[special, plain]), "get_job", {"job_id": ID, "detail": "full"})
    first, second = result.model_dump()["sheets"]
    only = {"description", "instrument", "waiting_until", "healing", "processes_ended"}
    assert set(first) - set(second) == {*only, "failed_validations"}
    assert [first[name] for name in sorted(only)] == [
        "looks at every change",
        "timed out: it doubled the time limit",
        "claude-code",
        2,
        "2026-01-02T03:05:00Z",
    ]
    assert first["failed_validations"] == ["file_exists (the report): expected a.txt, found nothing"]


async def test_a_cursor_implies_full() -> None:
    port = ScriptedPort()
    await use(port, "get_job", {"job_id": ID, "sheets_cursor": "c2"})
    assert port.calls == [("detail", (ID, True, "c2", 50))]


async def test_a_failed_job_leads_to_its_explanation() -> None:
    port = ScriptedPort(jobs={ID: ended("failed", reason="sheet 2 (tests) failed: exit code 1", sheets_failed=1)})
    result = await use(port, "get_job", {"job_id": ID})
    assert result.next == f'explain_job(job_id="{ID}")'
    assert result.reason == "sheet 2 (tests) failed: exit code 1"
    assert result.summary.endswith("1 failed): sheet 2 (tests) failed: exit code 1.")


async def test_a_stuck_job_says_so_first() -> None:
    result = await use(ScriptedPort(jobs={ID: job(stuck=True)}), "get_job", {"job_id": ID})
    assert result.reason.startswith("stuck: ")


async def test_many_running_sheets_are_shortened() -> None:
    labels = [str(number) for number in range(1, 101)]
    result = await use(ScriptedPort(jobs={ID: job(running=labels)}), "get_job", {"job_id": ID})
    assert result.running[-1] == "and 80 more"
    assert len(result.running) == 21


async def test_a_page_of_jobs_says_how_to_go_on() -> None:
    port = ScriptedPort(page=JobPage(jobs=[job()], next_cursor="c1", total=7))
    result = await use(port, "list_jobs", {"status": "running", "name": "Build", "limit": 1})
    assert port.calls == [("list_page", ("running", "Build", 1, ""))]
    assert result.summary == "1 of 7 running jobs matching 'Build', newest first; use next_cursor for more."
    assert result.next == 'list_jobs(status="running", name="Build", limit=1, cursor="c1")'
    assert result.jobs[0].submitted_at == "2026-01-02T03:04:05Z"


async def test_a_job_that_only_waits_says_so_until_when_and_for_what() -> None:
    waits = job(
        running=[],
        waiting=["tests"],
        waiting_total=1,
        waiting_until="2026-01-02T03:09:00Z",
        reason="sheet tests is waiting",
    )
    port = ScriptedPort(jobs={ID: waits})
    result = await use(port, "get_job", {"job_id": ID})
    assert result.summary == f"{ID} is waiting (1 of 3 sheets completed, waiting: tests): sheet tests is waiting."
    assert (result.status, result.waiting, result.waiting_until) == ("running", ["tests"], "2026-01-02T03:09:00Z")
    listed = (await use(port, "list_jobs")).model_dump()["jobs"][0]
    waited = (await use(port, "wait_for_job", {"job_ids": [ID], "timeout_seconds": 0})).model_dump()["jobs"][0]
    for line in (listed, waited):
        assert (line["waiting"], line["waiting_until"]) == (["tests"], "2026-01-02T03:09:00Z")


async def test_the_line_of_a_job_that_works_has_no_field_for_waits() -> None:
    port = ScriptedPort(page=JobPage(jobs=[job(), ended(finished_at="2026-01-02T03:09:00Z")], total=2))
    works, done = (await use(port, "list_jobs")).model_dump()["jobs"]
    assert {"waiting", "waiting_until", "finished_at"}.isdisjoint(works)
    assert done["finished_at"] == "2026-01-02T03:09:00Z"


@pytest.mark.parametrize("status", ["any", "all", "", None])
async def test_all_jobs_are_asked_for_by_either_word_or_none(status: str | None) -> None:
    port = ScriptedPort()
    await use(port, "list_jobs", {"status": status})
    assert port.calls == [("list_page", ("any", "", 20, ""))]


@pytest.mark.parametrize("status", ["active", "waiting", "stuck", "ended", "cancelled"])
async def test_an_empty_list_says_which_jobs_there_are_none_of(status: str) -> None:
    result = await use(ScriptedPort(jobs={}), "list_jobs", {"status": status})
    assert result.summary == f"No {status} jobs."


async def test_no_jobs_is_an_answer() -> None:
    result = await use(ScriptedPort(jobs={}), "list_jobs")
    assert result.summary == "No jobs."
    assert result.jobs == []


async def test_health_carries_numbers_and_the_job_s_state() -> None:
    result = await use(ScriptedPort(), "verify_process_health", {"job_id": ID})
    assert result.summary == f"Process 4711 of {ID} is alive (up 1 min 30 s). The job: 12.3 % CPU, 56.8 MiB."
    assert not {"sheet", "since"} & set(result.model_dump())
    assert (result.pid, result.is_alive, result.cpu_percent, result.status) == (4711, True, 12.34, "running")


async def test_health_tells_the_process_of_one_sheet_from_the_load_of_all() -> None:
    health = ProcessHealth(5, True, False, True, 150.0, 9.5, 7321.0, (), "tests", "2026-01-02T03:04:05.678Z", 7)
    busy = job(running=["tests", "docs"])
    result = await use(ScriptedPort(jobs={ID: busy}, health=health), "verify_process_health", {"job_id": ID})
    assert result.summary == (
        f"Process 5 of {ID}, sheet tests (the oldest of 2), is alive (up 2 h 2 min, running since 2026-01-02T03:04:05.678Z). "
        "The job's 7 processes: 150.0 % CPU, 9.5 MiB."
    )
    assert (result.sheet, result.since, result.processes) == ("tests", "2026-01-02T03:04:05.678Z", 7)


async def test_a_sheet_in_the_queue_of_a_cluster_has_no_process_and_health_says_where_it_is() -> None:
    where = "waits in Slurm's queue as job 512, partition main: Resources"
    health = ProcessHealth(None, False, False, False, sheet="tests", place=where)
    result = await use(ScriptedPort(health=health), "verify_process_health", {"job_id": ID})
    assert result.summary == f"{ID} has no process to measure now. Sheet tests: {where}."
    assert (result.pid, result.is_alive, result.place, result.sheet) == (None, False, where, "tests")
    assert "node" not in result.model_dump()


async def test_a_process_on_a_node_is_told_with_its_node() -> None:
    health = ProcessHealth(71, True, False, True, 99.0, 9.5, 60.0, sheet="tests", processes=2, node="f2")
    result = await use(ScriptedPort(health=health), "verify_process_health", {"job_id": ID})
    assert result.summary.startswith(f"Process 71 on node f2 of {ID}, sheet tests, is alive (up 1 min).")
    assert result.node == "f2"


async def test_a_sheet_of_a_cluster_says_where_it_is_and_one_of_this_machine_says_nothing() -> None:
    there = SheetView(sheet=1, name="a", status="running", place="in Slurm's queue as job 512: " + "x" * 400)
    here = SheetView(sheet=2, name="b", status="running")
    result = await use(ScriptedPort(sheets=[there, here]), "get_job", {"job_id": ID, "detail": "full"})
    first, second = result.model_dump()["sheets"]
    assert first["place"] == there.place[:300] + "..."
    assert "place" not in second


async def test_what_a_conductor_does_not_tell_of_a_running_job_s_processes_is_left_out() -> None:
    unknown = ProcessHealth(None, True, is_zombie_state=False, process_exists=False)
    result = await use(ScriptedPort(health=unknown), "verify_process_health", {"job_id": ID})
    assert result.summary == f"{ID} is running; its conductor names no process of it now."
    assert "processes" not in result.model_dump()


async def test_the_living_process_of_a_stuck_job_leads_to_its_output() -> None:
    result = await use(ScriptedPort(jobs={ID: job(stuck=True)}), "verify_process_health", {"job_id": ID})
    assert result.next == f'read_job_log(job_id="{ID}")'


@pytest.mark.parametrize(
    ("health", "expected"),
    [
        (ProcessHealth(None, False, False, False), "has no process now; the job has completed."),
        (
            ProcessHealth(5, False, False, False),
            "Process 5 of build-x7k2q no longer exists; the job has completed.",
        ),
        (ProcessHealth(5, False, True, True), "Process 5 of build-x7k2q has ended but is still a zombie."),
    ],
)
async def test_no_living_process_is_explained(health: ProcessHealth, expected: str) -> None:
    port = ScriptedPort(jobs={ID: ended()}, health=health)
    result = await use(port, "verify_process_health", {"job_id": ID})
    assert result.summary.endswith(expected)
    assert result.next == f'read_artifact(job_id="{ID}", path="report.md")'


async def test_the_conductor_says_who_it_is_and_how_busy() -> None:
    result = await use(ScriptedPort(), "conductor_status")
    assert result.summary == "podium 0.1.0 is responding: 1 job running, 0 queued, 0 of at most 16 sheets running."
    assert result.instruments == ["cli"]
    asking = await use(ScriptedPort(resources="1 of 2 GPUs"), "conductor_status")
    assert asking.summary.endswith("0 of at most 16 sheets running (1 of 2 GPUs in use).")
    both = await use(ScriptedPort(cluster_sheets=3), "conductor_status")
    assert both.summary.endswith("0 of at most 16 sheets running here, 3 on a cluster.")
    assert (both.running_sheets, both.cluster_sheets) == (0, 3)


async def test_skipped_sheets_are_told_by_kind() -> None:
    counts = {"sheets_total": 5, "sheets_completed": 2, "sheets_skipped": 3, "sheets_before_start": 3}
    found = ended().model_copy(update=counts)
    result = await use(ScriptedPort(jobs={ID: found}), "get_job", {"job_id": ID})
    assert result.summary == f"{ID} has completed (2 of 2 sheets completed, 3 before start_sheet)."
    kinds = found.model_copy(update={"sheets_completed": 1, "sheets_before_start": 1, "sheets_blocked": 1})
    result = await use(ScriptedPort(jobs={ID: kinds}), "get_job", {"job_id": ID})
    assert "1 of 4 sheets completed, 1 blocked, 1 skipped by condition, 1 before start_sheet" in result.summary
    assert (result.sheets_skipped, result.sheets_blocked, result.sheets_before_start) == (1, 1, 1)


async def test_a_score_comes_with_where_it_is_from_and_a_following_page() -> None:
    text = ScoreText(lines=["sheets:", "- {run: make}"], first_line=2, lines_total=9)
    found = JobScore(
        job=job(), text=text, path="/a.yaml", file="differs", start_variables={"who": "me"}, variables_total=4
    )
    port = ScriptedPort(job_score=found)
    result = await use(port, "get_job", {"job_id": ID, "detail": "score", "offset": 2, "max_lines": 2})
    assert port.calls == [("score", JobScoreParams(ID, 2, 2))]
    assert (result.score, result.first_line, result.lines_total) == ("sheets:\n- {run: make}", 2, 9)
    assert (result.truncated, result.config_path, result.start_variables) == (True, "/a.yaml", [])
    assert result.next == f'get_job(job_id="{ID}", detail="score", offset=4, max_lines=2)'
    assert result.summary == (
        f"The score of {ID}: lines 2 to 3 of 9. It came from /a.yaml, which is different now: the job does not use that."
    )


async def test_the_first_page_of_a_score_has_the_variables_and_counts_those_that_are_not_listed() -> None:
    found = JobScore(
        job=job(),
        text=ScoreText(lines=["a"], lines_total=1),
        file="inline",
        start_variables={"who": "me"},
        variables={"n": "1"},
        variables_total=7,
    )
    result = await use(ScriptedPort(job_score=found), "get_job", {"job_id": ID, "detail": "score"})
    assert (result.start_variables, result.variables) == (["who=me"], ["n=1"])
    assert result.summary == f"The score of {ID}: its one line. It was given as text. 5 more variables."


async def test_a_cursor_of_sheets_does_not_page_a_score() -> None:
    with pytest.raises(InvalidArguments, match="not for the score"):
        await use(ScriptedPort(), "get_job", {"job_id": ID, "detail": "score", "sheets_cursor": "c2"})


async def test_a_failed_job_comes_with_the_end_of_its_output() -> None:
    failed = job(status="failed", running=[], sheets_failed=1, allowed_actions=["resume", "delete"])
    output = LogView(job_id=ID, sheet=1, attempt=1, stream="stderr", lines=[LogLine(text="ech: command not found")])
    port = ScriptedPort(
        jobs={ID: failed}, explained=ExplainView(job=failed, kind="failed", output=output, can_edit=True)
    )
    result = await use(port, "get_job", {"job_id": ID})
    assert result.job_output == "ech: command not found"
    assert result.job_output_note == OUTPUT_NOTE
    assert result.next == f'resume_job(job_id="{ID}", find=..., replace=...)'


async def test_a_later_page_of_a_checked_file_does_not_repeat_the_check() -> None:
    port = ScriptedPort(score_text=ScoreText(lines=["b"], first_line=2, lines_total=3))
    result = await use(port, "validate_score", {"config_path": "/a.yaml", "offset": 2, "max_lines": 1})
    assert (result.valid, result.sheets, result.score, result.truncated) == (True, [], "b", True)
    assert result.summary == "Of the file: line 2 of 3. What the check found comes with the first page."
    assert result.next == 'validate_score(config_path="/a.yaml", offset=3, max_lines=1)'


async def test_a_check_says_when_a_conductor_shows_no_text() -> None:
    class Older(ScriptedPort):
        async def check(self, request: CheckParams) -> CheckedScore:
            return CheckedScore(plan=self.checked)

    result = await use(Older(), "validate_score", {"config_path": "/a.yaml"})
    assert result.summary.endswith("The conductor did not show the text.")
    assert not (await use(Older(), "validate_score", {"config_content": "name: x"})).summary.endswith("the text.")


async def test_what_a_sheet_needs_is_shown_only_where_it_needs_something() -> None:
    sheets = [
        PlanSheetView(sheet=1, instrument="cli", resources="slurm, cpus 2"),
        PlanSheetView(sheet=2, instrument="cli"),
    ]
    result = await use(ScriptedPort(checked=plan(sheets=sheets)), "validate_score", {"config_content": "name: x"})
    first, second = (json.loads(sheet.model_dump_json()) for sheet in result.sheets)
    assert first["resources"] == "slurm, cpus 2"
    assert "resources" not in second
