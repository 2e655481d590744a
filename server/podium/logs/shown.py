"""A part of a line as text: whole characters, secrets replaced."""

import codecs
from bisect import bisect_right

from podium.contract.secrets.masks import MARGIN, Masker, Span, merged, replaced
from podium.logs.rewriting import SEQUENCE


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
        part = replaced(near, merged([*masker.spans(near), *cut]), len(before), len(before) + len(part))
    return codecs.getincrementaldecoder("utf-8")("replace").decode(part, final=not after)


def spans_in(data: bytes, masker: Masker) -> list[Span]:
    """Return where secrets stand in text of any kind, also those of which a terminal would colour a part."""
    found = masker.spans(data)
    if b"\x1b" not in data:
        return found
    seen, seen_at, data_at, at = bytearray(), list[int](), list[int](), 0
    for each in SEQUENCE.finditer(data):
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
