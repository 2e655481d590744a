"""Reading the files that a job left in its workspace. They are read here, not by the conductor; `listing` lists them."""

import mimetypes
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from podium.client.files.beneath import opened_root
from podium.client.files.names import path_of, shown_path
from podium.contract.models import ArtifactBytes, ArtifactText
from podium.errors import ArtifactNotFound, InvalidArguments

_SAMPLE_BYTES = 8192
_LONGEST_CHARACTER = 4  # bytes of UTF-8
_CONTROLS = frozenset({*range(32), 127}) - frozenset(b"\t\n\r\v\f\b\x1b")


def read_artifact(workspace: str, *, path: str, offset: int, max_bytes: int) -> ArtifactText:
    """Return a part of a text file, or only the facts of a binary one; no UTF-8 character is cut in two.

    Text that is not UTF-8, as old programs write it, has replacement characters where it is not ASCII. `offset` is in bytes;
    one inside a character moves to the next, one beyond the end is the end. Blocking: call it in a thread.

    Raises:
        ArtifactNotFound, PathNotAllowed, PermissionDenied.
    """
    with _opened_file(workspace, path) as (fd, info, inside):
        sample = os.pread(fd, _SAMPLE_BYTES, 0)
        is_utf8, size = _is_utf8(sample), info.st_size
        if not _is_text(sample, inside):
            return ArtifactText(path=inside, size_bytes=size, is_text=False, mime_type=_mime(inside, binary=True))
        offset = min(offset, size)  # pread refuses numbers far beyond it
        start, data = _read(fd, offset, max_bytes) if is_utf8 else (offset, os.pread(fd, max_bytes, offset))
    end, text = start + len(data), data.decode("utf-8", "replace")
    return ArtifactText(
        path=inside,
        size_bytes=size,
        offset=start,
        text=text,
        replaced=text.encode() != data,
        mime_type=_mime(inside, binary=False),
        next_offset=end if end < size else None,
    )


def read_around(workspace: str, *, path: str, start: int, end: int, margin: int) -> tuple[int, bytes]:
    """Return a part of a file with up to `margin` bytes on both sides, and how many of them stand before it.

    Blocking: call it in a thread. Raises as `read_artifact`.
    """
    with _opened_file(workspace, path) as (fd, _, _):
        first = max(0, start - margin)
        return start - first, os.pread(fd, end + margin - first, first)


def read_bytes(workspace: str, *, path: str, max_bytes: int) -> ArtifactBytes:
    """Return a whole file. Blocking: call it in a thread.

    Raises:
        InvalidArguments: it is larger than `max_bytes`. ArtifactNotFound, PathNotAllowed, PermissionDenied.
    """
    with _opened_file(workspace, path) as (fd, info, inside):
        data = os.pread(fd, max_bytes + 1, 0)
    if len(data) > max_bytes:
        raise InvalidArguments(
            f"{path!r} has {info.st_size} bytes; at most {max_bytes} can be sent in one reply.",
            fix="read_artifact reads a text file in parts; list_artifacts shows the workspace, where the file can be opened.",
            path=path,
        )
    is_text = _is_text(data[:_SAMPLE_BYTES], inside)
    return ArtifactBytes(path=inside, data=data, is_text=is_text, mime_type=_mime(inside, binary=not is_text))


@contextmanager
def _opened_file(workspace: str, path: str) -> Iterator[tuple[int, os.stat_result, str]]:
    """Open a file of the workspace and yield its descriptor, its facts, and its path from the workspace, as it is shown."""
    with opened_root(workspace) as root, root.opened(inside := root.relative(path_of(path))) as fd:
        info = os.fstat(fd)
        if stat.S_ISDIR(info.st_mode):
            raise ArtifactNotFound(
                f"{path!r} is a folder.", fix=f"Call list_artifacts with path={path!r} to see what is in it.", path=path
            )
        yield fd, info, shown_path(os.fsencode(inside))


def _mime(path: str, *, binary: bool) -> str:
    guessed, _ = mimetypes.guess_type(path)
    return guessed or ("application/octet-stream" if binary else "text/plain")


def _is_text(sample: bytes, path: str) -> bool:
    """Return whether a file that begins so is shown as text."""
    return _is_utf8(sample) or _is_old_text(sample, path)


def _is_utf8(sample: bytes) -> bool:
    """Return whether a file begins with UTF-8 without NUL; a character that the sample's end cuts does not count."""
    if b"\0" in sample:
        return False
    try:
        sample[: _whole(sample)].decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_old_text(sample: bytes, path: str) -> bool:
    """Return whether it is text in an older encoding: no control characters, and named as text or mostly ASCII."""
    named_as_text = (mimetypes.guess_type(path)[0] or "").startswith("text/")
    return not _CONTROLS & set(sample) and (named_as_text or sum(byte > 0x7F for byte in sample) * 4 <= len(sample))


def _read(fd: int, offset: int, max_bytes: int) -> tuple[int, bytes]:
    """Return where the text really begins, and as many whole characters as fit, but at least one."""
    data = os.pread(fd, max_bytes + _LONGEST_CHARACTER, offset)
    if offset:  # bytes at the beginning that belong to a character that began before them are skipped
        skip = next((n for n, byte in enumerate(data[: _LONGEST_CHARACTER - 1]) if byte & 0xC0 != 0x80), 0)
        offset, data = offset + skip, data[skip:]
    length = _whole(data[:max_bytes]) or _whole(data[:_LONGEST_CHARACTER]) or len(data[:max_bytes])
    return offset, data[:length]


def _whole(data: bytes) -> int:
    """Return the length without a character that is cut off at the end."""
    for back in range(1, min(_LONGEST_CHARACTER, len(data) + 1)):
        byte = data[-back]
        if byte & 0xC0 == 0xC0:  # first byte of a longer character
            needs = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(data) - back if needs > back else len(data)
        if byte & 0x80 == 0:
            break
    return len(data)
