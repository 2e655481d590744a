"""Completion: what may stand where the cursor is, for the scripts in `shells/`, which ask with `podium __complete`.

    podium __complete bash LINE BREAKS        the line up to the cursor, and where readline breaks words
    podium __complete zsh|fish WORD... WORD   the words after `podium`; the last one is that at the cursor, and may be empty

Each candidate is a line; for zsh and fish a tab and what it is follow. Whatever goes wrong, nothing is said: no error belongs
into a line that somebody types.
"""

import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from podium.cli.completing import bash
from podium.cli.completing.candidate import Candidate
from podium.cli.completing.candidates import candidates
from podium.cli.terminal.door import data, in_line

SECONDS = 1.0  # a shell waits for the answer
SAYS_CHARS = 70


def complete(arguments: Sequence[str]) -> int:
    """Print the candidates; return 0, after `SECONDS` at the latest."""
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    with suppress(BaseException):  # nothing may be said
        for each in _lines(*arguments):
            data(each)
        sys.stdout.flush()
    signal.setitimer(signal.ITIMER_REAL, 0)  # at the end of the interpreter its handler is gone
    return 0


def _lines(shell: str, *words: str) -> list[str]:
    if shell == "bash":
        typed = bash.typed(words[0], words[1])
        return [bash.written(each.text, typed) for each in _fitting(typed.words, typed.value)]
    *before, current = words
    current = current.lstrip("'\"") if shell == "fish" else current  # of a quote that is still open
    return [_described(each) for each in _fitting(before, current)]


def _fitting(before: Sequence[str], current: str) -> list[Candidate]:
    """Return the candidates that begin with what is typed, and that can be typed: what cannot be seen can not."""
    found = candidates(before, current)
    return [each for each in dict.fromkeys(found) if each.text.startswith(current) and each.text.isprintable()]


def _described(candidate: Candidate) -> str:
    says = in_line(candidate.says).replace("\t", " ")
    return f"{candidate.text}\t{says if len(says) <= SAYS_CHARS else says[:SAYS_CHARS] + '…'}".rstrip("\t")
