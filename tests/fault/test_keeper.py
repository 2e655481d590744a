"""The keeper by itself: what it writes, whom it hears, what it hands on to a sheet, and when it ends."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.conductor.processes import facts
from podium.keeper.journal import generations, parse
from podium.keeper.system import OOM_SCORE
from tests.support.journals import kill
from tests.support.keeper_peer import OwnKeeper, Peer, start_request
from tests.support.podium_home import until

IDLE = 3.0  # seconds; more than a busy machine takes from a keeper's start to its first connection


@pytest.fixture
def keeper(short_tmp: Path) -> Iterator[OwnKeeper]:
    """A keeper that runs."""
    with OwnKeeper(short_tmp / "1") as running:
        yield running


@pytest.fixture
def peer(keeper: OwnKeeper) -> Peer:
    """A conductor's connection to it."""
    opened = keeper.peer()
    assert opened.hello() is not None
    return opened


def said(keeper: OwnKeeper, peer: Peer, script: str, key: str = "key", **fields: object) -> str:
    """Run a script to its end and return what it printed."""
    out = keeper.folder.parent / f"out-{key}"
    peer.start(start_request(key, script, stdout=str(out), stderr=str(out), **fields))
    keeper.until_ended(key)
    return out.read_text()


# -- starts and ends --------------------------------------------------------------------------------------------------


def test_the_journal_tells_each_start_and_each_end_in_order(keeper: OwnKeeper, peer: Peer) -> None:
    peer.start(start_request("one", "exit 3"), start_request("two", "kill -KILL $$"))
    assert keeper.until_ended("one", "two") == {"one": 3, "two": -9}
    for key in ("one", "two"):
        assert [words[0] for words in keeper.records() if words[1] == key] == ["begin", "started", "ended"]


def test_real_signals_are_told_as_signals_and_exit_codes_as_codes(keeper: OwnKeeper, peer: Peer) -> None:
    scripts = {f"s{number}": f"ulimit -c 0; kill -{number} $$" for number in (1, 2, 6, 9, 11, 15)}
    codes = {f"c{code}": f"exit {code}" for code in (0, 1, 126, 127, 130, 137, 143, 255)}
    peer.start(*(start_request(key, script) for key, script in (scripts | codes).items()))
    ends = keeper.until_ended(*scripts, *codes)
    assert ends == {key: -int(key[1:]) for key in scripts} | {key: int(key[1:]) for key in codes}


def test_a_start_that_the_system_refuses_is_told_with_its_number(keeper: OwnKeeper, peer: Peer) -> None:
    peer.start(start_request("gone", argv=["/nonexistent/tool"]), start_request("long", "x" * 200_000))
    until(lambda: {words[1] for words in keeper.records() if words[0] == "failed"} == {"gone", "long"})
    failed = {words[1]: words[2] for words in keeper.records() if words[0] == "failed"}
    assert failed == {"gone": 2, "long": 7}


def test_a_key_is_never_begun_twice_whoever_asks(keeper: OwnKeeper, peer: Peer) -> None:
    out = keeper.folder.parent / "runs"
    request = start_request("key", "echo ran", stdout=str(out))
    peer.start(request, request)
    keeper.until_ended("key")
    peer.start(request)
    after = keeper.peer()
    after.hello(2)
    after.start(request, start_request("other"))
    keeper.until_ended("other")
    assert out.read_text() == "ran\n"


# -- what a process finds ---------------------------------------------------------------------------------------------


def test_names_that_no_shell_could_set_reach_the_process(keeper: OwnKeeper, peer: Peer) -> None:
    names = {"with.dots": "1", "with-dashes": "2", "1st": "3", "ÄÖ": "4", "EMPTY": ""}
    found = said(keeper, peer, "exec env", env=names, argv=["/usr/bin/env"]).splitlines()
    assert {f"{name}={value}" for name, value in names.items()} <= set(found)


def test_the_starts_environment_lies_over_the_conductors(keeper: OwnKeeper) -> None:
    peer = keeper.peer()
    peer.hello(ONE="conductor", TWO="conductor")
    assert said(keeper, peer, 'echo "$ONE $TWO $HOME"', env={"TWO": "start"}) == "conductor start \n"


def test_it_finds_only_its_three_descriptors_its_signals_at_their_default_and_its_umask(
    keeper: OwnKeeper, peer: Peer
) -> None:
    assert said(keeper, peer, "cd /proc/self/fd && echo *", key="files") in {"0 1 2 3\n", "0 1 2\n"}
    assert said(keeper, peer, "umask", key="umask", umask=0o027) == "0027\n"
    status = said(keeper, peer, "", key="signals", argv=["/bin/cat", "/proc/self/status"])
    masks = dict(line.split(":") for line in status.splitlines() if line.startswith(("SigIgn", "SigBlk")))
    public = sum(1 << (number - 1) for number in signal.valid_signals())  # the C library keeps some to itself
    assert {int(mask, 16) & public for mask in masks.values()} == {0}


def test_it_leads_a_session_of_its_own_below_the_keeper(keeper: OwnKeeper, peer: Peer) -> None:
    told = peer.hello(2)
    assert told is not None
    pid, parent, session = said(keeper, peer, "read -r _ _ _ _ _ s _ </proc/$$/stat; echo $$ $PPID $s").split()
    assert (pid, int(parent)) == (session, told["pid"])


def test_when_memory_is_short_a_sheet_goes_before_its_keeper(keeper: OwnKeeper, peer: Peer) -> None:
    own = int(Path("/proc/self/oom_score_adj").read_text())
    assert int(said(keeper, peer, "cat /proc/self/oom_score_adj")) == min(1000, own + OOM_SCORE)
    (pid, guard) = next((words[3], words[4]) for words in keeper.records() if words[0] == "open")
    assert {int(Path(f"/proc/{each}/oom_score_adj").read_text()) for each in (pid, guard)} == {own}


# -- whom it hears ----------------------------------------------------------------------------------------------------


def test_a_new_connection_closes_the_old_one_and_what_runs_goes_on(keeper: OwnKeeper, peer: Peer) -> None:
    peer.start(start_request("key", "read -r x </dev/zero"))
    until(lambda: any(words[0] == "started" for words in keeper.records()))
    after = keeper.peer()
    told = after.hello(2)
    assert told is not None
    assert told["running"] == 1
    assert peer.next("never") is None


def test_an_older_conductor_is_not_heard(keeper: OwnKeeper, peer: Peer) -> None:
    assert keeper.peer().hello(5) is not None
    assert keeper.peer().hello(4) is None
    assert keeper.peer().hello(5) is not None


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\n",
        b"{}\n",
        b'{"do": "start"}\n',
        b"[1]\n",
        b"\xff\xfe\n",
        b'{"do": "start", "starts": [{}]}\n',
        b"[" * 50_000 + b"\n",
    ],
    ids=range(7),
)
def test_what_it_does_not_understand_costs_the_connection_only(keeper: OwnKeeper, peer: Peer, nonsense: bytes) -> None:
    peer.start(start_request("key", "sleep 1000"))
    until(lambda: any(words[0] == "started" for words in keeper.records()))
    bad = keeper.peer()
    bad.hello(2)
    bad.send_raw(nonsense)
    bad.next("never")
    told = keeper.peer().hello(3)
    assert told is not None
    assert told["running"] == 1


def test_a_second_keeper_does_not_come_up_in_the_same_folder(keeper: OwnKeeper, peer: Peer) -> None:
    again = subprocess.run(keeper.process.args, check=False, capture_output=True, timeout=60)
    assert again.returncode != 0
    assert peer.hello(2) is not None


# -- its journal ------------------------------------------------------------------------------------------------------


def test_a_keeper_whose_journal_was_removed_starts_nothing_reaps_nothing_and_says_why(
    keeper: OwnKeeper, peer: Peer
) -> None:
    peer.start(start_request("runs", "sleep 1000"))
    until(lambda: any(words[:2] == ["started", "runs"] for words in keeper.records()))
    pid = next(words[2] for words in keeper.records() if words[:2] == ["started", "runs"])
    (keeper.folder / "journal.1").unlink()
    peer.start(start_request("new", "true"))
    refused = peer.next("refused")
    assert refused is not None
    assert (refused["refused"], "its journal was removed" in refused["why"]) == ("new", True)
    kill(pid)
    broken = peer.next("broken")
    assert broken is not None
    assert broken["broken"] == "its journal was removed"
    stat = facts.read_stat(pid)
    assert stat is not None
    assert stat.state == "Z"


def test_a_journal_goes_on_in_another_file_with_what_runs_and_the_old_one_goes_when_it_may(
    keeper: OwnKeeper, peer: Peer
) -> None:
    peer.start(start_request("over", "exit 3"), start_request("runs", "sleep 1000"))
    keeper.until_ended("over")
    peer.send({"do": "rotate"})
    until(lambda: generations(str(keeper.folder)) == [1, 2])
    until(lambda: parse((keeper.folder / "journal.1").read_bytes())[0][-1] == ["next", 2])
    second = (keeper.folder / "journal.2").read_bytes()
    assert [words[:2] for words in parse(second)[0][1:]] == [["started", "runs"]]
    peer.send({"do": "drop", "before": 2})
    until(lambda: generations(str(keeper.folder)) == [2])
    pid = parse(second)[0][1][2]
    kill(pid)
    assert keeper.until_ended("runs") == {"runs": -9}


# -- its end ----------------------------------------------------------------------------------------------------------


def test_it_ends_when_it_is_asked_to_and_nothing_runs(keeper: OwnKeeper, peer: Peer) -> None:
    peer.start(start_request("key", "exit 3"))
    keeper.until_ended("key")
    peer.send({"do": "end"})
    assert keeper.process.wait(60) == 0


def test_it_ends_after_what_runs_when_it_is_asked_to(keeper: OwnKeeper, peer: Peer) -> None:
    peer.start(start_request("key", "sleep 0.5; exit 3"))
    peer.send({"do": "end"})
    assert keeper.until_ended("key") == {"key": 3}
    assert keeper.process.wait(60) == 0


def test_without_a_conductor_it_ends_by_itself_after_a_while_unless_it_has_a_sheet(short_tmp: Path) -> None:
    go = short_tmp / "go"
    with OwnKeeper(short_tmp / "1", IDLE) as busy:
        peer = busy.peer()
        peer.hello(1)
        peer.start(start_request("key", f"until [ -e {go} ]; do sleep 0.1; done; exit 3"))
        until(lambda: any(words[0] == "started" for words in busy.records()))
        peer.close()
        with OwnKeeper(short_tmp / "2", IDLE) as idle:
            began = time.monotonic()
            idle.peer().close()
            assert idle.process.wait(IDLE + 60) == 0
            assert time.monotonic() - began > IDLE / 2
        go.touch()  # the busy one has been without a conductor for longer than the other was
        assert busy.until_ended("key") == {"key": 3}  # which the guard would have told otherwise


def test_without_a_conductor_and_without_its_folder_it_ends_when_its_sheets_have_ended(short_tmp: Path) -> None:
    with OwnKeeper(short_tmp / "1", IDLE) as keeper:
        peer = keeper.peer()
        peer.hello(1)
        peer.start(start_request("key", "sleep 1000"))
        until(lambda: any(words[0] == "started" for words in keeper.records()))
        pid = next(words[2] for words in keeper.records() if words[0] == "started")
        shutil.rmtree(keeper.folder)
        kill(pid)
        assert peer.next("broken") is not None
        peer.close()
        assert keeper.process.wait(IDLE + 60) == 0


def test_a_guard_whose_journal_is_removed_makes_no_other_and_ends_with_the_last_process(short_tmp: Path) -> None:
    with OwnKeeper(short_tmp / "1", IDLE) as keeper:
        peer = keeper.peer()
        peer.hello(1)
        peer.start(start_request("key", "sleep 1000"))
        until(lambda: any(words[0] == "started" for words in keeper.records()))
        pids = {words[0]: words for words in keeper.records()}
        kill(pids["open"][3])
        until(lambda: any(words[0] == "orphaned" for words in keeper.records()))
        shutil.rmtree(keeper.folder)
        kill(pids["started"][2])
        assert keeper.process.wait(60) == 0
        assert not keeper.folder.exists()
