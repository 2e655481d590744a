"""What the numbers in a numbered score count: stages before fan-out, or the sheets that come of them."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.score.model.plan import Plan
from tests.unit.score.helpers import compiled, numbered, only


@pytest.mark.parametrize(
    ("line", "field", "last"),
    [
        ("descriptions: {6: x}", "descriptions[6]", "sheet 6 does not exist; the last one is 5"),
        ("per_sheet_instruments: {6: cli}", "per_sheet_instruments[6]", "sheet 6 does not exist; the last one is 5"),
        ("instrument_map: {cli: [6]}", "instrument_map.cli[0]", "sheet 6 does not exist; the last one is 5"),
        ("per_sheet_fallbacks: {6: []}", "per_sheet_fallbacks[6]", "sheet 6 does not exist; the last one is 5"),
        ("per_sheet_instrument_config: {6: {}}", "per_sheet_instrument_config[6]", "sheet 6 does not exist; the last one is 5"),
        ("cadenzas: {6: []}", "cadenzas[6]", "sheet 6 does not exist; the last one is 5"),
        ("dependencies: {4: [1]}", "dependencies[4]", "stage 4 does not exist; the last one is 3"),
        ("dependencies: {2: [4]}", "dependencies[2][0]", "stage 4 does not exist; the last one is 3"),
        ("skip_when: {4: 'true'}", "skip_when[4]", "stage 4 does not exist; the last one is 3"),
        ("skip_when_command: {4: {command: x}}", "skip_when_command[4]", "stage 4 does not exist; the last one is 3"),
    ],
)  # fmt: skip
def test_each_key_counts_stages_or_sheets(line: str, field: str, last: str) -> None:
    problem = only(numbered(sheet=f"size: 1, total_items: 3, fan_out: {{1: 3}}, {line}"))
    assert (problem["field"], problem["message"]) == (f"sheet.{field}", last)


def test_movements_are_stages_and_fan_out_alone_counts_among_its_own() -> None:
    problem = only(numbered("movements: {4: {name: x}}", sheet="size: 1, total_items: 3, fan_out: {1: 3}"))
    assert problem["message"] == "stage 4 does not exist; the last one is 3"
    assert only(numbered(sheet="size: 1, total_items: 3, fan_out: {4: 2}"))["field"] == "sheet.fan_out[4]"


def test_what_is_said_of_sheets_and_of_stages_lands_there() -> None:
    plan = compiled(
        numbered(
            "movements: {1: {name: first}, 2: {name: second, voices: 2}}",
            sheet="size: 1, total_items: 3, fan_out: {1: 3}, descriptions: {2: two, 4: four}, "
            "skip_when: {2: 'stage == 9'}, per_sheet_instruments: {3: claude-code}, instrument_map: {claude-code: [6]}",
        )
    )
    assert [sheet.description for sheet in plan.sheets] == ["first", "two", "first", "four", "second", ""]
    assert [bool(sheet.skip_when) for sheet in plan.sheets] == [False, False, False, True, True, False]
    assert [sheet.instrument for sheet in plan.sheets] == ["cli", "cli", "claude-code", "cli", "cli", "claude-code"]


def numbers(counts: list[int]) -> list[range]:
    """Return the sheets of each stage."""
    firsts = accumulate(counts, initial=1)
    return [range(first, first + count) for first, count in zip(firsts, counts, strict=False)]


def expected(counts: list[int], needs: dict[int, list[int]]) -> dict[int, set[int]]:
    """Return what each sheet waits for, by the public table: one to many, many to one, each to its own, all to all."""
    sheets, found = numbers(counts), dict[int, set[int]]()
    for stage, own in enumerate(sheets, start=1):
        for position, sheet in enumerate(own):
            found[sheet] = set()
            for other in needs.get(stage, []):
                theirs = sheets[other - 1]
                found[sheet] |= {theirs[position]} if len(theirs) == len(own) else set(theirs)
    return found


def waits(plan: Plan) -> dict[int, set[int]]:
    """Return what each sheet of a plan waits for."""
    return {sheet.num: set(sheet.needs) for sheet in plan.sheets}


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[int], dict[int, list[int]]]:
    """Draw how many sheets each stage becomes, and which earlier stages it needs."""
    counts = draw(st.lists(st.integers(1, 4), min_size=1, max_size=6))
    stages = range(2, len(counts) + 1)
    needs = {stage: draw(st.lists(st.integers(1, stage - 1), max_size=3)) for stage in stages}
    return counts, {stage: found for stage, found in needs.items() if found}


@given(layouts())
def test_dependencies_expand_as_the_public_table_says(layout: tuple[list[int], dict[int, list[int]]]) -> None:
    counts, needs = layout
    fan_out = dict(enumerate(counts, start=1))
    given_needs = needs or {1: []}
    plan = compiled(
        numbered(sheet=f"size: 1, total_items: {len(counts)}, fan_out: {fan_out}, dependencies: {given_needs}")
    )
    assert waits(plan) == expected(counts, needs)
    places = [(stage, place) for stage, count in fan_out.items() for place in range(1, count + 1)]
    assert [(sheet.stage, sheet.instance) for sheet in plan.sheets] == places
    assert [sheet.fan_count for sheet in plan.sheets] == [fan_out[stage] for stage, _ in places]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.data())
def test_instruments_by_number_play_those_sheets_and_no_other(counts: list[int], data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.integers(1, sum(counts))))
    fan_out = dict(enumerate(counts, start=1))
    plan = compiled(
        numbered(
            sheet=f"size: 1, total_items: {len(counts)}, fan_out: {fan_out}, instrument_map: {{claude-code: {sorted(chosen)}}}"
        )
    )
    assert {sheet.num for sheet in plan.sheets if sheet.instrument == "claude-code"} == chosen


def test_without_dependencies_stages_of_the_same_size_wait_for_each_other_as_a_whole() -> None:
    plan = compiled(numbered(sheet="size: 1, total_items: 2, fan_out: {1: 2, 2: 2}"))
    assert waits(plan) == {1: set(), 2: set(), 3: {1, 2}, 4: {1, 2}}
