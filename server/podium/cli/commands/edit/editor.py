"""The editor of whoever runs the command, on a text in a folder that is theirs alone."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from podium.errors import InvalidArguments

USUAL = ("editor", "vi", "nano")  # on a terminal, where neither $VISUAL nor $EDITOR names one
MOST_BYTES = 16 * 1024 * 1024  # read of what an editor left


def editor() -> list[str]:
    """Return the words that start the editor.

    Raises:
        InvalidArguments: there is none, or what is named cannot be found.
    """
    for name in ("VISUAL", "EDITOR"):
        if given := os.environ.get(name, "").strip():
            try:
                words = shlex.split(given)
            except ValueError as error:
                raise InvalidArguments(f"${name} is {given!r}: {error}.", fix="Correct it.") from None
            if not words or shutil.which(words[0]) is None:
                raise InvalidArguments(f"${name} is {given!r}, which cannot be run.", fix="Set it to your editor.")
            return words
    on_terminal = sys.stdin is not None and sys.stdin.isatty()
    found = next((each for each in USUAL if shutil.which(each)), None) if on_terminal else None
    if found is None:
        raise InvalidArguments(
            "No editor is known: neither $VISUAL nor $EDITOR is set.",
            fix="Set one of them, for example EDITOR=nano. Or give the whole score: podium edit JOB --score FILE",
        )
    return [found]


class Draft:
    """A text in a file of one's own, mode 600 in a folder of mode 700: editors leave copies beside it, or replace it."""

    def __init__(self, name: str, text: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="podium-edit-"))
        self.path = self._folder / f"{name}.yaml"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 -- a descriptor, not a path
            file.write(text)

    def opened(self, words: list[str]) -> int:
        """Let the editor have it, and return the editor's exit code when it has ended.

        Raises:
            InvalidArguments: the editor cannot be started.
        """
        # Ctrl-C is for the editor. A handler, as it would inherit that the signal is ignored.
        before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGQUIT)}
        try:
            return subprocess.run([*words, str(self.path)], check=False).returncode  # noqa: S603 -- the user's own editor
        except OSError as error:
            raise InvalidArguments(
                f"The editor {words[0]} cannot be started: {error.strerror}.", fix="Set $EDITOR to your editor."
            ) from None
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def text(self) -> str:
        """Return what is in it now.

        Raises:
            InvalidArguments: it was removed, is no text, or is very large.
        """
        try:
            data = self.path.read_bytes()
            if len(data) <= MOST_BYTES:
                return data.decode()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise InvalidArguments(f"{self.path} cannot be read after the edit: {why}.", fix="Edit again.") from None
        raise InvalidArguments(f"{self.path} is larger than {MOST_BYTES} bytes.", fix="Edit again.")

    def drop(self) -> None:
        """Remove it, and what an editor left beside it."""
        shutil.rmtree(self._folder, ignore_errors=True)
