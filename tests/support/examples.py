"""How many examples a property is tried with: a test says how many in an ordinary run, a campaign multiplies them."""

from hypothesis import settings

ORDINARY = 100  # of a property that says nothing
CAMPAIGN = 20  # times as many


def examples(ordinary: int) -> int:
    """Return how many examples the profile in force asks of a property that has `ordinary` ones in `make test`."""
    return max(1, (settings.default or settings()).max_examples * ordinary // ORDINARY)
