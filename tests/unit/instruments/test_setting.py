"""Settings of an instrument that are more than an option with a value."""

from typing import Any

import pytest
from pydantic import ValidationError

from podium.instruments.builtin import builtin_profiles
from podium.instruments.profile import Profile
from podium.instruments.setting import Setting

SETTINGS = {
    "model": "--model",
    "quiet": {"choices": {"true": ["-q"], "false": []}},
    "free": {"choices": {"true": ["--mode", "free"], "false": []}},
    "format": {"choices": {"text": ["--format", "text"], "all": ["--format", "json", "--long"]}},
    "tools": {"option": "--tools", "takes": "list"},
    "file": {"option": "--file", "takes": "path"},
    "extra": {"takes": "arguments"},
}


@pytest.mark.parametrize(
    ("config", "command"),
    [
        ({}, "tool --mode plan"),
        ({"quiet": True, "free": True}, "tool --mode free -q"),
        ({"quiet": False, "free": False}, "tool --mode plan"),
        ({"format": "all"}, "tool --mode plan --format json --long"),
        ({"tools": ["a", "b c"]}, "tool --mode plan --tools a,b c"),
        ({"tools": "a"}, "tool --mode plan --tools a"),
        ({"tools": []}, "tool --mode plan"),
        (
            {"extra": ["--mode", "x", "-y"], "file": "/f", "model": 4},
            "tool --mode plan --file /f --model 4 --mode x -y",
        ),
    ],
)
def test_a_setting_becomes_its_arguments(config: dict[str, Any], command: str) -> None:
    profile = Profile.model_validate(
        {"name": "tool", "executable": "tool", "prompt": "stdin", "args": ["--mode", "plan"], "settings": SETTINGS}
    )
    argv, _ = profile.command("/script", "x", config)
    assert " ".join(argv) == command


def test_a_profile_is_stored_as_it_is_written() -> None:
    profile = Profile.model_validate({"name": "tool", "executable": "tool", "prompt": "stdin", "settings": SETTINGS})
    assert profile.model_dump(mode="json", exclude_defaults=True)["settings"] == SETTINGS


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"option": "--a", "choices": {"true": ["-b"]}},
        {"option": "--a", "takes": "arguments"},
        {"choices": {"true": ["-b"]}, "takes": "arguments"},
        {"option": "a"},
        {"option": "--a", "takes": "several"},
        {"option": "--a", "other": 1},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Setting(**fields)


def test_whatever_lets_an_agent_that_comes_along_do_what_it_likes_is_known_as_such() -> None:
    for profile in builtin_profiles().values():
        if "skip_permissions" in profile.settings:
            argv, _ = profile.command("/script", "x", {"skip_permissions": True})
            assert set(profile.unguarded) & set(argv)
            assert not set(profile.unguarded) & set(profile.command("/script", "x")[0])
