"""What the sheets of a numbered score fall back to, and what is said of fallbacks that are left out."""

import pytest

from podium.score.model.plan import Player
from tests.unit.score.numbered.agents import planned, refused, score

SKIPPED = "is skipped: Podium has no such instrument; it runs command-line tools"


def players(text: str) -> list[tuple[str, ...]]:
    """Return what is tried for each sheet, in its order."""
    return [sheet.instruments for sheet in planned(text).sheets]


def test_unknown_fallbacks_are_skipped_and_told_once_with_all_their_lines() -> None:
    plan = planned(
        score(
            "instrument_fallbacks: [anthropic_api, goose]\n"
            "movements:\n  2: {instrument_fallbacks: [anthropic_api]}\n  3: {instrument_fallbacks: [gemini-cl]}",
            sheet="size: 1, total_items: 4, per_sheet_fallbacks: {4: [aider, ollama]}",
        )
    )
    assert [sheet.instruments for sheet in plan.sheets] == [
        ("claude-code", "goose"),
        ("claude-code",),
        ("claude-code",),
        ("claude-code", "aider"),
    ]
    assert plan.warnings == (
        f"Line 2: the fallback ollama {SKIPPED}.",
        f"Lines 5, 7: the fallback anthropic_api {SKIPPED}.",
        f"Line 8: the fallback gemini-cl {SKIPPED}; did you mean gemini-cli?",
    )


def test_the_list_of_the_sheet_replaces_that_of_the_movement_and_that_the_scores() -> None:
    text = score(
        "instrument_fallbacks: [goose]\nmovements: {2: {voices: 2, instrument_fallbacks: [aider]}, 3: {instrument_fallbacks: []}}",
        sheet="size: 1, total_items: 3, per_sheet_fallbacks: {3: [crush]}",
    )
    assert players(text) == [
        ("claude-code", "goose"),
        ("claude-code", "aider"),
        ("claude-code", "crush"),
        ("claude-code",),
    ]


def test_an_alias_falls_back_with_its_settings_but_keeps_the_sheets_time_limit() -> None:
    plan = planned(
        score(
            "instrument_fallbacks: [small]\n"
            "instruments: {small: {profile: claude-code, config: {cli_model: s, disable_mcp: true, timeout_seconds: 5}}}"
        )
    )
    (sheet,) = plan.sheets
    assert sheet.fallbacks == (Player(instrument="claude-code", config={"model": "s", "disable_mcp": True}),)
    assert sheet.timeout_seconds is None
    assert plan.warnings == ("Line 5: the fallback small keeps the sheet's time limit, not its own.",)


@pytest.mark.parametrize(
    ("fallbacks", "tried", "warning"),
    [
        ("[goose, goose]", ("claude-code", "goose"), "Line 5: the fallback goose is listed twice."),
        (
            "[cli, goose]",
            ("claude-code", "goose"),
            "Line 5: the fallback cli is skipped: cli runs scripts, not prompts.",
        ),
        ("[api]", ("claude-code",), f"Line 5: the fallback api (anthropic_api) {SKIPPED}."),
    ],
)
def test_what_makes_no_sense_but_is_clear_is_told(fallbacks: str, tried: tuple[str, ...], warning: str) -> None:
    plan = planned(score(f"instrument_fallbacks: {fallbacks}\ninstruments: {{api: {{profile: anthropic_api}}}}"))
    assert (plan.sheets[0].instruments, plan.warnings) == (tried, (warning,))


def test_fallbacks_of_scripts_are_told_to_be_of_no_use() -> None:
    unused = "these fallbacks are not used: a script for cli stays with cli."
    plan = planned(score("instrument_fallbacks: [goose, nope]", instrument="cli"))
    assert (plan.sheets[0].instruments, plan.warnings) == (("cli",), (f"Line 5: {unused}",))
    mixed = "size: 1, total_items: 2, per_sheet_instruments: {1: cli}"
    assert planned(score("instrument_fallbacks: [goose]", sheet=mixed)).warnings == ()
    own = planned(score("instrument_fallbacks: [goose]", sheet=f"{mixed}, per_sheet_fallbacks: {{1: [aider]}}"))
    assert own.warnings == (f"Line 2: {unused}",)


def test_a_setting_of_a_fallback_that_its_instrument_does_not_know_is_refused() -> None:
    text = score("instrument_fallbacks: [s]\ninstruments: {s: {profile: goose, config: {provder: x}}}")
    assert refused(text) == [(6, "instruments.s.config.provder", "is not a setting of goose; did you mean provider?")]
