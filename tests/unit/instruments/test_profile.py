import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from podium.errors import InvalidArguments
from podium.instruments.finding import find_executable
from podium.instruments.profile import Profile

TOOL = """#!/bin/bash
for argument; do printf '[%s]' "$argument"; done
printf '<%s>' "$(cat)"
"""


def profile(**fields: Any) -> Profile:
    return Profile(**{"name": "tool", "executable": "tool", "prompt": "argument", **fields})


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    """A program that prints its arguments and its input."""
    path = tmp_path / "bin" / "tool"
    path.parent.mkdir()
    path.write_text(TOOL)
    path.chmod(0o755)
    return path


def play(instrument: Profile, tool: Path, prompt: str) -> str:
    """Run the command as the engine does: the prompt is in a file, which is the input where the profile says so."""
    script = tool.parent / "script"
    script.write_text(prompt)
    argv, stdin_script = instrument.command(str(script), prompt)
    with (script if stdin_script else Path(os.devnull)).open("rb") as stdin:
        env = {"PATH": f"{tool.parent}:{os.environ['PATH']}"}
        done = subprocess.run(argv, stdin=stdin, capture_output=True, text=True, env=env, check=True)
    return done.stdout.replace(str(script), "SCRIPT")


@pytest.mark.parametrize(
    ("fields", "printed"),
    [
        ({"prompt": "argument", "args": ["run"]}, "[run][do $HOME 'it']<>"),
        ({"prompt": "flag", "prompt_flag": "--message", "args": ["-q"]}, "[-q][--message][do $HOME 'it']<>"),
        ({"prompt": "stdin", "args": ["-"]}, "[-]<do $HOME 'it'>"),
        ({"prompt": "file", "args": ["run", "-i"]}, "[run][-i][SCRIPT]<>"),
        ({"prompt": "file", "args": ["--file={prompt_file}", "go"]}, "[--file=SCRIPT][go]<>"),
        ({"prompt": "stdin", "args": ["--file={script}", "{script}", "a{script}"]},
         "[--file=SCRIPT][SCRIPT][a{script}]<do $HOME 'it'>"),
        ({"prompt": "argument", "args_after": ["-q", "{script}"]}, "[do $HOME 'it'][-q][SCRIPT]<>"),
        ({"prompt": "flag", "prompt_flag": "-m", "args_after": ["-q"]}, "[-m][do $HOME 'it'][-q]<>"),
        ({"prompt": "stdin", "args": ["-"], "args_after": ["-q"]}, "[-][-q]<do $HOME 'it'>"),
        ({"prompt": "file", "args_after": ["-q"]}, "[SCRIPT][-q]<>"),
        ({"prompt": "file", "args": ["{prompt_file}", "go"], "args_after": ["-q"]}, "[SCRIPT][go][-q]<>"),
    ],
)  # fmt: skip
def test_the_tool_gets_the_prompt_as_the_profile_says(tool: Path, fields: dict[str, Any], printed: str) -> None:
    assert play(profile(**fields), tool, "do $HOME 'it'") == printed


def test_settings_take_their_option_in_the_arguments_or_after_them(tool: Path) -> None:
    instrument = profile(prompt="stdin", args=["--mode", "plan", "-q"], settings={"mode": "--mode", "model": "--model"})
    assert instrument.command("/script", "x", {"mode": "act", "model": 4})[0] == (
        "tool", "--mode", "act", "-q", "--model", "4",
    )  # fmt: skip
    assert instrument.command("/script", "x")[0] == ("tool", "--mode", "plan", "-q")


def test_a_variable_of_the_conductor_stands_in_a_value_as_it_is() -> None:
    known = {"HOME": "/home/me", "ODD": "${HOME}"}
    instrument = profile(env={"A": "${HOME}"}, env_expanded={"B": "${HOME}/b:${ODD}", "C": "$HOME ${not-one} ${"})
    assert instrument.environment(known.__getitem__) == {
        "A": "${HOME}",
        "B": "/home/me/b:${HOME}",
        "C": "$HOME ${not-one} ${",
    }


def test_a_prompt_that_looks_like_an_option_is_none(tool: Path) -> None:
    assert play(profile(), tool, "--version") == "[\n--version]<>"


def test_a_prompt_that_is_the_placeholder_of_the_script_is_left_alone(tool: Path) -> None:
    assert play(profile(), tool, "{script}") == "[{script}]<>"


def test_a_script_is_for_bash_alone() -> None:
    instrument = profile(executable="bash", prompt="script", kind="cli")
    assert instrument.command("/folder/script", "echo hi") == ((), False)


def test_a_prompt_just_short_enough_passes_and_a_longer_one_is_refused(tool: Path) -> None:
    assert len(play(profile(), tool, "x" * 131_071)) == 131_071 + len("[]<>")
    with pytest.raises(InvalidArguments, match="the longest argument that tool can be given"):
        profile().command("/script", "€" * 43_691)


def test_a_long_prompt_is_no_matter_for_a_file_or_the_input(tool: Path) -> None:
    assert len(play(profile(prompt="stdin"), tool, "x" * 200_000)) == 200_000 + len("<>")


@pytest.mark.parametrize(
    "fields",
    [
        {"prompt": "flag"},
        {"prompt": "stdin", "prompt_flag": "-p"},
        {"prompt": "script"},
        {"prompt": "script", "executable": "bash", "args": ["-x"]},
        {"prompt": "script", "executable": "bash", "args_after": ["-x"]},
        {"prompt": "stdin", "args": ["{prompt_file}"]},
        {"prompt": "file", "args": ["@{prompt_file}"]},
        {"prompt": "file", "args": ["--file={prompt_file}.md"]},
        {"executable": "./tool"},
        {"executable": ""},
        {"name": "a b"},
        {"name": ""},
        {"auth_patterns": [""]},
        {"capacity_patterns": ["x" * 501]},
        {"success_codes": []},
        {"default_timeout_seconds": 0},
        {"unknown": 1},
        {"settings": {"model": "model"}},
        {"settings": {"a b": "--model"}},
        {"settings": {"quiet": "-q"}, "args": ["run", "-q"]},
        {"prompt": "script", "executable": "bash", "settings": {"x": "-x"}},
    ],
)
def test_a_profile_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        profile(**fields)


def test_a_program_is_found_in_the_path_that_is_given(tool: Path) -> None:
    assert find_executable(profile(), str(tool.parent)) == str(tool)
    assert find_executable(profile(executable=str(tool)), "") == str(tool)
    assert find_executable(profile(), "/nonexistent") is None
    tool.chmod(0o644)
    assert find_executable(profile(executable=str(tool)), "") is None
