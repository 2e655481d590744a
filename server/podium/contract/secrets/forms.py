"""How a secret may look in a text: as it is, line by line, and as JSON, a URL, a shell, XML and base64 write it."""

import base64
import json
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

SHORTEST_LINE = 8  # characters of a line of a secret of several lines; a shorter one may be anything
LONGEST_BYTES = 32 * 1024  # of a secret; of a longer one the rest is not looked for
PIECE_BYTES = 256  # a longer form is looked for in pieces, so that nothing has to look further than this
_SHELL_WORD = re.compile(r"([ \t'\"\\|&;()<>!{},*\[\]?^$`])")  # what `printf %q` puts a backslash before
_DOUBLE_QUOTED = re.compile(r"([\"\\$`])")  # what `declare -p` does
_QUOTES_IN_XML = (
    ('"', "'"),
    ("&quot;", "'"),
    ("&quot;", "&#x27;"),
    ("&#34;", "&#39;"),
    ("&quot;", "&apos;"),
    ("&quot;", "&#39;"),
)
_WRAPS = (76, 64)  # characters of a line of base64, as `base64` and openssl write it


def forms(secret: str) -> Iterator[bytes]:
    """Yield the forms of a secret, each of at most `PIECE_BYTES` bytes; some come more than once."""
    whole = secret.encode("utf-8", "surrogateescape")[:LONGEST_BYTES] if _encodable(secret) else b""
    if not whole:
        return
    lines = [line.strip() for line in secret[:LONGEST_BYTES].splitlines()]
    parts = (
        [secret] if len(lines) < 2 else [each for each in lines if len(each) >= SHORTEST_LINE and each[:5] != "-----"]
    )
    for part in parts:
        for text in _written(part):
            yield from _pieces(text.encode("utf-8", "surrogateescape"))
    for data in {whole, whole.replace(b"\n", b"\r\n")} if len(lines) > 1 else {whole}:
        yield from _base64(data)


def _encodable(secret: str) -> bool:
    """Return whether a system could hold the text as a variable."""
    return not any(0xD800 <= ord(each) < 0xDC80 or 0xDCFF < ord(each) < 0xE000 for each in secret)


def _written(text: str) -> set[str]:
    """Return a text of one line as it is and as other formats write it."""
    coded = {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1], text.replace("/", "\\/")}
    coded |= {text.replace("'", r"'\''"), text.replace("'", "'\"'\"'"), text.replace("\\", r"\\").replace("'", r"\'")}
    coded |= {_SHELL_WORD.sub(r"\\\1", text), _DOUBLE_QUOTED.sub(r"\\\1", text)}  # set -x
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    coded |= {plain.replace('"', double).replace("'", single) for double, single in _QUOTES_IN_XML}
    try:
        for each in (quote(text, safe=""), quote(text), quote_plus(text)):
            coded |= {each, _lower_hex(each)}
    except UnicodeEncodeError:  # bytes that are no text
        return coded
    return coded


def _lower_hex(quoted: str) -> str:
    first, *rest = quoted.split("%")
    return "%".join([first, *(each[:2].lower() + each[2:] for each in rest)])


def _base64(data: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of the data wherever it begins in the whole that is encoded, less the characters at the edges."""
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + data)
        known = coded[-(-8 * shift // 6) : 8 * (shift + len(data)) // 6]
        for each in {known, known.translate(bytes.maketrans(b"+/", b"-_"))}:
            if len(each) >= SHORTEST_LINE:
                yield from _pieces(each)
        for width in _WRAPS if not shift and len(known) > _WRAPS[-1] else ():
            lines = [known[at : at + width] for at in range(0, len(known), width)]
            yield from (line for line in lines if len(line) >= SHORTEST_LINE)


def _pieces(form: bytes) -> Iterator[bytes]:
    """Yield the form, a long one in pieces; the last piece begins early so that it is long too."""
    if len(form) <= PIECE_BYTES:
        yield form
        return
    yield from (form[at : at + PIECE_BYTES] for at in range(0, len(form) - PIECE_BYTES, PIECE_BYTES))
    yield form[-PIECE_BYTES:]
