"""The checks of the crash campaign see what they are for: a fault of each kind, planted in a home that has none, is caught."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from podium.conductor.processes import facts
from podium.contract.states import TERMINAL
from podium.home import DATABASE
from tests.support.engines import bystander
from tests.support.journals import begun, ended, leave_journal, started
from tests.support.podium_home import until
from tests.torture.agents import ACTOR
from tests.torture.campaign import MAX_SHEETS, Campaign
from tests.torture.checks import check_all
from tests.torture.clients import Client
from tests.torture.facts import read_rows
from tests.torture.keepers import Hands
from tests.torture.walk import Violation

STILL = TERMINAL | {"paused"}  # a score may hold for an approval

Plant = Callable[[Campaign, str], AbstractContextManager[object]]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """A home in which some sheets ended well, and whose conductor has stopped."""
    folder = tmp_path_factory.mktemp("p")
    campaign = Campaign("planted", folder)
    campaign.conductor.start()
    try:
        client = Client(0, campaign.conductor.settings.socket, folder, campaign.history, Random(1))
        for _ in range(6):
            client.submit()
        until(lambda: {job["status"] for job in read_rows(campaign.home).jobs.values()} <= STILL, seconds=60)
        until(lambda: not read_rows(campaign.home).to_tell)
        campaign.conductor.stop()
        yield campaign
    finally:
        campaign.conductor.end()


def check(campaign: Campaign) -> None:
    """Check the home as it is."""
    check_all(campaign.home, campaign.folder / "tokens", campaign.history, MAX_SHEETS, {}, campaign.tellings)


def change(campaign: Campaign, statement: str, *values: object) -> None:
    """Change the database of a home behind the conductor's back."""
    with closing(sqlite3.connect(campaign.home / DATABASE)) as db, db:
        db.execute(statement, values)


@contextmanager
def a_wrong_exit_code(campaign: Campaign, key: str) -> Iterator[None]:
    """Store another exit code than the sheet's own."""
    change(campaign, "UPDATE attempts SET exit_code = exit_code + 1 WHERE key = ?", key)
    yield
    change(campaign, "UPDATE attempts SET exit_code = exit_code - 1 WHERE key = ?", key)


@contextmanager
def a_lost_end(campaign: Campaign, key: str) -> Iterator[None]:
    """Store that nobody knows an end that somebody could have known."""
    change(campaign, "UPDATE attempts SET end_reason = 'lost' WHERE key = ?", key)
    yield
    change(campaign, "UPDATE attempts SET end_reason = 'exited' WHERE key = ?", key)


@contextmanager
def a_second_run(campaign: Campaign, key: str) -> Iterator[None]:
    """Let a sheet have run twice."""
    place = campaign.folder / "tokens"
    kept = place.read_bytes()
    place.write_bytes(kept + f"begin {key}\n".encode())
    yield
    place.write_bytes(kept)


@contextmanager
def an_orphan(campaign: Campaign, key: str) -> Iterator[None]:
    """Let a process of an attempt run on after its end."""
    with bystander(**{facts.MARKER: key}):
        yield


@contextmanager
def told(campaign: Campaign, change: Callable[[list[str]], list[str]]) -> Iterator[None]:
    """Let something else have been told of ends."""
    place = campaign.tellings.file
    kept = place.read_text()
    place.write_text("".join(change(kept.splitlines(keepends=True))))
    yield
    place.write_text(kept)


def told_twice(campaign: Campaign, key: str) -> AbstractContextManager[None]:
    """Let an end have been told once more."""
    return told(campaign, lambda lines: [*lines, lines[0]])


def never_told(campaign: Campaign, key: str) -> AbstractContextManager[None]:
    """Let an end have been forgotten."""
    return told(campaign, lambda lines: lines[1:])


def told_too_early(campaign: Campaign, key: str) -> AbstractContextManager[None]:
    """Let something have been told that is not stored."""
    return told(campaign, lambda lines: [*lines, f"{key.split('.')[1]}.999 completed 0\n"])


def told_in_vain(campaign: Campaign, key: str) -> AbstractContextManager[None]:
    """Let a command have failed without a word of its job."""
    return told(campaign, lambda lines: [line.replace(" 0\n", " 3\n") for line in lines])


@contextmanager
def followed_by_mistake(campaign: Campaign, key: str) -> Iterator[None]:
    """Let a failed end have been followed by what runs on success."""
    place = campaign.folder / "followed"
    kept = place.read_text()
    place.write_text(f"{kept}{key.split('.')[1]}.999 failed\n")
    yield
    place.write_text(kept)


@pytest.mark.parametrize("instrument", ["cli", ACTOR])
@pytest.mark.parametrize(
    ("plant", "caught"),
    [
        (a_wrong_exit_code, "tokens: its script exited with"),
        (a_lost_end, "attempts: ended in a way that nobody caused"),
        (a_second_run, "ran 2 times"),
        (an_orphan, "processes: nobody's processes run"),
        (told_twice, "tellings: told again though nobody died"),
        (never_told, "was never told"),
        (told_too_early, "tellings: told Line"),
        (told_in_vain, "failed, and the job does not say so"),
        (followed_by_mistake, "999 was followed as failed"),
    ],
)
def test_a_planted_fault_is_caught(finished: Campaign, plant: Plant, caught: str, instrument: str) -> None:
    check(finished)
    rows = [row for rows in read_rows(finished.home).attempts.values() for row in rows]
    over = [row for row in rows if row["outcome"] in {"completed", "failed"} and row["end_reason"] == "exited"]
    key = next(row["key"] for row in over if row["instrument"] == instrument)
    with plant(finished, key), pytest.raises(Violation) as violation:
        check(finished)
    assert caught in str(violation.value)
    check(finished)


@pytest.mark.parametrize(("is_found", "excused"), [(True, {"home.job.2"}), (False, set[str]())])
def test_an_end_is_excused_only_where_all_were_dead_who_could_know_it(
    tmp_path: Path, is_found: bool, excused: set[str]
) -> None:
    (tmp_path / DATABASE).touch()
    hands = Hands(tmp_path, tmp_path / "faults")
    one, two, three = (f"home.job.{number}" for number in (1, 2, 3))
    leave_journal(
        tmp_path / "keepers",
        *(record for key in (one, two, three) for record in (begun(key), started(key, int(key[-1])))),
        ended(one, 0, 1),
        ("orphaned", -9),
        ("gone", 3, 0, 1, 3, 0),
    )
    if is_found:
        hands.meet_conductor()
    hands.look(conductor_lives=True)
    assert hands.may_be_lost == excused
