"""Which sheet is next among those that may start."""

import hypothesis.strategies as st
from hypothesis import given

from podium.conductor.rules.ready import Ready

PLAYERS = ("cli", "goose", "aider")
PLACED = st.dictionaries(st.integers(1, 60), st.sampled_from(PLAYERS))


def of(placed: dict[int, str]) -> Ready:
    """Return these sheets, each with the instrument that plays it, added in the order of the dictionary."""
    ready = Ready()
    for num, name in placed.items():
        ready.add(num, name)
    return ready


@given(PLACED, st.sets(st.sampled_from(PLAYERS)))
def test_the_first_sheet_is_the_lowest_whose_instrument_has_room(placed: dict[int, str], free: set[str]) -> None:
    ready = of(placed)
    expected = min(((num, name) for num, name in placed.items() if name in free), default=None)
    assert ready.first(lambda name: name in free) == expected


@given(PLACED)
def test_each_instrument_gives_its_sheets_lowest_first_and_once(placed: dict[int, str]) -> None:
    ready = of(placed)
    for name in PLAYERS:
        expected = sorted(num for num, each in placed.items() if each == name)
        assert [ready.take(name) for _ in expected] == expected
    assert (len(ready), list(ready), ready.first(lambda _: True)) == (0, [], None)


@given(PLACED, st.data())
def test_a_removed_sheet_is_gone_and_the_others_keep_their_order(placed: dict[int, str], data: st.DataObject) -> None:
    ready = of(placed)
    gone = data.draw(st.sets(st.sampled_from(sorted(placed)))) if placed else set()
    for num in gone:
        ready.remove(num)
    left = {num: name for num, name in placed.items() if num not in gone}
    assert (sorted(ready), len(ready), bool(ready)) == (sorted(left), len(left), bool(left))
    assert all((num in ready) == (num in left) for num in placed)
    order = []
    while found := ready.first(lambda _: True):
        order.append(ready.take(found[1]))
    assert order == sorted(left)


def test_a_cleared_one_is_empty_and_takes_sheets_again() -> None:
    ready = of({3: "cli", 1: "goose"})
    ready.clear()
    assert not ready
    ready.add(2, "goose")
    assert ready.first(lambda _: True) == (2, "goose")
