"""Which sheet is next among those that may start."""

import hypothesis.strategies as st
from hypothesis import given

from podium.conductor.rules.claims import Claim
from podium.conductor.rules.ready import Ready

CLAIMS = (Claim("cli"), Claim("cli", gpus=1), Claim("goose"))
PLACED = st.dictionaries(st.integers(1, 60), st.sampled_from(CLAIMS))


def of(placed: dict[int, Claim]) -> Ready:
    """Return these sheets, each with what it claims, added in the order of the dictionary."""
    ready = Ready()
    for num, claim in placed.items():
        ready.add(num, claim)
    return ready


@given(PLACED, st.sets(st.sampled_from(CLAIMS)))
def test_the_first_sheet_is_the_lowest_whose_claim_has_room(placed: dict[int, Claim], free: set[Claim]) -> None:
    ready = of(placed)
    expected = min(((num, claim) for num, claim in placed.items() if claim in free), default=None)
    assert ready.first(lambda claim: claim in free) == expected


@given(PLACED)
def test_each_claim_gives_its_sheets_lowest_first_and_once(placed: dict[int, Claim]) -> None:
    ready = of(placed)
    for claim in CLAIMS:
        expected = sorted(num for num, each in placed.items() if each == claim)
        assert ready.first_of(claim) == (expected[0] if expected else None)
        assert [ready.take(claim) for _ in expected] == expected
        assert ready.first_of(claim) is None
    assert (len(ready), list(ready), ready.first(lambda _: True)) == (0, [], None)


@given(PLACED, st.data())
def test_a_removed_sheet_is_gone_and_the_others_keep_their_order(placed: dict[int, Claim], data: st.DataObject) -> None:
    ready = of(placed)
    gone = data.draw(st.sets(st.sampled_from(sorted(placed)))) if placed else set()
    for num in gone:
        ready.remove(num)
    left = {num: claim for num, claim in placed.items() if num not in gone}
    assert (sorted(ready), len(ready), bool(ready)) == (sorted(left), len(left), bool(left))
    assert all((num in ready) == (num in left) for num in placed)
    order = []
    while found := ready.first(lambda _: True):
        order.append(ready.take(found[1]))
    assert order == sorted(left)


def test_a_cleared_one_is_empty_and_takes_sheets_again() -> None:
    ready = of({3: Claim("cli"), 1: Claim("goose")})
    ready.clear()
    assert not ready
    ready.add(2, Claim("goose"))
    assert ready.first(lambda _: True) == (2, Claim("goose"))
