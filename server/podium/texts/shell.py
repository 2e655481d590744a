"""A word in place of a field of a bash command."""

import re

_PIECE = re.compile(r"\\.|\$?\(|.", re.DOTALL)


def with_word(command: str, field: str, word: str) -> str:
    """Return a command with a word, quoted as bash needs it, for `{field}` where that stands in no quotes; elsewhere it stays.

    Between `$(` and its end no quotes count that stand around it.
    """
    name = f"{{{field}}}"
    made: list[str] = []
    around = [""]  # the quotes and brackets that are open
    at = 0
    while at < len(command):
        if around[-1] not in {'"', "'"} and command.startswith(name, at) and not _is_other(command, at, at + len(name)):
            made.append(word)
            at += len(name)
            continue
        piece = _piece(command, at, around[-1])
        _step(piece, around)
        made.append(piece)
        at += len(piece)
    return "".join(made)


def _piece(command: str, at: int, quote: str) -> str:
    """Return the next piece: in single quotes a backslash is one too."""
    found = _PIECE.match(command, at)
    return command[at] if quote == "'" or found is None else found[0]


def _step(piece: str, around: list[str]) -> None:
    """Open or close what a piece opens or closes."""
    inner = around[-1]
    if piece == inner or (piece == ")" and inner == "("):
        around.pop()
    elif inner == "'":
        return
    elif piece in {'"', "$("} or (piece in {"'", "("} and inner != '"'):
        around.append(piece[-1])


def _is_other(command: str, begin: int, end: int) -> bool:
    """Return whether braces are those of `${name}` or `{{ name }}`."""
    return command[max(0, begin - 1) : begin] in {"$", "{"} or command[end : end + 1] == "}"
