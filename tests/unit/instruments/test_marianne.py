"""Profiles in the form of the Marianne conductor's guide become ours."""

from typing import Any

import pytest
from pydantic import ValidationError

from podium.instruments.marianne import WITHOUT_EFFECT, converted, unused_note
from podium.instruments.profile import Profile


def made(command: dict[str, Any] | None = None, **fields: Any) -> Profile:
    """Return the profile of a small tool as ours."""
    return converted({"name": "mine", "cli": {"command": {"executable": "mine", **(command or {})}}, **fields})


def test_a_whole_profile_becomes_one_of_ours() -> None:
    written = {
        "name": "deep",
        "display_name": "Deep",
        "description": "thinks long",
        "kind": "cli",
        "default_timeout_seconds": 90,
        "cli": {
            "command": {"executable": "/opt/deep", "prompt_flag": "-p", "env": {"REGION": "here", "KEY": "${A}-${B}"}},
            "output": {"format": "text"},
            "errors": {
                "success_exit_codes": [0, 2],
                "rate_limit_patterns": ["slow.?down"],
                "auth_error_patterns": ["who are you"],
                "capacity_patterns": ["is full"],
            },
        },
    }
    assert converted(written) == Profile(
        name="deep",
        description="Deep: thinks long",
        executable="/opt/deep",
        prompt="flag",
        prompt_flag="-p",
        env={"REGION": "here"},
        env_expanded={"KEY": "${A}-${B}"},
        success_codes=(0, 2),
        rate_limit_patterns=("slow.?down",),
        auth_patterns=("who are you",),
        capacity_patterns=("is full",),
        default_timeout_seconds=90,
    )


@pytest.mark.parametrize(
    ("command", "fields", "config", "arguments"),
    [
        ({}, {}, {}, "PROMPT"),
        ({"prompt_flag": None}, {}, {}, "PROMPT"),
        ({"prompt_flag": "--task"}, {}, {}, "--task PROMPT"),
        ({"subcommand": "exec"}, {}, {}, "exec PROMPT"),
        ({"auto_approve_flag": "--yes"}, {}, {}, "--yes PROMPT"),
        ({"output_format_flag": "--json"}, {}, {}, "--json PROMPT"),
        ({"output_format_flag": "-f", "output_format_value": "json"}, {}, {}, "-f json PROMPT"),
        ({"output_format_value": "json"}, {}, {}, "PROMPT"),
        ({"working_dir_flag": "--cd"}, {}, {}, "--cd . PROMPT"),
        ({"extra_flags": ["--calm", "a b"]}, {}, {}, "PROMPT --calm a b"),
        ({"model_flag": "--model"}, {}, {}, "PROMPT"),
        ({"model_flag": "--model"}, {}, {"model": "big"}, "--model big PROMPT"),
        ({"model_flag": "--model"}, {"default_model": "small"}, {}, "--model small PROMPT"),
        ({"model_flag": "--model"}, {"default_model": "small"}, {"model": "big"}, "--model big PROMPT"),
        ({}, {"default_model": "small"}, {}, "PROMPT"),
        ({"allowed_tools_flag": "--tools"}, {}, {"allowed_tools": ["Read", "Edit"]}, "--tools Read,Edit PROMPT"),
        (
            {
                "extra_flags": ["--calm"],
                "prompt_flag": "-p",
                "model_flag": "-m",
                "output_format_flag": "-f",
                "output_format_value": "json",
                "auto_approve_flag": "--yes",
                "subcommand": "exec",
            },
            {},
            {"model": "big"},
            "exec --yes -f json -m big -p PROMPT --calm",
        ),
    ],
)
def test_a_key_of_the_command_becomes_arguments_in_the_order_of_the_guide(
    command: dict[str, Any], fields: dict[str, Any], config: dict[str, Any], arguments: str
) -> None:
    argv, on_input = made(command, **fields).command("/script", "PROMPT", config)
    assert (" ".join(argv), on_input) == (f"mine {arguments}", False)


def test_keys_without_effect_are_remembered_if_they_say_something() -> None:
    given: dict[str, Any] = {"format": "json", "result_path": "text", "completion_event_filter": {}, "error_path": None}
    cli = {"command": {"executable": "x", "timeout_flag": "-t"}, "output": given, "errors": {"crash_patterns": []}}
    profile = made(cli=cli, models=[], capabilities=["vision"], default_model="small")
    assert profile.unused == (
        "capabilities", "default_model", "cli.command.timeout_flag", "cli.output.format", "cli.output.result_path",
    )  # fmt: skip
    assert unused_note("mine", profile.unused[:2]) == (
        "nothing is done with these keys of the instrument mine: capabilities (nothing is chosen by them); "
        "default_model (without model_flag it cannot be passed on)."
    )
    assert made({"model_flag": "-m"}, default_model="small").unused == ()


def test_no_reason_looks_like_the_end_of_one() -> None:
    assert not any(sign in reason for reason in WITHOUT_EFFECT.values() for sign in ";()")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "http"}, "kind \\(not supported: Podium runs command-line tools"),
        ({"http": {"endpoint": "x"}}, "http \\(not supported: Podium runs command-line tools"),
        ({"kind": "agent"}, "Input should be 'cli'"),
        ({"cli": None}, "cli"),
        ({"cli": {"command": {}}}, "cli.command.executable\n  Field required"),
        ({"cli": {"command": {"executable": "./mine"}}}, "absolute path"),
        ({"cli": {"command": {"executable": "x", "auto_approve_flag": "--mode yolo"}}}, "auto_approve_flag"),
        ({"cli": {"command": {"executable": "x", "model_flag": "model"}}}, "model_flag"),
        ({"cli": {"command": {"executable": "x"}, "output": {"format": "xml"}}}, "cli.output.format"),
        ({"cli": {"command": {"executable": "x"}, "errors": {"success_exit_codes": []}}}, "success_exit_codes"),
        ({"default_timeout_seconds": 0}, "default_timeout_seconds"),
        ({"cli": {"command": {"executable": "x"}, "inputs": {}}}, "cli.inputs\n  Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        made(**fields)
