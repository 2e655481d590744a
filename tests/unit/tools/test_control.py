"""`pause_job`, `resume_job`, `cancel_job` and `delete_job`: what is said is what is so."""

import pytest

from podium.contract.changed import Labels, ScoreChange
from podium.contract.models import ActionView
from podium.errors import InvalidArguments
from tests.support.port import CURSOR, ScriptedPort, ended, job
from tests.unit.tools.helpers import use

pytestmark = pytest.mark.anyio

ID = "build-x7k2q"


async def test_a_pause_that_is_only_stored_is_pending_and_says_what_still_runs() -> None:
    port = ScriptedPort(action=ActionView(job=job(pause_requested=True), message="", pending=True))
    result = await use(port, "pause_job", {"job_id": ID})
    assert (result.success, result.pending, result.status) == (True, True, "running")
    assert (
        result.summary
        == f"The pause of {ID} is recorded and takes effect when its running sheets (2 tests) have ended."
    )
    assert result.next == f'wait_for_job(job_ids=["{ID}"], after="{CURSOR}")'


@pytest.mark.parametrize(
    ("since", "what"),
    [
        (["", ""], "what is in its cluster's queue is taken back (train, test)"),
        (
            ["2027-01-01T00:00:00Z", ""],
            "its running sheets (train) have ended and what is in its cluster's queue is taken back (test)",
        ),
    ],
)
async def test_a_pause_says_what_it_takes_back_from_the_queue_of_a_cluster(since: list[str], what: str) -> None:
    paused = job(pause_requested=True, running=["train", "test"], running_since=since)
    port = ScriptedPort(action=ActionView(job=paused, message="", pending=True))
    result = await use(port, "pause_job", {"job_id": ID})
    assert result.summary == f"The pause of {ID} is recorded and takes effect when {what}."


async def test_a_pause_in_effect_says_paused() -> None:
    port = ScriptedPort(action=ActionView(job=job(status="paused", running=[]), message=""))
    result = await use(port, "pause_job", {"job_id": ID})
    assert (result.success, result.pending, result.status) == (True, False, "paused")
    assert result.summary == f"{ID} is paused (1 of 3 sheets completed). Use resume_job to continue it."
    assert result.next == ""


@pytest.mark.parametrize("tool", ["pause_job", "cancel_job"])
async def test_a_job_that_ended_first_is_no_success(tool: str) -> None:
    port = ScriptedPort(action=ActionView(job=ended(started_at="2027-01-01T00:00:00Z"), message=""))
    result = await use(port, tool, {"job_id": ID})
    assert (result.success, result.pending, result.status) == (False, False, "completed")
    assert result.next == f'read_job_log(job_id="{ID}")'
    assert "did not take effect" in result.summary


async def test_a_cancel_that_is_only_stored_is_pending() -> None:
    port = ScriptedPort(action=ActionView(job=job(cancel_requested=True), message="", pending=True))
    result = await use(port, "cancel_job", {"job_id": ID})
    assert (result.success, result.pending, result.status) == (True, True, "running")
    assert "are being terminated" in result.summary


async def test_a_cancel_in_effect_says_cancelled() -> None:
    port = ScriptedPort(action=ActionView(job=ended("cancelled"), message=""))
    result = await use(port, "cancel_job", {"job_id": ID})
    assert (result.success, result.status) == (True, "cancelled")
    assert "was cancelled" in result.summary


async def test_a_resume_says_what_it_does_and_the_state() -> None:
    view = ActionView(job=job(status="queued", running=[]), message="Goes on with the sheets that are left.")
    result = await use(ScriptedPort(action=view), "resume_job", {"job_id": ID})
    assert result.summary == (f"Goes on with the sheets that are left. {ID} is queued (1 of 3 sheets completed).")


async def test_a_resume_takes_a_sheet_and_a_changed_score() -> None:
    port = ScriptedPort()
    await use(port, "resume_job", {"job_id": ID, "from_sheet": "2", "config_path": "b.yaml"})
    assert port.calls == [("resume", (ID, 2, "b.yaml", None))]


async def test_a_resume_without_a_sheet_or_score_asks_for_neither() -> None:
    port = ScriptedPort()
    await use(port, "resume_job", {"job_id": ID})
    assert port.calls == [("resume", (ID, None, None, None))]


async def test_a_resume_with_two_scores_is_refused() -> None:
    with pytest.raises(InvalidArguments, match="Both config_path and config_content were given"):
        await use(ScriptedPort(), "resume_job", {"job_id": ID, "config_path": "b.yaml", "config_content": "x: 1"})


async def test_a_changed_score_keeps_what_is_finished_and_names_what_changed_among_it() -> None:
    view = ActionView(
        job=job(status="queued", running=[]),
        message="",
        kept=["lint", "tests"],
        kept_total=2,
        changed=["lint"],
        changed_total=1,
    )
    port = ScriptedPort(action=view)
    result = await use(port, "modify_job", {"job_id": ID, "config_path": "b.yaml", "from_sheet": "report"})
    assert port.calls == [("modify", (ID, "report", "b.yaml", None))]
    assert (result.success, result.pending) == (True, False)
    assert result.model_dump()["changed"] == [{"what": "finished", "names": ["lint"]}]
    assert result.summary == (
        f"{ID} now uses the changed score. {ID} is queued (1 of 3 sheets completed). 2 finished sheets were kept. Changed "
        "sheets that have finished or are running do not run again (from_sheet does that)."
    )
    assert result.next == f'wait_for_job(job_ids=["{ID}"], after="{CURSOR}")'


async def test_a_change_that_waits_for_running_sheets_is_pending() -> None:
    port = ScriptedPort(action=ActionView(job=job(modify_requested=True), message="", pending=True))
    result = await use(port, "modify_job", {"job_id": ID, "config_content": "name: x"})
    assert (result.success, result.pending, result.status) == (True, True, "running")
    assert result.summary.startswith(
        f"The change to {ID} is recorded and takes effect when its running sheets have ended. If one"
    )


async def test_a_long_list_of_changed_sheets_says_how_many_more() -> None:
    view = ActionView(job=job(), message="", changed=["a", "b"], changed_total=900)
    result = await use(ScriptedPort(action=view), "modify_job", {"job_id": ID, "config_path": "b.yaml"})
    assert [each.names for each in result.changed] == [["a", "b", "and 898 more"]]


async def test_a_resume_with_a_changed_score_names_what_stays_as_it_was() -> None:
    view = ActionView(job=job(), message="Goes on.", kept=["lint"], kept_total=1, changed=["lint"], changed_total=1)
    result = await use(ScriptedPort(action=view), "resume_job", {"job_id": ID, "config_path": "b.yaml"})
    assert "1 finished sheet was kept." in result.summary
    assert "do not run again (from_sheet does that)." in result.summary
    assert result.changed[0].names == ["lint"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "find, config_path and config_content are all missing"),
        ({"config_content": " \n"}, "find, config_path and config_content are all missing"),
        ({"config_path": "b.yaml", "config_content": "x: 1"}, "Both config_path and config_content were given"),
        ({"config_path": "b.yaml", "find": "a"}, "Both find and a whole score"),
        ({"config_content": "x: 1", "find": "a", "replace": "b"}, "Both find and a whole score"),
        ({"replace": "b"}, "replace is given without find"),
        ({"find": "a", "replace": "a"}, "the same text"),
    ],
)
@pytest.mark.parametrize("tool", ["modify_job", "resume_job"])
async def test_a_change_is_given_in_exactly_one_way(tool: str, given: dict[str, str], told: str) -> None:
    port = ScriptedPort()
    if tool == "resume_job" and not given.get("find") and "all missing" in told:
        await use(port, tool, {"job_id": ID, **given})  # a resume needs no change
        return
    with pytest.raises(InvalidArguments, match=told) as refused:
        await use(port, tool, {"job_id": ID, **given})
    assert refused.value.fix
    assert port.calls == []


@pytest.mark.parametrize("tool", ["modify_job", "resume_job"])
async def test_an_edit_is_passed_on_as_it_is_written(tool: str) -> None:
    port = ScriptedPort()
    await use(port, tool, {"job_id": ID, "find": "  a\n", "replace": "\tb"})
    await use(port, tool, {"job_id": ID, "find": " "})
    assert [call[1] for call in port.calls] == [(ID, None, None, None, "  a\n", "\tb"), (ID, None, None, None, " ", "")]


@pytest.mark.parametrize("tool", ["modify_job", "resume_job"])
async def test_the_answer_lists_what_differs_and_says_what_was_not_touched(tool: str) -> None:
    change = ScoreChange(
        sheets={"unfinished": Labels(labels=["tests"], total=1), "added": Labels(labels=["a", "b"], total=30)},
        settings=["retry"],
        warnings=["not nice"],
        file="/srv/build.yaml",
        on_pending=True,
    )
    port = ScriptedPort(action=ActionView(job=job(), message="Goes on.", change=change))
    result = await use(port, tool, {"job_id": ID, "find": "a", "replace": "b"})
    assert result.model_dump()["changed"] == [
        {"what": "unfinished", "names": ["tests"]},
        {"what": "added", "names": ["a", "b", "and 28 more"]},
        {"what": "settings", "names": ["retry"]},
    ]
    assert result.summary.endswith(
        " The edit was made in the change that was still pending; changed covers both. The file /srv/build.yaml was not changed. "
        "New warning: not nice."
    )


@pytest.mark.parametrize(
    ("settings", "told"), [([], "No sheet differs."), (["name"], "No sheet differs, only settings.")]
)
async def test_a_change_that_reaches_no_sheet_says_so(settings: list[str], told: str) -> None:
    view = ActionView(job=job(), message="Goes on.", change=ScoreChange(settings=settings))
    result = await use(ScriptedPort(action=view), "resume_job", {"job_id": ID, "config_path": "b.yaml"})
    assert result.summary.endswith(told)
    assert [each.names for each in result.changed] == ([settings] if settings else [])


async def test_a_deleted_job_allows_nothing_more_and_keeps_its_workspace() -> None:
    port = ScriptedPort(jobs={ID: ended()})
    result = await use(port, "delete_job", {"job_id": ID})
    assert result.success
    assert result.allowed_actions == []
    assert result.summary == f"{ID} (completed) and its logs were deleted. Its workspace /srv/build is kept."
