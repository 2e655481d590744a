"""Which users are trusted: ourselves and root, who can do everything anyway."""

import grp
import os
import pwd
import stat
from functools import cache

ROOT = 0


def trusted(uid: int) -> bool:
    """Return whether a folder of this user's may lie on the way to ours.

    Inside a user namespace (a sandbox) root outside has the number that is left for everybody else; it is told by what it owns.
    """
    return uid in {ROOT, os.geteuid(), _owner_of_everything()}


def written_by_others(status: os.stat_result) -> bool:
    """Return whether a file's or folder's mode lets users write that are neither its owner nor we."""
    if status.st_mode & stat.S_IWOTH:
        return True
    return bool(status.st_mode & stat.S_IWGRP) and not _only_ours(status.st_gid)


def named(uid: int) -> str:
    """Return a user for a message: the name where there is one, and the number."""
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"


@cache
def _owner_of_everything() -> int:
    return os.stat("/").st_uid  # noqa: PTH116


@cache
def _only_ours(gid: int) -> bool:
    """Return whether a group has no member but us, as systems make one for each user, or but root."""
    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    if gid == ROOT:
        return set(group.gr_mem) <= {"root", user.pw_name}
    return gid == user.pw_gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}
