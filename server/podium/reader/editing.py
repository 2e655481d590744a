"""Replacing a text in a score: one that stands there exactly once, so that it is clear what is meant."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Container, Iterator
from itertools import islice

from podium.contract.edits import show
from podium.contract.secrets.beside import Beside, merged, named_secrets
from podium.contract.secrets.masks import Masker
from podium.errors import InvalidArguments
from podium.texts.score_text import BREAK, shown

LISTED = 20  # lines that a refusal quotes
LINE_CHARS = 120  # of each
COUNTED = 1000  # places; whoever sees that many needs no number
HINTED_CHARS = 256 * 1024  # of a score in which other spellings are looked for
_MARK = re.compile(r"\[value of ([^\]\n]+)\]")  # how a secret is shown


def edited(text: str, find: str, replace: str, hide: Masker, job_id: str) -> str:
    """Return the text with `replace` in place of `find`. `hide` knows the secrets beside those that the text names.

    A refusal shows the text as its pages do, without secrets. A place where `find` begins or ends within a secret does not count:
    whoever asks for more and more of one learns nothing.
    If all lines of the text end alike, with CR LF or with LF, those of `find` and `replace` are taken to end so too: a caller
    does not see how they end.

    Raises:
        InvalidArguments: `find` does not stand there exactly once; how often, and in which lines, is said. Or one of the two
            holds the mark of a hidden value.
    """
    find, replace = (_ended_like(text, each) for each in (find, replace))
    hidden = _hidden(text, hide)
    places = list(islice(_places(text, find, hidden), COUNTED))
    if not places:
        raise _not_found(text, find, hide, job_id)
    _check_marks(replace, {*(each.name for each in hide.secrets), *(each.name for each in hidden)})
    if len(places) > 1:
        raise _found_often(text, places, hide, job_id)
    return text[: places[0]] + replace + text[places[0] + len(find) :]


def _ended_like(text: str, given: str) -> str:
    """Return the given text with the ends of lines that the text has, if these are all the same."""
    with_return = text.count("\r\n")
    if with_return and with_return == text.count("\n"):
        return re.sub(r"(?<!\r)\n", "\r\n", given)
    return given if "\r" in text else given.replace("\r\n", "\n")


def _hidden(text: str, hide: Masker) -> list[Beside]:
    """Return where secrets stand in the text, in order."""
    data = text.encode("utf-8", "surrogatepass")
    found, at, byte = named_secrets(text), 0, 0
    for span in hide.spans(data):
        start = at + len(data[byte : span.start].decode("utf-8", "surrogatepass"))
        at, byte = start + len(data[span.start : span.end].decode("utf-8", "surrogatepass")), span.end
        found.append(Beside(start, at, span.name))
    return merged(found)


def _places(text: str, find: str, hidden: list[Beside]) -> Iterator[int]:
    """Yield where `find` stands without cutting a secret. Two places may overlap."""
    starts = [secret.start for secret in hidden]

    def is_within(at: int) -> bool:
        last = bisect_right(starts, at) - 1
        return last >= 0 and hidden[last].start < at < hidden[last].end

    at = -1
    while (at := text.find(find, at + 1)) >= 0:
        if not is_within(at) and not is_within(at + len(find)):
            yield at


def _check_marks(replace: str, known: Container[str]) -> None:
    """Refuse to write the mark of a secret into the score, where its value is meant. `known` are the names of those in it."""
    if mark := next((each[0] for each in _MARK.finditer(replace) if each[1] in known), None):
        raise InvalidArguments(
            f"replace contains {mark}, which only stands for a value that is not shown: the score would lose the value.",
            fix="Give find and replace without that part of the text: the rest of the text stays as it is.",
        )


def _not_found(text: str, find: str, hide: Masker, job_id: str) -> InvalidArguments:
    """Return the refusal of a text that is not there, with what was probably overlooked in the score as it is shown."""
    seen = shown(text, hide) if len(text) <= HINTED_CHARS else ""
    return InvalidArguments(
        f"The text given as find does not occur in the score of {job_id}.",
        fix=_hint(seen, find) + show(job_id), job_id=job_id, times=0,
    )  # fmt: skip


def _hint(seen: str, find: str) -> str:
    if mark := _MARK.search(find):
        return f"{mark[0]} stands for a value that is not shown. Give a text beside it, without the mark. "
    if find in seen:
        return "It is shown so, but with letters within that cannot be seen. Give a part of it. "
    if unicodedata.normalize("NFC", find) in unicodedata.normalize("NFC", seen):
        return "It is there with its accents encoded in another way (Unicode NFC or NFD). Give a part without them. "
    if (bare := find.strip()) and bare in seen:
        return f"Without the white space at its ends it occurs in line {_line(seen, bare)}: leave that out. "
    if (folded := find.casefold()) in (others := seen.casefold()):
        return f"In line {_line(others, folded)} it occurs with different capital letters. "
    return "Copy a text from the score exactly, with its spaces and line breaks. "


def _line(text: str, part: str) -> int:
    return text.count("\n", 0, text.index(part)) + 1


def _found_often(text: str, places: list[int], hide: Masker, job_id: str) -> InvalidArguments:
    """Return the refusal of a text that is there more than once."""
    times = f"{len(places)} times" if len(places) < COUNTED else f"{COUNTED} times or more"
    ends = [each.end() for each in BREAK.finditer(text)]
    rows = dict.fromkeys(bisect_right(ends, at) for at in places[:LISTED])
    lines = shown(text, hide).split("\n")
    # A secret that holds the end of a line leaves fewer.
    quoted = [f"{row + 1}: {_quoted(lines[row])}" if len(lines) == len(ends) + 1 else str(row + 1) for row in rows]
    return InvalidArguments(
        f"The text given as find occurs {times} in the score of {job_id}, so it is not clear which one is meant.",
        fix=f"Give a longer text around the one that is meant, the lines before or after it too. {show(job_id)}",
        job_id=job_id, times=len(places), lines=quoted,
    )  # fmt: skip


def _quoted(line: str) -> str:
    return f"{line[:LINE_CHARS]}..." if len(line) > LINE_CHARS else line
