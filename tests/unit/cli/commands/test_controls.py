"""`podium pause`, `resume`, `cancel` and `retry`: what they do to jobs of a real conductor, and how they say it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support.commands import answered, podium
from tests.support.jobs import sheets_of, submit, until, wait_for_file
from tests.support.podium_home import Conductor, ask

LINEAR = "name: {name}\nworkspace: {folder}\nsheets:\n"
HELD = LINEAR + "  - {{name: look, run: 'true'}}\n  - {{name: ship, run: 'true', hold: may it go?}}\n"


@pytest.fixture
def home(shared_conductor: Conductor) -> Settings:
    """Return the home of a conductor that these tests share."""
    return shared_conductor.settings


class Gated:
    """A job whose first sheet runs until its gate is opened, and whose second one then runs."""

    def __init__(self, conductor: Conductor, folder: Path, name: str) -> None:
        self.gate = folder / f"gate-{name}"
        os.mkfifo(self.gate)
        first = f"touch {folder}/began-{name}; cat {self.gate}"
        score = {
            "name": name,
            "workspace": str(folder / name),
            "sheets": [{"name": "first", "run": first}, {"name": "second", "run": "true"}],
        }
        self.id = submit(conductor, json.dumps(score))
        wait_for_file(folder / f"began-{name}")

    def open(self) -> None:
        """Let the first sheet end."""
        self.gate.write_text("go")


@pytest.fixture
def gated(shared_conductor: Conductor, short_tmp: Path) -> Iterator[Gated]:
    """Return a running job, which has ended when the test is over."""
    job = Gated(shared_conductor, short_tmp, "gated")
    yield job
    if (
        ask(shared_conductor.settings.socket, "job.status", {"job_id": job.id, "sheets": False})["podium"]["status"]
        == "running"
    ):
        ask(shared_conductor.settings.socket, "job.cancel", {"job_id": job.id})
    until(shared_conductor, job.id, "completed", "failed", "cancelled", "paused")


def test_a_pause_that_has_to_wait_says_for_what_and_how_to_wait_or_withdraw_it(home: Settings, gated: Gated) -> None:
    done = podium(home, "pause", gated.id, PODIUM_EFFECT_SECONDS="0.1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        f"The pause of {gated.id} is recorded and takes effect when its running sheets (first) have ended.\n"
        f"next: podium wait {gated.id}\nelse: podium resume {gated.id}  withdraws the pause\n"
    )
    withdrawn = podium(home, "resume", gated.id[:-1])
    assert withdrawn.stdout.startswith(f"The pending pause of job {gated.id} was withdrawn; the job continues.\n")


def test_a_pause_in_effect_says_how_far_the_job_is(home: Settings, gated: Gated, shared_conductor: Conductor) -> None:
    podium(home, "pause", gated.id, PODIUM_EFFECT_SECONDS="0.1")
    gated.open()
    until(shared_conductor, gated.id, "paused")
    again = podium(home, "pause", gated.id)
    assert again.returncode == 1
    assert again.stderr.splitlines() == [
        f"podium: Cannot pause job {gated.id}: it is already paused.",
        f"        It stays paused until you run `podium resume {gated.id}`.",
        f"        Allowed now: `podium resume {gated.id}`, `podium edit {gated.id}`, `podium cancel {gated.id}`.",
    ]
    assert answered(home, "resume", gated.id)["job"]["status"] in {"queued", "running", "completed"}


def test_several_jobs_are_cancelled_at_once_and_the_exit_code_is_the_worst(
    home: Settings, shared_conductor: Conductor, short_tmp: Path
) -> None:
    both = [Gated(shared_conductor, short_tmp, name) for name in ("one", "two")]
    done = podium(home, "cancel", both[0].id, "nobody", both[1].id, both[1].id)
    assert done.returncode == 1
    said = [f"{each.id} is cancelled: 0 of 2 sheets completed. Its workspace is kept." for each in both]
    assert done.stdout.splitlines() == said
    assert "podium: Job 'nobody' not found" in done.stderr
    assert [until(shared_conductor, each.id, "cancelled")["status"] for each in both] == ["cancelled"] * 2
    refused = answered(home, "cancel", both[0].id, code=1)["outcomes"][0]
    assert (refused["done"], refused["error"]["code"], refused["error"]["state"]) == (False, "WRONG_STATE", "cancelled")


def test_no_conductor_is_said_once_for_all_jobs(home: Settings, tmp_path: Path) -> None:
    nowhere = home.model_copy(update={"home": tmp_path / "nowhere"})
    done = podium(nowhere, "pause", "a", "b", "c")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.count("podium start") == 1
    assert len(answered(nowhere, "cancel", "a", "b", code=5)["outcomes"]) == 2


def test_a_name_that_several_jobs_have_is_refused_with_their_ids(
    home: Settings, shared_conductor: Conductor, short_tmp: Path
) -> None:
    ids = [
        submit(shared_conductor, LINEAR.format(name="twin", folder=short_tmp / "o") + "  - {run: 'true'}") for _ in "ab"
    ]
    done = podium(home, "cancel", "twin")
    assert done.returncode == 1
    assert all(each in done.stderr for each in ids)


def test_a_resume_approves_what_holds_and_says_which_sheets(
    home: Settings, shared_conductor: Conductor, short_tmp: Path
) -> None:
    job_id = submit(shared_conductor, HELD.format(name="held", folder=short_tmp / "o"))
    until(shared_conductor, job_id, "paused")
    done = podium(home, "resume", "held")
    assert done.stdout.splitlines()[0] == f"Approved in job {job_id}: ship."
    until(shared_conductor, job_id, "completed")
    over = podium(home, "resume", job_id)
    assert over.returncode == 1
    assert f"`podium retry {job_id}` runs its score again." in over.stderr


def test_a_resume_runs_finished_sheets_again_or_another_score(
    home: Settings, shared_conductor: Conductor, short_tmp: Path
) -> None:
    score = (
        LINEAR.format(name="again", folder=short_tmp / "o")
        + "  - {name: a, run: echo x >> a.txt}\n  - {name: b, run: exit 3}\n"
    )
    job_id = submit(shared_conductor, score)
    until(shared_conductor, job_id, "failed")
    assert podium(home, "resume", job_id, "--from", "a").returncode == 0
    until(shared_conductor, job_id, "failed")
    assert (short_tmp / "o/a.txt").read_text() == "x\nx\n"
    done = podium(
        home, "resume", job_id, "--score", "-", given=score.replace("exit 3", "true").replace("echo x", "echo y")
    )
    assert done.returncode == 0, done.stderr
    assert "  to run with the new text: b" in done.stdout
    assert "  finished with the old text, not to run again: a" in done.stdout
    assert f"next: podium wait {job_id}" in done.stdout
    until(shared_conductor, job_id, "completed")
    assert podium(home, "resume", job_id, "--score", str(short_tmp / "none.yaml")).returncode == 2


def test_a_retry_runs_what_a_failed_job_has_not_completed(
    home: Settings, shared_conductor: Conductor, short_tmp: Path
) -> None:
    sheets = "  - {name: a, run: echo x >> a.txt}\n  - {name: b, run: test -e go}\n"
    job_id = submit(shared_conductor, LINEAR.format(name="tried", folder=short_tmp / "o") + sheets)
    until(shared_conductor, job_id, "failed")
    (short_tmp / "o/go").touch()
    done = answered(home, "retry", job_id)
    assert (done["job"]["job_id"], done["of"], done["is_new"]) == (job_id, job_id, False)
    until(shared_conductor, job_id, "completed")
    assert (short_tmp / "o/a.txt").read_text() == "x\n"


def test_a_retry_of_a_completed_job_is_a_new_job_with_its_variables_and_says_so(
    home: Settings, shared_conductor: Conductor, short_tmp: Path
) -> None:
    folder = short_tmp / "o"
    score = short_tmp / "greet.yaml"
    score.write_text(
        f"name: greet\nworkspace: {folder}\nvariables: {{who: nobody}}\nenv_pass: [FROM_HERE]\nsheets:\n"
        "  - {name: a, run: 'echo {{ who }} $FROM_HERE >> a.txt'}\n  - {name: b, run: echo b >> b.txt}\n"
    )
    first = answered(home, "run", str(score), "--set", "who=ada", FROM_HERE="brought")["job_id"]
    score.unlink()
    done = podium(home, "retry", first)
    assert done.returncode == 0, done.stderr
    new = done.stdout.split("as a new job, ")[1].split(",")[0]
    assert done.stdout.startswith(
        f"{first} has completed and stays as it is: its score runs again as a new job, greet-"
    )
    until(shared_conductor, new, "completed")
    assert (folder / "a.txt").read_text() == "ada brought\n" * 2
    last = answered(home, "retry", first, "--from", "b")
    assert last["is_new"]
    until(shared_conductor, last["job"]["job_id"], "completed")
    assert (folder / "a.txt").read_text() == "ada brought\n" * 2
    assert (folder / "b.txt").read_text() == "b\n" * 3


def test_a_retry_of_a_job_in_its_own_new_folder_gets_another_one_unless_it_goes_on_in_the_middle(
    home: Settings, shared_conductor: Conductor
) -> None:
    first = submit(shared_conductor, "name: own\nsheets:\n  - {name: a, run: 'true'}\n  - {name: b, run: 'true'}\n")
    place = until(shared_conductor, first, "completed")["workspace"]
    new, middle = answered(home, "retry", first)["job"], answered(home, "retry", first, "--from", "2")["job"]
    assert (new["workspace"] != place, middle["workspace"]) == (True, place)
    for each in (new, middle):
        until(shared_conductor, each["job_id"], "completed")
    assert sheets_of(shared_conductor, middle["job_id"])["a"]["status"] == "skipped"


def test_a_job_that_has_not_ended_is_not_retried(home: Settings, gated: Gated) -> None:
    done = podium(home, "retry", gated.id)
    assert done.returncode == 1
    assert f"Cannot retry job {gated.id}: it is running" in done.stderr
    assert f"`podium wait {gated.id}`" in done.stderr
