"""What a terminal shows after the bytes of a command: a real pty, an emulator of a terminal (pyte), and golden files of its screens.

A function's output, drawn from views that are always the same at a time that is always the same, at both widths:

    def test_a_list_of_thirty_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
        with time_stands_still(monkeypatch):  # it is NOW, in UTC
            for columns in WIDTHS:
                check_screen("list-30", drawn(lambda: show_page(page), columns))

A command at a conductor; what differs from run to run is replaced by something of the same width:

    shown = in_terminal(home, "show", job_id, columns=120)
    assert shown.code == 0
    check_screen("show-real", shown.screen, {**CLOCK, re.escape(job_id): "short-xxxxx"})

A command that goes on, with keys:

    with Terminal(home, "top", columns=80, lines=24) as terminal:
        terminal.until("running")
        terminal.type("q")
        assert terminal.end() == 0

Without a terminal: `in_pipe(home, "list").plain` is the text, and fails if a control sequence is in it; `in_terminal(...,
NO_COLOR="1")` and `TERM="dumb"` are variants. `PODIUM_UPDATE_GOLDEN=1` writes the files of `check_screen` anew.
"""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from types import SimpleNamespace
from typing import Any

import pytest
from pyte.screens import Screen as _Emulated
from pyte.streams import ByteStream

from podium.settings import Settings
from tests.support import nursed
from tests.support.golden import GOLDEN, UPDATE

WIDTHS = (80, 120)
TALL = 500  # lines: a command that only prints scrolls nothing away
NOW = "2026-03-04T15:00:00.000Z"
NOW_SECONDS = 1772636400.0
SECONDS = 45.0
CLOCK = {r"\b\d\d:\d\d:\d\d\b": "HH:MM:SS"}
"""Stands for the times of the day of a real run."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class _Emulator(_Emulated):
    """pyte's screen, which also knows faint letters: it keeps them as blinking ones, which no command has."""

    def select_graphic_rendition(self, *attrs: int, **modes: Any) -> None:
        """Change how the next letters look."""
        known = {2: [5], 22: [22, 25]}
        super().select_graphic_rendition(*(each for attr in attrs for each in known.get(attr, [attr])), **modes)


class Screen:
    """What a terminal of so many columns and lines shows. Feed it what a command writes."""

    def __init__(self, columns: int, lines: int = TALL, data: bytes = b"") -> None:
        self.columns = columns
        self._screen = _Emulator(columns, lines)
        self._stream = ByteStream(self._screen)
        self.feed(data)

    def feed(self, data: bytes) -> None:
        """Show more."""
        self._stream.feed(data)

    def resize(self, columns: int, lines: int) -> None:
        """Become a terminal of another size."""
        self.columns = columns
        self._screen.resize(lines, columns)

    @property
    def cursor_hidden(self) -> bool:
        """Whether the cursor is hidden."""
        return bool(self._screen.cursor.hidden)

    @property
    def lines(self) -> list[str]:
        """The lines without the blanks at their ends, and without the empty lines at the end."""
        shown = [row.rstrip() for row in self._screen.display]
        while shown and not shown[-1]:
            shown.pop()
        return shown

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)

    @property
    def styles(self) -> list[str]:
        """How the letters look that look unusual, equal lines together: "3: green '✓ done', faint '1 s'"."""
        looks = [(self._style_of(number), number + 1) for number in range(len(self.lines))]
        told = []
        for shown, group in groupby(looks, lambda each: each[0]):
            numbers = [number for _, number in group]
            which = f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else f"{numbers[0]}"
            told += [f"{which}: {shown}"] if shown else []
        return told

    @property
    def runs(self) -> list[list[tuple[str, str]]]:
        """The lines, each as its runs of letters that look the same: how they look, "" for the usual, and the text."""
        return [self._runs_of(number) for number in range(len(self.lines))]

    def _style_of(self, number: int) -> str:
        runs = self._runs_of(number)
        return ", ".join(f"{style} {text.strip()!r}" for style, text in runs if style and text.strip())

    def _runs_of(self, number: int) -> list[tuple[str, str]]:
        row = self._screen.buffer[number]
        cells = [row[at] for at in range(self.columns)]
        return [(style, "".join(cell.data for cell in run)) for style, run in groupby(cells, _look)]


def _look(cell: Any) -> str:
    """Return how a cell of the emulator looks, "" for a usual one."""
    on = [name for name in ("bold", "italics", "underscore", "reverse", "strikethrough") if getattr(cell, name)]
    faint = ["faint"] if cell.blink else []
    behind = [f"on {cell.bg}"] if cell.bg != "default" else []
    colour = {"default": [], "brown": ["yellow"]}.get(cell.fg, [cell.fg])  # the emulator's word for it
    return " ".join([*on, *faint, *colour, *behind])


@dataclass(frozen=True)
class Shown:
    """What a command wrote, to a terminal of so many columns or to a pipe, and its exit code."""

    code: int
    data: bytes
    columns: int = 80

    @property
    def screen(self) -> Screen:
        """What a terminal shows of it, however long it is."""
        return Screen(self.columns, data=self.data)

    @property
    def plain(self) -> str:
        """The text; fails if something in it is no text, such as a colour."""
        text = self.data.decode().replace("\r\n", "\n")
        assert not _CONTROL.search(text), repr(text)
        return text


def check_screen(name: str, screen: Screen, stand_ins: Mapping[str, str] | None = None) -> None:
    """Compare a screen with `tests/golden/screens/<name>-<columns>.txt`.

    `stand_ins`: pattern -> what stands for it, cut or stretched to the same width.
    """
    path = GOLDEN / "screens" / f"{name}-{screen.columns}.txt"
    text = "\n".join([*screen.lines, "=" * screen.columns, *screen.styles]) + "\n"
    for pattern, stand_in in (stand_ins or {}).items():
        text = re.sub(pattern, lambda found, put=stand_in: _as_wide(put, len(found[0])), text)  # type: ignore[misc]
    if os.environ.get(UPDATE):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is missing; {UPDATE}=1 writes it"
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs; when that is meant, {UPDATE}=1 writes it"


def _as_wide(text: str, width: int) -> str:
    return text[:width].ljust(width, text[-1])


@contextmanager
def time_stands_still(patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let it be `NOW` for whatever tells times and ages, and the reader live in UTC."""
    with patch.context() as patched:
        patched.setattr("podium.times.time", SimpleNamespace(time=lambda: NOW_SECONDS))
        patched.setenv("TZ", "UTC")
        time.tzset()
        try:
            yield
        finally:
            patched.undo()
            time.tzset()


def drawn(draw: Callable[[], object], columns: int, lines: int = TALL, **environment: str) -> Screen:
    """Return what a terminal shows after a function of ours has printed, on stdout and stderr, in this process.

    The environment is that of a usual terminal; `environment` changes it, `NO_COLOR="1"` for instance.
    """
    data = bytearray()
    ours, theirs = _pty(columns, lines)
    reading = threading.Thread(target=lambda: data.extend(_to_the_end(ours)))
    reading.start()
    try:
        with pytest.MonkeyPatch.context() as patch, open(theirs, "w", encoding="utf-8") as stream:  # noqa: PTH123
            for key, value in _environment(columns, environment).items():
                patch.setenv(key, value)
            patch.setattr(sys, "stdout", stream)
            patch.setattr(sys, "stderr", stream)
            draw()
    finally:
        reading.join(SECONDS)
        os.close(ours)
    return Screen(columns, lines, bytes(data))


def _environment(columns: int, changes: Mapping[str, str]) -> dict[str, str]:
    return {"TERM": "xterm-256color", "COLUMNS": str(columns), **changes}


class Terminal:
    """A command on a home in a terminal of its own, as its stdin, stdout and stderr. Use it as a context manager."""

    def __init__(
        self,
        home: Settings,
        *words: str,
        columns: int = 80,
        lines: int = TALL,
        in_home: bool = True,
        line: Sequence[str] = (),
        **environment: str,
    ) -> None:
        """Start the command, with `--home` at its end if it is `in_home`; or a `line` in place of it."""
        self.screen = Screen(columns, lines)
        self.data = bytearray()
        self._terminal, theirs = _pty(columns, lines)
        env = {**os.environ, "TERM": "xterm-256color", "TZ": "UTC", "LC_ALL": "C.UTF-8", **environment}
        self.process = subprocess.Popen(
            line or _line(home, words, in_home=in_home), env=env, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(SECONDS)
        os.close(self._terminal)

    def until(self, wanted: str) -> Screen:
        """Return the screen as soon as it shows a text. AssertionError if the command ends before, or after a time."""
        while wanted not in self.screen.text:
            assert self._read(), f"it ended without {wanted!r}:\n{self.screen.text}"
        return self.screen

    def changes(self) -> Iterator[Screen]:
        """Yield the screen whenever the command has written, until it ends."""
        while self._read():
            yield self.screen

    def until_gone(self, unwanted: str) -> Screen:
        """Return the screen as soon as it shows a text no more; fails as `until`."""
        while unwanted in self.screen.text:
            assert self._read(), f"it ended with {unwanted!r}:\n{self.screen.text}"
        return self.screen

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows what is typed, and gives it to the command by the line, as it does for a shell."""
        modes = int(termios.tcgetattr(self._terminal)[3])
        return bool(modes & termios.ECHO and modes & termios.ICANON)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._terminal, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        """Make the window another size; the command gets no signal from us but what the kernel sends."""
        self.screen.resize(columns, lines)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def end(self) -> int:
        """Return the exit code when the command has ended by itself; what it wrote is on the screen."""
        while self._read():
            pass
        return self.process.wait(SECONDS)

    def _read(self) -> bool:
        """Show what comes next; False at the end."""
        assert select.select([self._terminal], [], [], SECONDS)[0], f"nothing more comes:\n{self.screen.text}"
        try:
            part = os.read(self._terminal, 65536)
        except OSError:  # EIO: nobody has the other side any more
            return False
        self.data += part
        self.screen.feed(part)
        return bool(part)


def in_terminal(
    home: Settings, *words: str, columns: int = 80, lines: int = TALL, in_home: bool = True, **environment: str
) -> Shown:
    """Run a command on a home to its end in a terminal, with `--home` at its end if it is `in_home`."""
    with Terminal(home, *words, columns=columns, lines=lines, in_home=in_home, line=(), **environment) as terminal:
        code = terminal.end()
        return Shown(code, bytes(terminal.data), columns)


def in_pipe(home: Settings, *words: str, given: str = "", in_home: bool = True, **environment: str) -> Shown:
    """Run a command on a home to its end with `given` on its stdin and a pipe for what it writes, stdout before stderr."""
    env = {**os.environ, "TERM": "xterm-256color", "TZ": "UTC", **environment}
    done = subprocess.run(
        _line(home, words, in_home=in_home),
        env=env,
        input=given.encode(),
        capture_output=True,
        check=False,
        timeout=SECONDS,
    )
    return Shown(done.returncode, done.stdout + done.stderr)


def _line(home: Settings, words: tuple[str, ...], *, in_home: bool) -> list[str]:
    return nursed.command("commands", *words, *(["--home", str(home.home)] if in_home else []))


def _pty(columns: int, lines: int) -> tuple[int, int]:
    """Return both ends of a terminal of a size, ours first."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    return ours, theirs


def _to_the_end(terminal: int) -> bytes:
    """Return what comes until nobody has the other side any more."""
    data = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # EIO
            return data
        if not part:
            return data
        data += part
