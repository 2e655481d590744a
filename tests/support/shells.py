"""Real shells at a real terminal: what is on the line after something was typed and completed with the tabulator."""

import os
import pty
import select
import shlex
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from tests.support.nursed import command

SECONDS = 60.0  # a busy machine; each wait ends as soon as the shell has done its part
SHELLS = ("bash", "zsh", "fish")
_SHOW, _CLEAR = "\x14", "\x15"  # ^T writes the line to a file, ^U empties it
_READY = "ready-for-it"
_PROGRAMS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
_SET_UP = {
    "bash": "source <(podium completion bash); show() {{ printf '%s\\n' \"$READLINE_LINE\" >> {out}; }}; "
    "bind -x '\"\\C-t\": show'; echo ready-for''-it",
    "zsh": "autoload -U compinit; compinit -u -D; source <(podium completion zsh); "
    "show() {{ print -r -- \"$BUFFER\" >> {out} }}; zle -N show; bindkey '^T' show; echo ready-for''-it",
    "fish": "podium completion fish | source; bind \\ct 'commandline >> {out}'; echo ready-for''-it",
}


def is_installed(shell: str) -> bool:
    """Return whether a shell is there."""
    return shutil.which(shell) is not None


class ShellSession:
    """An interactive shell that completes podium. Use it as a context manager."""

    def __init__(self, shell: str, folder: Path, environment: dict[str, str]) -> None:
        """`folder` is where the shell runs, its home, and where it keeps nothing."""
        self._out = folder / "line"
        self._out.write_text("")
        programs = folder / "programs"
        programs.mkdir()
        podium = programs / "podium"
        podium.write_text(f'#!/bin/sh\nexec {shlex.join(command("commands"))} "$@"\n', encoding="utf-8")
        podium.chmod(0o755)
        path = f"{programs}:{os.environ['PATH']}"
        variables = {"PATH": path, "HOME": str(folder), "TERM": "xterm", "LANG": "C.UTF-8", **environment}
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execvpe(shell, _PROGRAMS[shell], variables)  # noqa: S606
        self._type(_SET_UP[shell].format(out=self._out) + "\n")

    def __enter__(self) -> "ShellSession":
        self._until(lambda seen: _READY.encode() in seen)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._terminal)

    def completed(self, typed: str) -> str:
        """Type on an empty line, press the tabulator, and return what the line is then."""
        before = len(self._lines())
        self._type(f"{_CLEAR}{typed}\t{_SHOW}")
        self._until(lambda _: len(self._lines()) > before)
        return self._lines()[before]

    def _lines(self) -> Sequence[str]:
        return self._out.read_text(encoding="utf-8").split("\n")[:-1]

    def _type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def _until(self, done: Callable[[bytes], bool]) -> None:
        seen, ends = b"", time.monotonic() + SECONDS
        while not done(seen):
            assert time.monotonic() < ends, seen.decode(errors="replace")
            if select.select([self._terminal], [], [], 0.02)[0]:
                seen += (chunk := os.read(self._terminal, 65536))
                if b"\x1b[c" in chunk:  # a newer fish asks what terminal this is
                    self._type("\x1b[?62c")
