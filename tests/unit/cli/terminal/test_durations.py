"""Durations on the command line."""

import pytest

from podium.cli.terminal.durations import seconds
from podium.errors import InvalidArguments


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90s", 90),
        ("5m", 300),
        ("2h", 7200),
        ("7d", 604_800),
        ("1.5h", 5400),
        ("500ms", 0.5),
        (" 10 m ", 600),
        ("0", 0),
    ],
)
def test_a_duration_has_a_unit(text: str, meant: float) -> None:
    assert seconds("--timeout", text) == meant


def test_a_number_without_a_unit_is_refused_with_what_it_may_mean() -> None:
    with pytest.raises(InvalidArguments, match="--older 7: the unit is missing") as refused:
        seconds("--older", "7")
    assert refused.value.fix == "Write it as one of 7s, 7m, 7h, 7d."


@pytest.mark.parametrize("text", ["", "soon", "-5m", "5 minutes", "1h30m", "inf"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(InvalidArguments, match="this is no duration"):
        seconds("--timeout", text)
