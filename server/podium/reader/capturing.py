"""The files that a template sees as `previous_files`: found by patterns, read when its sheet starts.

A pattern that stays in the workspace finds nothing outside it, wherever links lead. Only plain files are read, so that no pipe
and no device can hold the reader up, and both the looking and the reading have a bound.
"""

import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import dropwhile
from pathlib import Path
from typing import Any

from podium.errors import PodiumError, ScoreInvalid
from podium.reader.requests import Render
from podium.score.model.context import MOST_OUTPUT_CHARS
from podium.score.templates.render import asks_for, render_text
from podium.texts.source import first_bytes

MAX_FILES = 1000
MAX_ENTRIES = 100_000  # files and folders that the patterns of a sheet look at
MAX_DEPTH = 100  # levels that ** goes down
_MAGIC = frozenset("*?[")


def previous_files(text: str, variables: Mapping[str, Any], request: Render) -> dict[str, dict[str, str]]:
    """Return `previous_files` for a template that asks for it, nothing for another one.

    Raises:
        ScoreInvalid: a pattern cannot be rendered, or finds too much.
    """
    if not asks_for(text, "previous_files"):
        return {}
    workspace = str(variables["workspace"])
    search = _Search(request.label)
    for pattern in request.files:
        search.add(workspace, render_text(pattern, variables, request.label).strip())
    chars = min(request.chars_of_file, MOST_OUTPUT_CHARS // max(1, len(search.found)))
    texts = ((path, _beginning(path, chars)) for path in search.found)
    return {"previous_files": {_shown(path): found for path, found in texts if found is not None}}


class _Search:
    """The paths that patterns find, in the order of the patterns, and of the paths in each."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.found: dict[str, None] = {}
        self.looked = 0

    def add(self, workspace: str, pattern: str) -> None:
        """Look for the files of one pattern, which is relative to the workspace."""
        if not pattern or "\0" in pattern:
            return
        base, rest = workspace, pattern.removeprefix(f"{workspace}/")
        if rest.startswith("/"):
            base, rest = "/", rest[1:]
        parts = [part for part in rest.split("/") if part not in {"", "."}]
        inside = base == workspace and ".." not in parts
        real = f"{os.path.realpath(workspace).rstrip('/')}/"
        for path in sorted(self._below(base, parts, 0)):
            # os.path, since Path.is_file raises for a path that is too long
            if os.path.isfile(path) and (not inside or os.path.realpath(path).startswith(real)):  # noqa: PTH113
                self.found[path] = None
        if len(self.found) > MAX_FILES:
            raise self._too_much(f"more than {MAX_FILES} files match; make them fewer")

    def _below(self, folder: str, parts: list[str], depth: int) -> Iterator[str]:
        """Yield what the parts of a pattern find below a folder."""
        if not parts:
            return
        head, rest = parts[0], parts[1:]
        if head == "**":
            yield from self._anywhere(folder, parts, depth)
        elif not _MAGIC.intersection(head):
            path = os.path.join(folder, head)  # noqa: PTH118 -- the path stays as it is written
            yield from self._below(path, rest, depth) if rest else [path]
        else:
            for entry in self._entries(folder):
                if fnmatchcase(entry.name, head) and (head.startswith(".") or not entry.name.startswith(".")):
                    yield from self._below(entry.path, rest, depth) if rest else [entry.path]

    def _anywhere(self, folder: str, parts: list[str], depth: int) -> Iterator[str]:
        """Yield what `**` finds: what follows it here, and below each folder that is no link."""
        yield from self._below(folder, list(dropwhile("**".__eq__, parts)) or ["*"], depth)
        for entry in self._entries(folder):
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False):
                if depth >= MAX_DEPTH:
                    raise self._too_much(f"** meets folders that are nested deeper than {MAX_DEPTH} levels")
                yield from self._anywhere(entry.path, parts, depth + 1)

    def _entries(self, folder: str) -> Iterator[os.DirEntry[str]]:
        """Yield what is in a folder; nothing if it cannot be listed."""
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    self.looked += 1
                    if self.looked > MAX_ENTRIES:
                        raise self._too_much(f"its patterns look at more than {MAX_ENTRIES} files; make them narrower")
                    yield entry
        except (OSError, UnicodeError):  # a path that is no text for the system, too
            return

    def _too_much(self, why: str) -> ScoreInvalid:
        message = f"cross_sheet.capture_files of sheet {self.label}: {why}."
        return ScoreInvalid(message, fix="Correct the score and pass it to resume_job.", problems=[])


def _beginning(path: str, chars: int) -> str | None:
    """Return the first characters of a plain file, None for anything else and for what cannot be read."""
    try:
        return first_bytes(Path(path), 4 * chars).decode("utf-8", "replace")[:chars]
    except PodiumError:
        return None


def _shown(path: str) -> str:
    """Return a path as text, whatever bytes it has."""
    return os.fsencode(path).decode("utf-8", "replace")
