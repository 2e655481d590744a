"""The table of end reasons has every one, and says what a reader of the documentation needs."""

from typing import get_args

from podium.conductor.engines.port import EndReason
from podium.conductor.rules.ends import ENDS, FOLLOWS, Follows


def test_every_end_reason_has_its_meaning_and_what_follows() -> None:
    assert set(ENDS) == set(get_args(EndReason))
    assert set(FOLLOWS) == set(get_args(Follows)) == {end.follows for end in ENDS.values()}


def test_what_follows_from_the_ends_of_a_cluster() -> None:
    found = {reason: end.follows for reason, end in ENDS.items() if end.means.startswith("on a cluster")}
    assert found == {
        "node_failed": "on_lost", "preempted": "on_lost", "cancelled_elsewhere": "on_lost", "deadline": "never",
        "refused": "never", "boot_failed": "again", "withdrawn": "pending",
    }  # fmt: skip
