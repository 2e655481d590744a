"""Where a listing goes on: the last entry that was shown, as the file system has its name, and what was counted until then.

It is packed and carries a checksum, so that nothing on its way can change it unnoticed: not the cleaning of foreign text, nor
the replacing of a secret that is part of a file's name.
"""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import NamedTuple, Self

from podium.errors import InvalidArguments

_MOST_BYTES = 64 * 1024  # of a path; systems allow 4 KiB


class ListCursor(NamedTuple):
    """The place after `parts`, before which there were so many entries; the total that was counted, or at least so many."""

    parts: tuple[bytes, ...] = ()
    before: int = 0
    total: int = 0
    at_least: bool = False

    def encode(self) -> str:
        """Return the cursor as text."""
        facts = f"{self.before} {self.total} {self.at_least:d}".encode()
        return urlsafe_b64encode(zlib.compress(b"\0".join([facts, *self.parts]), 9)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read what `encode` wrote.

        Raises:
            InvalidArguments: it is not a cursor.
        """
        try:
            unpack = zlib.decompressobj()
            data = unpack.decompress(urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)), _MOST_BYTES)
            facts, *parts = data.split(b"\0")
            before, total, at_least = map(int, facts.split())
            if not (unpack.eof and parts):
                raise ValueError(text)
        except (ValueError, zlib.error):
            raise InvalidArguments(
                "This is not a cursor of list_artifacts.", fix="Pass next_cursor from the previous reply, unchanged."
            ) from None
        return cls(tuple(parts), before, total, bool(at_least))
