"""What the commands say of a Marianne conductor, each as a real process against one as it was recorded."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import anyio.to_thread
import pytest

from podium.settings import load
from tests.support.commands import podium
from tests.unit.client.link.stand_in import MARIANNE_STATUS, stand_in
from tests.unit.client.marianne.recordings import FakeMarianne
from tests.unit.client.marianne.test_marianne_changes import BAD, with_sheets

pytestmark = pytest.mark.anyio

Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def marianne() -> FakeMarianne:
    return FakeMarianne()


@pytest.fixture
async def run(short_tmp: Path, marianne: FakeMarianne) -> AsyncIterator[Run]:
    """Return what runs a command against it, and returns the exit code and all that was printed."""
    home = load(home=short_tmp / "home")
    async with stand_in(short_tmp, marianne.handlers(), status=MARIANNE_STATUS) as conductor:

        async def command(*words: str, given: str = "") -> tuple[int, str]:
            done = await anyio.to_thread.run_sync(
                lambda: podium(home, *words, given=given, PODIUM_SOCKET=str(conductor.path))
            )
            return done.returncode, " ".join(f"{done.stdout} {done.stderr}".split())

        yield command


async def test_the_status_counts_no_sheets_and_says_where_the_list_of_what_is_missing_is(run: Run) -> None:
    code, said = await run("status")
    assert (code, "sheets running" in said) == (0, False)
    assert "`podium call conductor_status` lists what is missing" in said


async def test_a_pause_and_a_resume_say_what_becomes_of_the_sheet_that_runs(run: Run, marianne: FakeMarianne) -> None:
    with_sheets(marianne, "x", "running", "dispatched", "pending")
    code, said = await run("pause", "x")
    assert (code, said.endswith("next: podium wait x")) == (0, True)
    assert "still running: sheet 1; a resume before that kills what runs" in said
    code, said = await run("resume", "x")
    assert code == 0
    assert said.startswith("x goes on; what still ran (sheet 1) was ended and starts again.")


async def test_a_cancelled_job_of_unknown_size_is_told_without_numbers(run: Run, marianne: FakeMarianne) -> None:
    marianne.add("x", "running")
    assert await run("cancel", "x") == (0, "x is cancelled. Its workspace is kept.")
    code, said = await run("show", "x")
    assert (code, "0 of 0" in said) == (0, False)


async def test_a_job_that_has_completed_leads_to_its_files_since_there_is_no_output(
    run: Run, marianne: FakeMarianne
) -> None:
    with_sheets(marianne, "x", "completed", "completed")
    code, said = await run("show", "x")
    assert (code, "next: podium call list_artifacts job_id=x" in said) == (0, True)


async def test_a_bad_changed_score_is_shown_with_its_place_and_is_not_sent(run: Run, marianne: FakeMarianne) -> None:
    marianne.add("x", "paused")
    code, said = await run("resume", "x", "--score", "-", given=BAD)
    assert code != 0
    assert "must be at least 1" in said
    assert not marianne.asked("job.resume")


@pytest.mark.parametrize("command", ["logs", "timeline", "report", "env", "plan", "validate"])
async def test_what_it_cannot_do_is_refused_with_what_can_be_done(
    run: Run, marianne: FakeMarianne, short_tmp: Path, command: str
) -> None:
    with_sheets(marianne, "x", "completed", "completed")
    score = short_tmp / "x.yaml"
    score.write_text("name: x\nsheet: {size: 1, total_items: 1}\nprompt: {template: 'true'}\n")
    code, said = await run(command, str(score) if command in {"plan", "validate"} else "x")
    assert code != 0
    wanted = "podium call list_artifacts" if command == "logs" else "leave PODIUM_SOCKET and --socket out"
    assert wanted in said
