"""Lanes: what a node plays ends exactly once, with its whole tree, whatever befalls the attempt, the lane or the disk."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from podium.lane import place
from podium.lane.memory import kill_counters
from tests.support.engines import Gate, is_alive, on_a_disk_of_its_own
from tests.support.lanes import ENVIRONMENT, JOB, LANE, Shared
from tests.support.podium_home import until

MIB = 1024 * 1024
STUBBORN = "trap '' TERM INT HUP; echo $BASHPID >>pids; while :; do read -rt 9 x <>hold; done"
CHILD = f"bash -c '{STUBBORN.replace(chr(39), chr(34))}' &"
DOUBLE_FORKED = "(setsid bash -c 'echo $$ >>pids; exec sleep 1000' &)"
WITHOUT_ENVIRONMENT = "(env -i /usr/bin/setsid /bin/bash -c 'echo $$ >>pids; exec /bin/sleep 1000' &)"
ANY = [CHILD, "setsid bash -c 'echo $$ >>pids; exec sleep 1000' &", DOUBLE_FORKED, WITHOUT_ENVIRONMENT]
STAY = "echo $$ >>pids; while :; do read -rt 9 x <>hold; done"
TREE = "\n".join(["mkfifo hold", *ANY, STAY])


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    """Return a shared folder with an empty pool."""
    return Shared(tmp_path / f"shared-{os.getpid()}-{tmp_path.name}")


def pids(folder: Path, count: int) -> list[int]:
    """Wait until so many processes of an attempt have written their pids, and return them."""

    def written() -> list[int]:
        return [int(line) for line in (folder / "pids").read_text().split()] if (folder / "pids").exists() else []

    until(lambda: len(written()) >= count)
    return written()


def names(folder: Path) -> list[str]:
    """Return what is in a folder, sorted."""
    return sorted(each.name for each in folder.iterdir())


def worker_of(shared: Shared) -> int:
    """Return the pid of the process that plays the attempt."""
    return shared.claim().pid


# -- how an attempt ends ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "code", "number"),
    [("exit 0", 0, None), ("exit 7", 7, None), ("kill -KILL $$", None, 9), ("no-such-tool", 127, None)],
)
def test_an_attempt_ends_with_the_code_or_signal_of_its_command(
    shared: Shared, script: str, code: int | None, number: int | None
) -> None:
    shared.put(script)
    end = shared.play()
    assert (end.reason, end.code, end.signal, end.ended) == ("exited", code, number, 0)
    assert (end.lane, end.node) == (LANE, "n1")


def test_output_is_in_the_logs_and_secrets_are_gone_and_the_bell_rings(shared: Shared) -> None:
    folder = shared.put("echo out; echo err >&2")
    shared.play()
    assert ((folder / place.STDOUT).read_text(), (folder / place.STDERR).read_text()) == ("out\n", "err\n")
    assert not (folder / place.SPEC).exists()
    assert names(shared.root / place.NEWS) == [f"{JOB}.1"]
    assert names(shared.pool / place.TODO) == names(shared.pool / place.LANES) == []


def test_a_command_that_is_not_there_ends_as_in_a_shell(shared: Shared) -> None:
    folder = shared.put(("no-such-tool", "--now"))
    end = shared.play()
    assert (end.reason, end.code) == ("exited", 127)
    assert (folder / place.STDERR).read_text() == "podium: no-such-tool: No such file or directory\n"


@pytest.mark.parametrize("path", ["/nowhere", "relative"])
def test_a_program_that_must_be_there_and_is_not_is_told_from_a_command_of_the_script(
    shared: Shared, path: str
) -> None:
    shared.put(("/usr/bin/env", "agent"), programs=("/usr/bin/env", "agent"), env={"PATH": path})
    end = shared.play()
    assert (end.reason, end.code, end.detail) == ("launch_failed", 127, "the program agent was not found on node n1")


def test_a_program_may_be_anywhere_where_the_attempt_looks(shared: Shared) -> None:
    folder = shared.put("agent", programs=("agent",), env={"PATH": f"/nowhere:relative:{os.environ['PATH']}"})
    (folder / "relative").mkdir()
    (folder / "relative" / "agent").write_text("#!/bin/sh\nexit 5\n")
    (folder / "relative" / "agent").chmod(0o755)
    end = shared.play()
    assert (end.reason, end.code) == ("exited", 5)


def test_a_workspace_that_cannot_be_entered_says_so_with_the_node(shared: Shared) -> None:
    shared.put("true", workspace="/no/such/folder")
    end = shared.play()
    assert end.reason == "launch_failed"
    assert end.detail == "cannot change to the workspace /no/such/folder on node n1: No such file or directory"


def test_a_script_that_is_not_there_any_more_is_told_from_one_that_fails(shared: Shared) -> None:
    shared.put(("/bin/bash", "-c", '. "$0"', str(shared.attempt() / place.SCRIPT)))
    end = shared.play()
    assert end.reason == "launch_failed"
    assert end.detail == "cannot read its script on node n1: No such file or directory"


def test_an_attempt_without_a_whole_spec_fails_with_the_reason(shared: Shared) -> None:
    for serial, text in enumerate((None, '{"key": "torn', "[]"), 1):
        folder = shared.attempt(serial)
        folder.mkdir(parents=True)
        if text is not None:
            (folder / place.SPEC).write_text(text)
        shared.add(serial)
    with shared.lane("701"), shared.lane("702"), shared.lane("703"):  # each waits a while for what may still come
        ends = [shared.end(serial) for serial in (1, 2, 3)]
    assert {end.reason for end in ends} == {"launch_failed"}
    assert [end.detail for end in ends] == [f"its spec is {what} on node n1" for what in ("missing", "torn", "torn")]


def test_an_environment_that_no_system_takes_is_the_reason(shared: Shared) -> None:
    shared.put("true", env={"BIG": "x" * 200_000})
    end = shared.play()
    assert (end.reason, end.detail) == ("launch_failed", "cannot start its command: Argument list too long")


def test_a_time_limit_ends_the_tree(shared: Shared) -> None:
    folder = shared.put(TREE, timeout_seconds=1.5)
    end = shared.play()
    assert end.reason == "timed_out"
    assert not any(map(is_alive, pids(folder, 5)))


def test_silence_ends_the_attempt_but_output_renews_its_time(shared: Shared) -> None:
    shared.put("for i in 1 2 3 4 5 6; do sleep 0.3; echo $i; done; sleep 1000", quiet_seconds=1.5)
    end = shared.play()
    assert end.reason == "stale"
    assert end.seconds > 1.8 + 1.5 - 0.3
    assert (shared.attempt() / place.STDOUT).read_text() == "1\n2\n3\n4\n5\n6\n"


def test_a_script_is_the_standard_input_if_it_is_to_be(shared: Shared) -> None:
    (shared.put(("cat",), stdin_script=True) / place.SCRIPT).write_bytes(b"caf\xe9 \xff\x01\n")
    assert shared.play().code == 0
    assert (shared.attempt() / place.STDOUT).read_bytes() == b"caf\xe9 \xff\x01\n"


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "no_SUCH.latin1"])
def test_foreign_bytes_reach_the_command_as_they_are(shared: Shared, tmp_path: Path, locale: str) -> None:
    odd = b"caf\xe9-\xff"
    workspace = os.fsencode(tmp_path) + b"/" + odd
    Path(os.fsdecode(workspace)).mkdir()
    text = odd.decode("utf-8", "surrogateescape")
    argv = ("/bin/bash", "-c", "pwd; printf %s\\\\n $ODD $1", "x", text)
    shared.put(argv, env={"ODD": text}, workspace=os.fsdecode(workspace))
    end = shared.play(env={**ENVIRONMENT, "LC_ALL": locale})
    assert (end.reason, end.code) == ("exited", 0)
    assert (shared.attempt() / place.STDOUT).read_bytes() == b"\n".join([workspace, odd, odd, b""])


def test_what_the_cluster_gave_wins_over_the_sheets_environment_and_the_rest_does_not(shared: Shared) -> None:
    given = {"SLURM_JOB_NAME": "given", "CUDA_VISIBLE_DEVICES": "3", "TMPDIR": "/node/tmp", "LANG": "C"}
    wanted = {"SLURM_JOB_NAME": "x", "CUDA_VISIBLE_DEVICES": "0", "ROCR_VISIBLE_DEVICES": "1", "LANG": "en"}
    shared.put("echo $SLURM_JOB_NAME $CUDA_VISIBLE_DEVICES $ROCR_VISIBLE_DEVICES $TMPDIR $LANG", env=wanted)
    shared.play(env={**ENVIRONMENT, **given})
    assert (shared.attempt() / place.STDOUT).read_text() == "given 3 1 /node/tmp en\n"


def test_an_attempt_begins_with_default_signals_a_session_of_its_own_and_more_readiness_to_be_killed(
    shared: Shared,
) -> None:
    script = "grep -E '^Sig(Blk|Ign)' /proc/self/status; (($(ps -o sid= $$) == $$)) && cat /proc/self/oom_score_adj"
    shared.put(script)
    shared.play()
    blocked, ignored, score = (shared.attempt() / place.STDOUT).read_text().splitlines()
    public = sum(1 << (number - 1) for number in signal.valid_signals())  # the C library keeps some to itself
    assert {int(line.split()[1], 16) & public for line in (blocked, ignored)} == {0}
    assert int(score) > int(Path("/proc/self/oom_score_adj").read_text())


# -- its tree ---------------------------------------------------------------------------------------------------------


def test_what_a_good_attempt_leaves_is_ended_and_counted(shared: Shared) -> None:
    folder = shared.put("\n".join(["mkfifo hold", *ANY, "while (($(wc -l <pids) < 4)); do sleep 0.02; done; exit 3"]))
    end = shared.play()
    assert (end.reason, end.code, end.ended) == ("exited", 3, 4)
    assert not any(map(is_alive, pids(folder, 4)))


def test_a_cancel_ends_every_kind_of_descendant(shared: Shared) -> None:
    folder = shared.put(TREE)
    with shared.lane() as lane:
        members = pids(folder, 5)
        shared.ask("stop", "cancelled")
        end = shared.end()
        assert (end.reason, end.signal, end.ended, end.left) == ("cancelled", 15, 4, ())
        assert not any(map(is_alive, members))
        assert lane.wait(100) == 0


def test_a_chain_of_short_processes_is_ended(shared: Shared) -> None:
    hop = 'sleep 0.03; echo $$ >>pids; setsid /bin/bash "$0" & sleep 0.03'
    folder = shared.put(f"cat >hop <<'X'\n{hop}\nX\ntrap '' TERM; setsid bash hop & sleep 1000")
    with shared.lane() as lane:
        pids(folder, 3)
        shared.ask("stop", "cancelled", 0.1)
        assert shared.end().left == ()
        assert lane.wait(100) == 0
    assert shared.members() == []


def test_a_signal_makes_the_lane_look_at_once(shared: Shared) -> None:
    code = shared.program / "lane/place.py"
    slow = code.read_text().replace(f"LOOK_SECONDS = {place.LOOK_SECONDS}", "LOOK_SECONDS = 1000.0")
    assert slow != code.read_text()
    shared.replace("place", slow)
    folder = shared.put(f"mkfifo hold; {STAY}")
    with shared.lane() as lane:
        pids(folder, 1)
        until((folder / place.ALIVE).exists)  # the first look at what is asked was before
        shared.ask("stop", "cancelled", 30)
        lane.send_signal(signal.SIGUSR1)
        assert shared.end().signal == 15


def test_a_stop_that_comes_before_the_start_is_heard(shared: Shared) -> None:
    folder = shared.put("touch began")
    shared.ask("stop", "cancelled")
    end = shared.play()
    assert (end.reason, end.detail) == ("cancelled", "it had not begun")
    assert not (folder / "began").exists()


def test_a_second_stop_shortens_the_grace(shared: Shared) -> None:
    folder = shared.put(f"trap 'echo 0 >>pids' TERM; mkfifo hold; {STAY}")
    with shared.lane() as lane:
        pids(folder, 1)
        shared.ask("stop", "cancelled", 1000)
        lane.send_signal(signal.SIGUSR1)
        pids(folder, 2)
        shared.ask("stop", "cancelled", 0)
        lane.send_signal(signal.SIGUSR1)
        end = shared.end()
    assert (end.reason, end.signal) == ("cancelled", 9)


def test_a_held_attempt_stands_still_and_its_time_does_not_pass(shared: Shared) -> None:
    folder = shared.put(
        f"{DOUBLE_FORKED}\necho $$ >>pids; while [ ! -e go ]; do sleep 0.01; done", timeout_seconds=4, quiet_seconds=4
    )
    with shared.lane() as lane:
        members = pids(folder, 2)
        shared.ask("hold")
        lane.send_signal(signal.SIGUSR1)
        until(lambda: set(members) <= set((place.read_file(str(folder / place.ALIVE)) or {}).get("stopped", [])))
        (folder / "go").touch()
        with pytest.raises(subprocess.TimeoutExpired):
            lane.wait(5)
        shared.ask("go")
        lane.send_signal(signal.SIGUSR1)
        end = shared.end()
    assert (end.reason, end.code, end.ended) == ("exited", 0, 1)


def test_a_held_attempt_that_is_stopped_runs_its_traps(shared: Shared) -> None:
    folder = shared.put(f"trap 'echo trapped; exit 4' TERM; mkfifo hold; {STAY}")
    with shared.lane() as lane:
        pids(folder, 1)
        shared.ask("hold")
        lane.send_signal(signal.SIGUSR1)
        until(lambda: (place.read_file(str(folder / place.ALIVE)) or {}).get("stopped"))
        shared.ask("stop", "cancelled", 30)
        lane.send_signal(signal.SIGUSR1)
        end = shared.end()
    assert (end.reason, end.code) == ("cancelled", 4)
    assert (folder / place.STDOUT).read_text() == "trapped\n"


def test_the_load_of_an_attempt_is_told(shared: Shared) -> None:
    folder = shared.put("echo $$ >>pids; while :; do :; done & wait")
    with shared.lane():
        (first,) = pids(folder, 1)
        until((folder / place.ALIVE).exists)
        told = place.read_file(str(folder / place.ALIVE))
    assert (told["pid"], told["processes"], told["stopped"]) == (first, 2, [])
    assert told["cpu_seconds"] > 0
    assert told["cpu_percent"] > 0
    assert told["memory_bytes"] > MIB
    assert told["uptime"] > 0


# -- the lane's own end -----------------------------------------------------------------------------------------------


def test_the_clusters_end_of_a_lane_ends_its_attempt_and_is_recorded(shared: Shared) -> None:
    folder = shared.put(TREE)
    shared.put("true", serial=2)
    with shared.lane() as lane:
        members = pids(folder, 5)
        lane.terminate()
        assert lane.wait(100) == 0
    end = shared.end()
    assert (end.reason, end.detail, end.left) == ("terminated", "the cluster told the lane to end", ())
    assert not any(map(is_alive, members))
    assert place.read_claim(str(shared.attempt(2))) is None
    assert names(shared.pool / place.LANES) == []


def test_an_attempt_that_the_cluster_signalled_itself_was_terminated_too(shared: Shared) -> None:
    folder = shared.put("echo $$ >>pids; exec sleep 1000")
    with shared.lane() as lane:
        (first,) = pids(folder, 1)
        os.kill(first, signal.SIGTERM)
        lane.terminate()
        assert lane.wait(100) == 0
    end = shared.end()
    assert (end.reason, end.signal) == ("terminated", 15)


@pytest.mark.parametrize("whom", [worker_of, lambda _: 0], ids=["worker", "guard"])
def test_a_lane_that_is_killed_leaves_nothing_and_its_attempts_end_is_recorded(
    shared: Shared, whom: Callable[[Shared], int]
) -> None:
    folder = shared.put(TREE)
    with shared.lane() as lane:
        members = pids(folder, 5)
        os.kill(whom(shared) or lane.pid, signal.SIGKILL)
        end = shared.end()
        lane.wait(100)
    assert (end.reason, end.detail) in {
        ("killed", "the lane was killed by signal 9"),
        ("terminated", "the process that guards the lane was killed"),
    }
    assert not any(map(is_alive, members))
    until(lambda: names(shared.pool / place.LANES) == [])


def test_a_lane_that_breaks_leaves_nothing_and_says_why(shared: Shared) -> None:
    shared.replace("load", "class Load:\n    def __init__(self, *_: object) -> None:\n        1 / 0\n")
    shared.put("sleep 1000 & sleep 1000")
    with shared.lane() as lane:
        _, said = lane.communicate(timeout=100)
    end = shared.end()
    assert (end.reason, end.detail) == ("killed", "the lane ended with code 1")
    assert said.startswith(f"lane {LANE} on node n1 broke: ZeroDivisionError")
    assert shared.members() == []


# -- the pool ---------------------------------------------------------------------------------------------------------


def test_lanes_that_race_play_each_attempt_exactly_once(shared: Shared) -> None:
    count = 60
    for serial in range(1, count + 1):
        shared.put("echo >>played", serial)
    lanes = [shared.start(str(number)) for number in (701, 702)]
    assert [(lane.communicate(timeout=200)[1], lane.returncode) for lane in lanes] == [("", 0)] * 2
    ends = [shared.end(serial) for serial in range(1, count + 1)]
    assert {end.lane for end in ends} == {"701", "702"}
    assert all((shared.attempt(serial) / "played").read_text() == "\n" for serial in range(1, count + 1))
    assert names(shared.root / place.NEWS) == sorted(f"{JOB}.{serial}" for serial in range(1, count + 1))
    assert names(shared.pool / place.TODO) == names(shared.pool / place.LANES) == []


def test_attempts_are_played_in_their_order(shared: Shared) -> None:
    for serial in (10, 9, 2):
        shared.put(f"echo {serial} >>../order", serial)
    shared.play(10)
    assert (shared.attempt().parent / "order").read_text() == "2\n9\n10\n"


def test_what_the_conductor_has_claimed_is_never_played(shared: Shared) -> None:
    shared.put("true")
    assert place.take_claim(str(shared.attempt()), place.Claim(place.CONDUCTOR))
    shared.put("true", 2)
    shared.play(2)
    assert place.read_exit(str(shared.attempt())) is None
    assert names(shared.pool / place.TODO) == []


def test_an_attempt_whose_folder_is_gone_does_not_keep_the_next_from_being_played(shared: Shared) -> None:
    shared.add(1)
    shared.put("true", 2)
    assert shared.play(2).code == 0


def test_an_attempt_stays_in_the_queue_while_the_disk_that_it_is_on_is_not_mounted(shared: Shared) -> None:
    shared.put("exit 7")
    jobs = shared.root / place.JOBS
    jobs.rename(shared.root / "elsewhere")
    with shared.lane() as lane:
        lane.communicate(timeout=100)
    assert names(shared.pool / place.TODO) == ["1"]
    (shared.root / "elsewhere").rename(jobs)
    assert shared.play().code == 7


def test_a_lane_lingers_for_more_and_ends_at_once_when_nothing_more_will_come(tmp_path: Path) -> None:
    shared = Shared(tmp_path / "shared", linger_seconds=1000)
    shared.put("true")
    with shared.lane() as lane:
        until(lambda: place.read_link(place.lane_link(str(shared.pool), LANE)) == [0, "n1"])
        shared.put("true", 2)
        assert shared.end(2).lane == LANE
        assert place.make_link(str(shared.pool / place.CLOSED), True)
        assert lane.wait(100) == 0


def test_a_lane_that_is_too_old_takes_no_further_attempt(tmp_path: Path) -> None:
    shared = Shared(tmp_path / "shared", reuse_seconds=0)
    shared.put("true")
    shared.put("true", 2)
    shared.play()
    assert place.read_claim(str(shared.attempt(2))) is None


def test_a_busy_lane_says_what_it_plays(shared: Shared) -> None:
    shared.put("read -r x <gate")
    with Gate(shared.attempt() / "gate") as gate, shared.lane():
        until(lambda: place.read_link(place.lane_link(str(shared.pool), LANE)) == [1, "n1"])
        gate.open()
        assert shared.end().code == 0


# -- memory -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_group() -> Iterator[Path]:
    """Return a control group with little memory below our own, skip where we may make none."""
    counters = kill_counters()
    if not counters:
        pytest.skip("memory is not counted by a control group here")
    group = Path(counters[0]).parent / f"podium-test-{os.getpid()}"
    try:
        group.mkdir()
    except OSError:
        pytest.skip("no control group can be made here")
    try:
        limit = group / "memory.limit_in_bytes" if (group / "memory.limit_in_bytes").exists() else group / "memory.max"
        limit.write_text("60M")
    except OSError:
        group.rmdir()
        pytest.skip("no control group can be limited here")
    yield group
    until(lambda: (group / "cgroup.procs").read_text() == "")
    group.rmdir()


def test_an_attempt_that_the_kernel_killed_for_lack_of_memory_says_so(
    small_group: Path, shared: Shared, tmp_path: Path
) -> None:
    shim = tmp_path / "python"
    shim.write_text(f'#!/bin/sh\necho $$ >{small_group}/cgroup.procs && exec {shared.python} "$@"\n')
    shim.chmod(0o755)
    shared.python = str(shim)
    shared.put("x=$(head -c 300M /dev/zero | tr '\\0' x)")
    shared.put("exit 9", 2)
    shared.play(2)
    assert [(shared.end(serial).reason, shared.end(serial).code) for serial in (1, 2)] == [
        ("out_of_memory", None),
        ("exited", 9),
    ]


# -- the disk ---------------------------------------------------------------------------------------------------------


def test_a_log_beyond_its_limit_keeps_its_beginning_and_its_end(short_tmp: Path) -> None:
    script = "echo begin; head -c 30M /dev/zero; echo; echo end"
    end = on_a_disk_of_its_own("tests.support.lanes", short_tmp, "tmpfs", "200m", MIB, script)
    if end is None:
        pytest.skip("no mount namespaces here")
    assert (end["reason"], end["code"], end["size"]) == ("exited", 0, len("begin\n\nend\n") + 30 * MIB)
    assert end["held"] <= MIB


def test_where_the_middle_of_a_log_cannot_be_freed_the_attempt_is_ended(short_tmp: Path) -> None:
    script = "trap '' TERM; echo begin; head -c 3M /dev/zero; sleep 1000"  # ramfs has no fallocate
    end = on_a_disk_of_its_own("tests.support.lanes", short_tmp, "ramfs", "", MIB, script)
    if end is None:
        pytest.skip("no mount namespaces here")
    assert (end["reason"], end["signal"], end["size"]) == ("output_limit", 9, MIB)
    assert end["detail"] == f"a stream exceeds {MIB} bytes"


def test_the_end_of_an_attempt_that_fills_the_disk_is_recorded(short_tmp: Path) -> None:
    script = "cat /dev/zero >$DISK/filler 2>/dev/null; exit 9"
    end = on_a_disk_of_its_own("tests.support.lanes", short_tmp, "tmpfs", "4m", MIB, script)
    if end is None:
        pytest.skip("no mount namespaces here")
    assert (end["reason"], end["code"]) == ("exited", 9)


def test_an_end_that_cannot_be_recorded_now_is_recorded_later_and_nothing_is_played_before(shared: Shared) -> None:
    jobs, away = shared.root / place.JOBS, shared.root / "away"
    shared.put("echo $$ >>pids; read -r x <gate; exit 9")
    shared.put("true", 2)
    with Gate(shared.attempt() / "gate") as gate, shared.lane() as lane:
        (first,) = pids(shared.attempt(), 1)
        jobs.rename(away)
        gate.open()
        until(lambda: not is_alive(first))
        with pytest.raises(subprocess.TimeoutExpired):
            lane.wait(1.5)
        away.rename(jobs)
        assert (shared.end().code, shared.end(2).code) == (9, 0)
        assert lane.wait(100) == 0
