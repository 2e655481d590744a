"""`podium run` without a terminal, of a job whose sheets wait in the queue of a cluster."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support import nursed
from tests.support.podium_home import Conductor, make_home
from tests.support.slurm.stand_in.playing import StandIn, open_stand_in

SECONDS = 60


@pytest.fixture
def cluster() -> Iterator[StandIn]:
    """A cluster that is played, on which nothing begins."""
    with open_stand_in() as playing:
        playing.close_queue()
        yield playing


@pytest.fixture
def conductor(cluster: StandIn, short_tmp: Path) -> Iterator[Conductor]:
    """A conductor that has this cluster."""
    running = Conductor(make_home(short_tmp, slurm_python=sys.executable, slurm_ask_seconds=0.5)).start(**cluster.env)
    yield running
    running.end()


def command_of(home: Settings, gate: Path) -> Sequence[str]:
    """Return `podium run` of a score with one sheet on the cluster, which ends when this pipe is written to."""
    os.mkfifo(gate)
    score = gate.with_name("score.yaml")
    score.write_text(f"name: away\nengine: slurm\nsheets: [{{name: s1, run: cat {gate}}}]\n")
    return nursed.command("commands", "run", str(score), "--home", str(home.home), "--socket", str(home.socket))


def test_it_says_on_stderr_why_a_sheet_waits_and_then_where_it_runs(
    cluster: StandIn, conductor: Conductor, short_tmp: Path
) -> None:
    gate = short_tmp / "gate"
    line = command_of(conductor.settings, gate)
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        try:
            assert process.stderr.readline().decode() == "  sheet s1 waits in Slurm's queue: Resources\n"
            cluster.open_queue()
            placed = process.stderr.readline().decode()
            assert re.fullmatch(r"  running s1 on node f\d as Slurm job \d+(, partition main)?\n", placed)
            gate.write_text("")
            said = [each.decode() for each in process.communicate(timeout=SECONDS)]
        finally:
            process.kill()
    assert said[1] == ""
    assert "completed: 1 of 1 sheet" in said[0]


def test_it_says_on_the_readers_clock_since_when_the_cluster_is_silent_and_that_its_folder_is_away(
    cluster: StandIn, conductor: Conductor, short_tmp: Path
) -> None:
    shared, elsewhere = conductor.settings.cluster, short_tmp / "elsewhere"
    line = command_of(conductor.settings, short_tmp / "gate")
    with subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        try:
            assert process.stderr.readline() == b"  sheet s1 waits in Slurm's queue: Resources\n"
            cluster.lose_controller()
            silent = process.stderr.readline().decode()
            assert re.match(r"  Slurm does not answer since \d\d:\d\d:\d\d: ", silent)
            cluster.find_controller()
            assert process.stderr.readline() == b"  sheet s1 waits in Slurm's queue: Resources\n"
            shared.rename(elsewhere)
            away = process.stderr.readline().decode()
            assert re.match(
                rf"  the folder {shared}/\S+ is not there any more; if it is gone for good, mkdir -p ", away
            )
            elsewhere.rename(shared)
        finally:
            process.kill()
