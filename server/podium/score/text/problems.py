"""Collecting every problem of a score, each with its line, column and field, in the words of the score's author; and notes.

A note is about something that is accepted and may mean something else than its author thinks. It is one sentence with its lines.
"""

import difflib
import sys
from collections.abc import Iterable
from itertools import islice
from operator import attrgetter
from typing import Any

from podium.contract.models import ProblemView
from podium.errors import ScoreInvalid
from podium.score.text.document import Document, Loc
from podium.score.text.quoting import Quotes
from podium.score.text.topics import explained, topic_of
from podium.texts.problems import FIX, score_invalid
from podium.texts.score_text import is_score

MAX_LISTED = 100
MAX_NOTES = 100
MAX_LOOKS = 100  # searches for words that are near
_FEW = 5  # equal problems that are listed one by one
_BY_PLACE = attrgetter("line", "column")
# How alike words must be, by difflib. Of our own words `rnu` is near `run`; of variables `target` is not near `stage`.
_LIKE_OURS = 0.65
LIKE_VARIABLES = 0.75
FIX_VARIABLES = "Correct the score and try again, or pass the variables to start_job (dry_run=true to check first)."


class Problems:
    """The problems found so far. A problem that is found again, for example by each instance of a sheet, counts once."""

    def __init__(self, document: Document, *, from_file: bool = False) -> None:
        """Of a file that is not taken for a score, no line is quoted: any of its owner's files may be named."""
        self.document = document
        self._quoted = not from_file or is_score(document.root)
        self._found: dict[tuple[Loc, str], ProblemView] = {}
        self._locs: set[Loc] = set()
        self._prefixes: set[Loc] = set()
        self._near: dict[tuple[str, tuple[str, ...], int, float], str] = {}
        self.fix = FIX  # what to do about them all
        self._notes: dict[str, set[int]] = {}  # the lines of each

    def __len__(self) -> int:
        return len(self._found)

    def add(
        self,
        loc: Loc,
        message: str,
        *,
        allowed: Iterable[str] = (),
        key: bool = False,
        text_line: int = 0,
        topic: str = "",
    ) -> None:
        """Note a problem of the value at `loc`, with `key` of its key, or with `text_line` of that line (from 1) of its text.

        `topic` is the one that explains what to write instead, if it is not that of the place.
        """
        line, column = self.document.locate_text(loc, text_line) if text_line else self.document.locate(loc, key=key)
        parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
        field = "".join(parts).removeprefix(".")  # such as sheets[0].run
        topic = topic or topic_of(loc, self.document.root, is_template=bool(text_line))
        view = ProblemView(line=line, column=column, field=field, message=message, allowed=sorted(allowed), topic=topic)
        self._found.setdefault((loc, message), view)
        self._locs.add(loc)
        self._prefixes |= {loc[:length] for length in range(len(loc) + 1)}

    def note(self, message: str, *locs: Loc) -> None:
        """Note what is accepted but may surprise; `locs` are its places. The same note again is one note with more lines."""
        self._notes.setdefault(message, set()).update(self.document.locate(loc)[0] for loc in locs)

    def notes(self) -> tuple[str, ...]:
        """Return the notes in the order of their lines, at most `MAX_NOTES` of them; those without a line come last."""
        places = {message: sorted(lines) for message, lines in self._notes.items()}
        ordered = sorted(places, key=lambda message: places[message][:1] or [sys.maxsize])
        return tuple(_at_lines(message, places[message]) for message in ordered[:MAX_NOTES])

    def at(self, loc: Loc) -> bool:
        """Return whether there is a problem at `loc` itself."""
        return loc in self._locs

    def under(self, loc: Loc) -> bool:
        """Return whether there is a problem at `loc` or inside it."""
        return loc in self._prefixes

    def near(self, word: str, known: Iterable[str], like: float = _LIKE_OURS) -> str:
        """Return a clause that names what `word` was perhaps meant to be, or "". Looking is slow, so it is limited."""
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
        told: list[ProblemView] = []
        for (message, *_), group in alike.items():
            group.sort(key=_BY_PLACE)
            if len(group) <= _FEW:
                told += group
            else:
                lines = ", ".join(str(problem.line) for problem in group[:_FEW])
                text = f"{message} (in {len(group)} places, lines {lines}, …)"
                told.append(group[0].model_copy(update={"message": text}))
        told.sort(key=_BY_PLACE)
        listed = self._listed(told[:MAX_LISTED])
        return score_invalid(name, listed, len(told), f"{self.fix} {explained([each.topic for each in told])}")

    def _listed(self, told: Iterable[ProblemView]) -> list[ProblemView]:
        """Return the problems with the lines that they are about: each line once, and each list of what is allowed."""
        quotes = Quotes(self.document.text, shown=self._quoted)
        listed: list[ProblemView] = []
        seen: set[tuple[str, ...] | int] = set()
        for problem in told:
            allowed = tuple(problem.allowed)
            changes: dict[str, Any] = {"message": quotes.said(problem.message)}
            changes |= {"allowed": []} if allowed in seen else {}
            changes |= {} if problem.line in seen else {"text": quotes.line(problem.line, problem.column)}
            listed.append(problem.model_copy(update=changes))
            seen |= {allowed, problem.line}
        return listed


def _at_lines(message: str, lines: list[int]) -> str:
    if not lines:
        return message
    listed = ", ".join(map(str, lines[:_FEW])) + (", …" if len(lines) > _FEW else "")
    return f"Line{'s' if len(lines) > 1 else ''} {listed}: {message}"


def describe(value: Any) -> str:
    """Return what a value is, for "should be text, not …"."""
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return f"the text {value[:40]!r}" if isinstance(value, str) else f"the number {value}"
