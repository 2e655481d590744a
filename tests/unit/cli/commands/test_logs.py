"""`podium logs` at a conductor: every line once, on the stream that it was written to, over retries and restarts."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from podium.contract.models import OutputLine
from podium.settings import Settings
from tests.support import nursed
from tests.support.podium_home import Conductor, ask, until
from tests.support.screens import Terminal

SECONDS = 45


@pytest.fixture
def common(shared_conductor: Conductor) -> Settings:
    return shared_conductor.settings


def submitted(home: Settings, folder: Path, *sheets: dict[str, Any]) -> str:
    """Submit a job of these sheets, one after another, and return its id."""
    path = folder / "score.yaml"
    path.write_text(json.dumps({"name": "logged", "workspace": str(folder), "sheets": sheets}))
    return str(ask(home.socket, "job.submit", {"config_path": str(path)})["job_id"])


def ended(home: Settings, folder: Path, *sheets: dict[str, Any]) -> str:
    """Return the id of a job of these sheets that has ended."""
    job_id = submitted(home, folder, *sheets)
    until(lambda: status(home, job_id) in {"completed", "failed"})
    return job_id


def status(home: Settings, job_id: str) -> str:
    return str(ask(home.socket, "job.status", {"job_id": job_id})["status"])


def logs(home: Settings, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line(home, *words), capture_output=True, text=True, check=False, timeout=SECONDS)


def line(home: Settings, *words: str) -> list[str]:
    return nursed.command("commands", "logs", *words, "--home", str(home.home), "--socket", str(home.socket))


def test_the_output_of_one_sheet_comes_as_it_was_written_on_its_streams(common: Settings, short_tmp: Path) -> None:
    command = r"printf 'a\tb   c\n\n  d\033[31m red\n10%%\r100%%\nlast'; echo wrong >&2"
    job_id = ended(common, short_tmp, {"name": "tests", "run": command})
    done = logs(common, job_id)
    assert (done.returncode, done.stdout) == (0, "a\tb   c\n\n  d red\n100%\nlast\n")
    assert done.stderr == "wrong\n"
    only = logs(common, job_id, "--stderr")
    assert (only.stdout, only.stderr) == ("wrong\n", "")


def test_without_a_sheet_every_line_says_whose_it_is_in_the_order_of_their_starts(
    common: Settings, short_tmp: Path
) -> None:
    sheets = [{"name": "first", "run": "echo 1; echo e >&2"}, {"name": "b", "run": "seq 2 3"}]
    job_id = ended(common, short_tmp, *sheets)
    done = logs(common, job_id)
    assert done.stdout == "first | 1\nb     | 2\nb     | 3\n"
    assert done.stderr == "first ! e\n"
    assert logs(common, job_id, "b", "-n", "1").stdout == "3\n"
    assert logs(common, job_id, "2", "--grep", "^2$").stdout == "2\n"


def test_lines_at_the_end_and_lines_that_match_are_as_many_as_asked_for_however_long_the_output(
    common: Settings, short_tmp: Path
) -> None:
    job_id = ended(common, short_tmp, {"name": "long", "run": "seq 30000"})
    assert logs(common, job_id).stdout.split() == [str(number) for number in range(1, 30_001)]
    assert logs(common, job_id, "-n", "9000").stdout.split() == [str(number) for number in range(21_001, 30_001)]
    assert logs(common, job_id, "--grep", "7777$", "-n", "2").stdout.split() == ["17777", "27777"]
    assert logs(common, job_id, "-n", "0").stdout == ""


def test_with_json_each_line_is_an_object_with_its_place(common: Settings, short_tmp: Path) -> None:
    job_id = ended(common, short_tmp, {"name": "tests", "run": r"echo ok; printf '\342\200\256x\n' >&2"})
    shown = logs(common, job_id, "--json").stdout
    assert shown.isascii()  # what a terminal acts on is escaped, and not lost
    found = [OutputLine.model_validate_json(each) for each in shown.splitlines()]
    assert [(each.sheet_name, each.attempt, each.stream, each.number, each.text) for each in found] == [
        ("tests", 1, "stdout", 1, "ok"),
        ("tests", 1, "stderr", 1, "\u202ex"),
    ]


def test_another_attempt_can_be_asked_for_and_what_is_not_there_is_refused(common: Settings, short_tmp: Path) -> None:
    sheet = {"name": "tests", "run": "echo try $PODIUM_ATTEMPT; exit 1"}
    job_id = ended(common, short_tmp, sheet | {"retry": {"max_retries": 1, "base_delay_seconds": 0.01}})
    assert logs(common, job_id).stdout == "try 2\n"
    assert logs(common, job_id, "tests", "--attempt", "1").stdout == "try 1\n"
    for words, told in (
        ([job_id, "tests", "--attempt", "9"], "no attempt 9"),
        ([job_id, "test"], "no sheet 'test'"),
        ([job_id, "--grep", "("], "pattern"),
    ):
        refused = logs(common, *words)
        assert (refused.returncode, refused.stdout) == (2, ""), refused.stderr
        assert told in refused.stderr
    assert logs(common, "nobody").returncode == 1


def test_following_goes_over_retries_sheets_and_a_restart_without_a_gap_and_without_a_double(
    home: Settings, conductor: Conductor, short_tmp: Path
) -> None:
    gates = [short_tmp / "gate1", short_tmp / "gate2"]
    for gate in gates:
        os.mkfifo(gate)
    flaky = f"echo try $PODIUM_ATTEMPT; test $PODIUM_ATTEMPT = 2 || {{ cat {gates[0]}; exit 1; }}"
    sheets: list[dict[str, Any]] = [
        {"name": "flaky", "run": flaky, "retry": {"max_retries": 1, "base_delay_seconds": 0.01}},
        {"name": "long", "run": f"seq 1000; cat {gates[1]}; seq 1001 2000"},
    ]
    job_id = submitted(home, short_tmp, *sheets)
    with subprocess.Popen(
        line(home, job_id, "-f"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as follows:
        assert follows.stdout
        assert follows.stderr
        assert follows.stdout.readline() == "flaky | try 1\n"
        gates[0].write_text("")
        shown = [follows.stdout.readline() for _ in range(1001)]
        conductor.kill()
        assert any("The conductor is away" in told for told in follows.stderr)
        conductor.start()
        gates[1].write_text("")
        shown += follows.stdout.readlines()
        assert follows.wait(SECONDS) == 0
    assert shown == ["flaky | try 2\n", *(f"long  | {number}\n" for number in range(1, 2001))]


def test_ctrl_c_ends_the_watching_only(common: Settings, short_tmp: Path) -> None:
    gate = short_tmp / "gate"
    os.mkfifo(gate)
    job_id = submitted(common, short_tmp, {"name": "tests", "run": f"echo begun; cat {gate}"})
    with subprocess.Popen(
        line(common, job_id, "-f"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as follows:
        assert follows.stdout
        assert follows.stdout.readline() == "begun\n"
        follows.send_signal(signal.SIGINT)
        _, told = follows.communicate(timeout=SECONDS)
    assert follows.returncode == 130
    assert "Stopped watching" in told
    assert status(common, job_id) == "running"
    gate.write_text("")


def test_a_line_that_is_still_being_written_is_shown_but_comes_once_when_it_is_followed(
    common: Settings, short_tmp: Path
) -> None:
    gate = short_tmp / "gate"
    os.mkfifo(gate)
    begun = short_tmp / "begun"
    command = f"echo whole; printf 'half '; touch {begun}; cat {gate}; echo done"
    job_id = submitted(common, short_tmp, {"name": "tests", "run": command})
    until(begun.exists)
    assert logs(common, job_id).stdout == "whole\nhalf \n"
    with subprocess.Popen(line(common, job_id, "-f", "-n", "5"), stdout=subprocess.PIPE, text=True) as follows:
        assert follows.stdout
        assert follows.stdout.readline() == "whole\n"
        gate.write_text("")
        assert follows.stdout.read() == "half done\n"
        assert follows.wait(SECONDS) == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
def test_stderr_that_cannot_be_written_has_the_code_of_lost_output(common: Settings, short_tmp: Path) -> None:
    job_id = ended(common, short_tmp, {"name": "tests", "run": "echo wrong >&2"})
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            line(common, job_id), stdout=subprocess.DEVNULL, stderr=full, check=False, timeout=SECONDS
        )
    assert done.returncode == 6


def test_a_long_line_is_copied_whole(common: Settings, short_tmp: Path) -> None:
    job_id = ended(common, short_tmp, {"name": "long", "run": "printf '%9000d\\n%9000d' 1 2"})
    assert logs(common, job_id).stdout == f"{1:9000d}\n{2:9000d}\n"
    assert logs(common, job_id, "-n", "1").stdout == f"{2:9000d}\n"


def test_a_search_without_a_match_has_the_exit_code_1_as_grep_has(common: Settings, short_tmp: Path) -> None:
    job_id = ended(common, short_tmp, {"name": "tests", "run": "echo one"})
    none = logs(common, job_id, "--grep", "tw+o")
    assert (none.returncode, none.stdout, none.stderr) == (1, "", "")
    assert logs(common, job_id, "--grep", "on+e").returncode == 0
    assert logs(common, job_id, "--grep", "tw+o", "-f").returncode == 1


def test_ctrl_c_ends_a_wait_and_says_that_the_job_goes_on(common: Settings, short_tmp: Path) -> None:
    gate = short_tmp / "gate"
    os.mkfifo(gate)
    job_id = submitted(common, short_tmp, {"name": "tests", "run": f"cat {gate}"})
    with Terminal(common, "wait", job_id) as terminal:
        terminal.until("running tests")
        terminal.process.send_signal(signal.SIGINT)
        code = terminal.end()
    assert (code, terminal.screen.text.strip()) == (130, "Stopped waiting; that does not touch the jobs.")
    assert status(common, job_id) == "running"
    gate.write_text("")
