"""One JSON value a line: encoding, decoding, and a reader that withstands a hostile peer.

A frame ends with a newline and has at most `MAX_LINE_BYTES` with it. A longer one is skipped in bounded memory and reported;
the stream goes on with the next line. A connection may be idle for ever, but a frame that was begun must end in time.
"""

import json
from contextlib import suppress
from typing import Any

import anyio
from anyio.abc import ByteReceiveStream

from podium.contract.methods import MAX_LINE_BYTES
from podium.wire.budget import Budget

PARTIAL_SECONDS = 30.0  # how long the rest of a frame may take once its first byte is there
_CHUNK_BYTES = 65536
_BOM = b"\xef\xbb\xbf"
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_ASCII_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, allow_nan=False)


class FrameError(Exception):
    """There is no frame to return; the message says why."""


class OversizedFrame(FrameError):
    """A line was longer than the limit. It has been skipped: the next read returns the line after it."""


class SlowFrame(FrameError):
    """A frame was begun and not completed in time. The stream is of no further use."""


class CrowdedFrame(FrameError):
    """A frame was begun and came too slowly while all begun frames held too much memory. The stream is of no further use."""


class MalformedFrame(FrameError):
    """The line is not a JSON value in UTF-8."""


class RawJson(bytes):
    """A JSON value that is already text and is sent unchanged. It must be valid UTF-8 without newlines."""


def dumps(value: Any) -> bytes:
    """Return compact JSON in UTF-8. A lone surrogate is escaped, so that it survives.

    Raises:
        ValueError: the value holds NaN, an infinity or a cycle.
        TypeError: the value holds something that is not JSON.
    """
    if isinstance(value, RawJson):
        return value
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        return _ASCII_ENCODER.encode(value).encode()


def encode(value: Any) -> bytes:
    """Return the frame of a value; raises as `dumps`."""
    return dumps(value) + b"\n"


def decode(line: bytes) -> Any:
    """Return the value of a line; a byte order mark and white space around it are ignored.

    Raises:
        MalformedFrame: not UTF-8, not JSON, nested too deeply or a number of absurd length.
    """
    try:
        return json.loads(line.removeprefix(_BOM).decode())
    except (ValueError, RecursionError) as error:
        raise MalformedFrame("malformed JSON") from error


class FrameReader:
    """Reads lines from a byte stream, for one task at a time.

    `budget` bounds what this reader and others hold of frames that were begun. With `whole_lines` a last line without a newline
    is taken for cut off and dropped; else it is returned as a line.
    """

    def __init__(
        self,
        stream: ByteReceiveStream,
        *,
        max_bytes: int = MAX_LINE_BYTES,
        partial_seconds: float = PARTIAL_SECONDS,
        whole_lines: bool = False,
        budget: Budget | None = None,
    ) -> None:
        self._stream = stream
        self._max_bytes = max_bytes
        self._partial_seconds = partial_seconds
        self._whole_lines = whole_lines
        self._buffer = bytearray()
        self._budget = budget
        self._patience = anyio.CancelScope()  # of the frame that is being read
        self._given_up = False
        self._searched = 0  # the buffer has no newline before this place

    async def read(self) -> bytes:
        """Return the next line without its newline.

        Raises:
            OversizedFrame: the line was too long and has been skipped; read on.
            SlowFrame: the line did not end within the time for a begun frame.
            CrowdedFrame: it came too slowly while too much was held.
            anyio.EndOfStream: there is nothing more.
        """
        if not self._buffer:
            self._buffer += await self._stream.receive(_CHUNK_BYTES)
        if (line := self._take()) is not None:
            return line
        try:
            with anyio.fail_after(self._partial_seconds) as self._patience:
                return await self._complete()
        except TimeoutError:
            raise SlowFrame(f"the line was not completed within {self._partial_seconds:g} s") from None
        finally:
            self._release()
        raise CrowdedFrame("unfinished lines of all connections hold too much memory, and this one was too slow")

    def give_up(self) -> None:
        """Drop the begun frame, whose `read` then raises `CrowdedFrame`."""
        self._given_up = True
        self._take_rest()
        self._patience.cancel()

    def _take(self) -> bytes | None:
        """Take a whole line from the buffer; None if it has none yet."""
        end = self._buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._buffer)
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        if end >= self._max_bytes:
            raise self._oversized()
        return line

    async def _complete(self) -> bytes:
        """Receive the rest of the line in the buffer; one that is too long is dropped, and what follows it is kept."""
        while len(self._buffer) < self._max_bytes:
            try:
                chunk = await self._stream.receive(_CHUNK_BYTES)
            except anyio.EndOfStream:
                rest = self._take_rest()
                if self._whole_lines:
                    raise
                return rest
            if self._given_up:
                await anyio.sleep_forever()  # cancelled
            self._buffer += chunk
            if (line := self._take()) is not None:
                return line
            if self._budget is not None:
                await self._budget.take(self, len(self._buffer))
        self._take_rest()
        self._release()
        with suppress(anyio.EndOfStream):
            while (end := (chunk := await self._stream.receive(_CHUNK_BYTES)).find(b"\n")) < 0:
                pass
            self._buffer += chunk[end + 1 :]
        raise self._oversized()

    def _release(self) -> None:
        if self._budget is not None:
            self._budget.release(self)

    def _take_rest(self) -> bytes:
        """Take the whole buffer, which is a part of a line."""
        line = bytes(self._buffer)
        self._buffer.clear()
        self._searched = 0
        return line

    def _oversized(self) -> OversizedFrame:
        return OversizedFrame(f"the line is longer than {self._max_bytes} bytes")
