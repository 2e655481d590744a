"""`from_env`, `env_pass` and the secrets of a job, with a real conductor: what sheets get, what is kept, what is shown."""

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from podium.conductor.attempts.values import Known
from podium.conductor.engines.port import End
from podium.conductor.rules.verdicts import Verdict
from podium.contract.models import Survivor
from podium.contract.secrets.masks import Masker, Secret
from tests.support.jobs import sheets_of, submit, until
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.podium_home import until as becomes

TOKEN, FILED, GIVEN = "own-conductor_0abc9def", "value-of-the-file", "passed-value-77"
SCORE = """
name: named
workspace: {workspace}
env: {{TOKEN: {{from_env: SOME_NAME}}, LITERAL_PASSWORD: literal-pass-1}}
env_pass: [GIVEN]
sheets:
  - name: first
    run: printf '%s\\n' "$TOKEN" "$FILED" "$GIVEN" "$LITERAL_PASSWORD" | tee values.txt
    env: {{FILED: {{from_env: IN_FILE}}}}
    validate:
      - {{content_contains: {{path: values.txt, pattern: nothing}}}}
      - {{content_regex: {{path: values.txt, pattern: "conductor_.*"}}}}
      - command_succeeds: "tail -n 1 values.txt; false"
"""


@pytest.fixture(scope="module")
def own() -> Iterator[Conductor]:
    """A conductor with a secret variable and an env file."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        file = Path(folder, "values.env")
        file.write_text(f"IN_FILE={FILED}\n")
        file.chmod(0o600)
        made = Conductor(make_home(Path(folder), env_file=file))
        made.start(SOME_NAME=TOKEN)
        yield made
        made.end()


def score_in(folder: Path) -> str:
    return SCORE.format(workspace=folder)


def contents(home: Path, *excepted: Path) -> dict[Path, bytes]:
    """Return what the files in a home hold; a conductor and keepers at work there remove some at any time."""
    found: dict[Path, bytes] = {}
    for folder, _, names in os.walk(home):
        for path in (Path(folder, name) for name in names):
            if path.is_file() and not {path, *path.parents} & set(excepted):
                with suppress(FileNotFoundError):
                    found[path] = path.read_bytes()
    return found


def test_a_sheet_gets_the_values_and_no_answer_or_file_of_the_conductor_has_them(
    own: Conductor, tmp_path: Path
) -> None:
    job_id = submit(own, score_in(tmp_path), environment={"GIVEN": GIVEN})
    view = until(own, job_id, "failed")
    assert (tmp_path / "values.txt").read_text() == f"{TOKEN}\n{FILED}\n{GIVEN}\nliteral-pass-1\n"
    sheet = sheets_of(own, job_id)["first"]
    found = [check["output"] for check in sheet["validations"]]
    assert "[value of SOME_NAME]" in found[0]
    assert found[1] == "'[value of SOME_NAME]'"  # though the pattern matched a part of it only
    assert "[value of LITERAL_PASSWORD]" in found[2]
    events = ask(
        own.settings.socket, "job.events", {"after": view["cursor"].rpartition(":")[0] + ":0", "stream": False}
    )
    shown = json.dumps([events, view, sheet, ask(own.settings.socket, "job.history", {"job_id": job_id})])
    secrets = (TOKEN, "conductor_0abc9def", FILED, GIVEN, "literal-pass-1")
    assert [each for each in secrets if each in shown] == []
    for mode in ("tail", "search"):
        query = {"job_id": job_id, "mode": mode, "pattern": "value|abc9" if mode == "search" else ""}
        log = ask(own.settings.socket, "job.log", query)
        told = [line["text"] for line in log["lines"]]
        assert told[:3] == ["[value of SOME_NAME]", "[value of IN_FILE]", "[value of GIVEN]"], mode
    why = ask(own.settings.socket, "job.explain", {"job_id": job_id})
    assert [line["text"] for line in why["output"]["lines"]] == [*told[:3], "[value of LITERAL_PASSWORD]"]
    kept = own.settings.places.passed(job_id)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    attempts = own.settings.places.job(job_id)
    others = contents(own.settings.home, kept, attempts)
    assert others
    assert not [path for path, text in others.items() if any(each.encode() in text for each in (TOKEN, FILED, GIVEN))]
    scripts = list(attempts.rglob("script"))
    assert scripts
    assert not any(TOKEN in script.read_text() for script in scripts)
    ask(own.settings.socket, "job.clear", {"job_ids": [job_id]})
    becomes(lambda: not kept.exists())


def test_what_a_sheet_that_was_not_started_says_and_what_a_score_describes_have_no_value(own: Conductor) -> None:
    sheet = {"name": "s", "run": f"#!/nowhere/{TOKEN}\n", "description": f"with {TOKEN}"}
    score = {"name": "n", "description": f"about {TOKEN}", "env": {"A": {"from_env": "SOME_NAME"}}, "sheets": [sheet]}
    job_id = submit(own, json.dumps(score))
    assert "the program /nowhere/[value of SOME_NAME], which" in until(own, job_id, "failed")["reason"]
    page = ask(own.settings.socket, "job.status", {"job_id": job_id, "sheets": True, "sheets_limit": 5})
    told = page["podium_description"], page["podium_sheets"][0]["description"]
    assert told == ("about [value of SOME_NAME]", "with [value of SOME_NAME]")
    assert TOKEN not in json.dumps(page)


def test_a_remedy_makes_no_folder_that_is_named_after_a_secret_or_what_stands_for_one(
    own: Conductor, tmp_path: Path
) -> None:
    workspace = tmp_path / "work"
    wants = {"name": "s", "run": f'echo x > {workspace}/"$TOKEN"/x'}
    checked = {"name": "c", "run": "true", "needs": [], "validate": [{"file_exists": "{api_key}/x"}]}
    score = {
        "name": "n",
        "workspace": str(workspace),
        "env": {"TOKEN": {"from_env": "SOME_NAME"}},
        "variables": {"api_key": "variable-secret-1"},
        "sheets": [wants, checked],
    }
    job_id = submit(own, json.dumps(score), self_healing=True)
    until(own, job_id, "failed")
    assert not list(workspace.iterdir())
    told = json.dumps(
        [ask(own.settings.socket, method, {"job_id": job_id}) for method in ("job.status", "job.history")]
    )
    assert not [each for each in (TOKEN, "variable-secret-1") if each in told]


def test_notes_of_a_changed_score_have_no_value_either(own: Conductor) -> None:
    score = {"name": "n", "env": {"A": {"from_env": "SOME_NAME"}}, "sheets": [{"name": "s", "run": "exit 1"}]}
    job_id = submit(own, json.dumps(score))
    until(own, job_id, "failed")
    check = {"content_contains": {"path": "f", "pattern": f"{TOKEN} {{workspace}}"}}
    score["sheets"] = [{"name": "s", "run": "true", "validate": [check]}]
    assert ask(own.settings.socket, "job.resume", {"job_id": job_id, "config_content": json.dumps(score)})["status"]
    until(own, job_id, "failed")
    (note,) = ask(own.settings.socket, "job.status", {"job_id": job_id, "sheets": False})["podium"]["warnings"]
    assert "the pattern '[value of SOME_NAME] {workspace}' is used as written" in note


def test_a_start_that_lacks_what_the_score_passes_on_is_refused_and_leaves_nothing(
    own: Conductor, tmp_path: Path
) -> None:
    reply = ask(
        own.settings.socket, "job.submit", {"config_content": score_in(tmp_path / "w"), "environment": {"OTHER": "x"}}
    )
    assert (reply["status"], reply["code"], reply["env_needed"]) == ("rejected", "INVALID_ARGUMENTS", ["GIVEN"])
    assert not (tmp_path / "w").exists()


def test_a_named_value_that_is_nowhere_is_noted_at_the_start_and_fails_the_sheet_with_its_name(own: Conductor) -> None:
    score = "name: n\nsheets: [{name: s, run: echo ran, env: {A: {from_env: NOWHERE_AT_ALL}}}]"
    checked = ask(own.settings.socket, "job.validate", {"config_content": score})
    assert any("no variable NOWHERE_AT_ALL" in note for note in checked["plan"]["warnings"])
    job_id = submit(own, score)
    view = until(own, job_id, "failed")
    assert any("no variable NOWHERE_AT_ALL" in note for note in view["warnings"])
    assert "env A: {from_env: NOWHERE_AT_ALL}" in view["reason"]
    assert sheets_of(own, job_id)["s"]["exit_code"] is None


def test_the_env_file_is_read_again_when_it_has_changed_and_refused_when_others_can_read_it(own: Conductor) -> None:
    file = own.settings.env_file
    assert file is not None
    score = "name: n\nsheets: [{name: s, run: 'test \"$A\" = changed-value', env: {A: {from_env: IN_FILE}}}]"
    before = file.read_text()
    try:
        file.write_text("IN_FILE=changed-value\n")
        until(own, submit(own, score), "completed")
        file.chmod(0o644)
        assert "can be read or changed by other users" in until(own, submit(own, score), "failed")["reason"]
        from_the_conductor = "name: n\nsheets: [{name: s, run: 'true', env: {A: {from_env: PATH}}}]"
        (told,) = until(own, submit(own, from_the_conductor), "completed")["warnings"]
        assert told.startswith(f"the env_file {file} can be read or changed by other users (mode 0644); ")
        assert told.endswith("{from_env: ...} takes the conductor's own variables in its place")
    finally:
        file.chmod(0o600)
        file.write_text(before)


def test_what_came_with_a_start_is_there_after_a_restart_and_with_a_changed_score(conductor: Conductor) -> None:
    def text(command: str) -> str:
        return json.dumps({"name": "n", "env_pass": ["GIVEN"], "sheets": [{"name": "s", "run": command}]})

    job_id = submit(conductor, text("exit 1"), environment={"GIVEN": GIVEN, "MORE": "m-o-r-e"})
    until(conductor, job_id, "failed")
    conductor.kill()
    conductor.start()
    changed: dict[str, Any] = {"job_id": job_id, "config_content": text(f'test "$GIVEN$MORE" = {GIVEN}m-o-r-e')}
    assert ask(conductor.settings.socket, "job.resume", changed)["status"] == "accepted"
    until(conductor, job_id, "completed")


def test_values_of_a_start_that_was_never_stored_are_gone_after_a_restart(conductor: Conductor) -> None:
    folder = conductor.settings.places.passed_values
    conductor.kill()
    folder.mkdir(mode=0o700)
    (folder / "never-abcde.json").write_text('{"A": "s3cr3t"}')
    conductor.start()
    assert not list(folder.iterdir())


def test_a_command_line_that_lives_on_is_shown_without_the_secrets_of_its_job() -> None:
    """See `Known.hidden`: what cannot be ended is told with its command line."""
    alive = Survivor(pid=1, user="u", command="curl -H s3cr3t-value s3cr3t…", why="why")
    end = End("k", "exited", 1, detail="s3cr3t-value", survivors=(alive,))
    shown = Known(masker=Masker([Secret("T", "s3cr3t-value")])).hidden(
        Verdict(end, passed=False, message="m s3cr3t-value", tail="s3cr3t-value")
    )
    assert "s3cr3t" not in repr(shown)
