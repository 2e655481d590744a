"""The env file of the settings: values for `{from_env: NAME}`, one `NAME=value` a line, that nobody else can read."""

import os
import re
import stat
from pathlib import Path

from podium.errors import InvalidArguments
from podium.privacy.way import check_way

MOST_BYTES = 1024 * 1024
_LINE = re.compile(r"(?:export\s+)?([^\s=#]+)\s*=\s*(.*)")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def read_env_file(path: Path) -> dict[str, str]:
    r"""Return the variables in an env file. Blocks.

    A value is what stands behind the `=`, without white space around it. In single quotes it is as written, in double quotes
    `\n`, `\r`, `\t`, `\"` and `\\` mean what they mean in a shell's $'...'. Lines that begin with `#` are comments.

    Raises:
        InvalidArguments: it is missing, no regular file, another user's, open to others, too large, or has a wrong line.
        PermissionDenied: another user could put a file in its place.
    """
    check_way(path, "The env_file", "PODIUM_ENV_FILE")
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if why := _unfit(os.fstat(fd)):
                fix = f"chmod 600 {path}" if "mode" in why else "name a file of your own in the settings"
                raise InvalidArguments(f"The env_file {path} {why}.", fix=f"Correct it: {fix}.")
            text = os.read(fd, MOST_BYTES).decode("utf-8", "surrogateescape")
        finally:
            os.close(fd)
    except OSError as error:
        raise InvalidArguments(
            f"The env_file {path} cannot be read: {error.strerror}.",
            fix="Correct env_file in the settings, or make the file.",
        ) from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if (line := line.strip()) and not line.startswith("#"):
            if (parts := _LINE.fullmatch(line)) is None or "\0" in line:
                raise InvalidArguments(
                    f"The env_file {path} has a line, number {number}, that is not NAME=value.", fix="Correct the line."
                )
            found[parts[1]] = _unquoted(parts[2])
    return found


def _unfit(info: os.stat_result) -> str:
    """Return why a file may not be used, "" if it may."""
    if not stat.S_ISREG(info.st_mode):
        return "is not a regular file"
    if info.st_uid not in {os.getuid(), 0}:
        return f"belongs to another user (uid {info.st_uid})"
    if info.st_mode & 0o077:
        return f"can be read or changed by other users (mode {stat.S_IMODE(info.st_mode):04o})"
    if info.st_size > MOST_BYTES:
        return f"has {info.st_size} bytes, more than {MOST_BYTES}"
    return ""


def _unquoted(value: str) -> str:
    if len(value) < 2 or value[0] != value[-1] or value[0] not in "\"'":
        return value
    inner = value[1:-1]
    return inner if value[0] == "'" else re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), inner)
