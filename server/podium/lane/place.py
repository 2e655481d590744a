"""The folder that the conductor and the nodes share, and what each of them writes there.

    ROOT/program-HASH/           this package; a node runs `python3 -I -S -B ROOT/program-HASH ROOT/pools/POOL SECONDS`
    ROOT/news/JOB.SERIAL         a bell: a lane has changed something about this attempt. Who looks removes the bell first
    ROOT/jobs/JOB/SERIAL/        an attempt
        script                   the sheet's text (conductor)
        spec                     what to run, as JSON (conductor); holds secrets, so the lane that has the claim removes it
        claim                    a link: who plays it (the lane), or that nobody ever will (the conductor). The first one counts
        stdout.log, stderr.log   its output, live (lane)
        alive                    its load as JSON, written again every few seconds: a sign of life (lane)
        ask                      a link: what the conductor wants of it now
        exit                     a link: how it ended (lane). It always wins over what the cluster says
    ROOT/pools/POOL/             attempts of one job that need the same; POOL is JOB.HASH of what they need
        pool                     `Pool` as JSON (conductor)
        todo/SERIAL              a link to an attempt that nobody has claimed yet (conductor makes, who claims it removes)
        lanes/ID                 a link: what the lane with this id of the cluster does now (lane)
        closed                   a link: nothing more will come (conductor)
        lanes.log                what lanes say themselves

What has to be there whole or not at all is the text of a symbolic link: it is made in one step, the first one counts, no crash
leaves it torn, and a full disk still takes it. A file is made under another name and renamed.

Nobody compares clocks: moments are told by the file system, spans by the clock of one machine.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from .values import number, parsed, whole, word

LINK_BYTES = 1000  # of the longest text of a link: XFS takes 1,023
NAMES_BYTES = 150  # of the names in a record
CUT_CHARS = 60  # of a command that could not be ended
MOST_CODE, MOST_SIGNAL = 255, 64
MOST_LEFT = 3  # of the processes that could not be ended, those that are told
NEWS, JOBS, POOLS = "news", "jobs", "pools"
SCRIPT, SPEC, CLAIM, ALIVE, ASK, EXIT = "script", "spec", "claim", "alive", "ask", "exit"
POOL, TODO, LANES, CLOSED, LANES_LOG = "pool", "todo", "lanes", "closed", "lanes.log"
STDOUT, STDERR = "stdout.log", "stderr.log"
CONDUCTOR = "conductor"  # the lane in a claim of the conductor's
UNKNOWN = "unknown"  # the lane in a claim that cannot be understood
ALIVE_SECONDS = 5.0  # between two signs of life of an attempt
SMALL_BYTES, SPEC_BYTES = (
    64 * 1024,
    64 * 1024 * 1024,
)  # of the longest file that is read: a spec holds a whole environment
LOOK_SECONDS = 1.0  # between two looks of a lane at what is asked of its attempt; a signal USR1 makes it look at once


class Claim(NamedTuple):
    """Who plays an attempt. `lane` is the cluster's own id of the job, `token` differs for each lane.

    `member`: of a job that is one of an array, what the commands of the cluster call it. They do not all take its own id.
    """

    lane: str
    node: str = ""
    pid: int = 0
    token: str = ""
    member: str = ""

    @property
    def job(self) -> str:
        """What the job is called for people."""
        return self.member or self.lane


class Ask(NamedTuple):
    """What the conductor wants of a running attempt: `stop` it (for a reason, with a grace period), `hold` it, or `go` on."""

    what: str
    reason: str = ""
    grace_seconds: float = 0.0


class Exit(NamedTuple):
    """How an attempt ended. `reason` is that of the conductor's engines, or `terminated`: the cluster told the lane to end.

    `seconds` is how long it ran. `left` are processes that could not be ended: pid, user and command of each.
    """

    reason: str
    code: int | None = None
    signal: int | None = None
    ended: int = 0
    seconds: float = 0.0
    detail: str = ""
    lane: str = ""
    node: str = ""
    left: tuple[tuple[int, str, str], ...] = ()


class Lane(NamedTuple):
    """What a lane does: `serial` is the attempt that it plays, 0 if it waits for one."""

    serial: int = 0
    node: str = ""


class Pool(NamedTuple):
    """How the lanes of a pool work. One without an attempt waits for `linger_seconds`, then ends. `stream_bytes` limits what is
    kept of one stream of an attempt.
    """

    linger_seconds: float
    stream_bytes: int


class Spec(NamedTuple):
    """What to run. `argv` is complete; the environment is that of the node's job with `env` over it, but what the cluster gave
    (SLURM_*, and the devices that it lets the job see) stays. `programs` are those that must be there.
    """

    key: str
    argv: tuple[str, ...]
    env: dict[str, str]
    workspace: str
    stdin_script: bool = False
    timeout_seconds: float | None = None
    quiet_seconds: float | None = None
    grace_seconds: float = 5.0
    programs: tuple[str, ...] = ()


def make_link(path: str, value: Any) -> bool:
    """Make a link with a value as its text, at once and whole; return False if the name is taken.

    Raises:
        OSError: it cannot be made.
    """
    try:
        os.symlink(json.dumps(value, separators=(",", ":")), path)
    except FileExistsError:
        return False
    return True


def set_link(path: str, value: Any, mark: str) -> None:
    """Make a link in place of the one that may be there. `mark` is the writer's own. Raises as `make_link`."""
    new = f"{path}.{mark}"
    if not make_link(new, value):
        os.unlink(new)
        make_link(new, value)
    os.replace(new, path)


def read_link(path: str) -> Any:
    """Return the value of a link, None if there is none, or it is not one of ours.

    Raises:
        OSError: it cannot be read now.
    """
    text = _text(path)
    return None if text is None else parsed(text)


def _text(path: str) -> str | None:
    """Return the text of a link, None if there is none; "" if there is something else. Raises as `read_link`."""
    try:
        return os.readlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return ""


def write_file(path: str, value: Any) -> None:
    """Write a value as JSON into a file that only we can read, whole or not at all; a machine that crashes may lose it.

    Raises:
        OSError: it cannot be written.
    """
    write_new(path, value)
    with _nothing_left(f"{path}.new"):
        os.replace(f"{path}.new", path)


def write_new(path: str, value: Any) -> None:
    """Write a file under another name, from which `keep_new` makes it. Raises as `write_file`."""
    new = f"{path}.new"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with _nothing_left(new), open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(json.dumps(value))


def keep_new(path: str) -> None:
    """Make a file of what `write_new` wrote, for good. Raises as `write_file`."""
    new = f"{path}.new"
    with _nothing_left(new):
        sync(new)
        os.replace(new, path)


@contextmanager
def _nothing_left(path: str) -> Iterator[None]:
    """Remove a file if what is done with it fails: it may hold a secret, or the beginning of one."""
    try:
        yield
    except OSError:
        with suppress(OSError):
            os.unlink(path)
        raise


def sync(path: str) -> None:
    """Have what a file holds on the disk. Of many files that were written one after the other, the first takes the most time."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_file(path: str, most: int = SMALL_BYTES) -> Any:
    """Return what `write_file` wrote, None if it is not there, or not one of ours, which is no longer than `most` bytes.

    Raises:
        OSError: it cannot be read now.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    with open(descriptor, "rb") as file:  # a pipe in its place has perhaps no other end
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        data = file.read(most + 1)
    return parsed(data.decode("utf-8", "surrogateescape")) if len(data) <= most else None


def write_pool(pool: str, value: Pool) -> None:
    """Write how the lanes of a pool work, into its folder. Raises as `write_file`."""
    path = os.path.join(pool, POOL)
    write_new(path, value._asdict())
    keep_new(path)


def read_pool(pool: str) -> Pool | None:
    """Return how the lanes of a pool work, None if its folder does not say. Raises as `read_file`."""
    value = _whole(Pool, read_file(os.path.join(pool, POOL)))
    return Pool(**value) if value else None


def write_spec(attempt: str, spec: Spec) -> None:
    """Write what to run into an attempt's folder, where only `keep_spec` makes it count. Raises as `write_file`."""
    write_new(os.path.join(attempt, SPEC), spec._asdict())


def keep_spec(attempt: str) -> None:
    """Let count what was written to run. Raises as `write_file`."""
    keep_new(os.path.join(attempt, SPEC))


def read_spec(attempt: str) -> Spec | None:
    """Return what to run, None if there is no whole spec. Raises as `read_file`."""
    value = _whole(Spec, read_file(os.path.join(attempt, SPEC), SPEC_BYTES))
    return (
        Spec(**{**value, "argv": tuple(value["argv"]), "programs": tuple(value.get("programs", ()))}) if value else None
    )


def _whole(kind: Any, value: Any) -> dict[str, Any] | None:
    """Return those of a value's fields that `kind` knows, None if one is missing. A later version may have written more."""
    if not isinstance(value, dict) or set(kind._fields) - set(value) - set(kind._field_defaults):
        return None
    return {name: value[name] for name in kind._fields if name in value}


def take_claim(attempt: str, claim: Claim) -> bool:
    """Claim an attempt; return False if somebody else has it. One that we have counts as claimed again: a network file system may
    repeat a call whose answer was lost.

    Raises:
        OSError: it cannot be claimed now.
    """
    path = os.path.join(attempt, CLAIM)
    return make_link(path, claim) or read_claim(attempt) == claim


def read_claim(attempt: str) -> Claim | None:
    """Return who has an attempt, None if nobody. One that cannot be understood is somebody's. Raises as `read_link`."""
    text = _text(os.path.join(attempt, CLAIM))
    if text is None:
        return None
    value = parsed(text)
    if not isinstance(value, list) or not 1 <= len(value) <= len(Claim._fields) or not word(value[0]):
        return Claim(UNKNOWN)
    lane, node, pid, token, member = _filled(value, Claim(UNKNOWN))
    return Claim(word(lane), word(node), whole(pid) or 0, word(token), word(member))


def read_ask(attempt: str) -> Ask | None:
    """Return what is asked of an attempt, None if nothing. Raises as `read_link`."""
    value = read_link(os.path.join(attempt, ASK))
    if not isinstance(value, list) or not 1 <= len(value) <= len(Ask._fields):
        return None
    what, reason, grace_seconds = _filled(value, Ask(""))
    return Ask(word(what), word(reason), number(grace_seconds))


def _filled(given: list[Any], by: tuple[Any, ...]) -> list[Any]:
    """Return what a list holds, with the rest of a tuple behind it."""
    return given + list(by[len(given) :])


def read_exit(attempt: str) -> Exit | None:
    """Return how an attempt ended, None if it has not. What is not what it should be is left out. Raises as `read_link`."""
    value = read_link(os.path.join(attempt, EXIT))
    if not isinstance(value, dict) or not word(value.get("reason")):
        return None
    left = value.get("left")
    return Exit(
        word(value["reason"]),
        code=whole(value.get("code"), MOST_CODE),
        signal=whole(value.get("signal"), MOST_SIGNAL) or None,
        ended=whole(value.get("ended")) or 0,
        seconds=number(value.get("seconds")),
        detail=word(value.get("detail")),
        lane=word(value.get("lane")),
        node=word(value.get("node")),
        left=tuple(map(_process, left[:MOST_LEFT])) if isinstance(left, list) else (),
    )


def _process(value: Any) -> tuple[int, str, str]:
    pid, user, command = value if isinstance(value, list) and len(value) == 3 else (0, "", "")
    return whole(pid) or 0, word(user), word(command)


def note_exit(attempt: str, end: Exit) -> bool:
    """Record how an attempt ended; the first record counts, and False says that there was one.

    What is too long for a link is cut. Raises as `make_link`.
    """
    left = tuple((pid, user[:CUT_CHARS], command[:CUT_CHARS]) for pid, user, command in end.left[:MOST_LEFT])
    end = end._replace(left=left, seconds=round(end.seconds, 3))
    while len(json.dumps(end)) > LINK_BYTES - NAMES_BYTES and (end.detail or end.left):
        shorter = end.detail[: len(end.detail) * 3 // 4]
        end = end._replace(detail=shorter, left=end.left if end.detail else end.left[:-1])
    value = {name: each for name, each in end._asdict().items() if each not in (None, "", ())}
    return make_link(os.path.join(attempt, EXIT), value)


def lane_link(pool: str, lane: str) -> str:
    """Return where it is told what a lane of a pool does."""
    return os.path.join(pool, LANES, lane)


def ring(root: str, job_id: str, serial: int) -> None:
    """Say that there is something new about an attempt. What cannot be said is seen a little later."""
    try:
        os.symlink(".", os.path.join(root, NEWS, f"{job_id}.{serial}"))
    except OSError:
        return
