"""Several keepers of one home, and one that hangs, cannot write, or belongs to another version."""

import errno
import os
import resource
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from anyio.to_thread import run_sync

from podium.conductor.engines.local import launching
from podium.conductor.processes.keepers import keepers
from podium.keeper.journal import VERSION
from podium.settings import Settings
from tests.support.engines import Gate, Holder, is_alive, make_spec, next_end, on_a_disk_of_its_own, open_engine
from tests.support.jobs import submit
from tests.support.jobs import until as until_status
from tests.support.journals import keeper_and_guard, kill, newest, read_journal
from tests.support.podium_home import Conductor, ask, make_home, until

pytestmark = pytest.mark.anyio

WAIT = "echo $$ >>ran; echo x >said; read -r x <hold; exit 7"


def folders(place: Path) -> list[str]:
    """Return the names of the keepers' folders."""
    return sorted(each.name for each in (place / "keepers").iterdir() if each.name.isdecimal())


async def has_begun(place: Path, said: Gate) -> None:
    """Wait until a sheet has begun, and its start is in the journal."""
    await said.line()
    await run_sync(until, lambda: any(words[0] == "started" for words in read_journal(newest(place / "keepers"))))


# -- other versions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("differs", ["version", "surroundings"])
async def test_a_keeper_that_hands_on_other_things_finishes_what_it_has_beside_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, differs: str
) -> None:
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        spec = make_spec(tmp_path, WAIT)
        Holder(spec).kill()
        await has_begun(tmp_path, said)
        if differs == "version":
            monkeypatch.setattr(keepers, "VERSION", VERSION + 1)
        else:
            soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
            resource.setrlimit(resource.RLIMIT_CORE, (0 if soft else min(hard, 4096) if hard > 0 else 4096, hard))
        try:
            async with open_engine(keepers=tmp_path / "keepers") as engine:
                await engine.reattach(spec)
                new = make_spec(tmp_path, "exit 4")
                monkeypatch.setattr(keepers, "VERSION", VERSION)
                await engine.submit(new)
                assert (await next_end(engine)).exit_code == 4
                assert folders(tmp_path) == ["1", "2"]
                notes = [each["note"] for each in engine.keepers.describe() if each["role"] == "keeper"]
                assert sorted(notes) == ["", "finishes what it has: 1 processes"]
                hold.open()
                assert (await next_end(engine)).exit_code == 7
        finally:
            if differs == "surroundings":
                resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    assert len((tmp_path / "ran").read_text().split()) == 1


# -- one that hangs ---------------------------------------------------------------------------------------------------


async def test_beside_a_keeper_that_hangs_another_is_started_and_nothing_runs_twice(
    tmp_path: Path,
) -> None:
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            await engine.submit(make_spec(tmp_path, WAIT))
            await has_begun(tmp_path, said)
            keeper, _ = keeper_and_guard(newest(tmp_path / "keepers"))
            kill(keeper, signal.SIGSTOP)
            stuck = make_spec(tmp_path, "echo stuck >>others; exit 5")
            await engine.submit(stuck)
            await run_sync(until, lambda: any("does not answer" in each["note"] for each in engine.keepers.describe()))
            await engine.submit(make_spec(tmp_path, "echo new >>others; exit 4"))
            assert (await next_end(engine)).exit_code == 4
            assert folders(tmp_path) == ["1", "2"]
            kill(keeper, signal.SIGCONT)
            hold.open()
            assert {(await next_end(engine)).exit_code for _ in range(2)} == {5, 7}
    assert sorted((tmp_path / "others").read_text().split()) == ["new", "stuck"]
    assert len((tmp_path / "ran").read_text().split()) == 1


async def test_a_conductor_that_finds_a_keeper_that_hangs_starts_its_own_and_reads_the_journal_of_the_other(
    tmp_path: Path,
) -> None:
    with Gate(tmp_path / "said") as said, Gate(tmp_path / "hold") as hold:
        spec = make_spec(tmp_path, WAIT)
        Holder(spec).kill()
        await has_begun(tmp_path, said)
        keeper, _ = keeper_and_guard(newest(tmp_path / "keepers"))
        kill(keeper, signal.SIGSTOP)
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            await engine.reattach(spec)
            await engine.submit(make_spec(tmp_path, "exit 4"))
            assert (await next_end(engine)).exit_code == 4
            hold.open()
            kill(keeper, signal.SIGCONT)
            assert (await next_end(engine)).exit_code == 7
    assert len((tmp_path / "ran").read_text().split()) == 1


# -- one that cannot write --------------------------------------------------------------------------------------------


async def test_a_keeper_without_room_for_its_journal_says_so_starts_nothing_and_goes_on_when_there_is_room(
    short_tmp: Path, tmp_path: Path
) -> None:
    ends = await run_sync(on_a_disk_of_its_own, "tests.support.keeper_disk", short_tmp, tmp_path)
    if ends is None:
        pytest.skip("no mount namespaces here")
    why = f"the keeper cannot write its journal: {os.strerror(errno.ENOSPC)}"
    assert ends == [["never_started", why, None], ["never_started", why, None], ["exited", "", 5]]
    assert (tmp_path / "ran").read_text() == "2\n"


async def test_a_keeper_whose_journal_was_removed_refuses_one_start_and_another_takes_the_next(tmp_path: Path) -> None:
    async with open_engine(keepers=tmp_path / "keepers") as engine:
        await engine.submit(make_spec(tmp_path, "exit 4"))
        assert (await next_end(engine)).exit_code == 4
        (newest(tmp_path / "keepers") / "journal.1").unlink()
        await engine.submit(make_spec(tmp_path, "echo ran >ran"))
        end = await next_end(engine)
        assert (end.reason, "cannot write its journal" in end.detail) == ("never_started", True)
        assert not (tmp_path / "ran").exists()
        await engine.submit(make_spec(tmp_path, "exit 5"))
        assert (await next_end(engine)).exit_code == 5
        assert folders(tmp_path) == ["1", "2"]


# -- a workspace that hangs -------------------------------------------------------------------------------------------


async def test_a_workspace_that_does_not_answer_holds_up_only_its_own_sheets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "LOOK_SECONDS", 3.0)  # more than a busy machine takes to look at the others
    answers = threading.Event()
    access = os.access

    def hanging(path: Path, mode: int) -> bool:
        if path == tmp_path / "hangs":
            answers.wait(50)
        return access(path, mode)

    monkeypatch.setattr(os, "access", hanging)
    try:
        async with open_engine(keepers=tmp_path / "keepers") as engine:
            await engine.submit(make_spec(tmp_path, workspace=tmp_path / "hangs"))
            for _ in range(3):
                await engine.submit(make_spec(tmp_path, "exit 4"))
            ends = [await next_end(engine) for _ in range(4)]
    finally:
        answers.set()
    assert sorted(end.reason for end in ends) == ["exited"] * 3 + ["launch_failed"]
    (failed,) = [end for end in ends if end.reason == "launch_failed"]
    assert failed.detail == f"the workspace {tmp_path / 'hangs'} does not answer"


# -- a whole home -----------------------------------------------------------------------------------------------------


@pytest.fixture
def stopped(home: Settings) -> Iterator[Conductor]:
    """A conductor that a test starts itself, perhaps several times."""
    running = Conductor(home)
    yield running
    running.end()


def keeper_of(conductor: Conductor) -> tuple[int, int]:
    """Return the newest keeper of a home and its guard."""
    return keeper_and_guard(newest(conductor.settings.places.keepers))


def test_a_stop_ends_a_keeper_that_has_nothing_to_do_and_leaves_one_that_has(
    stopped: Conductor, tmp_path: Path
) -> None:
    stopped.start()
    job_id = submit(stopped, f"name: short\nworkspace: {tmp_path}\nsheets: [{{run: 'true'}}]")
    until_status(stopped, job_id, "completed")
    pids = keeper_of(stopped)
    stopped.stop()
    until(lambda: not any(is_alive(pid) for pid in pids))
    stopped.start()
    job_id = submit(
        stopped,
        f"name: long\nworkspace: {tmp_path}\nsheets: [{{run: 'touch on; until [ -e go ]; do sleep 0.1; done; exit 7'}}]",
    )
    until((tmp_path / "on").exists)
    pids = keeper_of(stopped)
    stopped.stop()
    assert all(is_alive(pid) for pid in pids)
    (tmp_path / "go").touch()
    until(lambda: any(words[0] == "ended" for words in read_journal(newest(stopped.settings.places.keepers))))
    stopped.start()
    assert until_status(stopped, job_id, "failed")["reason"] == "sheet 1 failed: exit code 7"


def test_a_keeper_that_is_killed_under_a_conductor_costs_no_sheet_its_end(stopped: Conductor, tmp_path: Path) -> None:
    stopped.start()
    score = "name: long\nworkspace: {place}\nsheets: [{{run: 'touch {name}; until [ -e go ]; do sleep 0.1; done; exit {code}'}}]"
    first = submit(stopped, score.format(place=tmp_path, name="one", code=7))
    until((tmp_path / "one").exists)
    kill(keeper_of(stopped)[0])
    second = submit(stopped, score.format(place=tmp_path, name="two", code=8))
    until((tmp_path / "two").exists)
    (tmp_path / "go").touch()
    assert until_status(stopped, first, "failed")["reason"] == "sheet 1 failed: exit code 7"
    assert until_status(stopped, second, "failed")["reason"] == "sheet 1 failed: exit code 8"


class OfAnInterpreterOfItsOwn(Conductor):
    """A conductor whose interpreter is a link that a test can remove, as an upgrade removes a virtual environment."""

    @property
    def link(self) -> Path:
        return self.settings.home.parent / "python"

    def command(self) -> list[str]:
        """Return the command, by the link."""
        return [str(self.link), *super().command()[1:]]


def test_without_its_installation_a_conductor_says_so_and_goes_on_when_it_is_back(
    short_tmp: Path,
) -> None:
    conductor = OfAnInterpreterOfItsOwn(make_home(short_tmp))
    conductor.link.symlink_to(sys.executable)
    conductor.start(PYTHONPATH=os.pathsep.join(sys.path))
    try:
        path, score = (
            conductor.settings.socket,
            "name: x\nworkspace: {place}\nsheets: [{{run: 'echo {{{{ job_name }}}}'}}]",
        )
        known = score.format(place=short_tmp)
        until_status(conductor, submit(conductor, known), "completed")
        conductor.link.unlink()
        (reader,) = [each["pid"] for each in ask(path, "daemon.status")["processes"] if each["role"] == "reader"]
        workers = [each.pid for each in psutil.Process(reader).children()]  # one could answer once more
        for pid in (*keeper_of(conductor), reader, *workers):
            kill(pid)
        refused = ask(path, "job.submit", {"config_content": known + " # changed"})
        assert f"{conductor.link} of Podium's installation is gone" in refused["message"]
        job_id = submit(conductor, known)
        until(lambda: "is gone" in ask(path, "job.status", {"job_id": job_id, "sheets": False})["podium"]["reason"])
        reason = ask(path, "job.status", {"job_id": job_id, "sheets": False})["podium"]["reason"]
        assert f"{conductor.link} of Podium's installation is gone; the conductor must be restarted" in reason
        conductor.link.symlink_to(sys.executable)
        until_status(conductor, job_id, "completed")
        assert len(folders(conductor.settings.home)) <= 2, "each try left a folder"
        assert conductor.log.read_text().count("launch_refused") == 1
    finally:
        conductor.end()
