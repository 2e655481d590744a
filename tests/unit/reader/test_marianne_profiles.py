"""Every key of the original's instrument profiles is honoured, without effect with a note, or refused with a reason."""

from pathlib import Path

import pytest

from podium.errors import InvalidArguments, ScoreInvalid
from podium.instruments.marianne import WITHOUT_EFFECT
from tests.support.marianne.fields import Entry
from tests.support.marianne.profiles import plan_with, profile_entries, told_of_profile, whole_profile
from tests.support.profiles import load_profiles

CASES = [(entry, part) for entry in profile_entries() for part in entry.written]
IDS = [f"{entry.paths[0]}:{number}" for entry in profile_entries() for number in range(len(entry.written))]


@pytest.mark.parametrize(("entry", "part"), CASES, ids=IDS)
def test_a_key_has_the_answer_of_the_table(entry: Entry, part: str, tmp_path: Path) -> None:
    paths = [path for path in entry.paths if path.rpartition(".")[2] in part]
    found = [told_of_profile(whole_profile(part), path, tmp_path) for path in paths]
    assert {each.answer for each in found} == {entry.answer}, [each.why for each in found]


@pytest.mark.parametrize(
    "entry", [each for each in profile_entries() if each.answer == "honoured"], ids=lambda e: e.paths[0]
)
def test_a_key_that_is_honoured_has_a_test(entry: Entry) -> None:
    assert entry.is_shown


def test_no_key_is_listed_twice_and_none_without_effect_is_left_out() -> None:
    paths = [path for entry in profile_entries() for path in entry.paths]
    assert sorted(paths) == sorted(set(paths))
    without = {path for entry in profile_entries() if entry.answer == "without effect" for path in entry.paths}
    assert without == WITHOUT_EFFECT.keys() - {"default_model"}  # honoured where there is a model_flag


@pytest.mark.parametrize(
    ("part", "said", "allowed"),
    [
        ("{cli: {command: {promt_flag: -p}}}", "unknown key cli.command.promt_flag (did you mean prompt_flag", "env"),
        ("{cli: {outputs: {}}}", "unknown key cli.outputs (did you mean output?)", "errors"),
        ("{defaultmodel: x}", "unknown key defaultmodel (did you mean default_model", "capabilities"),
        ("{cli: {errors: {zzz: 1}}}", "unknown key cli.errors.zzz.", "auth_error_patterns"),
        ("{executable: mine}", "unknown key executable.", "cli"),
    ],
)
def test_an_unknown_key_is_refused_with_those_that_its_block_has(
    tmp_path: Path, part: str, said: str, allowed: str
) -> None:
    with pytest.raises(ScoreInvalid) as caught:
        plan_with(whole_profile(part), tmp_path)
    (problem,) = caught.value.facts["problems"]
    assert said in problem["message"]
    assert allowed in problem["allowed"]


def test_an_api_is_one_problem_however_little_the_profile_says_of_a_tool(tmp_path: Path) -> None:
    with pytest.raises(ScoreInvalid) as caught:
        plan_with({"name": "far", "display_name": "Far", "kind": "http", "endpoint": "x"}, tmp_path)
    (problem,) = caught.value.facts["problems"]
    assert "kind (not supported: Podium runs command-line tools, and calls no API itself)" in problem["message"]


def test_a_profile_of_ours_cannot_say_what_is_without_effect(tmp_path: Path) -> None:
    with pytest.raises(ScoreInvalid, match="unknown key unused"):
        plan_with({"name": "mine", "executable": "mine", "prompt": "stdin", "unused": ["models"]}, tmp_path)


def test_only_some_of_very_many_problems_are_told(tmp_path: Path) -> None:
    keys = "".join(f"promptx{number}: 1\n" for number in range(3000))
    (tmp_path / "instruments").mkdir()
    (tmp_path / "instruments" / "mine.yaml").write_text(f"executable: x\nprompt: stdin\n{keys}")
    with pytest.raises(InvalidArguments) as caught:
        load_profiles(config_folder=tmp_path)
    assert len(caught.value.facts["problems"]) == 20


def test_the_note_is_told_once_for_an_instrument_that_is_used_and_not_for_others(tmp_path: Path) -> None:
    profile = whole_profile("{capabilities: [vision]}")
    assert [note for note in plan_with(profile, tmp_path).warnings if "nothing is done" in note] == [
        "nothing is done with these keys of the instrument mine: capabilities (nothing is chosen by them)."
    ]
    other = {"name": "other", "executable": "other", "prompt": "stdin"}
    (tmp_path / ".podium" / "instruments" / "theirs.yaml").write_text(
        (tmp_path / ".podium" / "instruments" / "mine.yaml").read_text().replace("name: mine", "name: theirs")
    )
    assert plan_with(other, tmp_path).warnings == ()
