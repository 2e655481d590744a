"""`podium rm`: what it removes, what it asks before, and that workspaces stay."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from podium.cli.jobs import removing
from podium.cli.shared.exits import Code
from podium.contract.models import ClearView
from podium.settings import Settings
from tests.support.commands import answered, podium
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, ask
from tests.support.screens import Terminal


def ended(conductor: Conductor, folder: Path, name: str, run: str = "true") -> str:
    """Run a job to its end and return its id."""
    job_id = submit(conductor, f"name: {name}\nworkspace: {folder / name}\nsheets: [{{run: '{run}'}}]\n")
    until(conductor, job_id, "completed", "failed")
    return job_id


def left(home: Settings) -> list[str]:
    """Return the ids of the conductor's jobs, oldest first."""
    return [each["job_id"] for each in ask(home.socket, "job.list")][::-1]


def test_a_job_named_by_its_id_is_removed_at_once_and_its_workspace_is_kept(
    conductor: Conductor, home: Settings, short_tmp: Path
) -> None:
    job_id = ended(conductor, short_tmp, "one")
    done = podium(home, "rm", job_id)
    assert done.stdout == f"{job_id} (completed) is removed. Its workspace {short_tmp}/one is kept.\n"
    assert (left(home), (short_tmp / "one").is_dir()) == ([], True)


def test_a_job_named_otherwise_is_shown_and_not_removed_without_a_yes(
    conductor: Conductor, home: Settings, short_tmp: Path
) -> None:
    job_id = ended(conductor, short_tmp, "one")
    done = podium(home, "rm", "one")
    assert (done.returncode, left(home)) == (2, [job_id])
    assert f"one    {job_id}  ✓ completed" in done.stderr
    assert f"podium rm one --yes --home {home.home}" in done.stderr
    assert answered(home, "rm", "one", code=2)["dry_run"] is True
    removed = answered(home, "rm", "one", "--yes")
    assert (removed["outcomes"][0]["job"]["job_id"], left(home)) == (job_id, [])


def test_ended_jobs_are_chosen_by_state_age_and_number(conductor: Conductor, home: Settings, short_tmp: Path) -> None:
    ids = [
        ended(conductor, short_tmp, name, run)
        for name, run in (("a", "true"), ("b", "exit 1"), ("c", "exit 1"), ("d", "true"))
    ]
    assert podium(home, "rm", "--ended", "--older", "1h", "--yes").stdout == "Nothing was removed.\n"
    shown = podium(home, "rm", "--ended", "--status", "failed", "--keep", "1")
    assert shown.returncode == 2
    assert f"{ids[1]}  ✗ failed" in shown.stderr
    assert (
        "This would remove 1 job (1 failed) for good, with all logs and history. Workspaces are kept." in shown.stderr
    )
    assert f"podium rm --ended --status failed --keep 1 --yes --home {home.home}" in shown.stderr
    assert left(home) == ids
    done = answered(home, "rm", "--ended", "--status", "failed", "--keep", "1", "--yes")
    assert ([each["job_id"] for each in done["cleared"]["jobs"]], left(home)) == ([ids[1]], [ids[0], *ids[2:]])
    assert "Removed 3 jobs, with all logs and history." in podium(home, "rm", "--ended", "--yes").stdout
    assert podium(home, "rm", "--ended").stdout == "No ended job matches, so nothing was removed.\n"


@pytest.mark.parametrize(("answer", "stays"), [("n", True), ("", True), ("y", False)])
def test_on_a_terminal_it_asks_first(
    conductor: Conductor, home: Settings, short_tmp: Path, answer: str, stays: bool
) -> None:
    job_id = ended(conductor, short_tmp, "one")
    with Terminal(home, "rm", "--ended", columns=120) as terminal:
        shown = terminal.until("[y/N]").text
        terminal.type(f"{answer}\n")
        code = terminal.end()
    assert f"{job_id}  ✓ completed" in shown
    assert "Remove 1 job (1 completed) for good, with all logs and history? Workspaces are kept. [y/N]" in shown
    assert (left(home) == [job_id], code) == (stays, 2 if stays else 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "No job is named."),
        (("a", "--ended"), "Jobs are named and chosen at once."),
        (("a", "--keep", "1"), "Jobs are named and chosen at once."),
        (("--keep", "1"), "No job is named."),
        (("--ended", "--older", "soon"), "--older 'soon'"),
        (("--ended", "--status", "running"), "running"),
    ],
)
def test_what_is_to_be_removed_has_to_be_clear(home: Settings, words: tuple[str, ...], said: str) -> None:
    done = podium(home, "rm", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_job_that_runs_is_not_removed(conductor: Conductor, home: Settings) -> None:
    job_id = submit(conductor, "name: long\nsheets: [{run: sleep 100}]\n")
    until(conductor, job_id, "running")
    done = podium(home, "rm", job_id, "--yes")
    assert (done.returncode, left(home)) == (1, [job_id])
    assert f"`podium cancel {job_id}` ends it" in done.stderr


def test_two_who_remove_the_same_jobs_at_once_both_have_done_it(
    conductor: Conductor, home: Settings, short_tmp: Path
) -> None:
    ids = {submit(conductor, "name: many\nsheets: [{run: 'true'}]\n") for _ in range(60)}
    for job_id in ids:
        until(conductor, job_id, "completed")
    with ThreadPoolExecutor() as threads:
        both = list(threads.map(lambda _: answered(home, "rm", "--ended", "--yes"), range(2)))
    removed = [{job["job_id"] for job in each["cleared"]["jobs"]} for each in both]
    assert (removed[0] | removed[1], removed[0] & removed[1]) == (ids, set())
    assert [each["cleared"]["refused"] for each in both] == [[], []]


def test_jobs_that_could_not_be_removed_are_named_with_the_reason(
    home: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reasons = [f"job-{number} is running again." for number in range(removing.SHOWN + 2)]

    async def refused(*_: object) -> ClearView:  # what a conductor answers when somebody resumes them meanwhile
        return ClearView(refused=reasons)

    monkeypatch.setattr(removing, "_clear_all", refused)
    monkeypatch.setattr(removing, "job_control", lambda _: nullcontext())
    assert removing.remove_chosen(home, removing.Choice(None, None, None), yes=True, as_json=False) == Code.FAILED
    told = capsys.readouterr().err.splitlines()
    assert told[:2] == ["  Not removed: job-0 is running again.", "  Not removed: job-1 is running again."]
    assert (len(told), told[-1]) == (removing.SHOWN + 1, "  Not removed: 2 more")
