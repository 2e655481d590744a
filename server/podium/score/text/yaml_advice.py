"""What to do about a text that is not YAML: the parser says what it met, seldom what the author has to change."""

import re

_ENTRY = re.compile(r"\s*(?:- +)*([A-Za-z_]\w*): +(\S)", re.ASCII)
_LONG = frozenset({"run", "prompt", "template", "command", "command_succeeds", "pattern"})  # keys of longer texts
_INDENTED = ("mapping values", "expected key", "expected '-'", "block end", "expected ':'")


def advice(text: str, problem: str, line: int, column: int, began: int) -> str:
    """Return a clause for the parser's `problem` in this line and column, or "". What surrounds it begins in line `began`."""
    lines = text.split("\n")
    row = lines[line - 1] if 1 <= line <= len(lines) else ""
    content = row.lstrip()
    if content.startswith("```"):
        return "; leave out the ``` fence: the score is the text inside it"
    if "\t" in row[: len(row) - len(content)]:
        return "; indent with spaces: YAML does not allow a tab there"
    if "end of stream" in problem:
        return f"; the quote that begins on line {began} is not closed"
    if "escape character" in problem:
        return "; in double quotes \\ begins an escape, so use single quotes or write \\\\"
    entry = _ENTRY.match(row)
    if entry is not None and column > entry.start(2):
        key = entry[1]
        if entry[2] == "[" and key not in _LONG:
            return f'; in {key} put each entry with brackets in quotes, such as ["name[item]"]'
        own_lines = f", or on separate lines under `{key}: |`" if key in _LONG else ""
        return f"; put the whole value of {key} in quotes{own_lines}"
    if "',' or" in problem:
        return "; inside { } and [ ] a value that contains any of { } [ ] , : needs quotes"
    if any(words in problem for words in _INDENTED):
        return "; the indentation does not match the lines above, or a multi-line value is not under `|`"
    return ""
