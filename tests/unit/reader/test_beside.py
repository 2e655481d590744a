"""What a score brings along is told: profiles that replace known instruments, and programs in its own folder."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from podium.errors import ScoreInvalid
from podium.reader.beside import FIX
from podium.reader.compiling import compiled
from podium.reader.requests import Compile, Compiled, decode
from podium.score.model.plan import Plan, load_plan

AGENT = "{prompt: x, instrument: %s}"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of somebody else's, with a score in a folder of it; a home and a PATH that are elsewhere."""
    for name in ("home", "usr", "repo/.git", "repo/jobs/.podium/instruments", "repo/bin"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "usr"))
    program(tmp_path / "usr" / "claude")
    program(tmp_path / "usr" / "outside")
    return tmp_path / "repo"


def program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def beside(repository: Path, name: str, text: str) -> Path:
    path = repository / "jobs" / ".podium" / "instruments" / f"{name}.yaml"
    path.write_text(f"prompt: stdin\n{text}\n")
    return path


def plan_of(repository: Path, *entries: str, head: str = "", **fields: Any) -> Plan:
    text = f"name: demo\n{head}\nsheets:\n" + "".join(f"- {entry}\n" for entry in entries)
    request = Compile(
        path=str(repository / "jobs" / "score.yaml"),
        cwd="/",
        variables={},
        inherited=False,
        workspace=None,
        max_bytes=100_000,
        **fields,
    )
    answer, stored = compiled(request, text.encode(), [])
    assert isinstance(answer, Compiled)
    assert answer.from_files
    return load_plan(decode(stored))


def test_a_profile_in_place_of_a_built_in_one_is_told_with_file_and_program(repository: Path) -> None:
    file = beside(repository, "better", "name: claude-code\nexecutable: outside")
    assert plan_of(repository, AGENT % "claude-code").warnings == (
        f"the instrument claude-code is defined in '{file}', in place of the built-in one: "
        f"it runs '{repository.parent}/usr/outside'.",
    )


def test_an_alias_and_a_fallback_are_told_too(repository: Path) -> None:
    beside(repository, "mine", "executable: outside\naliases: [goose]")
    entry = "{prompt: x, instrument: claude-code, instrument_fallbacks: [goose]}"
    (note,) = plan_of(repository, entry).warnings
    assert note.startswith("the instrument goose is defined in ")


def test_a_profile_in_place_of_the_user_s_own_is_told(repository: Path) -> None:
    beside(repository, "mine", "executable: outside")
    own = {"mine": {"name": "mine", "executable": "mine", "prompt": "stdin"}}
    (note,) = plan_of(repository, AGENT % "mine", profiles=own).warnings
    assert ", in place of your own one: it runs " in note


def test_a_new_instrument_with_a_program_outside_is_nothing_to_tell(repository: Path) -> None:
    beside(repository, "mine", "executable: outside")
    assert plan_of(repository, AGENT % "mine").warnings == ()
    assert plan_of(repository, AGENT % "claude-code").warnings == ()


def test_a_replaced_instrument_that_is_not_used_is_nothing_to_tell(repository: Path) -> None:
    beside(repository, "goose", "executable: outside")
    assert plan_of(repository, AGENT % "claude-code").warnings == ()


@pytest.mark.parametrize("place", ["jobs/tool", "bin/tool", "out/tool"])
def test_a_program_in_the_repository_or_the_workspace_is_told(repository: Path, place: str) -> None:
    (repository.parent / "out").mkdir()
    (repository / "out").symlink_to(repository.parent / "out")
    tool = program(repository / place)
    beside(repository, "mine", f"executable: {tool}")
    (note,) = plan_of(repository, AGENT % "mine", head="workspace: ../out").warnings
    assert note.startswith("the instrument mine is defined in ")
    assert f"it runs '{tool}'" in note
    assert "which is inside the folder of the score" in note


def test_links_do_not_hide_a_program_or_a_profile(repository: Path) -> None:
    inner = program(repository / "bin" / "inner")
    (repository.parent / "usr" / "linked").symlink_to(inner)
    beside(repository, "mine", "executable: linked")
    (note,) = plan_of(repository, AGENT % "mine").warnings
    assert f"it runs '{repository.parent}/usr/linked' (a link to '{inner}'), which is inside" in note
    (repository / "bin" / "out").symlink_to(repository.parent / "usr" / "outside")
    beside(repository, "mine", f"executable: {repository}/bin/out")
    assert "(a link to " in plan_of(repository, AGENT % "mine").warnings[0]
    elsewhere = repository.parent / "elsewhere.yaml"
    elsewhere.write_text("prompt: stdin\nexecutable: outside\n")
    (repository / "jobs" / ".podium" / "instruments" / "goose.yaml").symlink_to(elsewhere)
    (note,) = plan_of(repository, AGENT % "goose").warnings
    assert f"goose.yaml' (a link to '{elsewhere}'), in place of the built-in one" in note


@pytest.mark.parametrize(
    ("path", "head", "fields"),
    [
        ("../bin:/usr/bin", "workspace: ./out", "relative"),
        ("{repo}/bin:/usr/bin", "", "inside"),
        (":/usr/bin", "workspace: ../bin", "empty"),
    ],
)
def test_a_program_that_path_finds_in_the_repository_is_told(
    repository: Path, path: str, head: str, fields: str
) -> None:
    program(repository / "bin" / "claude")
    (repository / "jobs" / "out").mkdir()
    given = path.format(repo=repository).replace("../bin", "../../bin")
    entry = f"{{prompt: x, instrument: claude-code, env: {{PATH: {json.dumps(given)}}}}}"
    (note,) = plan_of(repository, entry, head=head).warnings
    assert note.startswith("the instrument claude-code is a program of the score: it runs ")
    assert " of PATH" in note


def test_the_conductor_s_own_path_is_looked_at_too(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(repository / "bin" / "claude")
    monkeypatch.setenv("PATH", f"{repository}/bin:{os.environ['PATH']}")
    assert len(plan_of(repository, AGENT % "claude-code").warnings) == 1


def test_a_score_in_the_home_does_not_make_every_program_of_the_user_suspect(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(repository / "jobs"))
    tool = program(repository / "jobs" / "tool")
    beside(repository, "mine", f"executable: {tool}")
    assert plan_of(repository, AGENT % "mine").warnings == ()


GIVEN = {  # what a profile has in it, with {repo} for the repository; the workspace is its folder `tools`
    "bare": "args: [evil.sh]",
    "relative": "args: [-eu, ./evil.sh, --fast]",
    "of the repository": "args: [tools/evil.sh]",
    "absolute": "args: ['{repo}/tools/evil.sh']",
    "roundabout": "args: ['{repo}/jobs/../tools/evil.sh']",
    "a value": "args: [--rcfile=./evil.sh]",
    "in a list": "args: ['--load=/nowhere:{repo}/tools/evil.sh,x']",
    "among words": "args: [--run, 'exec ./evil.sh; true']",
    "a flag": "prompt: flag\nprompt_flag: ./evil.sh",
    "a variable": "env: {BASH_ENV: ./evil.sh}",
    "a variable of the conductor's": "env_expanded: {BASH_ENV: '${THE_REPO}/tools/evil.sh'}",
    "behind the prompt": "args_after: [./evil.sh]",
    "a choice of a setting": "settings: {mode: {choices: {evil: [--rcfile, ./evil.sh]}}}",
    "the option of a setting": "settings: {mode: --rcfile=./evil.sh}",
}


@pytest.mark.parametrize("given", GIVEN.values(), ids=GIVEN)
def test_a_file_that_a_profile_gives_to_its_program_is_told(
    repository: Path, given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_REPO", str(repository))
    (repository / "tools").mkdir()
    evil = program(repository / "tools" / "evil.sh")
    file = beside(repository, "mine", "executable: outside")
    rest = given.replace("{repo}", str(repository))
    file.write_text(f"executable: outside\n{'' if 'prompt' in rest else 'prompt: stdin'}\n{rest}\n")
    told = (
        f"the instrument mine is defined in '{file}': it runs '{repository.parent}/usr/outside'; "
        f"it is given '{evil}', inside the folder of the score."
    )
    assert plan_of(repository, AGENT % "mine", head="workspace: ../tools").warnings == (told,)
    with pytest.raises(ScoreInvalid) as caught:
        plan_of(repository, AGENT % "mine", head="workspace: ../tools", score_profiles="refuse")
    assert told in caught.value.message


def test_links_do_not_hide_a_file_that_is_given(repository: Path) -> None:
    inner = program(repository / "bin" / "inner")
    linked = repository.parent / "usr" / "linked"
    linked.symlink_to(inner)
    beside(repository, "mine", f"executable: outside\nargs: ['{linked}']")
    (note,) = plan_of(repository, AGENT % "mine").warnings
    assert note.endswith(f"; it is given '{linked}' (a link to '{inner}'), inside the folder of the score.")
    (repository / "bin" / "sub").mkdir()
    (repository.parent / "usr" / "sub").symlink_to(repository / "bin" / "sub")
    beside(repository, "mine", f"executable: outside\nargs: ['{repository.parent}/usr/sub/../inner']")
    (note,) = plan_of(repository, AGENT % "mine").warnings
    assert note.endswith(f"; it is given '{inner}', inside the folder of the score.")


def test_of_many_files_that_are_given_the_first_are_told_and_the_rest_counted(repository: Path) -> None:
    files = [str(program(repository / "bin" / f"tool{each}")) for each in range(5)]
    beside(repository, "goose", f"executable: {files[0]}\nargs: {json.dumps(files[1:])}")
    (note,) = plan_of(repository, AGENT % "goose").warnings
    assert note.endswith(
        f", in place of the built-in one: it runs '{files[0]}', which is inside the folder of the score; "
        f"it is given '{files[1]}', '{files[2]}', '{files[3]}' and 1 more, inside the folder of the score."
    )


@pytest.mark.parametrize(
    "args",
    [
        [
            "{prompt_file}",
            "{script}",
            "--yes",
            "bin",
            "./bin",
            "jobs/",
            "../evil.sh",
            "/usr/bin/env",
            "",
            ".",
            "/" * 5000,
        ],
        ["-c", "evil.sh; bin/evil.sh"],
    ],
)
def test_what_is_no_file_of_the_repository_is_nothing_to_tell(repository: Path, args: list[str]) -> None:
    program(repository.parent / "evil.sh")
    file = beside(repository, "mine", "executable: outside")
    file.write_text(f"prompt: file\nexecutable: outside\nargs: {json.dumps(args)}\n")
    assert plan_of(repository, AGENT % "mine", head="workspace: ../jobs").warnings == ()


def test_what_the_user_s_own_profile_gives_to_its_program_is_nothing_to_tell(repository: Path) -> None:
    tool = str(program(repository / "bin" / "tool"))
    own = {"mine": {"name": "mine", "executable": "outside", "args": [tool], "prompt": "stdin"}}
    assert plan_of(repository, AGENT % "mine", profiles=own).warnings == ()


def test_code_that_stands_in_a_profile_is_the_score_s_own_text_and_nothing_to_tell(repository: Path) -> None:
    beside(repository, "mine", "executable: bash\nargs: [-c, reboot]")
    assert plan_of(repository, AGENT % "mine").warnings == ()


def test_a_program_that_is_not_there_is_told_as_such(repository: Path) -> None:
    beside(repository, "goose", "executable: nowhere")
    (note,) = plan_of(repository, AGENT % "goose").warnings
    assert note.endswith("in place of the built-in one: its program nowhere was not found.")


def test_the_setting_allows_or_refuses(repository: Path) -> None:
    file = beside(repository, "goose", "executable: outside")
    assert plan_of(repository, AGENT % "goose", score_profiles="allow").warnings == ()
    with pytest.raises(ScoreInvalid) as caught:
        plan_of(repository, AGENT % "goose", score_profiles="refuse")
    assert "which the setting score_profiles refuses: the instrument goose is defined in " in caught.value.message
    assert str(file) in caught.value.facts["problems"][0]["message"]
    assert caught.value.fix == FIX
    assert plan_of(repository, AGENT % "claude-code", score_profiles="refuse").warnings == ()


def test_it_is_told_before_everything_else(repository: Path) -> None:
    beside(repository, "goose", "executable: outside")
    first, second = plan_of(repository, AGENT % "goose", head="variables: {v: no}").warnings
    assert first.startswith("the instrument goose")
    assert "YAML 1.1" in second
