"""`podium top`: its keys as changes of its state, its screens as golden files, and the whole on a terminal at a conductor."""

import json
import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.cli.commands.top.draw import draw, rows_of
from podium.cli.commands.top.keys import Todo, keys_in, press
from podium.cli.commands.top.state import State
from podium.cli.terminal.door import ink
from podium.cli.terminal.live import fitted
from podium.contract.results import ProcessHealth
from podium.settings import Settings
from tests.support.job_views import EVERY_STATE, LONG, WIDE, before, job
from tests.support.podium_home import Conductor, ask, until
from tests.support.screens import WIDTHS, Terminal, check_screen, drawn, in_pipe, time_stands_still

HEIGHT = 24


def state_of(count: int) -> State:
    """Return a state with so many running jobs, the first of them chosen."""
    state = State()
    state.take([job(f"nightly-{each:05}", "running", running=["tests"]) for each in range(count)], count)
    return state


def load(cpu: float, memory: float) -> ProcessHealth:
    return ProcessHealth(1, True, False, True, cpu_percent=cpu, memory_mb=memory)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with time_stands_still(monkeypatch):
        yield


def check(name: str, state: State) -> None:
    """Compare a state's screens at both widths with the golden files."""
    for columns in WIDTHS:

        def show(columns: int = columns) -> None:
            for line in draw(state, columns, HEIGHT):
                ink(fitted(line, columns))

        check_screen(name, drawn(show, columns))


def test_every_state_of_a_job_is_shown_with_running_ones_first() -> None:
    state = State(loads={"running-33333": load(187.4, 2311), "pausing-77777": load(0.4, 12)})
    state.take(EVERY_STATE, len(EVERY_STATE))
    state.choose(1)
    state.last = ("tests", "collected 174 items, 10 passed")
    check("top-states", state)


def test_three_hundred_jobs_scroll_with_the_chosen_one_in_sight() -> None:
    state = state_of(300)
    press(state, "end", rows_of(HEIGHT))
    check("top-300", state)


def test_ids_stay_whole_beside_long_and_wide_names() -> None:
    state = State()
    names = [job(f"{LONG[:40]}-x5rqa", "running", running=[LONG, WIDE]), job("b-22222", reason=f"{WIDE} " * 5)]
    state.take(names, 2)
    state.last = (WIDE, LONG * 3)
    check("top-names", state)


def test_a_page_of_output_the_question_and_the_help_have_screens_too() -> None:
    state = state_of(3)
    state.page, state.text = "logs", ["tests, attempt 1, stdout:", *(f"line {each}" for each in range(90))]
    press(state, "end", rows_of(HEIGHT))
    check("top-logs", state)
    press(state, "?", rows_of(HEIGHT))
    check("top-help", state)
    press(state, "q", rows_of(HEIGHT))
    press(state, "c", rows_of(HEIGHT))
    state.away = "The conductor is away; what runs goes on. No conductor is running."
    check("top-question", state)


def test_a_terminal_of_any_size_gets_no_more_than_it_has_room_for() -> None:
    state = state_of(30)
    for columns, height in ((1, 1), (20, 5), (500, 200)):
        lines = draw(state, columns, height)
        assert len(lines) <= height
        assert all(sum(len(text) for text, _ in fitted(line, columns)) <= columns for line in lines)


def test_keys_are_read_however_a_terminal_sends_them() -> None:
    assert keys_in(b"\x1b[A\x1bOBjk\x1b[5~\x1b[6~gG\x1b") == [
        "up", "down", "down", "up", "page up", "page down", "home", "end", "back",
    ]  # fmt: skip
    assert keys_in(b"\x1b[1;5Cq\xff") == ["", "q", "\ufffd"]


def test_the_chosen_job_stays_chosen_when_others_come_and_its_row_when_it_is_gone() -> None:
    state = state_of(3)
    press(state, "down", 10)
    chosen = state.chosen
    state.take([job("new-22222", "running", started_at=before(1)), *state.jobs], 4)
    assert (state.chosen, state.row) == (chosen, 2)
    state.take([each for each in state.jobs if each.job_id != chosen], 3)
    assert state.row == 2
    state.take([], 0)
    assert state.job is None
    assert press(state, "c", 10) == Todo()


def test_a_cancel_is_asked_for_the_job_that_was_chosen_then_and_only_y_is_yes() -> None:
    state = state_of(2)
    first = state.chosen
    for key, done in (("n", Todo()), ("q", Todo()), ("y", Todo("cancel", first))):
        assert press(state, "c", 10) == Todo()
        state.take([job("new-22222", "running", started_at=before(1)), *state_of(2).jobs], 3)
        assert press(state, key, 10) == done
        assert not state.question
    ended = State()
    ended.take([job()], 1)
    press(ended, "c", 10)
    assert ended.note == "nightly-x5rqa cannot be cancelled: it is completed."


def test_other_keys_are_for_the_chosen_job_or_go_back_before_they_quit() -> None:
    state = state_of(2)
    first = state.chosen
    assert [press(state, key, 10) for key in "prle"] == [
        Todo("pause", first), Todo("resume", first), Todo("logs", first), Todo("explain", first),
    ]  # fmt: skip
    press(state, "?", 10)
    assert press(state, "back", 10) == Todo()
    assert (state.page, press(state, "back", 10).what, press(state, "q", 10).what) == ("jobs", "", "quit")


@pytest.fixture
def gated(shared_conductor: Conductor, short_tmp: Path) -> Iterator[tuple[Settings, str]]:
    """Return the home of a conductor, and a job that runs until it is ended."""
    settings, gate = shared_conductor.settings, short_tmp / "gate"
    os.mkfifo(gate)
    path = short_tmp / "score.yaml"
    sheets = [
        {"name": "tests", "run": f"echo 'to see \x1b]0;OWNED\x07it'; cat {gate}"},
        {"name": "after", "run": "true"},
    ]
    path.write_text(json.dumps({"name": "watched", "sheets": sheets}))
    job_id = str(ask(settings.socket, "job.submit", {"config_path": str(path)})["job_id"])
    until(lambda: ask(settings.socket, "job.status", {"job_id": job_id})["podium"]["running"])
    yield settings, job_id
    ask(settings.socket, "job.cancel", {"job_id": job_id})


def test_keys_show_the_output_pause_and_cancel_and_the_terminal_is_given_back(gated: tuple[Settings, str]) -> None:
    home, job_id = gated
    with Terminal(home, "top", columns=100, lines=HEIGHT) as terminal:
        terminal.until(f"> {job_id}")
        terminal.until("tests: to see it")
        terminal.type("l")
        terminal.until(f"logs {job_id}")
        assert "tests, attempt 1, stdout:\nto see it" in terminal.screen.text
        terminal.type("q")
        terminal.until("pause  r resume")
        terminal.resize(80, 12)
        terminal.type("p")
        terminal.until("= pausing")
        terminal.type("c")
        terminal.until(f"Cancel {job_id} and end its processes? y/n")
        terminal.type("y")
        terminal.until("■ cancelled")
        assert terminal.screen.cursor_hidden
        terminal.type("q")
        assert terminal.end() == 0
        assert not terminal.screen.cursor_hidden
        assert b"OWNED" not in terminal.data
        assert bytes(terminal.data).rstrip().endswith(b"\x1b[?25h\x1b[?1049l")


def test_without_a_terminal_it_looks_once(gated: tuple[Settings, str]) -> None:
    home, job_id = gated
    shown = in_pipe(home, "top").plain
    assert re.search(rf"{job_id} +• running +0 of 2 .* running tests", shown)
    seen = json.loads(in_pipe(home, "top", "--json").plain)
    assert seen["jobs"][0]["job_id"] == job_id
    assert seen["loads"][job_id]["processes"] >= 1


def test_a_conductor_that_goes_away_and_comes_back_is_told(home: Settings, conductor: Conductor) -> None:
    with Terminal(home, "top", columns=80, lines=HEIGHT) as terminal:
        terminal.until("No jobs yet;")
        conductor.kill()
        terminal.until("! The conductor is away; what runs goes on. ")
        conductor.start()
        terminal.until_gone("! ")
        terminal.type("q")
        assert terminal.end() == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_gives_the_terminal_back(shared_conductor: Conductor, number: signal.Signals, code: int) -> None:
    with Terminal(shared_conductor.settings, "top", columns=80, lines=HEIGHT) as terminal:
        terminal.until("q quit")
        assert not terminal.echoes
        terminal.process.send_signal(number)
        assert terminal.end() == code
        assert not terminal.screen.cursor_hidden
        assert terminal.echoes


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_again(shared_conductor: Conductor) -> None:
    home = shared_conductor.settings
    top = shlex.join([sys.executable, "-m", "podium", "top", "--home", str(home.home)])
    line = ["setsid", "--ctty", "bash", "--norc", "-mc", f"{top}; echo to the shell; read; fg; echo over"]
    with Terminal(home, line=line, columns=80, lines=HEIGHT) as terminal:
        terminal.until("q quit")
        terminal.type("\x1a")
        terminal.until("to the shell")
        assert terminal.echoes
        assert not terminal.screen.cursor_hidden
        terminal.type("\n")
        terminal.screen.feed(b"\x1b[2J")
        terminal.until("q quit")
        assert not terminal.echoes
        terminal.type("\x03")
        terminal.end()
        assert terminal.echoes
