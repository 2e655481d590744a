"""What the text of a bash script says about how it goes on after a command that fails."""

import re

_ENDS_EARLY = re.compile(r"\bset\s[^\n;]*(?:-\w*e|errexit)|\|\|\s*(?:exit|return)\b|\btrap\b.*\bERR\b")
_HERE = re.compile(r"<<-?\s*(['\"]?)([A-Za-z_]\w*)\1")
_JOINED = ("\\", "&&", "||", "|")  # a line that ends so goes on in the next one
_FEW_LINES = 2


def hides_failures(script: str) -> bool:
    """Return whether a script has several commands and nothing that ends it when one of them fails.

    This is a look at lines, not a parser: lines that are joined, a here-document and a text in quotes count as one.
    """
    return not _ENDS_EARLY.search(script) and _commands(script) >= _FEW_LINES


def _commands(script: str) -> int:
    """Count the commands that stand on lines of their own."""
    count, joined, quote, until = 0, False, "", ""
    for line in script.split("\n"):
        text = line.strip()
        if until:
            until = "" if text == until else until
            continue
        if quote:
            quote = _open_quote(line, quote)
            continue
        if not text or text.startswith("#"):
            continue
        count += not joined
        if count >= _FEW_LINES:
            break
        quote = _open_quote(line, "")
        here = _HERE.search(line)
        until = here[2] if here else ""
        joined = text.endswith(_JOINED)
    return count


def _open_quote(line: str, quote: str) -> str:
    """Return the quote that is open at the end of a line, "" for none."""
    escaped = False
    for char in line:
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped = True
        elif char in "'\"" and quote in {"", char}:
            quote = "" if quote else char
    return quote
