"""`podium validate` and `podium init`: problems as compilers print them, plans in two lines, and a first score that runs."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from podium.settings import Settings
from tests.support import nursed
from tests.support.commands import SECONDS, answered, podium
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.slurm.stand_in.playing import open_stand_in

BAD = "name: x\nsheets:\n  - run: [1]\n    nonsense: 1\n  - name: b\n    needs: [q]\n    run: x\n"


@pytest.fixture
def home(shared_conductor: Conductor) -> Settings:
    """Return the home of a conductor that these tests share."""
    return shared_conductor.settings


@pytest.fixture
def clustered(short_tmp: Path) -> Iterator[Settings]:
    """Return the home of a conductor that has a cluster."""
    with open_stand_in() as cluster:
        conductor = Conductor(make_home(short_tmp)).start(**cluster.env)
        yield conductor.settings
        conductor.end()


def test_a_plan_is_told_in_two_lines(home: Settings, short_tmp: Path) -> None:
    path = short_tmp / "good.yaml"
    sheets = "".join(f"  - {{name: s{number}, run: 'true'}}\n" for number in range(12))
    path.write_text(f"name: good\nsheets:\n{sheets}  - {{name: ask, run: 'true', hold: 'may I?'}}\n")
    done = podium(home, "validate", str(path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{path}: good: 13 sheets, one after another",
        "    s0, s1, s2, s3, s4, s5, s6, s7 and 5 more",
        "    waits for an approval before: ask",
    ]


def test_what_sheets_need_is_told_once_for_those_that_need_the_same(clustered: Settings, short_tmp: Path) -> None:
    home, path = clustered, short_tmp / "needs.yaml"
    path.write_text(
        "name: needs\nresources: {cpus: 1}\nsheets:\n- {name: a, foreach: [1, 2, 3, 4, 5, 6, 7, 8, 9], run: x}\n"
        "- {name: b, run: x, resources: {memory: 64M, time: 90s}}\n- {name: c, run: x, engine: slurm}\n"
    )
    done = podium(home, "validate", str(path))
    assert done.stdout.splitlines()[2:] == [
        "    resources of a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8] and 1 more: cpus 1",
        "    resources of b: cpus 1, memory 64M, time 1 min 30 s",
        "    resources of c: slurm, cpus 1",
    ]
    assert "cli, slurm, cpus 1" in podium(home, "plan", str(path)).stdout


def test_every_problem_is_told_with_its_place_and_its_line(home: Settings, short_tmp: Path) -> None:
    path = short_tmp / "bad.yaml"
    path.write_text(BAD)
    done = podium(home, "validate", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"{path}:3:10: sheets[0].run: should be text, not a list",
        "    - run: [1]",
        "           ^",
        f"{path}:4:5: sheets[0].nonsense: unknown key",
        "    nonsense: 1",
        "    ^",
        f"{path}:6:13: sheets[1].needs[0]: unknown sheet 'q'",
        "    needs: [q]",
        "            ^",
        f"{path}: 3 problems",
    ]


def test_several_files_are_all_checked_and_one_that_is_bad_decides(home: Settings, short_tmp: Path) -> None:
    good, bad, none = short_tmp / "good.yaml", short_tmp / "bad.yaml", short_tmp / "none.yaml"
    good.write_text("name: g\nsheets: [{run: 'true'}]\n")
    bad.write_text(BAD)
    found = answered(home, "validate", str(good), str(bad), str(none), code=2)["files"]
    assert [each["valid"] for each in found] == [True, False, False]
    assert found[0]["plan"]["sheets_total"] == 1
    assert [each["line"] for each in found[1]["error"]["problems"]] == [3, 4, 6]
    assert found[2]["error"]["code"] == "SCORE_NOT_FOUND"


def test_a_score_comes_on_stdin_too_and_nothing_is_stored(home: Settings) -> None:
    before = ask(home.socket, "daemon.status")["jobs_total"]
    done = podium(home, "validate", "-", given="name: piped\nvariables: {n: 1}\nsheets: [{run: 'echo {{ n }}'}]\n")
    assert done.stdout.splitlines()[0] == "stdin: piped: 1 sheet"
    assert podium(home, "validate", "-", given=BAD).stderr.startswith("stdin:3:10: sheets[0].run: ")
    assert podium(home, "validate", "-", "--set", "m=1", given="name: p\nsheets: [{run: 'true'}]\n").returncode == 2
    assert podium(home, "validate", "-", "-").returncode == 2
    assert ask(home.socket, "daemon.status")["jobs_total"] == before


def test_a_watched_file_is_checked_again_whenever_it_or_what_it_names_changes(home: Settings, short_tmp: Path) -> None:
    path, prompt = short_tmp / "watched.yaml", short_tmp / "ask.md"
    path.write_text("name: w\nsheets: [{run: 'true'}]\n")
    line = nursed.command("commands", "validate", "--watch", "--json", str(path), "--home", str(home.home))
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watching:
        limit = Timer(SECONDS, watching.kill)
        limit.start()

        def seen() -> list[bool]:
            assert watching.stdout
            return [each["valid"] for each in json.loads(watching.stdout.readline())["files"]]

        assert seen() == [True]
        path.write_text(BAD)
        assert seen() == [False]
        path.write_text("name: w\nsheets:\n  - instrument: cli\n    prompt_file: ask.md\n")
        assert seen() == [False]
        prompt.write_text("echo hello")
        seen()
        watching.terminate()
        watching.communicate(timeout=30)
        limit.cancel()
    assert watching.returncode == 143


def test_without_a_conductor_nothing_can_be_checked(short_tmp: Path, home: Settings) -> None:
    nowhere = home.model_copy(update={"home": short_tmp / "nowhere"})
    done = podium(nowhere, "validate", "-", given="name: x\n")
    assert (done.returncode, "podium start" in done.stderr) == (5, True)


def test_a_first_score_is_valid_and_runs_as_it_is(home: Settings, short_tmp: Path) -> None:
    path = short_tmp / "podium.yaml"
    done = subprocess.run(
        nursed.command("commands", "init"), cwd=short_tmp, capture_output=True, text=True, check=False, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "podium validate podium.yaml" in done.stdout
    assert "podium run podium.yaml" in done.stdout
    assert "first: 2 sheets, one after another" in podium(home, "validate", str(path)).stdout
    assert podium(home, "run", str(path)).returncode == 0
    assert (short_tmp / "first-out/report.txt").read_text() == "total: 210\n"


def test_a_file_that_is_there_is_never_overwritten(home: Settings, short_tmp: Path) -> None:
    path = short_tmp / "my work.yaml"
    path.write_text("mine")
    line = nursed.command("commands", "init", str(path))
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=30)
    assert (done.returncode, path.read_text()) == (2, "mine")
    assert f"podium init '{short_tmp}/my work-2.yaml'" in done.stderr
    other = nursed.command("commands", "init", str(short_tmp / "notes.txt"))
    assert subprocess.run(other, capture_output=True, check=False, timeout=30).returncode == 2
    assert not (short_tmp / "notes.txt").exists()
