"""The streams of the command: what is a message, what is a log, and how both are written."""

import errno
import io
import os

import pytest

from podium.cli.commands.demo.console import Terminal
from podium.cli.messages import Messages
from podium.cli.streams import Output, OutputLost
from podium.cli.terminal.door import clean, in_line, print_json

HOSTILE = "a\x1b]0;OWNED\x07b\u202ec\u200bd"


def written(reading: int, messages: Messages) -> bytes:
    """Return what messages wrote."""
    messages.flush()
    messages.end()
    return os.read(reading, 65536)


def test_a_log_shows_what_it_quotes_and_does_nothing_to_a_terminal(pipe: tuple[int, int]) -> None:
    log = Messages(pipe[1], "utf-8")
    log.is_log = True
    log.write(f"event=x reason={HOSTILE}\n")
    assert written(pipe[0], log) == rb"event=x reason=a\x1b]0;OWNED\x07b\u202ec\u200bd" + b"\n"


def test_a_message_keeps_the_styles_of_the_command(pipe: tuple[int, int]) -> None:
    messages = Messages(pipe[1], "utf-8")
    messages.write("\x1b[1mbold\x1b[0m")
    assert written(pipe[0], messages) == b"\x1b[1mbold\x1b[0m"


@pytest.mark.parametrize(
    ("encoding", "shown"), [("utf-8", "✓ é ☃"), ("latin-1", r"+ é \u2603"), ("ascii", r"+ \xe9 \u2603")]
)
def test_what_an_encoding_has_not_is_written_in_plain_characters(
    pipe: tuple[int, int], encoding: str, shown: str
) -> None:
    messages = Messages(pipe[1], encoding)
    messages.write("✓ é ☃\n")
    assert written(pipe[0], messages).decode(encoding) == f"{shown}\n"


class FullDisk(io.RawIOBase):
    """A file that takes nothing."""

    def writable(self) -> bool:
        return True

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_output_is_lost_once_and_says_why() -> None:
    out = Output(FullDisk(), encoding="utf-8", write_through=True)  # type: ignore[arg-type]  # unbuffered is enough
    with pytest.raises(OutputLost, match="No space left on device"):
        out.write("x")
    out.write("more")
    out.flush()
    assert out.lost is not None
    assert not out.lost.reader_has_gone


def test_whatever_rich_draws_is_only_text() -> None:
    file = io.StringIO()
    terminal = Terminal(file=file, force_terminal=True, color_system=None)
    terminal.print(HOSTILE)
    assert not set(file.getvalue()) & set("\x1b\x07\u202e\u200b")


def test_a_path_that_is_not_text_is_shown_and_no_line_is_forged() -> None:
    assert clean("/home/\udcff") == r"/home/\udcff"
    assert in_line(f"{HOSTILE}\nfailed") == "abcd failed"


def test_json_loses_nothing_that_a_terminal_cannot_show(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"é": HOSTILE})
    shown = capsys.readouterr().out
    assert shown.isascii()
    assert "\\u202e" in shown
    print_json({"é": "☃"})
    assert capsys.readouterr().out == '{\n  "é": "☃"\n}\n'
