"""A short campaign of hostile peers; `make fuzz` runs a long one, with the inputs that take half a minute."""

from pathlib import Path

import pytest

from tests.fuzz.calls import Stage
from tests.fuzz.campaign import run_campaign
from tests.fuzz.inputs import draw

KINDS = {
    "malformed",
    "methods",
    "nested",
    "pipelined",
    "half_closed",
    "interleaved",
    "abandoned",
    "slow",
    "oversized",
    "wide",
}


@pytest.mark.timeout(180)
def test_a_short_campaign_of_hostile_peers_loses_no_reply_and_leaves_nothing_behind() -> None:
    assert set(run_campaign("make test", range(1500))) >= KINDS


def test_an_input_is_drawn_again_by_its_seed_and_number() -> None:
    stage = Stage(("stage-abcde",), "home", Path("/nonexistent"))
    for number in range(50):
        assert draw("seed", number, stage, long=True) == draw("seed", number, stage, long=True)
    assert draw("seed", 1, stage, long=True) != draw("other", 1, stage, long=True)
