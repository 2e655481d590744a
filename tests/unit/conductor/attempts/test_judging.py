"""What is said of an exit code."""

import pytest

from podium.conductor.attempts.judging import exit_text


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (3, "exit code 3"),
        (127, "exit code 127, usually a program that is not installed or whose name is wrong"),
        (128, "exit code 128"),
        (137, "exit code 137, which usually means signal 9 (KILL)"),
        (143, "exit code 143, which usually means signal 15 (TERM)"),
        (192, "exit code 192"),
        (255, "exit code 255"),
    ],
)
def test_a_signal_is_named_as_what_may_have_ended_it(code: int, text: str) -> None:
    assert exit_text(code) == text
