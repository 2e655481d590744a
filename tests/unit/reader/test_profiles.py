import os
from pathlib import Path

import pytest

from podium.errors import InvalidArguments, ScoreInvalid
from tests.support.profiles import load_profiles

MINE = "executable: mine\nprompt: stdin\n"
AGENTS = ["aider", "claude-code", "cline-cli", "codex-cli", "crush", "gemini-cli", "goose", "opencode"]


def put(folder: Path, name: str, text: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_built_in_profiles_are_bash_and_eight_agents() -> None:
    profiles = load_profiles()
    assert sorted({profile.name for profile in profiles.values()}) == sorted([*AGENTS, "cli"])
    assert {profile.name for profile in profiles.values() if profile.kind == "agent"} == set(AGENTS)
    assert profiles["cli"].command("/script", "echo") == ((), False)
    assert profiles["claude_cli"] is profiles["claude-code"], "the name that scores of the Marianne conductor use"


@pytest.mark.parametrize("name", AGENTS)
def test_each_agent_knows_the_signs_of_its_failures(name: str) -> None:
    profile = load_profiles()[name]
    assert profile.rate_limit_patterns
    assert profile.auth_patterns
    assert profile.capacity_patterns
    assert profile.description


def test_the_users_profiles_and_then_the_scores_win(tmp_path: Path) -> None:
    put(tmp_path / "config" / "instruments", "mine.yaml", MINE + "description: user\n")
    put(tmp_path / "config" / "instruments", "goose.yml", MINE)
    put(tmp_path / "config" / "instruments", "notes.txt", "not read")
    put(tmp_path / "score" / ".podium" / "instruments", "mine.yaml", MINE + "description: score\naliases: [other]\n")
    profiles = load_profiles(config_folder=tmp_path / "config", score_folder=tmp_path / "score")
    assert profiles["mine"].description == "score"
    assert profiles["other"] is profiles["mine"]
    assert profiles["goose"].executable == "mine"
    assert load_profiles()["goose"].executable == "goose"


def test_folders_without_profiles_are_fine(tmp_path: Path) -> None:
    assert load_profiles(config_folder=tmp_path, score_folder=tmp_path / "absent") == load_profiles()


def test_a_profile_may_name_itself_and_the_keys_of_marianne_profiles(tmp_path: Path) -> None:
    text = MINE + "name: better\nrate_limit_patterns: ['too many requests']\ndefault_timeout_seconds: 60\n"
    put(tmp_path / "instruments", "file.yaml", text)
    profile = load_profiles(config_folder=tmp_path)["better"]
    assert (profile.rate_limit_patterns, profile.default_timeout_seconds) == (("too many requests",), 60)


def test_an_unknown_key_is_named_with_those_that_are_known(tmp_path: Path) -> None:
    put(tmp_path / ".podium" / "instruments", "mine.yaml", MINE + "promt: x\ntimeout: 3\n")
    with pytest.raises(ScoreInvalid, match="unknown key promt") as caught:
        load_profiles(score_folder=tmp_path)
    problems = caught.value.facts["problems"]
    assert [problem["field"] for problem in problems] == ["promt", "timeout"]
    assert "prompt" in problems[0]["allowed"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "not YAML"),
        ("x: " + "[" * 60_000, "nested deeper than 50 levels"),
        ("- a", "not a mapping"),
        ("", "is empty"),
        ("prompt: stdin", "executable: Field required"),
        (MINE + "prompt_flag: -p", "prompt_flag is required with"),
        (MINE + "name: cli", "the name cli is reserved for bash"),
        (MINE + "aliases: [cli]", "the name cli is reserved for bash"),
        (MINE + "rate_limit_patterns: ['(']", "rate_limit_patterns: '\\(' is not a valid regular expression"),
        (MINE + "auth_patterns: ['((a{1000}){1000}){1000}']", "has nested repeats that are too large to compile"),
        (MINE + "cost_pattern: 'cost'", "cost_pattern: 'cost' needs exactly one group, around the dollars"),
        (MINE + "cost_pattern: '('", "cost_pattern: '\\(' is not a valid regular expression"),
        (b"\xff\xfe", "it is not UTF-8: byte 0xff"),
        (b"# " + b"x" * 70_000, "larger than the limit of 65536 bytes"),
        ("a: !!python/object/apply:os.getcwd []", "tag !!python/object/apply:os.getcwd is not allowed"),
    ],
)
def test_a_file_that_holds_no_profile_is_named_with_the_reason(tmp_path: Path, text: str | bytes, said: str) -> None:
    path = put(tmp_path / "instruments", "mine.yaml", text)
    with pytest.raises(InvalidArguments, match=said) as caught:
        load_profiles(config_folder=tmp_path)
    assert str(path) in caught.value.message
    assert "pydantic" not in caught.value.message


def test_a_pipe_that_nobody_writes_to_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / ".podium" / "instruments").mkdir(parents=True)
    os.mkfifo(tmp_path / ".podium" / "instruments" / "mine.yaml")
    with pytest.raises(ScoreInvalid, match=r"mine\.yaml is not a regular file"):
        load_profiles(score_folder=tmp_path)


def test_a_fault_of_form_has_its_line(tmp_path: Path) -> None:
    put(tmp_path / "instruments", "mine.yaml", "executable: x\nprompt: [\n")
    with pytest.raises(InvalidArguments) as caught:
        load_profiles(config_folder=tmp_path)
    assert caught.value.facts["problems"][0]["line"] >= 2
