"""How far outputs have been searched for a pattern, as text: all that a wait has to remember between two calls.

A job's place is the serial number of the last attempt that was taken up, its `ceiling`, and the place in each file that is not
done with. Attempts up to the ceiling whose files are not listed are done with; later ones are read from their beginning. The
order counts: files are searched in it, and one that has matched goes to its end, so that a chatty sheet does not hide the others.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field

from podium.contract.models import Stream
from podium.errors import InvalidArguments
from podium.logs.watch import Place

MOST_FILES = 128
"""The files that are watched at once: those of 64 attempts. Later attempts are searched when one of these is done with."""
_VERSION = 2
_BITS = 62
_STREAMS: tuple[Stream, Stream] = ("stdout", "stderr")

Key = tuple[int, Stream]
"""An attempt's serial number, and one of its streams."""


@dataclass
class JobPlace:
    """How far the outputs of one job were searched.

    `first` is the newest attempt that there was at the first look: up to it only the last attempt of each sheet counts.
    """

    ceiling: int = 0
    files: dict[Key, Place] = field(default_factory=dict)
    first: int = 0


def encode(jobs: dict[int, JobPlace]) -> str:
    """Return the places of jobs, which are named by their row numbers: about ten characters a file."""
    numbers = [_VERSION]
    for seq, job in jobs.items():
        numbers += [seq, job.ceiling, job.first, len(job.files)]
        for (serial, stream), place in job.files.items():
            numbers += [2 * serial + _STREAMS.index(stream), 2 * place.offset + place.told, place.line]
    data = b"".join(map(_number, numbers))
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> dict[int, JobPlace]:
    """Read what `encode` wrote; "" is a position without jobs.

    Raises:
        InvalidArguments: it is nothing that `encode` writes.
    """
    if not text:
        return {}
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        return _jobs(_numbers(data))
    except (binascii.Error, ValueError, StopIteration):
        raise InvalidArguments(
            "after is not one of this conductor's values.",
            fix="Pass after from the previous reply, unchanged, or leave it out.",
        ) from None


def _jobs(numbers: Iterator[int]) -> dict[int, JobPlace]:
    if next(numbers) != _VERSION:
        raise ValueError("another version")
    jobs: dict[int, JobPlace] = {}
    for seq in numbers:
        job = jobs[seq] = JobPlace(next(numbers), first=next(numbers))
        count = next(numbers)
        if count > MOST_FILES:
            raise ValueError("too many files")
        for _ in range(count):
            key, offset, line = next(numbers), next(numbers), next(numbers)
            job.files[key // 2, _STREAMS[key % 2]] = Place(offset // 2, line, bool(offset % 2))
    return jobs


def _number(value: int) -> bytes:
    """Return a number as bytes of seven bits, the lowest first; all but the last have the eighth set."""
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _numbers(data: bytes) -> Iterator[int]:
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if shift > _BITS + 7:
            raise ValueError("too large a number")
        if byte < 0x80:
            yield value
            value = shift = 0
    if shift:
        raise ValueError("cut within a number")
