"""What all commands have in common on a terminal: lines that fit, plain marks in the locale C, one form for what comes next."""

import shlex
import sys

import pytest

from podium.cli.terminal.door import data, ink, line, parted
from podium.cli.terminal.following import following_text, show_following
from podium.cli.terminal.when import took
from podium.settings import Settings
from tests.support.podium_home import Conductor
from tests.support.screens import Terminal, drawn, in_pipe, in_terminal

WORDS = "one two three four five six seven eight nine ten eleven twelve"


@pytest.fixture
def home(shared_conductor: Conductor) -> Settings:
    return shared_conductor.settings


def run(home: Settings, command: str) -> list[str]:
    """Return the words that run a command as a job."""
    return ["run", "--home", str(home.home), "--", command]


def test_a_line_breaks_between_words_below_its_own_beginning() -> None:
    assert drawn(lambda: line(f"  {WORDS}"), 40).lines == [
        "  one two three four five six seven",
        "  eight nine ten eleven twelve",
    ]


def test_a_line_with_columns_goes_on_below_the_last_of_them() -> None:
    shown = drawn(lambda: ink([("! ", "yellow"), (f"home   {WORDS}", "")]), 40).lines
    assert shown == ["! home   one two three four five six", "         seven eight nine ten eleven", "         twelve"]


def test_a_path_that_is_too_long_stays_in_one_piece_and_so_does_data() -> None:
    path = "/very/long/" * 6
    assert "".join(drawn(lambda: line(f"socket: {path}"), 40).lines) == f"socket: {path}"
    assert drawn(lambda: data(f"{WORDS} {WORDS}"), 40).lines[0] == f"{WORDS} {WORDS}"[:40].rstrip()


def test_nothing_is_parted_in_a_pipe_and_no_word_is_lost() -> None:
    pieces = [(f"{WORDS} ", "bold"), (WORDS, "")]
    assert parted(pieces, None) == [pieces]
    made = [" ".join("".join(text for text, _ in each).split()) for each in parted(pieces, 20)]
    assert " ".join(made) == f"{WORDS} {WORDS}"
    assert all(len(each) <= 20 for each in made)


def test_what_something_took_has_one_precision() -> None:
    assert [took(each) for each in (0.004, 0.073, 1, 9.94, 9.96, 12.3, 200)] == [
        "0.0 s", "0.1 s", "1.0 s", "9.9 s", "10 s", "12 s", "3 min 20 s",
    ]  # fmt: skip


def test_what_comes_next_is_told_in_one_form() -> None:
    others = {"podium logs x -f": "shows its output", "podium cancel x": "ends the job and its processes"}
    assert following_text("podium wait x", others).splitlines() == [
        "next: podium wait x",
        "else: podium logs x -f  shows its output",
        "      podium cancel x   ends the job and its processes",
    ]
    narrow = drawn(lambda: show_following("podium wait x", others, 40), 40).lines
    assert narrow[1:3] == ["else: podium logs x -f", "        shows its output"]


@pytest.mark.parametrize(("over_all", "language"), [("C", "C.UTF-8"), ("", "POSIX")])
def test_a_terminal_in_the_locale_c_gets_ascii(home: Settings, over_all: str, language: str) -> None:
    with Terminal(
        home, *run(home, "true"), columns=100, in_home=False, LC_CTYPE="", LC_ALL=over_all, LANG=language
    ) as terminal:
        assert terminal.end() == 0
        assert bytes(terminal.data).isascii()
        assert "   + true" in terminal.screen.text


def test_a_pipe_keeps_its_bytes_in_the_locale_c(home: Settings) -> None:
    assert "naïve" in in_pipe(home, *run(home, "echo naïve; false"), in_home=False, LC_ALL="C").plain


@pytest.mark.parametrize("words", [["doctor"], ["status"], ["settings", "-v"]])
def test_no_word_but_a_path_is_broken_on_a_narrow_terminal(home: Settings, words: list[str]) -> None:
    shown = in_terminal(home, *words, columns=50).screen.text
    known = set(in_pipe(home, *words).plain.split())
    unbroken = [word for word in shown.split() if word.isalpha()]
    assert len(unbroken) > 3
    assert set(unbroken) <= known


def test_ctrl_z_takes_the_bar_away_and_fg_brings_it_back_and_a_kill_leaves_the_cursor(home: Settings) -> None:
    command = shlex.join([sys.executable, "-m", "podium", *run(home, "sleep 600")])
    line = ["setsid", "--ctty", "bash", "--norc", "-mc", f"{command}; echo to the shell; read; fg; echo over"]
    with Terminal(home, line=line, columns=80, lines=24) as terminal:
        job_id = terminal.until(" 0 of 1 ").text.split(":")[0]
        try:
            terminal.type("\x1a")
            assert " 0 of 1 " not in terminal.until("to the shell").text
            terminal.type("\n")
            assert terminal.until(" 0 of 1 ").text.count(" 0 of 1 ") == 1
            assert "to the shell" in terminal.screen.text
            assert not terminal.screen.cursor_hidden
        finally:
            in_pipe(home, "cancel", job_id)


def test_a_run_says_at_its_end_how_long_it_took(home: Settings) -> None:
    shown = in_pipe(home, *run(home, "true"), in_home=False).plain
    assert "completed: 1 of 1 sheet in 0." in shown
