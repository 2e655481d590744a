"""Opening files below a folder so that nothing outside it can be reached, whatever is swapped meanwhile.

Each component is opened from its folder's descriptor without following links; a link is read and resolved here, and `..` goes
back to a descriptor that is already held. So a check and the opening are about the same object.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from podium.errors import ArtifactNotFound, PathNotAllowed, PermissionDenied, PodiumError

_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_MOST_LINKS = 40  # as the kernel
_NO_FILE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}


def parts_of(path: str) -> list[str]:
    """Split a path relative to the workspace.

    Raises:
        PathNotAllowed: it is absolute, or contains `..` or a NUL.
    """
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "\0" in path:
        raise PathNotAllowed(
            f"The path {path!r} must be inside the job's workspace and must not contain '..'.",
            fix="Give a path as list_artifacts shows it.",
            path=path,
        )
    return [part for part in parts if part not in {"", "."}]


@contextmanager
def opened_root(workspace: str) -> Iterator["Root"]:
    """Open a workspace folder.

    Raises:
        ArtifactNotFound: it does not exist (yet). PermissionDenied: this user has no permission to read it.
    """
    real = os.path.realpath(workspace)
    try:
        fd = os.open(real, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _failure(error, workspace, "") from None
    try:
        yield Root(real, fd, workspace)
    finally:
        os.close(fd)


class Root:
    """An open workspace folder; `real` is its path without links, `shown` the one that callers see."""

    def __init__(self, real: str, fd: int, shown: str) -> None:
        self.real = real
        self.fd = fd
        self._shown = shown

    def relative(self, path: str) -> str:
        """Return an absolute path below the workspace as a relative one, and any other path unchanged."""
        for root in (self._shown.rstrip("/"), self.real):
            if path == root or path.startswith(f"{root}/"):
                return path[len(root) :].lstrip("/")
        return path

    @contextmanager
    def opened(self, path: str) -> Iterator[int]:
        """Open a file or folder below the root for reading and yield its descriptor.

        Raises:
            PathNotAllowed: it lies outside, or is neither a file nor a folder.
            ArtifactNotFound: it does not exist. PermissionDenied: this user has no permission to read it.
        """
        walk = _Walk(self, path)
        try:
            yield walk.to_end(parts_of(path))
        finally:
            walk.close()


class _Walk:
    """A way down from the root. The last of `_held` is the present place; those before it are where `..` leads."""

    def __init__(self, root: Root, path: str) -> None:
        self._root = root
        self._path = path
        self._held = [root.fd]
        self._links = 0

    def to_end(self, parts: list[str]) -> int:
        """Go all the way and return the descriptor at its end."""
        ahead = parts[::-1]
        try:
            while ahead:
                self._step(ahead.pop(), ahead)
        except OSError as error:
            raise _failure(error, self._root.real, self._path) from None
        return self._held[-1]

    def close(self) -> None:
        """Close everything but the root."""
        while len(self._held) > 1:
            os.close(self._held.pop())

    def _step(self, part: str, ahead: list[str]) -> None:
        """Take one component; a link puts its target's components ahead."""
        if part == "..":
            if len(self._held) == 1:
                raise self._outside()
            os.close(self._held.pop())
            return
        here = self._held[-1]
        mode = os.stat(part, dir_fd=here, follow_symlinks=False).st_mode
        if stat.S_ISLNK(mode):
            self._links += 1
            if self._links > _MOST_LINKS:
                raise OSError(errno.ELOOP, "too many links")
            target = os.readlink(part, dir_fd=here)
            if target.startswith("/"):
                if os.path.commonpath([target, self._root.real]) != self._root.real:
                    raise self._outside()
                target = target[len(self._root.real) :]
                self.close()
            ahead.extend(part for part in target.split("/")[::-1] if part not in {"", "."})
            return
        self._check_kind(mode)
        fd = os.open(part, _OPEN, dir_fd=here)
        self._held.append(fd)
        self._check_kind(os.fstat(fd).st_mode)

    def _check_kind(self, mode: int) -> None:
        """Refuse what is neither a file nor a folder: opening a FIFO may block, opening a device may have effects."""
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise PathNotAllowed(
                f"{self._path!r} is neither a file nor a folder.",
                fix="Call list_artifacts and choose an entry of type file.",
                path=self._path,
            )

    def _outside(self) -> PathNotAllowed:
        return PathNotAllowed(
            f"{self._path!r} points outside the job's workspace {self._root.real}.",
            fix="Only files inside the workspace can be read; call list_artifacts to see them.",
            path=self._path,
        )


def _failure(error: OSError, workspace: str, path: str) -> PodiumError:
    """Return the error for a path in a workspace that the system refuses to open."""
    what = str(Path(workspace) / path)
    if not path and error.errno in _NO_FILE:
        return ArtifactNotFound(
            f"The job's workspace {workspace} does not exist.",
            fix="Jobs create it when they start; if it existed before, its files are gone. get_job shows the job's state.",
            path=path,
        )
    if isinstance(error, PermissionError):
        return PermissionDenied(
            f"This user is not allowed to read {what}.",
            fix="Ask the user who started the conductor for permission to read it.",
            path=path,
        )
    if error.errno == errno.ELOOP:
        # A link that was made after the check, or links in a circle.
        why = f"{what} is a link that cannot be resolved."
    elif error.errno in _NO_FILE:
        why = f"{what} does not exist."
    else:
        why = f"{what} cannot be read: {error.strerror}."
    return ArtifactNotFound(why, fix="Call list_artifacts to see what the job has written so far.", path=path)
