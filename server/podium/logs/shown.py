"""A part of a line as text: whole characters, backspaces carried out, secrets replaced."""

import codecs
from bisect import bisect_right

from podium.contract.secrets.masks import MARGIN, Masker, Span, merged, replaced
from podium.logs.rewriting import SEQUENCE, without_backspaces


def cut_text(
    raw: bytes,
    begin: int,
    limit: int,
    masker: Masker,
    *,
    missing: bytes = b"",
    lost_start: bool = False,
    lost_end: bool = False,
) -> str:
    """Return `limit` bytes from `begin` as text; invalid UTF-8 becomes U+FFFD.

    A secret is replaced also where an edge of the part cuts it: what stands beside the part tells, and `missing`, which is what
    stands before `raw` in the same line. `lost_start` and `lost_end` mean that nothing can tell at an end of `raw`.
    """
    end = begin + limit
    for _ in range(3):  # a character has at most three bytes after its first
        if 0 < begin < len(raw) and raw[begin] & 0xC0 == 0x80:
            begin += 1
    parts = (
        (missing + raw[:begin])[-MARGIN:],
        raw[begin:end],
        raw[end : end + MARGIN] if masker else raw[end : end + 1],
    )
    before, part, after = map(without_backspaces, parts) if b"\b" in b"".join(parts) else parts
    near = before + part + after
    if masker:
        found = spans_in(near, masker)
        found += masker.cut(
            near,
            at_start=lost_start and begin <= MARGIN and not missing,
            at_end=lost_end and end + MARGIN >= len(raw),
        )
        shown = replaced(near, merged(found), len(before), len(before) + len(part))
    else:
        shown = part
    return codecs.getincrementaldecoder("utf-8")("replace").decode(shown, final=not after)


def spans_in(data: bytes, masker: Masker) -> list[Span]:
    """Return where secrets stand, also those of which a terminal would colour a part."""
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

    return found + [Span(place(each.start), place(each.end - 1) + 1, each.name) for each in masker.spans(bytes(seen))]
