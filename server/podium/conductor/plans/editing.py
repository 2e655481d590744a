"""Replacing a text in a score: one that stands there exactly once, so that it is clear what is meant."""

import re
import unicodedata
from itertools import accumulate, islice

from podium.contract.edits import show
from podium.contract.secrets.masks import Masker
from podium.errors import InvalidArguments
from podium.texts.cleaning import clean_text

LISTED = 20  # lines that a refusal quotes
LINE_CHARS = 120  # of each
_MARK = re.compile(r"\[value of ([^\]\n]+)\]")  # how a secret is shown


def edited(text: str, find: str, replace: str, hide: Masker, job_id: str) -> str:
    """Return the text with `replace` in place of `find`. `hide` knows the secrets that a refusal must not repeat.

    If all lines of the text end alike, with CR LF or with LF, those of `find` and `replace` are taken to end so too: a caller
    does not see how they end.

    Raises:
        InvalidArguments: `find` does not stand there exactly once; how often, and in which lines, is said. Or one of the two
            holds the mark of a hidden value.
    """
    find, replace = (_ended_like(text, each) for each in (find, replace))
    first = text.find(find)
    if first < 0:
        raise _not_found(text, find, job_id)
    _check_marks(replace, hide)
    if text.find(find, first + 1) >= 0:
        raise _found_often(text, find, hide, job_id)
    return text[:first] + replace + text[first + len(find) :]


def _ended_like(text: str, given: str) -> str:
    """Return the given text with the ends of lines that the text has, if these are all the same."""
    with_return = text.count("\r\n")
    if with_return and with_return == text.count("\n"):
        return re.sub(r"(?<!\r)\n", "\r\n", given)
    return given if "\r" in text else given.replace("\r\n", "\n")


def _check_marks(replace: str, hide: Masker) -> None:
    """Refuse to write the mark of a secret into the score, where its value is meant."""
    known = {secret.name for secret in hide.secrets}
    if mark := next((each[0] for each in _MARK.finditer(replace) if each[1] in known), None):
        raise InvalidArguments(
            f"replace contains {mark}, which only stands for a value that is not shown: the score would lose the value.",
            fix="Give find and replace without that part of the text: what stands outside of them stays as it is.",
        )


def _not_found(text: str, find: str, job_id: str) -> InvalidArguments:
    """Return the refusal of a text that is not there, with what was probably overlooked."""
    fix = f"Give a text as it stands in the score, with its spaces and line breaks. {show(job_id)}"
    if mark := _MARK.search(find):
        fix = f"{mark[0]} stands for a value that is not shown. Give a text beside it, without the mark."
    elif unicodedata.normalize("NFC", find) in unicodedata.normalize("NFC", text):
        fix = "It is there with its accents encoded in another way (Unicode NFC or NFD). Give a part without them."
    elif (bare := find.strip()) and (at := text.find(bare)) >= 0:
        line = text.count("\n", 0, at) + 1
        fix = f"Without the white space at its ends it stands in line {line}: leave that out. {show(job_id)}"
    elif (at := text.casefold().find(find.casefold())) >= 0:
        line = text.casefold().count("\n", 0, at) + 1
        fix = f"In line {line} it stands with other capital letters. {show(job_id)}"
    return InvalidArguments(
        f"The text given as find does not stand in the score of {job_id}.", fix=fix, job_id=job_id, times=0
    )


def _found_often(text: str, find: str, hide: Masker, job_id: str) -> InvalidArguments:
    """Return the refusal of a text that is there more than once; two places may overlap."""
    places: list[int] = []
    at = -1
    while len(places) < LISTED and (at := text.find(find, at + 1)) >= 0:
        places.append(at)
    times = max(len(places), text.count(find))
    rows = _numbers(text, places)
    shown = hide(text) if hide else text
    lines = shown.split("\n") if shown.count("\n") == text.count("\n") else []  # a secret may hold the end of a line
    quoted = [f"{row}: {_quoted(lines[row - 1])}" if lines else str(row) for row in dict.fromkeys(rows)]
    return InvalidArguments(
        f"The text given as find stands {times} times in the score of {job_id}, so it is not clear which one is meant.",
        fix=f"Give a longer text around the one that is meant, the lines before or after it too. {show(job_id)}",
        job_id=job_id, times=times, lines=quoted,
    )  # fmt: skip


def _numbers(text: str, places: list[int]) -> list[int]:
    """Return the numbers of the lines in which these places are, counted from 1."""
    steps = zip([0, *places], places, strict=False)
    return list(islice(accumulate((text.count("\n", before, at) for before, at in steps), initial=1), 1, None))


def _quoted(line: str) -> str:
    line = clean_text(line.rstrip("\r"))
    return f"{line[:LINE_CHARS]}..." if len(line) > LINE_CHARS else line
