"""A part of a line as text: whole characters, secrets replaced."""

import codecs
import re
from bisect import bisect_right

from podium.contract.secrets.masks import MARGIN, Masker, Span, merged, replaced
from podium.logs.rewriting import SEQUENCE
from podium.texts.letters import is_invisible

# What is not seen beside whole sequences: introducers without an end, CSI as one character, and what a backspace takes back.
_LEFT_OVER = rb"\x1b[ -/]*[0-~]|\xc2\x9b[0-?]*[ -/]*[@-~]|[^\b\n]\x08"


def cut_text(
    seen: bytes,
    begin: int,
    limit: int,
    masker: Masker,
    *,
    missing: bytes = b"",
    lost_start: bool = False,
    lost_end: bool = False,
) -> str:
    """Return `limit` bytes from `begin` of a line as it is seen (`rewriting.as_seen`); invalid UTF-8 becomes U+FFFD.

    A secret is replaced also where an edge of the part cuts it: what stands beside the part tells, and `missing`, which is what
    stands before `seen` in the same line. `lost_start` and `lost_end` mean that nothing can tell at an end of `seen`.
    """
    end = begin + limit
    for _ in range(3):  # a character has at most three bytes after its first
        if 0 < begin < len(seen) and seen[begin] & 0xC0 == 0x80:
            begin += 1
    part, after = seen[begin:end], seen[end : end + MARGIN]
    if masker:
        before = (missing + seen[:begin])[-MARGIN:]
        near = before + part + after
        at_start = lost_start and begin <= MARGIN and not missing
        cut = masker.cut(near, at_start=at_start, at_end=lost_end and end + MARGIN >= len(seen))
        part = replaced(near, merged([*spans_in(near, masker), *cut]), len(before), len(before) + len(part))
    if not after:  # nearly every line; a decoder costs more than all the rest
        return part.decode("utf-8", "replace")
    return codecs.getincrementaldecoder("utf-8")("replace").decode(part, final=False)


def spans_in(data: bytes, masker: Masker) -> list[Span]:
    """Return where secrets stand in text of any kind, also those that are whole only without what nobody sees in them.

    A terminal colours a part of one, or text in UTF-16 has a NUL behind each letter: cleaning would put it together again.
    """
    found = masker.spans(data)
    hidden = {each for each in set(data.decode("utf-8", "replace")) if is_invisible(each)} - {"\r"}  # that ends a line
    if not hidden:
        return found
    unseen = b"|".join([SEQUENCE.pattern, _LEFT_OVER, *(re.escape(each.encode()) for each in sorted(hidden))])
    seen, seen_at, data_at, at = bytearray(), list[int](), list[int](), 0
    for each in re.finditer(unseen, data):
        seen_at.append(len(seen))
        data_at.append(at)
        seen += data[at : each.start()]
        at = each.end()
    seen_at.append(len(seen))
    data_at.append(at)
    seen += data[at:]

    def place(position: int) -> int:
        stretch = bisect_right(seen_at, position) - 1
        return data_at[stretch] + position - seen_at[stretch]

    more = [Span(place(each.start), place(each.end - 1) + 1, each.name) for each in masker.spans(bytes(seen))]
    return merged([*found, *more])
