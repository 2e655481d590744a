"""Questions to whoever sits at the terminal."""

import sys
from collections.abc import Mapping

from podium.cli.terminal.door import line, prompt


def somebody_is_there() -> bool:
    """Return whether a question can be asked: it would be seen, and answered by hand."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def agreed(question: str) -> bool:
    """Ask, and return whether the answer is yes; an end of the input is a no."""
    return choice(question, {"y": "yes", "n": "no"}, default="n") == "y"


def choice(question: str, answers: Mapping[str, str], *, default: str) -> str:
    """Ask until the answer is one of `answers`, letter -> word, and return its letter; an empty one and the end are `default`."""
    letters = "/".join(each.upper() if each == default else each for each in answers)
    while True:
        prompt(f"{question} [{letters}] ")
        answer = sys.stdin.readline()
        if not answer:  # Ctrl-D
            line(stderr=True)
        word = answer.strip().lower()
        if word in {"", *answers, *answers.values()}:
            return next((letter for letter, name in answers.items() if word and word in {letter, name}), default)
        line(f"Answer {', '.join(f'{letter} for {name}' for letter, name in answers.items())}.", stderr=True)
