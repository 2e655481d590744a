"""What plays the sheets of a numbered score: precedence, settings of the original, time limits."""

from pathlib import Path

import pytest

from tests.unit.score.numbered.agents import commands, planned, refused, score

CLAUDE = "claude -p --output-format text --permission-mode acceptEdits"
UNGUARDED = "claude -p --output-format text --permission-mode bypassPermissions"


def test_the_settings_of_the_original_become_the_options_of_claude_code() -> None:
    config = "{skip_permissions: true, disable_mcp: true, cli_model: m-1, allowed_tools: [Read, 'Bash(git *)']}"
    (command,) = commands(score(f"instrument_config: {config}"))
    assert command == f"{UNGUARDED} --strict-mcp-config --model m-1 --allowedTools Read,Bash(git *)"


@pytest.mark.parametrize(
    ("config", "command"),
    [
        ("skip_permissions: false, disable_mcp: false", CLAUDE),
        ("skip_permissions: yes", UNGUARDED),
        ("permission_mode: plan, skip_permissions: no", CLAUDE.replace("acceptEdits", "plan")),
        ("permission_mode: bypassPermissions, skip_permissions: true", UNGUARDED),
        ("allowed_tools: 'Read,Edit'", f"{CLAUDE} --allowedTools Read,Edit"),
        ("allowed_tools: []", CLAUDE),
        ("output_format: json", CLAUDE.replace("text", "json")),
        ("output_format: stream-json", CLAUDE.replace("text", "stream-json") + " --verbose"),
        ("cli_extra_args: [--add-dir, ../lib], model: small", f"{CLAUDE} --model small --add-dir ../lib"),
        ("cli_model: small, model: small", f"{CLAUDE} --model small"),
        ("system_prompt_file: parts/system.md", f"{CLAUDE} --system-prompt-file /scores/parts/system.md"),
        ("system_prompt_file: /abs/system.md", f"{CLAUDE} --system-prompt-file /abs/system.md"),
        ("max_output_capture_bytes: 100", CLAUDE),
        ("working_directory: /scores/out", CLAUDE),
    ],
)
def test_each_setting_has_its_arguments(config: str, command: str) -> None:
    text = score(f"instrument_config: {{{config}}}\nworkspace: /scores/out")
    assert commands(text, path=Path("/scores/s.yaml")) == [command]


def test_backend_has_the_same_settings_under_its_older_key() -> None:
    text = score(
        "backend: {type: claude_cli, skip_permissions: true, disable_mcp: true, cli_model: m, allowed_tools: [Read]}",
        instrument="",
    )
    assert commands(text) == [f"{UNGUARDED} --strict-mcp-config --model m --allowedTools Read"]
    assert commands(score("backend: {skip_permissions: true}")) == [UNGUARDED]
    assert planned(score("backend: {type: goose}", instrument="")).sheets[0].instrument == "goose"


def test_the_score_is_told_what_runs_without_asking_and_what_has_no_effect() -> None:
    plan = planned(
        score(
            "instrument_config: {skip_permissions: true, max_output_capture_bytes: 9}\n"
            "backend: {model: m, ollama: {model: x}, max_output_capture_bytes: 9}\n"
            "instruments: {a: {profile: aider, config: {skip_permissions: true, disable_mcp: true}}}",
            sheet="size: 1, total_items: 3, instrument_map: {a: [2, 3]}",
        )
    )
    assert plan.warnings == (
        "Line 5: max_output_capture_bytes has no effect.",
        "Line 5: claude-code runs without asking for permissions.",
        "Line 6: nothing is done with these keys: backend.max_output_capture_bytes (the conductor's settings limit outputs).",
        "Line 6: backend.model has no effect: it is for an API.",
        "Line 6: backend.ollama has no effect: it is for an API.",
        "Line 7: skip_permissions has no effect with aider.",
        "Line 7: disable_mcp has no effect with aider.",
    )


@pytest.mark.parametrize(
    ("instrument", "config", "command"),
    [
        ("gemini-cli", "skip_permissions: true, cli_model: g", "gemini --approval-mode yolo --output-format text --model g"),
        ("opencode", "cli_model: a/b", "opencode run --format default --model a/b x"),
        ("goose", "cli_model: m", "goose run --no-session -i /script --model m"),
        ("codex-cli", "skip_permissions: true",
         "codex exec --sandbox workspace-write --skip-git-repo-check --color never -"),
    ],
)  # fmt: skip
def test_other_agents_take_the_words_of_the_original_as_far_as_they_go(
    instrument: str, config: str, command: str
) -> None:
    assert commands(score(f"instrument_config: {{{config}}}", instrument=instrument)) == [command]


@pytest.mark.parametrize(
    "config", ["permission_mode: bypassPermissions", "cli_extra_args: [--dangerously-skip-permissions]"]
)
def test_however_permissions_are_skipped_it_is_said(config: str) -> None:
    (warning,) = planned(score(f"instrument_config: {{{config}}}")).warnings
    assert warning == "Line 5: claude-code runs without asking for permissions."


@pytest.mark.parametrize(
    ("rest", "field", "message"),
    [
        ("instrument_config: {skip_permision: true}", "instrument_config.skip_permision",
         "is not a setting of claude-code; did you mean skip_permissions?"),
        ("instrument_config: {skip_permissions: maybe}", "instrument_config.skip_permissions",
         "should be true or false, not the text 'maybe'"),
        ("instrument_config: {output_format: xml}", "instrument_config.output_format",
         "should be text, json or stream-json, not the text 'xml'"),
        ("instrument_config: {permission_mode: plan, skip_permissions: true}", "instrument_config.skip_permissions",
         "contradicts permission_mode; leave one of the two out"),
        ("instrument_config: {model: a, cli_model: b}", "instrument_config.cli_model",
         "is the same setting as model, which has another value"),
        ("instrument_config: {allowed_tools: {a: 1}}", "instrument_config.allowed_tools",
         "should be a list, or text, not a mapping"),
        ("instrument_config: {allowed_tools: [[a]]}", "instrument_config.allowed_tools[0]",
         "should be text or a number, not a list"),
        ("instrument_config: {cli_extra_args: --verbose}", "instrument_config.cli_extra_args",
         "should be a list, not the text '--verbose'"),
        ("instrument_config: {system_prompt_file: [a]}", "instrument_config.system_prompt_file",
         "should be the path of a file, not a list"),
        ("instrument_config: {working_directory: /elsewhere}", "instrument_config.working_directory",
         "not supported: sheets run in the workspace; set workspace, or name the folder in the prompt"),
        ("instrument_config: {2: x}", "instrument_config", "the key 2 should be the name of a setting"),
        ("backend: {type: claude_cli}", "backend.type", "instrument is given too; leave one of the two out"),
        ("movements: {1: {instrument_config: {nope: 1}}}", "movements[1].instrument_config.nope",
         "is not a setting of claude-code"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_at_its_place(rest: str, field: str, message: str) -> None:
    assert refused(score(rest)) == [(5, field, message)]


@pytest.mark.parametrize("name", ["anthropic_api", "ollama", "recursive_light"])
def test_an_api_is_refused_as_a_player_with_the_reason(name: str) -> None:
    reason = f"Podium has no instrument {name}: it runs command-line tools, and calls no API itself"
    assert refused(score(instrument=name)) == [(4, "instrument", reason)]
    assert refused(score(f"backend: {{type: {name}}}", instrument="")) == [(4, "backend.type", reason)]
    alias = f"instruments: {{api: {{profile: {name}}}}}\nmovements: {{1: {{instrument: api}}}}"
    assert refused(score(alias)) == [(5, "instruments.api.profile", reason)]


def test_the_sheet_comes_before_the_movement_and_the_movement_before_the_score() -> None:
    plan = planned(
        score(
            "instrument_config: {model: of-score, max_turns: 1}\n"
            "instruments: {quick: {profile: claude-code, config: {model: of-alias}}}\n"
            "movements:\n  1: {voices: 2}\n  2: {instrument_config: {model: of-movement}}\n"
            "  3: {instrument: quick, instrument_config: {max_turns: 3}}\n  4: {instrument: goose, instrument_config: {provider: p}}",
            sheet="size: 1, total_items: 4, per_sheet_instruments: {2: gemini-cli}, "
            "per_sheet_instrument_config: {3: {max_turns: 9}, 5: {provider: mine}}",
        )
    )
    assert [(sheet.stage, sheet.instrument, sheet.instrument_config) for sheet in plan.sheets] == [
        (1, "claude-code", {"model": "of-score", "max_turns": 1}),
        (1, "gemini-cli", {}),  # the score's settings are for another instrument
        (2, "claude-code", {"model": "of-movement", "max_turns": 9}),
        (3, "claude-code", {"model": "of-alias", "max_turns": 3}),
        (4, "goose", {"provider": "mine"}),
    ]


def test_a_setting_of_the_movement_is_not_for_a_sheet_with_another_instrument() -> None:
    plan = planned(
        score(
            "movements: {1: {voices: 2, instrument: goose, instrument_config: {provider: p, timeout_seconds: 60}}}",
            sheet="size: 1, total_items: 1, per_sheet_instruments: {2: claude-code}",
        )
    )
    assert [(each.instrument, each.instrument_config, each.timeout_seconds) for each in plan.sheets] == [
        ("goose", {"provider": "p"}, 60),
        ("claude-code", {}, 60),
    ]


def test_settings_that_no_sheet_takes_are_told() -> None:
    rest = "instrument_config: {skip_permissions: true, timeout_seconds: 5}\nmovements: {1: {instrument: goose}}"
    plan = planned(score(rest))
    assert plan.warnings == ("Line 5: these settings are not used: their instrument plays no sheet.",)
    assert planned(score(rest, sheet="size: 1, total_items: 2")).warnings == (
        "Line 5: claude-code runs without asking for permissions.",
    )
    assert planned(score("instrument_config: {timeout_seconds: 5}\nmovements: {1: {instrument: goose}}")).warnings == ()


def test_a_sheet_in_both_maps_plays_what_is_said_of_it_alone() -> None:
    plan = planned(
        score(sheet="size: 1, total_items: 1, instrument_map: {goose: [1]}, per_sheet_instruments: {1: aider}")
    )
    assert plan.sheets[0].instrument == "aider"
    assert plan.warnings == ("Line 2: per_sheet_instruments decides what plays sheet 1.",)


def test_time_limits_by_sheet_count_the_sheets_after_fan_out() -> None:
    plan = planned(
        score(
            "instrument_config: {timeout_seconds: 100, timeout_overrides: {2: 7, '4': 2h, 5: 8}}\n"
            "movements: {2: {instrument: goose, instrument_config: {timeout_seconds: 30}}}",
            sheet="size: 1, total_items: 3, fan_out: {1: 3}, per_sheet_instrument_config: {5: {timeout_seconds: 1}}",
        )
    )
    assert [sheet.timeout_seconds for sheet in plan.sheets] == [100, 7, 100, 7200, 1]


def test_a_time_limit_of_the_backend_is_the_most_general_one() -> None:
    plan = planned(
        score(
            "backend: {timeout_seconds: 900, timeout_overrides: {2: 5, 3: 6}}\n"
            "instruments: {a: {profile: goose, config: {timeout_overrides: {3: 50}, timeout_seconds: 70}}}",
            sheet="size: 1, total_items: 4, instrument_map: {a: [3, 4]}",
        )
    )
    assert [sheet.timeout_seconds for sheet in plan.sheets] == [900, 5, 50, 70]


def test_each_of_many_sheets_may_have_a_limit_of_its_own() -> None:
    overrides = ", ".join(f"{number}: {number}" for number in range(1, 4001))
    plan = planned(
        score(f"instrument_config: {{timeout_overrides: {{{overrides}}}}}", sheet="size: 1, total_items: 4000")
    )
    assert [sheet.timeout_seconds for sheet in plan.sheets] == list(range(1, 4001))


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ("{3: 5}", "[3]", "sheet 3 does not exist; the last one is 2"),
        ("{one: 5}", ".one", "'one' is not the number of a sheet"),
        ("{1: 0}", "[1]", "should be a number of seconds greater than 0"),
        ("{2: soon}", "[2]", "should be a number of seconds greater than 0"),
        ("[5]", "", "should be a mapping of sheets to seconds, not a list"),
    ],
)
def test_a_wrong_time_limit_by_sheet_is_refused(given: str, field: str, message: str) -> None:
    text = score(f"instrument_config: {{timeout_overrides: {given}}}", sheet="size: 1, total_items: 1, fan_out: {1: 2}")
    assert refused(text) == [(5, f"instrument_config.timeout_overrides{field}", message)]
