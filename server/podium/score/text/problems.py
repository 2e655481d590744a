"""Collecting every problem of a score, each with its line, column and field, in the words of the score's author."""

import difflib
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from podium.contract.models import ProblemView
from podium.errors import ScoreInvalid
from podium.score.text.document import Document, Loc

MAX_LISTED = 100
MAX_LOOKS = 100  # for words that are near
_FEW = 5  # equal problems that are listed one by one
# How alike words must be, by difflib. Of our own words `rnu` is near `run`; of variables `target` is not near `stage`.
_LIKE_OURS = 0.65
LIKE_VARIABLES = 0.75
_FIX = "Correct the score and check it again with validate_score."
FIX_VARIABLES = (
    "Correct the score and check it again with validate_score; or give start_job the variables, with dry_run=true to check "
    "first."
)


def field_name(loc: Loc) -> str:
    """Return `sheets[0].run` for ("sheets", 0, "run")."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return "".join(parts).removeprefix(".")


def score_invalid(name: str, problems: Sequence[ProblemView], total: int, fix: str = _FIX) -> ScoreInvalid:
    """Return the error that carries these problems; its message holds the first one."""
    first = problems[0]
    place = f"line {first.line}, column {first.column}, " if first.line else ""
    more = f" (and {total - 1} more)" if total > 1 else ""
    message = f"{name} is not valid: {place}{first.field + ': ' if first.field else ''}{first.message}{more}."
    listed = [problem.model_dump() for problem in problems]
    return ScoreInvalid(message, fix=fix, problems=listed, problems_total=total)


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
        self._near: dict[tuple[str, tuple[str, ...], int, float], str] = {}
        self.fix = _FIX  # what to do about them all

    def __len__(self) -> int:
        return len(self._found)

    def add(self, loc: Loc, message: str, *, allowed: Iterable[str] = (), key: bool = False) -> None:
        """Note a problem of the value at `loc`, or with `key` of its key."""
        self._add(loc, message, self.document.locate(loc, key=key), allowed)

    def add_in_text(self, loc: Loc, message: str, line: int) -> None:
        """Note a problem in the `line`-th line of the text at `loc`."""
        self._add(loc, message, self.document.locate_text(loc, line), ())

    def at(self, loc: Loc) -> bool:
        """Return whether there is a problem at `loc` itself."""
        return loc in self._locs

    def under(self, loc: Loc) -> bool:
        """Return whether there is a problem at `loc` or inside it."""
        return loc in self._prefixes

    def near(self, word: str, known: Iterable[str], like: float = _LIKE_OURS) -> str:
        """Return a clause that names what `word` was perhaps meant to be, or "". Looking takes long, so only a few times."""
        asked = word[:100], tuple(islice(known, 1000)), 3, like
        if asked not in self._near:
            if len(self._near) >= MAX_LOOKS:
                return ""
            found = difflib.get_close_matches(*asked)
            self._near[asked] = f"; did you mean {' or '.join(found)}?" if found else ""
        return self._near[asked]

    def error(self, name: str) -> ScoreInvalid:
        """Return the error with the problems in the order of their lines, at most `MAX_LISTED` of them.

        What is wrong in the same way in many places is one problem that names the lines, and a list of what is allowed is
        given once: sixty sheets with the same wrong key are to be read, not scrolled.
        """
        alike: dict[tuple[Any, ...], list[ProblemView]] = {}
        for (loc, message), problem in self._found.items():
            alike.setdefault((message, *(part for part in loc if not isinstance(part, int))), []).append(problem)
        told = [each for group in alike.values() for each in _merged(sorted(group, key=_place))]
        told.sort(key=_place)
        return score_invalid(name, _allowed_once(told[:MAX_LISTED]), len(told), self.fix)

    def _add(self, loc: Loc, message: str, place: tuple[int, int], allowed: Iterable[str]) -> None:
        view = ProblemView(
            line=place[0], column=place[1], field=field_name(loc), message=message, allowed=sorted(allowed)
        )
        self._found.setdefault((loc, message), view)
        self._locs.add(loc)
        self._prefixes |= {loc[:length] for length in range(len(loc) + 1)}


def _place(problem: ProblemView) -> tuple[int, int]:
    return problem.line, problem.column


def _merged(group: list[ProblemView]) -> list[ProblemView]:
    """Return a few equal problems as they are, and many as the first one, which says how many there are and where."""
    if len(group) <= _FEW:
        return group
    lines = ", ".join(str(problem.line) for problem in group[:_FEW])
    message = f"{group[0].message} (in {len(group)} places, lines {lines}, …)"
    return [group[0].model_copy(update={"message": message})]


def _allowed_once(problems: Sequence[ProblemView]) -> list[ProblemView]:
    """Return the problems with each list of what is allowed only where it comes first."""
    seen: set[tuple[str, ...]] = set()
    found = []
    for problem in problems:
        allowed = tuple(problem.allowed)
        found.append(problem.model_copy(update={"allowed": []}) if allowed in seen else problem)
        seen.add(allowed)
    return found


def describe(value: Any) -> str:
    """Return what a value is, for "should be text, not …"."""
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return f"the text {value[:40]!r}" if isinstance(value, str) else f"the number {value}"
