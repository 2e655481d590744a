"""A bench that is ended leaves nothing running: neither when a signal comes while it measures, nor while it makes or ends something."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench.interrupts import INTERRUPTED, SIGNALS, Interrupts
from tests.bench.measuring import output_of
from tests.support.engines import ROOT, child_env
from tests.support.podium_home import until
from tests.support.slurm.processes import with_variable

HANDS = 4  # bench, conductor, keeper and guard


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    """Take the signals of this process for a while."""
    kept = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    made = Interrupts()
    made.install()
    yield made
    for number, handler in kept.items():
        signal.signal(number, handler)


@contextmanager
def told(steps: list[str], *, hit: Collection[str]) -> Iterator[None]:
    """Note how it is made and taken down; a signal hits it during some of that."""

    def step(name: str) -> None:
        if name in hit:
            os.kill(os.getpid(), signal.SIGHUP)
        steps.append(name)

    step("made")
    try:
        yield
    finally:
        step("taken down")


@pytest.mark.parametrize("hit", ["made", "taken down"])
def test_what_is_being_made_or_taken_down_is_finished_before_a_signal_counts(interrupts: Interrupts, hit: str) -> None:
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts.whole(told(steps, hit={hit})):
        steps.append("used")
    assert steps == ["made", *(["used"] if hit == "taken down" else []), "taken down"]


def test_a_second_signal_does_not_cut_short_what_the_first_one_has_begun(interrupts: Interrupts) -> None:
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt), told(steps, hit={"taken down"}), interrupts.whole(told(steps, hit={"made"})):
        steps.append("used")
    os.kill(os.getpid(), signal.SIGINT)
    assert steps == ["made", "made", "taken down", "taken down"]


def test_of_a_command_nothing_is_left_when_its_run_is_interrupted(interrupts: Interrupts) -> None:
    mark = f"BENCH_MARK={uuid.uuid4().hex}"
    script = f"trap '' TERM; sleep 600 & kill -TERM {os.getpid()}; wait"
    with pytest.raises(KeyboardInterrupt):
        output_of(interrupts, ["env", mark, "bash", "-c", script], dict(os.environ))
    until(lambda: not with_variable(mark))


@pytest.mark.parametrize("number", SIGNALS)
def test_a_bench_that_is_ended_leaves_nothing_running(number: signal.Signals, short_tmp: Path) -> None:
    mark = uuid.uuid4().hex
    heard = f"--default-signal={number.value}"  # we may be run by something that ignores it
    command = [sys.executable, "-m", "tests.bench", "--quick", "--only", "sheets", "--place", str(short_tmp)]
    with subprocess.Popen(["env", heard, *command], cwd=ROOT, env={**child_env(), "BENCH_MARK": mark}) as bench:
        until(lambda: len(with_variable(f"BENCH_MARK={mark}")) >= HANDS)
        bench.send_signal(number)
        assert bench.wait(60) == INTERRUPTED
    until(lambda: not with_variable(f"BENCH_MARK={mark}"))
    assert not list(short_tmp.iterdir())
