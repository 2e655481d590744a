"""Pages of a score's text, as a caller may see them: cleaned, without secrets, in lines of a bounded length."""

import re

from podium.contract.score_text import ScoreText
from podium.contract.secrets.beside import without_named_secrets
from podium.contract.secrets.masks import Masker
from podium.texts.cleaning import clean_text

LINE_CHARS = 1500  # shown of a line; one of the most costly letters still fits into a result
PAGE_CHARS = 60_000
COPIED_CHARS = 1024 * 1024  # of a page for a program that copies the text
COMMAND_CHARS = 120
BREAK = re.compile(
    "\r\n|[\n\r\x85\u2028\u2029]"
)  # as YAML counts lines, so that they have the numbers that problems name
_SCORE_KEYS = {"sheets", "sheet"}
_BLANKS = re.compile(r"[ \t]*\n[ \t\n]*")
_IN_BLOCKS = re.compile(r"^[\"']?sheets?[\"']?[ \t]*:", re.MULTILINE)
_IN_BRACES = re.compile(r"\s*\{(?:.|\n)*?[\"'{,\s]sheets?[\"']?\s*:")


def is_score(root: object) -> bool:
    """Return whether the value of a document has, at its top level, the key of a score's sheets."""
    return isinstance(root, dict) and not _SCORE_KEYS.isdisjoint(root)


def looks_like_score(text: str) -> bool:
    """Return whether a text that is not valid YAML has the key of a score that no other file is likely to have."""
    return bool(_IN_BLOCKS.search(text) or _IN_BRACES.match(text))


def page_of(text: str, *, first: int, most: int, masker: Masker, copies: bool = False) -> ScoreText:
    """Return a page of a score's text. Secrets are replaced in the whole before it is cut, so none is told in parts.

    With `copies` it is a large one, of whole lines, however many.
    """
    lines = shown(text, masker).split("\n")
    if lines[-1] == "":
        lines.pop()
    page, chars = list[str](), 0
    for line in lines[first - 1 : None if copies else first - 1 + most]:
        page.append(line if copies or len(line) <= LINE_CHARS else _cut(line))
        chars += len(page[-1])
        if chars >= (COPIED_CHARS if copies else PAGE_CHARS):
            break
    return ScoreText(lines=page, first_line=first, lines_total=len(lines))


def command_of(text: str, masker: Masker) -> str:
    """Return the beginning of a sheet's command or prompt in one line, in which a sign stands for each end of a line."""
    line = _BLANKS.sub(" ⏎ ", shown(text, masker).strip())
    return line if len(line) <= COMMAND_CHARS else f"{line[:COMMAND_CHARS]}…"


def shown(text: str, masker: Masker) -> str:
    """Return a text without secrets and without what nobody sees; what this puts together is looked at again."""
    cleaned = clean_text(BREAK.sub("\n", masker(text)))
    return without_named_secrets(masker(cleaned))


def _cut(line: str) -> str:
    return f"{line[:LINE_CHARS]}…[{len(line) - LINE_CHARS} more characters]"
