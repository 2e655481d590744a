"""Listing a job's workspace: a page costs what the folders on the way to it cost, however many files come before and after it."""

import os
import stat
from collections.abc import Iterator
from heapq import nsmallest
from itertools import islice
from typing import Literal

from podium.client.files.beneath import opened_root, parts_of
from podium.client.files.cursor import ListCursor
from podium.client.files.names import path_of, shown_path
from podium.contract.models import ArtifactEntry, ArtifactPage
from podium.errors import InvalidArguments
from podium.times import iso

MOST_COUNTED = 10_000  # entries after the first page; of a larger tree the total is "at least" so many
MOST_LEVELS = 64  # of folders in folders below the path; a page that shows a deeper one says that it is not opened

_KINDS: dict[int, Literal["file", "directory", "symlink", "other"]] = {
    stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink",
}  # fmt: skip
Parts = tuple[bytes, ...]


def list_artifacts(workspace: str, *, path: str, limit: int, cursor: str) -> ArtifactPage:
    """Return a page of everything below a folder of the workspace, in the order of the bytes of the paths' components.

    Links are listed, not followed. What changes between two pages is listed if it comes after the cursor. The total is counted
    with the first page. Blocking: call it in a thread.

    Raises:
        ArtifactNotFound, PathNotAllowed, PermissionDenied. InvalidArguments: the cursor is not one of this folder.
    """
    at = ListCursor.decode(cursor) if cursor else ListCursor()
    with opened_root(workspace) as root, root.opened(inside := root.relative(path_of(path))) as fd:
        start, info = tuple(map(os.fsencode, parts_of(inside))), os.fstat(fd)
        if at.parts[: len(start)] != start[: len(at.parts)] or (cursor and len(at.parts) < len(start)):
            raise InvalidArguments(
                "The cursor belongs to another path.", fix="Pass the path of the reply with the cursor."
            )
        if not stat.S_ISDIR(info.st_mode):
            entries = [] if cursor else [_entry(start, info)]
            return ArtifactPage(workspace=workspace, entries=entries, total=1)
        found = _walk(fd, start, at.parts[len(start) :], limit + MOST_COUNTED + 1)
        entries, last = _page(found, limit)
        more = sum(1 for _ in islice(found, 1 if cursor else MOST_COUNTED))
    shown = at.before + len(entries)
    total, at_least = (at.total, at.at_least) if cursor else (shown + more, more == MOST_COUNTED)
    if not more or shown + more > total:  # the end, or more than was there when it was counted
        total, at_least = shown + more, bool(more)
    next_cursor = ListCursor(last, shown, total, at_least).encode() if more else ""
    return ArtifactPage(
        workspace=workspace,
        entries=entries,
        next_cursor=next_cursor,
        total=total,
        total_at_least=at_least,
        has_unopened=any(
            each.type == "directory" and each.path.count("/") - len(start) >= MOST_LEVELS for each in entries
        ),
    )


def _page(found: Iterator[tuple[Parts, int]], limit: int) -> tuple[list[ArtifactEntry], Parts]:
    """Take a page off the entries and return it with the place of its last one. What vanishes meanwhile is left out."""
    entries: list[ArtifactEntry] = []
    last: Parts = ()
    for parts, fd in found:
        try:
            entries.append(_entry(parts, os.stat(parts[-1], dir_fd=fd, follow_symlinks=False)))
        except OSError:
            continue
        last = parts
        if len(entries) == limit:
            break
    return entries, last


def _entry(parts: Parts, info: os.stat_result) -> ArtifactEntry:
    return ArtifactEntry(
        path=shown_path(b"/".join(parts)),
        type=_KINDS.get(stat.S_IFMT(info.st_mode), "other"),
        size_bytes=info.st_size,
        modified_at=iso(info.st_mtime),
    )


def _walk(fd: int, prefix: Parts, after: Parts, most: int, levels: int = MOST_LEVELS) -> Iterator[tuple[Parts, int]]:
    """Yield the places below a folder that come after one of them, each with the folder's descriptor; at most `most` are used."""
    first = after[0] if after else b""
    with os.scandir(fd) as listed:
        names = ((os.fsencode(each.name), each.is_dir(follow_symlinks=False)) for each in listed)
        wanted = nsmallest(most, (each for each in names if each[0] >= first))
    for name, is_folder in wanted:
        place, is_passed = (*prefix, name), name == first
        if not is_passed:
            yield place, fd
        if is_folder and levels:
            yield from _enter(fd, place, after[1:] if is_passed else (), most, levels - 1)


def _enter(parent: int, place: Parts, after: Parts, most: int, levels: int) -> Iterator[tuple[Parts, int]]:
    try:
        fd = os.open(place[-1], os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except OSError:
        return  # not readable, or gone
    try:
        yield from _walk(fd, place, after, most, levels)
    except OSError:
        return  # removed while it was read
    finally:
        os.close(fd)
