"""What a command beside the sheets leaves running is ended, whoever died meanwhile: one that tells of an end, or checks a sheet."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.conductor.processes.run import Runner
from tests.support.engines import is_alive, make_spec, open_keepers
from tests.support.jobs import submit, wait_for_file
from tests.support.journals import armed, newest, read_journal
from tests.support.podium_home import Conductor, make_home, until

pytestmark = pytest.mark.anyio

LEAVES = "setsid sleep 1000 >/dev/null 2>&1 & echo $! >>left; exit 3"


def left(place: Path) -> list[int]:
    """Return the processes that the runs of a command have left."""
    return [int(pid) for pid in (place / "left").read_text().split()]


# -- by a command whose conductor lives -------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["after_spawn:1", "before_started:1", "torn_record:3"])
async def test_what_a_check_left_is_ended_though_its_keeper_died_before_it_named_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    file = armed(tmp_path, monkeypatch, fault)
    async with open_keepers(tmp_path / "keepers") as keepers:
        argv = ["/bin/bash", "-c", LEAVES]
        key = make_spec(tmp_path).key
        done = await Runner(keepers).run(argv, env={}, cwd=tmp_path, timeout_seconds=20, key=key)
    assert (done.exit_code, done.processes_ended, file.exists()) == (3, 1, False)
    assert [is_alive(pid) for pid in left(tmp_path)] == [False]


@pytest.fixture
def dying(short_tmp: Path, tmp_path: Path) -> Iterator[Conductor]:
    """A conductor whose keepers die at the points that are named by files in `faults` of the test's folder."""
    conductor = Conductor(make_home(short_tmp))
    (tmp_path / "faults").mkdir()
    conductor.start(PODIUM_KEEPER_FAULT=str(tmp_path / "faults"))
    yield conductor
    conductor.end()


STOPPED = (
    "kill -STOP {pid}; setsid bash -c 'while kill -0 $0; do :; done; kill -CONT {pid}; exec sleep 1000' $$ >/dev/null 2>&1 & "
    "echo $! >>left; exit 3"
)
"""A command during which the conductor stands still: it goes on when the guard has told the end of the command."""


def test_what_an_on_end_command_left_is_ended_though_its_keeper_died_in_starting_it(
    dying: Conductor, tmp_path: Path
) -> None:
    on_end = json.dumps(STOPPED.format(pid=dying.pid))
    run = "touch begun; until [ -e go ]; do sleep 0.02; done"
    submit(dying, f"name: demo\nworkspace: {tmp_path}\non_end: {{run: {on_end}}}\nsheets: [{{run: '{run}'}}]")
    wait_for_file(tmp_path / "begun")
    until(lambda: read_journal(newest(dying.settings.places.keepers))[-1][0] == "started")
    fault = tmp_path / "faults" / "after_spawn"
    fault.write_text("1")
    (tmp_path / "go").touch()
    until(lambda: "event=notification_failed" in dying.log.read_text())
    assert not fault.exists()
    assert [is_alive(pid) for pid in left(tmp_path)] == [False]
