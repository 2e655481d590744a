"""Who is at the other end of a Unix socket, as the kernel reports it."""

import os
import socket
import struct
import sys
from pathlib import Path

from podium.errors import PermissionDenied
from podium.privacy.users import ROOT, named

# SOL_LOCAL, LOCAL_PEERCRED (<sys/un.h>) and the size of struct xucred (<sys/ucred.h>) of macOS, for which Python has no names.
_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES = 0, 1, 76


def credentials(connection: socket.socket) -> tuple[int | None, int | None]:
    """Return uid and pid of the peer; None for what the system does not report."""
    if hasattr(socket, "SO_PEERCRED"):
        pid, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return uid, pid
    if sys.platform == "darwin":
        _, found = struct.unpack_from("2I", connection.getsockopt(_SOL_LOCAL, _LOCAL_PEERCRED, _XUCRED_BYTES))
        return found, None
    return None, None


def check_peer(connection: socket.socket, path: Path) -> None:
    """Refuse a conductor that another user runs. Call it before anything is sent: a score may hold secrets.

    Raises:
        PermissionDenied: it is neither ours nor root's.
    """
    uid, pid = credentials(connection)
    if uid is None or uid in {os.geteuid(), ROOT}:
        return
    raise PermissionDenied(
        f"The process that listens on {path} (pid {pid}) belongs to {named(uid)}, not to you: nothing was sent to it.",
        fix="Set PODIUM_SOCKET to a path in a folder of your own and start the conductor there; or run this as that user.",
        socket=str(path),
    )
