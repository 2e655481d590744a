"""What can go wrong between the proxy and the conductor: six errors with six different fixes.

No file or a refused connection: not running. EAGAIN: busy. EACCES: permission. The end in the middle of a reply: unreachable.
No reply: time-out. An answer that the protocol does not have: mismatch.
"""

import errno
from pathlib import Path

from podium.errors import (
    ConductorBusy,
    ConductorError,
    ConductorMismatch,
    ConductorNotRunning,
    ConductorTimeout,
    ConductorUnreachable,
    PermissionDenied,
    UnsupportedByConductor,
)
from podium.privacy.leftovers import left_by_us


def connect_failure(error: OSError, path: Path, start: str) -> ConductorError:
    """Return the error for a connection that could not be made; `start` is the command that starts a conductor there."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return ConductorNotRunning(
            f"No conductor is running: there is no socket at {path}.",
            fix=f"Start one with `{start}`, or set PODIUM_SOCKET to the socket of a running conductor.",
            socket=str(path),
        )
    if isinstance(error, ConnectionRefusedError):
        return _refused(path, start)
    if isinstance(error, PermissionError):
        return PermissionDenied(
            f"This user is not allowed to connect to the conductor's socket {path}.",
            fix=f"Run as the user who started the conductor, or ask that user to change the mode of {path} and its folder.",
            socket=str(path),
        )
    if isinstance(error, BlockingIOError):
        return busy(path)
    if error.errno in {errno.EPROTOTYPE, errno.ENOTSOCK}:
        return foreign(path, "it is a socket of a different type")
    return ConductorUnreachable(
        f"The connection to {path} failed: {error.strerror or error}.",
        fix="Check PODIUM_SOCKET, then call conductor_status.",
        socket=str(path),
    )


def of_another_home(path: Path, pid: int, start: str) -> ConductorNotRunning:
    """Return the error for a conductor that answers where that of this home listened last."""
    return ConductorNotRunning(
        f"No conductor is running for this home: the conductor that answers on {path} now (pid {pid}) belongs to another home.",
        fix=f"Start one with `{start}`; or set PODIUM_HOME to the home of the other one.",
        socket=str(path),
    )


def foreign_gone(path: Path) -> ConductorNotRunning:
    """Return the error for a foreign conductor that has answered before: its place is not for one of ours."""
    return ConductorNotRunning(
        f"No conductor is running: the Marianne conductor that answered on {path} has ended.",
        fix="Start that one again with its own command (`mzt start`), or unset PODIUM_SOCKET and run `podium start`.",
        socket=str(path),
    )


def _refused(path: Path, start: str) -> ConductorError:
    """Return the error for a file on which no process listens."""
    is_socket = path.is_socket() or not path.exists()  # gone in the meantime
    if path.is_socket() and not left_by_us(path):
        return ConductorNotRunning(
            f"No conductor is running: {path} is a stale socket file, left behind by a conductor that is not Podium's.",
            fix="Start that one again with its own command (`mzt start`), or unset PODIUM_SOCKET and run `podium start`.",
            socket=str(path),
        )
    if is_socket:
        return ConductorNotRunning(
            f"No conductor is running: {path} is a stale socket file, left behind by a conductor that has ended.",
            fix=f"Start one with `{start}`; it replaces {path}.",
            socket=str(path),
        )
    return ConductorNotRunning(
        f"No conductor is running: {path} exists but is not a socket.",
        fix=f"Set PODIUM_SOCKET to the conductor's socket, or start one with `{start}`.",
        socket=str(path),
    )


def busy(path: Path) -> ConductorBusy:
    """Return the error for a conductor that accepts no further connection now."""
    return ConductorBusy(
        f"The conductor on {path} is not accepting new connections right now.",
        fix="Wait a few seconds and try again; if that does not help, close clients that are holding connections open.",
        socket=str(path),
    )


def lost(path: Path, method: str) -> ConductorUnreachable:
    """Return the error for a connection that ended before the reply arrived."""
    return ConductorUnreachable(
        f"The conductor on {path} closed the connection before it answered {method}.",
        fix="Call conductor_status; if no conductor answers, read conductor.log in PODIUM_HOME and run `podium start`.",
        socket=str(path),
        method=method,
    )


def lost_foreign(path: Path, method: str) -> ConductorUnreachable:
    """Return the error for a connection to a foreign conductor that ended before the reply arrived."""
    return ConductorUnreachable(
        f"The Marianne conductor on {path} closed the connection before it answered {method}.",
        fix="Call conductor_status; if no conductor answers, start that one again with its own command, `mzt start`.",
        socket=str(path),
        method=method,
    )


def no_reply(path: Path, method: str, seconds: float) -> ConductorTimeout:
    """Return the error for a reply that did not arrive in time."""
    return ConductorTimeout(
        f"The conductor on {path} did not answer {method} within {seconds:.3g} s.",
        fix="Call conductor_status to see whether it answers at all, then try again.",
        socket=str(path),
        method=method,
    )


def no_turn(path: Path, method: str, seconds: float) -> ConductorTimeout:
    """Return the error for a reply that did not arrive in time from a conductor that may serve few connections at once."""
    return ConductorTimeout(
        f"The conductor on {path} did not answer {method} within {seconds:.3g} s. "
        "A Marianne conductor serves five connections at once, and lets others wait.",
        fix="Close other clients that hold connections to it, such as its dashboard, and try again; "
        "`socket.backlog` in its configuration is how many it serves.",
        socket=str(path),
        method=method,
    )


def not_stopped(path: Path, product: str, version: str, pid: int) -> UnsupportedByConductor:
    """Return the error for a foreign conductor that was to be stopped: it may hold the jobs of others."""
    return UnsupportedByConductor(
        f"{product.capitalize()} {version} (pid {pid}) answers on {path}. It is not a Podium conductor: nothing was done to it.",
        fix="To stop it, run its own command, `mzt stop`: it waits for its running and paused jobs, and then cancels them.",
        socket=str(path),
        product=product,
        version=version,
        pid=pid,
    )


def foreign(path: Path, what: str) -> ConductorMismatch:
    """Return the error for an answer that no conductor gives."""
    return ConductorMismatch(
        f"The process on {path} is not a conductor that this proxy can talk to: {what}.",
        fix="Set PODIUM_SOCKET to a conductor's socket, or install the same version of podium as the conductor.",
        socket=str(path),
    )
