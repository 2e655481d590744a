"""Collecting every problem of a score, each with its line, column and field, in the words of the score's author."""

import difflib
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from podium.contract.models import ProblemView
from podium.errors import ScoreInvalid
from podium.score.document import Document, Loc

MAX_LISTED = 100
MAX_LOOKS = 100  # for words that are near
_FIX = "Correct the score and check it again with validate_score."


def field_name(loc: Loc) -> str:
    """Return `sheets[0].run` for ("sheets", 0, "run")."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return "".join(parts).removeprefix(".")


def score_invalid(name: str, problems: Sequence[ProblemView], total: int) -> ScoreInvalid:
    """Return the error that carries these problems; its message holds the first one."""
    first = problems[0]
    place = f"line {first.line}, column {first.column}, " if first.line else ""
    more = f" (and {total - 1} more)" if total > 1 else ""
    message = f"{name} is not valid: {place}{first.field + ': ' if first.field else ''}{first.message}{more}."
    listed = [problem.model_dump() for problem in problems]
    return ScoreInvalid(message, fix=_FIX, problems=listed, problems_total=total)


def invalid(name: str, message: str, *, line: int = 0, column: int = 0) -> ScoreInvalid:
    """Return the error for a text that cannot be read at all."""
    return score_invalid(name, [ProblemView(line=line, column=column, message=message)], 1)


class Problems:
    """The problems found so far. A problem that is found again, for example by each instance of a sheet, counts once."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._found: dict[tuple[Loc, str], ProblemView] = {}
        self._locs: set[Loc] = set()
        self._prefixes: set[Loc] = set()
        self._looks_left = MAX_LOOKS

    def __len__(self) -> int:
        return len(self._found)

    def add(self, loc: Loc, message: str, *, allowed: Iterable[str] = (), key: bool = False) -> None:
        """Note a problem of the value at `loc`, or with `key` of its key."""
        self._add(loc, message, self.document.locate(loc, key=key), allowed)

    def add_in_text(self, loc: Loc, message: str, line: int) -> None:
        """Note a problem in the `line`-th line of the text at `loc`."""
        self._add(loc, message, self.document.locate_text(loc, line), ())

    def add_outside(self, message: str, *, allowed: Iterable[str] = ()) -> None:
        """Note a problem of something that is not in the score's text, such as an argument."""
        self._add((), message, (0, 0), allowed)

    def at(self, loc: Loc) -> bool:
        """Tell whether there is a problem at `loc` itself."""
        return loc in self._locs

    def under(self, loc: Loc) -> bool:
        """Tell whether there is a problem at `loc` or inside it."""
        return loc in self._prefixes

    def near(self, word: str, known: Iterable[str]) -> str:
        """Return a clause that names what `word` was perhaps meant to be, or "". Looking takes long, so only a few times."""
        if self._looks_left <= 0:
            return ""
        self._looks_left -= 1
        found = difflib.get_close_matches(word[:100], list(islice(known, 1000)), n=3)
        return f"; did you mean {' or '.join(found)}?" if found else ""

    def error(self, name: str) -> ScoreInvalid:
        """Return the error with the problems in the order of their lines, at most `MAX_LISTED` of them."""
        ordered = sorted(self._found.values(), key=lambda problem: (problem.line, problem.column))
        return score_invalid(name, ordered[:MAX_LISTED], len(ordered))

    def _add(self, loc: Loc, message: str, place: tuple[int, int], allowed: Iterable[str]) -> None:
        view = ProblemView(
            line=place[0], column=place[1], field=field_name(loc), message=message, allowed=sorted(allowed)
        )
        self._found.setdefault((loc, message), view)
        self._locs.add(loc)
        self._prefixes |= {loc[:length] for length in range(len(loc) + 1)}


def describe(value: Any) -> str:
    """Return what a value is, for "should be text, not …"."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return f"the text {value[:40]!r}" if isinstance(value, str) else f"the number {value}"
