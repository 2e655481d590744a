"""The harness that shows what a reader sees, tried on what commands print."""

import pytest

from podium.cli.terminal.door import say
from podium.settings import Settings
from tests.support.screens import WIDTHS, Screen, Terminal, drawn, in_pipe, in_terminal


def test_a_screen_has_letters_and_how_they_look() -> None:
    screen = Screen(20, 4, b"\x1b[1mtwo\x1b[0m \x1b[2;32mwords\x1b[0m\r\n\r\n\x1b[31mno\x1b[0m\x1b[2Dyes")
    assert screen.lines == ["two words", "", "yes"]
    assert screen.styles == ["1: bold 'two', faint green 'words'"]


def test_wide_letters_take_two_places_on_a_screen() -> None:
    assert Screen(6, 4, "測試測試".encode()).lines == ["測試測", "試"]


@pytest.mark.parametrize("columns", WIDTHS)
def test_what_a_function_says_is_drawn_as_wide_as_asked_for(columns: int) -> None:
    screen = drawn(lambda: say("x" * 100 + "\n" + "y" * 9000, style="red"), columns)
    assert screen.lines[0] == "x" * min(100, columns)
    assert screen.styles[0] == f"1: red {'x' * min(100, columns)!r}"
    assert sum(line.count("y") for line in screen.lines) == 9000


def test_colours_stay_out_of_a_pipe_and_can_be_switched_off(home: Settings) -> None:
    shown = drawn(lambda: say("all is well", style="red"), 80, NO_COLOR="1")
    assert (shown.lines, shown.styles) == (["all is well"], [])
    assert "podium start" in in_pipe(home, "status").plain


def test_a_command_runs_in_a_terminal_of_its_own(home: Settings) -> None:
    shown = in_terminal(home, "status")
    assert shown.code == 5
    assert "podium start" in shown.screen.text
    with Terminal(home, "status") as terminal:
        assert terminal.until("podium start").lines
        assert terminal.end() == 5
