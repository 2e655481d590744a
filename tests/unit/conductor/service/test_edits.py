"""Edits of a job's score on the wire: made in what the job has at that moment, once, and compiled as its start was."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.jobs import submit, types_of, until
from tests.support.podium_home import Conductor, ask

FAILS = "name: fails\nsheets: [{name: only, run: exit 3}]\n"
HELD = "name: held\nsheets: [{name: gate, run: 'until [ -e go ]; do sleep 0.1; done'}]\n"
MARKS = 12


def change(conductor: Conductor, job_id: str, method: str = "resume", **params: Any) -> dict[str, Any]:
    reply: dict[str, Any] = ask(conductor.settings.socket, f"job.{method}", {"job_id": job_id, **params})
    return reply


def text_of(conductor: Conductor, job_id: str) -> str:
    """Return the text that the job runs next."""
    query = "SELECT source FROM jobs JOIN plans ON hash = COALESCE(next_plan_hash, plan_hash) WHERE job_id = ?"
    with closing(sqlite3.connect(conductor.settings.home / "podium.db")) as db:
        return str(db.execute(query, (job_id,)).fetchone()[0])


def failed(conductor: Conductor, text: str = FAILS, **params: Any) -> str:
    job_id = submit(conductor, text, **params)
    until(conductor, job_id, "failed")
    return job_id


@pytest.fixture
def held(shared_conductor: Conductor) -> Iterator[str]:
    """A job with marks in comments, whose one sheet runs until the test is over."""
    job_id = submit(shared_conductor, "".join(f"# mark {num};\n" for num in range(MARKS)) + HELD)
    until(shared_conductor, job_id, "running")
    yield job_id
    ask(shared_conductor.settings.socket, "job.cancel", {"job_id": job_id})
    until(shared_conductor, job_id, "cancelled")


def test_of_many_edits_at_once_none_is_lost(shared_conductor: Conductor, held: str) -> None:
    def edit(num: int) -> dict[str, Any]:
        return change(shared_conductor, held, "modify", find=f"# mark {num};", replace=f"# done {num};")

    with ThreadPoolExecutor(MARKS) as threads:
        replies = list(threads.map(edit, range(MARKS)))
    assert [reply["status"] for reply in replies] == ["accepted"] * MARKS
    assert text_of(shared_conductor, held) == "".join(f"# done {num};\n" for num in range(MARKS)) + HELD
    assert sum(reply["change"]["on_pending"] for reply in replies) == MARKS - 1


@pytest.mark.parametrize("method", ["modify", "resume"])
def test_an_edit_that_is_asked_for_again_with_its_key_is_not_made_twice(
    shared_conductor: Conductor, method: str
) -> None:
    job_id = failed(shared_conductor)
    call = {"find": "exit 3", "replace": "exit 3; exit 3", "request_key": f"again-{job_id}"}
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: change(shared_conductor, job_id, method, **call), range(2))
    until(shared_conductor, job_id, "failed")
    third = change(shared_conductor, job_id, method, **call)
    facts = [{name: value for name, value in reply.items() if name != "job"} for reply in (first, second, third)]
    assert facts[0] == facts[1] == facts[2]
    assert facts[0]["change"]["sheets"] == {"unfinished": {"labels": ["only"], "total": 1}}
    assert text_of(shared_conductor, job_id) == FAILS.replace("exit 3", "exit 3; exit 3")
    assert types_of(shared_conductor, job_id).count("job.modified") == 1


def test_a_whole_score_that_is_asked_for_again_is_not_read_again(shared_conductor: Conductor, tmp_path: Path) -> None:
    job_id, path = failed(shared_conductor), tmp_path / "mended.yaml"
    path.write_text(FAILS.replace("exit 3", "'true'"))
    call = {"config_path": str(path), "request_key": f"whole-{job_id}"}
    first = change(shared_conductor, job_id, **call)
    until(shared_conductor, job_id, "completed")
    path.unlink()
    assert change(shared_conductor, job_id, **call)["change"] == first["change"]


def test_an_edit_in_a_state_that_allows_none_is_refused_before_the_text_is_looked_for(
    shared_conductor: Conductor,
) -> None:
    job_id = submit(shared_conductor, FAILS.replace("exit 3", "'true'"))
    until(shared_conductor, job_id, "completed")
    for method in ("modify", "resume"):
        refusal = change(shared_conductor, job_id, method, find="nowhere", replace="")
        assert (refusal["code"], refusal["state"]) == ("WRONG_STATE", "completed")


def beside(folder: Path, arguments: str) -> Path:
    """Make a folder with a file of a prompt, and a profile that can play it."""
    profile = folder / ".podium" / "instruments" / "reader.yaml"
    profile.parent.mkdir(parents=True)
    profile.write_text(f"executable: /bin/sh\nargs: ['-c', '{arguments}']\nprompt: stdin\n")
    (folder / "words.txt").write_text("said {{ word }}")
    return folder


@pytest.mark.parametrize("by_path", [True, False])
def test_files_beside_an_edited_score_are_those_of_its_start_wherever_the_caller_is(
    shared_conductor: Conductor, tmp_path: Path, by_path: bool
) -> None:
    home = beside(tmp_path / "home", "cat > said; exit 7")
    other = beside(tmp_path / "other", "exit 9")
    text = (
        f"name: beside\nvariables: {{word: a}}\nworkspace: {tmp_path}/work\n"
        "sheets: [{name: only, instrument: reader, prompt_file: words.txt}]\n"
    )
    path = home / "score.yaml"
    path.write_text(text)
    given = {"config_path": str(path)} if by_path else {"config_content": text, "client_cwd": str(home)}
    job_id = ask(shared_conductor.settings.socket, "job.submit", {**given, "variables": {"word": "b"}})["job_id"]
    until(shared_conductor, job_id, "failed")
    for before, after in (("name: only", "name: other"), ("name: other", "name: last")):
        reply = change(shared_conductor, job_id, find=before, replace=after, client_cwd=str(other))
        assert reply["status"] == "accepted", reply
        assert reply["change"]["file"] == (str(path) if by_path else "")
        until(shared_conductor, job_id, "failed")
        assert (tmp_path / "work" / "said").read_text() == "said b"
        (tmp_path / "work" / "said").unlink()
    assert path.read_text() == text


def test_values_that_came_with_the_start_go_on_to_an_edited_score(shared_conductor: Conductor) -> None:
    text = "name: passes\nenv_pass: [GIVEN]\nsheets: [{name: only, run: '[ \"$GIVEN\" = some-value-77 ] && exit 3'}]\n"
    job_id = failed(shared_conductor, text, environment={"GIVEN": "some-value-77"})
    reply = change(shared_conductor, job_id, find=" && exit 3", replace="")
    assert reply["status"] == "accepted", reply
    until(shared_conductor, job_id, "completed")


def test_a_refusal_does_not_repeat_the_jobs_secrets(shared_conductor: Conductor) -> None:
    text = "name: secret\nenv: {API_TOKEN: tok-1234567890}\nsheets: [{name: only, run: exit 3}]  # tok-1234567890\n"
    job_id = failed(shared_conductor, text)
    assert change(shared_conductor, job_id, find="tok-", replace="")["times"] == 0
    refusal = change(shared_conductor, job_id, find="tok-1234567890", replace="")
    assert refusal["times"] == 2
    assert refusal["lines"] == [
        "2: env: {API_TOKEN: [value of API_TOKEN]}",
        "3: sheets: [{name: only, run: exit 3}]  # [value of API_TOKEN]",
    ]
    mark = change(shared_conductor, job_id, find="exit 3}]", replace="exit 3}] # [value of API_TOKEN]")
    assert mark["code"] == "INVALID_ARGUMENTS"


def test_an_edited_text_is_held_to_the_limit_of_a_score(shared_conductor: Conductor) -> None:
    job_id = failed(shared_conductor)
    most = shared_conductor.settings.max_score_bytes
    refusal = change(shared_conductor, job_id, find="exit 3", replace="x" * most)
    assert (refusal["code"], str(most) in refusal["message"]) == ("SCORE_INVALID", True)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"find": "a", "config_content": FAILS}, "Both find"),
        ({"replace": "a"}, "without find"),
        ({"find": ""}, "find is empty"),
        ({"find": "a", "replace": "a"}, "the same text"),
    ],
)
def test_the_conductor_itself_refuses_what_is_no_edit(
    shared_conductor: Conductor, params: dict[str, str], told: str
) -> None:
    refusal = change(shared_conductor, failed(shared_conductor), **params)
    assert (refusal["code"], told in refusal["message"]) == ("INVALID_ARGUMENTS", True)


def test_several_edits_are_made_together_or_not_at_all(shared_conductor: Conductor) -> None:
    job_id = failed(shared_conductor)
    found = change(shared_conductor, job_id, "modify", edits=[["name: only", "name: one"], ["nowhere", "x"]])
    assert (found["status"], found["code"], found["times"]) == ("rejected", "INVALID_ARGUMENTS", 0)
    assert text_of(shared_conductor, job_id) == FAILS
    both = [["name: only", "name: one"], ["one, run: exit 3", "one, run: exit 4"]]
    assert change(shared_conductor, job_id, "modify", edits=both)["status"] == "accepted"
    assert text_of(shared_conductor, job_id) == FAILS.replace("only", "one").replace("3", "4")
    until(shared_conductor, job_id, "failed")


@pytest.mark.parametrize(
    "params",
    [{"edits": [["a", "a"]]}, {"edits": [["", "x"]]}, {"edits": [["exit 3", "x"]], "find": "exit 3"}, {"edits": []}],
)
def test_edits_that_change_nothing_or_stand_beside_another_change_are_refused(
    shared_conductor: Conductor, params: dict[str, Any]
) -> None:
    job_id = failed(shared_conductor)
    assert change(shared_conductor, job_id, "modify", **params)["code"] == "INVALID_ARGUMENTS"


def test_a_trial_says_what_a_change_would_do_and_does_nothing(shared_conductor: Conductor) -> None:
    job_id = failed(shared_conductor)
    before = types_of(shared_conductor, job_id)
    tried = change(shared_conductor, job_id, "modify", find="exit 3", replace="true", dry_run=True)
    assert (tried["status"], tried["message"], tried["pending"]) == ("accepted", "Nothing was changed.", False)
    assert tried["change"]["sheets"] == {"unfinished": {"labels": ["only"], "total": 1}}
    bad = change(shared_conductor, job_id, "modify", find="exit 3", replace="[]", dry_run=True)
    assert bad["code"] == "SCORE_INVALID"
    unknown = change(shared_conductor, job_id, "modify", find="exit 3", replace="x", dry_run=True, from_sheet="none")
    assert unknown["code"] == "INVALID_ARGUMENTS"
    assert (text_of(shared_conductor, job_id), types_of(shared_conductor, job_id)) == (FAILS, before)


def test_a_trial_at_a_running_job_says_that_the_change_would_wait(shared_conductor: Conductor, held: str) -> None:
    tried = change(shared_conductor, held, "modify", find="# mark 1;", replace="# done 1;", dry_run=True)
    assert (tried["pending"], tried["job"]["modify_requested"]) == (True, False)
