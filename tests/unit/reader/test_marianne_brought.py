"""What a score brings along is told, or refused, also of profiles in the form of Marianne's guide."""

from pathlib import Path

import pytest
import yaml

from podium.errors import ScoreInvalid
from tests.support.marianne.profiles import plan_with, whole_profile


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a score that brings programs; the home is elsewhere, and PATH does not lead into the folder."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("THEIRS", str(tmp_path / "score" / "bin"))
    for name in ("mine", "evil.sh"):
        path = tmp_path / "score" / "bin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    return tmp_path / "score"


BROUGHT = {  # what is written of the command, and what is told; {folder} is that of the score
    "the program": ("executable: '{folder}/bin/mine'", "it runs '{folder}/bin/mine', which is inside the folder"),
    "by PATH": ("env: {PATH: '${THEIRS}:${PATH}'}", "it runs '{folder}/bin/mine', which is inside the folder"),
    "a flag": ("executable: cat, extra_flags: ['{folder}/bin/evil.sh']", "it is given '{folder}/bin/evil.sh', inside"),
    "a subcommand": ("executable: bash, subcommand: '{folder}/bin/evil.sh'", "it is given '{folder}/bin/evil.sh'"),
    "a variable": ("executable: bash, env: {BASH_ENV: '${THEIRS}/evil.sh'}", "it is given '{folder}/bin/evil.sh'"),
}


@pytest.mark.parametrize(("command", "said"), BROUGHT.values(), ids=BROUGHT)
def test_what_a_profile_brings_is_told_or_refused(folder: Path, command: str, said: str) -> None:
    profile = whole_profile("{cli: {command: {" + command.replace("{folder}", str(folder)) + "}}}")
    (note,) = plan_with(profile, folder).warnings
    assert note.startswith(f"the instrument mine is defined in '{folder}/.podium/instruments/mine.yaml'")
    assert said.replace("{folder}", str(folder)) in note
    with pytest.raises(ScoreInvalid, match="which the setting score_profiles refuses: the instrument mine"):
        plan_with(profile, folder, score_profiles="refuse")
    assert plan_with(profile, folder, score_profiles="allow").warnings == ()


def test_one_in_place_of_a_built_in_one_is_told(folder: Path) -> None:
    profile = whole_profile("{name: goose, cli: {command: {executable: cat}}}")
    (note,) = plan_with(profile, folder).warnings
    assert ", in place of the built-in one: it runs " in note


def test_a_new_one_with_a_program_of_the_machine_is_nothing_to_tell(folder: Path) -> None:
    assert plan_with(whole_profile("{cli: {command: {executable: cat, extra_flags: [--calm]}}}"), folder).warnings == ()


def test_no_profile_is_read_in_the_folders_of_marianne(folder: Path) -> None:
    theirs = folder / ".marianne" / "instruments" / "theirs.yaml"
    theirs.parent.mkdir(parents=True)
    theirs.write_text(yaml.safe_dump(whole_profile("{name: theirs}")))
    with pytest.raises(ScoreInvalid) as caught:
        plan_with(whole_profile("{}"), folder, instrument="theirs")
    assert "unknown instrument 'theirs'" in caught.value.facts["problems"][0]["message"]
