"""The one door to the terminal: whatever text goes through it, it changes nothing there but what can be read.

Much of what a command prints was written by others: names and paths in a score, a job's output, the environment. Nothing else in
the command writes to stdout or stderr. What a person reads (`line`, `ink`) breaks between words where the terminal ends; what is
copied or read by programs (`data`, `print_json`) stays as it is.
"""

import json
import re
import sys
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from podium.cli.terminal.saying import in_commands
from podium.cli.terminal.stream import columns_of, has_styles
from podium.errors import PodiumError
from podium.texts.cleaning import clean_text
from podium.texts.widths import width, wrapped

REASON_CHARS = 110  # of a reason within a line
Piece = tuple[str, str]
"""A part of a line, and its style: names of `STYLES` with blanks between them, "" for none."""
STYLES = {"bold": 1, "dim": 2, "reverse": 7, "red": 31, "green": 32, "yellow": 33, "blue": 34, "cyan": 36}
_LEAD = "podium: "
_GAP = re.compile(r"(?<=\S) {2,}(?=\S)")  # before a further column
_TOKENS = re.compile(r" +|[^ ]+")
_ALLOWED = "Allowed now:"


def clean(text: str) -> str:
    """Return a text as it may be shown: no terminal sequences, nothing hidden; bytes that are not text are shown as escapes."""
    return clean_text(text.encode("utf-8", "backslashreplace").decode())


def in_line(text: str) -> str:
    """Return a text that others wrote for use within a line: it cannot begin lines of its own."""
    return " ".join(clean(text).split("\n"))


def short_reason(reason: str) -> str:
    """Return a reason in a line, cut to fit it: its beginning says what comes next."""
    line = in_line(reason)
    return line if len(line) <= REASON_CHARS else f"{line[:REASON_CHARS]}…"


def data(text: str) -> None:
    """Print on stdout what is copied or read by programs, which may have several lines: it stays as it is, however long."""
    print(clean(text))


def line(text: str = "", *, stderr: bool = False) -> None:
    """Print one text, which may have several lines."""
    stream = sys.stderr if stderr else sys.stdout
    columns = columns_of(stream)
    made = (part for each in clean(text).split("\n") for part in parted([(each, "")], columns))
    print("\n".join(styled(each, shows=False) for each in made), file=stream, flush=stderr)


def ink(pieces: Iterable[Piece], *, stderr: bool = False) -> None:
    """Print one line of pieces, each in its style where styles are shown."""
    stream = sys.stderr if stderr else sys.stdout
    shows = has_styles(stream)
    made = parted(pieces, columns_of(stream))
    print("\n".join(styled(each, shows=shows) for each in made), file=stream, flush=stderr)


def say(text: str, *, style: str = "", stderr: bool = False) -> None:
    """Print a text in a style, which may have several lines, at once: whoever reads a pipe sees what goes on."""
    for each in clean(text).split("\n"):
        ink([(each, style)], stderr=stderr)
    (sys.stderr if stderr else sys.stdout).flush()


def parted(pieces: Iterable[Piece], columns: int | None) -> list[list[Piece]]:
    """Return pieces in lines of at most `columns` (None for a pipe: one line), parted between words.

    Further lines begin below the last column of the first one that is not too far right, else below its first word. A word that
    would not fit there either, a path or an id, stays where it is: a terminal copies what it wrapped by itself as one line.
    """
    given = [(in_line(text), style) for text, style in pieces]
    text = "".join(each for each, _ in given)
    if columns is None or width(text) <= columns:
        return [given]
    indent = _hanging(text, columns)
    lines: list[list[Piece]] = [[]]
    used = 0
    for token, style in ((token, style) for each, style in given for token in _TOKENS.findall(each)):
        size = width(token)
        if used + size > columns and token.isspace():
            continue
        if used > indent and used + size > columns and indent + size <= columns:
            while lines[-1] and not lines[-1][-1][0].strip():
                lines[-1].pop()
            lines.append([(" " * indent, "")] if indent else [])
            used = indent
        if not (token.isspace() and len(lines) > 1 and used == indent):
            lines[-1].append((token, style))
            used += size
    return lines


def _hanging(text: str, columns: int) -> int:
    """Return where the lines that go on begin."""
    ends = [width(text[: gap.end()]) for gap in _GAP.finditer(text)]
    return max((end for end in ends if end <= columns // 2), default=len(text) - len(text.lstrip(" ")))


def styled(pieces: Iterable[Piece], *, shows: bool) -> str:
    """Return a line of pieces as a terminal takes it, with their styles if it `shows` them."""
    runs = (
        (style, "".join(in_line(text) for text, _ in run)) for style, run in groupby(pieces, lambda piece: piece[1])
    )
    return "".join(_styled(text, style if shows else "") for style, text in runs)


def _styled(text: str, style: str) -> str:
    seen = text.strip() or "reverse" in style
    codes = ";".join(str(STYLES[name]) for name in style.split()) if seen else ""
    return f"\x1b[{codes}m{text}\x1b[0m" if codes else text


def print_json(value: Any, *, in_a_line: bool = False) -> None:
    """Print one JSON value on stdout, indented or in a line; what cannot be shown is escaped, never dropped."""
    indent = None if in_a_line else 2
    readable = json.dumps(value, indent=indent, ensure_ascii=False)
    is_shown = clean(readable) == readable and (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    data(readable if is_shown else json.dumps(value, indent=indent))


def print_error(error: PodiumError) -> None:
    """Print an error as the answer of a command with `--json`: one object in a line, also where objects come one a line."""
    print_json({"error": error.as_dict()}, in_a_line=True)


def prompt(text: str) -> None:
    """Print a question on stderr; the answer is typed behind it."""
    print(clean(text), end="", file=sys.stderr, flush=True)


def show_error(error: PodiumError, *, in_tools: bool = False) -> None:
    """Print an error on stderr: every problem of a score that it carries, its fix, and what a job's state allows instead.

    Tools in it stay tools if `in_tools`.
    """
    known = error.facts.get("job_id")
    job_id = known if isinstance(known, str) else ""

    def said(text: str) -> str:
        return text if in_tools else in_commands(text, job_id)

    _tell(_sentence(said(error.message)), lead=_LEAD)
    for problem in error.facts.get("problems") or []:
        place = f"{problem.get('line', 0)}:{problem.get('column', 0)} {problem.get('field', '')}".strip()
        quoted = f" | {problem['text']}" if problem.get("text") else ""
        _tell(in_line(f"{place}: {problem.get('message', '')}{quoted}"))
    allowed = "" if in_tools else _allowed(error, job_id)
    if error.fix and not (allowed and error.fix.startswith(_ALLOWED)):  # an agent's list of the same
        _tell(said(error.fix))
    if allowed:
        _tell(f"{_ALLOWED} {allowed}.")


def _allowed(error: PodiumError, job_id: str) -> str:
    """Return the commands that a job's state allows, "" where an error does not say."""
    actions = error.facts.get("allowed")
    if error.code != "WRONG_STATE" or not job_id or not isinstance(actions, list):
        return ""
    names = {"modify": "edit", "delete": "rm"}
    return ", ".join(f"`podium {names.get(str(each), str(each))} {in_line(job_id)}`" for each in actions)


def _sentence(text: str) -> str:
    """Return a message with the full stop that it lacks where another program's clients know it without one."""
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


def _tell(text: str, *, lead: str = "") -> None:
    """Print a text on stderr, indented like what follows `podium: `, its lines wrapped where they are too long."""
    columns, indent = columns_of(sys.stderr), len(_LEAD)
    for number, each in enumerate(clean(text).split("\n")):
        fits = columns is None or indent + width(each) <= columns
        shown = " " * indent + each if fits else "\n".join(wrapped(each, columns, indent=indent))
        line(lead + shown[len(lead) :] if number == 0 else shown, stderr=True)
