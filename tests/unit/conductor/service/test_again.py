"""The score of a job is run again as a new job, on the same terms as any submit."""

from pathlib import Path
from typing import Any

from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, ask

SCORE = "name: once\nworkspace: {folder}\nvariables: {{who: nobody}}\nsheets: [{{run: 'echo {{{{ who }}}} >> out'}}]\n"


def again(conductor: Conductor, job_id: str, **more: Any) -> dict[str, Any]:
    reply: dict[str, Any] = ask(conductor.settings.socket, "job.submit", {"again": job_id, **more})
    return reply


def test_a_dry_run_of_a_job_again_shows_its_plan_and_runs_nothing(shared_conductor: Conductor, tmp_path: Path) -> None:
    job_id = submit(shared_conductor, SCORE.format(folder=tmp_path), variables={"who": "me"})
    until(shared_conductor, job_id, "completed")
    reply = again(shared_conductor, job_id, dry_run=True)
    assert (reply["status"], reply["job_id"]) == ("accepted", "")
    assert [sheet["command"] for sheet in reply["plan"]["sheets"]] == ["echo me >> out"]
    assert (tmp_path / "out").read_text() == "me\n"
    refused = again(shared_conductor, job_id, config_content="name: x", dry_run=True)
    assert refused["code"] == "INVALID_ARGUMENTS"


def test_a_request_that_is_repeated_has_its_answer_though_the_job_that_ran_first_is_deleted(
    shared_conductor: Conductor, tmp_path: Path
) -> None:
    first = submit(shared_conductor, SCORE.format(folder=tmp_path))
    until(shared_conductor, first, "completed")
    key = {"request_key": f"again-{first}"}
    second = again(shared_conductor, first, **key)["job_id"]
    until(shared_conductor, second, "completed")
    ask(shared_conductor.settings.socket, "job.clear", {"job_ids": [first]})
    reply = again(shared_conductor, first, **key)
    assert (reply["status"], reply["job_id"], reply["replayed"]) == ("accepted", second, True)
    assert again(shared_conductor, first)["code"] == "JOB_DELETED"
    assert (tmp_path / "out").read_text() == "nobody\n" * 2
