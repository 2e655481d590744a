"""The engines of a conductor: who has which attempt, and how each is."""

from typing import Any

import pytest

from podium.conductor.engines.several import Engines


class _Engine:
    def __init__(self, status: str) -> None:
        self._status = status

    def status(self) -> str:
        return self._status


def test_each_engine_says_how_many_attempts_it_has_and_how_it_is() -> None:
    made: Any = {"local": _Engine(""), "slurm": _Engine("answers")}
    engines = Engines(made)
    for key, name in (("a", "slurm"), ("b", "slurm"), ("c", "local")):
        engines.begin(key, name)  # type: ignore[arg-type]
    assert engines.status() == ["local: 1 attempt", "slurm: 2 attempts; answers"]
    engines.end("a")
    engines.end("b")
    assert engines.status() == ["local: 1 attempt", "slurm: 0 attempts; answers"]


@pytest.mark.parametrize("status", ["", "answers"])
def test_the_engine_of_sheets_that_name_none_is_told_before_it_has_had_any(status: str) -> None:
    made: Any = {"local": _Engine(""), "slurm": _Engine(status)}
    told = "slurm (the default): 0 attempts" + (f"; {status}" if status else "")
    assert Engines(made, default="slurm").status() == ["local: 0 attempts", told]
