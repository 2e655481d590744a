"""`podium` commands at the socket of a Marianne conductor: it belongs to somebody else, and nobody ends it or takes its place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support.commands import podium
from tests.support.podium_home import ask, make_home
from tests.support.replay.conductor import ReplayConductor, replay


@pytest.fixture
def conductor(short_tmp: Path) -> Iterator[ReplayConductor]:
    """A conductor with a job that runs and one that is paused."""
    with replay(short_tmp) as found:
        found.put("runs", "running")
        found.put("rests", "paused")
        yield found


@pytest.fixture
def home(short_tmp: Path, conductor: ReplayConductor) -> Settings:
    """A home whose user looks for a conductor there."""
    return make_home(short_tmp, socket=conductor.path)


def unharmed(conductor: ReplayConductor) -> None:
    """See that it is there, with its jobs as they were, and was asked for nothing that changes any."""
    states = {each["job_id"]: each["status"] for each in ask(conductor.path, "job.list")}
    assert states == {"runs": "running", "rests": "paused"}
    changing = {"daemon.shutdown", "job.cancel", "job.pause", "job.clear", "job.submit"}
    assert not changing.intersection(method for method, _ in conductor.calls)
    assert not ask(conductor.path, "daemon.health")["shutting_down"]


@pytest.mark.parametrize("words", [["stop"], ["stop", "--cancel"], ["start"]], ids=" ".join)
def test_it_is_neither_stopped_nor_replaced(conductor: ReplayConductor, home: Settings, words: list[str]) -> None:
    done = podium(home, *words, PODIUM_SOCKET=str(conductor.path))
    text = done.stdout + done.stderr
    assert done.returncode != 0, text
    assert "Marianne" in text, text
    assert str(conductor.path) in text, text
    assert not [word for word in ("KILL", "kill ", "nothing is lost", "replaces it") if word in text], text
    unharmed(conductor)


def test_a_stop_says_how_its_owner_stops_it(conductor: ReplayConductor, home: Settings) -> None:
    done = podium(home, "stop", PODIUM_SOCKET=str(conductor.path))
    assert "mzt stop" in done.stdout + done.stderr


@pytest.mark.parametrize("words", [["list"], ["status"], ["top"], ["show", "runs"], ["explain", "rests"]], ids=" ".join)
def test_what_only_looks_works_and_changes_nothing(
    conductor: ReplayConductor, home: Settings, words: list[str]
) -> None:
    done = podium(home, *words, PODIUM_SOCKET=str(conductor.path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [word for word in ("0 of 0", "None") if word in done.stdout], done.stdout
    unharmed(conductor)


def test_a_wait_for_a_job_that_needs_a_decision_says_so(conductor: ReplayConductor, home: Settings) -> None:
    conductor.put("held", "fermata")
    done = podium(home, "wait", "held", "--timeout", "1s", PODIUM_SOCKET=str(conductor.path))
    assert done.returncode != 0
    assert "held is stuck; `podium explain held` says why" in done.stdout + done.stderr
