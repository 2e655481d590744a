"""Lanes: an attempt is played with what its spec says, and its end is recorded with its reason."""

import os
import signal
from pathlib import Path

import pytest

from podium.lane import place
from tests.support.engines import is_alive
from tests.support.lane_trees import TREE, names, pids
from tests.support.lanes import ENVIRONMENT, JOB, LANE, Shared


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
