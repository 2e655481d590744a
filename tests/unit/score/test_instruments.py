"""Which instruments play a sheet: its own, its settings, and those that it falls back to."""

from typing import Any

import pytest

from podium.score.model.plan import Player, dump_plan, load_plan
from tests.unit.score.helpers import compiled, only, sheets

AGENTS = ("cli", "claude-code", "goose", "aider")


def players(text: str) -> list[tuple[str, ...]]:
    """Return the instruments of each sheet in the order in which they are tried."""
    return [sheet.instruments for sheet in compiled(text, instruments=AGENTS).sheets]


def numbered(rest: str, *, sheet: str = "size: 1, total_items: 1") -> str:
    return f"name: demo\nsheet: {{{sheet}}}\nprompt: {{template: x}}\n{rest}\n"


def test_a_sheet_takes_the_scores_fallbacks_without_its_own_instrument() -> None:
    text = sheets("{prompt: x}", "{prompt: x, instrument: goose}", "{run: x}")
    assert players(f"{text}instrument: claude-code\ninstrument_fallbacks: [goose, aider]") == [
        ("claude-code", "goose", "aider"),
        ("goose", "aider"),
        ("cli",),
    ]


def test_a_sheets_own_fallbacks_win_and_an_empty_list_means_none() -> None:
    text = sheets("{prompt: x, instrument_fallbacks: [aider]}", "{prompt: x, instrument_fallbacks: []}")
    assert players(f"{text}instrument: claude-code\ninstrument_fallbacks: [goose]") == [
        ("claude-code", "aider"),
        ("claude-code",),
    ]


def test_a_numbered_score_falls_back_to_instruments_and_aliases_with_their_settings() -> None:
    text = numbered(
        "instrument: claude-code\ninstrument_fallbacks: [small, goose]\n"
        "instruments: {small: {profile: claude-code, config: {model: small}}}",
        sheet="size: 1, total_items: 2, per_sheet_instruments: {2: cli}",
    )
    one, two = compiled(text, instruments=AGENTS).sheets
    assert one.fallbacks == (
        Player(instrument="claude-code", config={"model": "small"}),
        Player(instrument="goose"),
    )
    assert one.player(0) == Player(instrument="claude-code")
    assert one.player(1).config == {"model": "small"}
    assert two.fallbacks == ()


def test_a_plan_keeps_the_profiles_of_its_agents_over_the_store() -> None:
    text = sheets("{prompt: x, instrument: claude-code, instrument_fallbacks: [goose]}", "{run: x}")
    plan = compiled(text, instruments=AGENTS)
    assert plan.profiles == {"claude-code": {"settings": {"model": "--model"}}, "goose": {}}
    assert load_plan(dump_plan(plan)) == plan


@pytest.mark.parametrize(
    ("entry", "column", "field", "message"),
    [
        ("{run: x, instrument_fallbacks: [goose]}", 12, "instrument_fallbacks", "run is a script for cli, which has no fallbacks"),
        ("{prompt: x, instrument: goose, instrument_fallbacks: [nope]}", 57, "instrument_fallbacks[0]",
         "unknown instrument 'nope'"),
        ("{prompt: x, instrument: goose, instrument_fallbacks: [cli]}", 57, "instrument_fallbacks[0]",
         "cli runs scripts; a prompt can only fall back to an agent instrument"),
        ("{prompt: x, instrument: goose, instrument_fallbacks: [aider, aider]}", 64, "instrument_fallbacks[1]",
         "is listed twice"),
        ("{prompt: x, instrument: claude-code, instrument_config: {modle: y}}", 60, "instrument_config.modle",
         "is not a setting of claude-code; did you mean model?"),
        ("{prompt: x, instrument: claude-code, instrument_config: {cli_model: y}}", 60, "instrument_config.cli_model",
         "is not a setting of claude-code; did you mean model?"),
        ("{prompt: x, instrument: claude-code, instrument_config: {model: [y]}}", 67, "instrument_config.model",
         "should be text or a number, not a list"),
        ("{prompt: x, instrument: claude-code, instrument_config: {model: true}}", 67, "instrument_config.model",
         "should be text or a number, not true"),
    ],
)  # fmt: skip
def test_a_named_sheet_with_a_wrong_instrument_is_refused_at_its_place(
    entry: str, column: int, field: str, message: str
) -> None:
    problem = only(sheets(entry), instruments=AGENTS)
    assert problem["message"] == message
    assert (problem["line"], problem["column"], problem["field"]) == (3, column, f"sheets[0].{field}")


@pytest.mark.parametrize(
    ("rest", "field", "message"),
    [
        ("instrument: claude-code\ninstrument_config: {modle: x}", "instrument_config.modle",
         "is not a setting of claude-code; did you mean model?"),
        ("instrument: goose\ninstrument_fallbacks: [s]\ninstruments: {s: {profile: aider, config: {modle: x}}}",
         "instruments.s.config.modle", "is not a setting of aider"),
    ],
)  # fmt: skip
def test_a_numbered_score_with_a_wrong_instrument_is_refused_at_its_place(rest: str, field: str, message: str) -> None:
    problem: dict[str, Any] = only(numbered(rest), instruments=AGENTS)
    assert (problem["field"], problem["message"]) == (field, message)
    assert problem["line"]


def test_a_long_list_of_fallbacks_is_refused() -> None:
    text = f"{sheets('{prompt: x, instrument: goose}')}instrument_fallbacks: [{', '.join(['aider'] * 11)}]"
    assert only(text, instruments=AGENTS)["message"] == "must have at most 10 entries"


def test_fallbacks_without_a_prompt_are_refused() -> None:
    problem = only(f"{sheets('{run: x}')}instrument_fallbacks: [goose]", instruments=AGENTS)
    assert problem["message"] == "no sheet has a prompt, so fallbacks would never be used"
