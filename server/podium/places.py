"""Where the home, the settings and the conductor's socket are: the same for every program of a user.

Agents' clients hand on HOME and PATH, and few other variables. So the default home and the default settings depend on HOME
alone. The place of the socket depends on more (XDG_RUNTIME_DIR, TMPDIR): the conductor writes it into its home, where clients
look first. A home or settings folder that XDG_STATE_HOME or XDG_CONFIG_HOME named for an earlier version is found by those who
have the variable, and by others through a file in the default home.
"""

import fcntl
import json
import os
import pwd
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from podium.cwd import absolute, expanded
from podium.errors import InvalidArguments, PermissionDenied
from podium.home import DATABASE, ELSEWHERE, LOCK, SOCKET, SOCKET_RECORD
from podium.privacy.files import open_own, replace_own
from podium.privacy.way import check_way, is_there, make_private

Environment = Mapping[str, str]
CONFIG = "podium.yaml"
PID_CHARS = 20  # of the lock file
_MOST_BYTES = 16_384
_TEMPORARY = Path("/tmp")  # noqa: S108 -- in a folder of our own there
_OF_A_MAC = Path("Library/Application Support")


class Recorded(NamedTuple):
    """Where the conductor of a home listened last, and the id of the home."""

    socket: Path
    home_id: str


def only_home() -> dict[str, str]:
    """Return what every program of this user has in its environment."""
    return {"HOME": os.environ.get("HOME", "")}


def default_home(env: Environment = os.environ) -> Path:
    """Return the home that is used when none is given. Raises as `elsewhere`."""
    plain = _plain_home(env)
    if pointed := elsewhere(env).get("home"):
        return pointed
    earlier = _named_by("XDG_STATE_HOME", env)
    return earlier if earlier and _is_home(earlier) and not _is_home(plain) else plain


def unused_home(env: Environment = os.environ) -> Path | None:
    """Return the home that XDG_STATE_HOME names, if there is one that is not used since there is another."""
    earlier = _named_by("XDG_STATE_HOME", env)
    return earlier if earlier and _is_home(earlier) and earlier != default_home(env) else None


def config_file(env: Environment = os.environ) -> Path:
    """Return where the settings file is looked for. Raises as `elsewhere`."""
    if given := env.get("PODIUM_CONFIG"):
        return absolute(expanded(Path(given)), "PODIUM_CONFIG")
    return _config_folder(env) / CONFIG


def default_socket(home: Path, env: Environment = os.environ) -> Path:
    """Return where a home's conductor listens if nothing is given: in the runtime folder; of a home of one's own, inside it."""
    return (_runtime_folder(env) if home == default_home(env) else home) / SOCKET


def usual_sockets(home: Path) -> list[Path]:
    """Return where a home's conductor may listen that did not record it: one of an earlier version, or on a full disk."""
    if home != default_home():
        return [home / SOCKET]
    folders = (Path(f"/run/user/{os.getuid()}/podium"), _TEMPORARY / f"podium-{os.getuid()}", home)
    return [folder / SOCKET for folder in folders]


def elsewhere(env: Environment = os.environ) -> dict[str, Path]:
    """Return what the default home says of where `home` and `config` are instead.

    Raises:
        PermissionDenied: another user could have written it.
        InvalidArguments: it cannot be understood.
    """
    path = _plain_home(env) / ELSEWHERE
    said = _read(path)
    if said is None:
        return {}
    check_way(path, "The record", "PODIUM_HOME")
    try:
        found: dict[str, Path] = {name: Path(said[name]) for name in ("home", "config") if name in said}
    except (TypeError, ValueError):
        found = {"home": Path()}
    if not all(each.is_absolute() for each in found.values()):
        raise InvalidArguments(
            f"{path} does not say where the home is.",
            fix='Write {"home": "/its/path"} there, or remove the file if no home is anywhere else.',
        )
    return found


def point(home: Path, env: Environment = os.environ) -> None:
    """Write down where a default home and settings are that only XDG_STATE_HOME and XDG_CONFIG_HOME lead to, if they are used.

    Raises:
        OSError: it cannot be written.
    """
    known = elsewhere(env)
    found = dict(known)
    if home == default_home(env) and home != _plain_home(env):
        found["home"] = home
    if not env.get("PODIUM_CONFIG") and _config_folder(env) != _plain_config(env):
        found["config"] = _config_folder(env)
    if found != known:
        make_private(_plain_home(env))
        _write(_plain_home(env) / ELSEWHERE, {name: str(path) for name, path in found.items()})


def recorded(home: Path) -> Recorded | None:
    """Return where the home's conductor listened last; None if that was not recorded, or cannot be understood.

    Raises:
        PermissionDenied: another user could have written it.
    """
    path = home / SOCKET_RECORD
    check_way(path, "The record", "PODIUM_HOME")
    said = _read(path) or {}
    socket, home_id = said.get("socket"), said.get("home_id")
    if not isinstance(socket, str) or not isinstance(home_id, str) or not os.path.isabs(socket):  # noqa: PTH117
        return None
    return Recorded(Path(socket), home_id)


def record(home: Path, socket: Path, home_id: str) -> None:
    """Write down where the home's conductor listens, unless that stands there already.

    Raises:
        OSError: it cannot be written.
    """
    if recorded(home) != Recorded(socket, home_id):
        _write(home / SOCKET_RECORD, {"socket": str(socket), "home_id": home_id})


def holder(home: Path) -> int | None:
    """Return the pid of the conductor that holds the home or held it last, None if there was none."""
    try:
        return int((home / LOCK).read_bytes()[:PID_CHARS])
    except (OSError, ValueError):
        return None


def is_held(home: Path) -> bool:
    """Return whether a conductor holds the home. Ask it only of one whose conductor seems to run: one that starts just now could
    be kept from it.
    """
    try:
        file = open_own(home / LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def known_folder() -> str:
    """Return the folder of this process's user as the system knows it, "" for a user whom it does not know."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""


def _plain_home(env: Environment) -> Path:
    return _folder_of_user(env) / (_OF_A_MAC if sys.platform == "darwin" else ".local/state") / "podium"


def _plain_config(env: Environment) -> Path:
    return _folder_of_user(env) / (_OF_A_MAC if sys.platform == "darwin" else ".config") / "podium"


def _config_folder(env: Environment) -> Path:
    plain = _plain_config(env)
    for other in (elsewhere(env).get("config"), _named_by("XDG_CONFIG_HOME", env)):
        if other and is_there(other) and not is_there(plain):
            return other
    return plain


def _folder_of_user(env: Environment) -> Path:
    """Return the folder of the user: HOME, or what the system knows if that is not set."""
    found = Path(env.get("HOME") or "")
    return found if found.is_absolute() else Path(known_folder() or _TEMPORARY / f"podium-{os.getuid()}")


def _named_by(variable: str, env: Environment) -> Path | None:
    given = Path(env.get(variable) or "")
    return given / "podium" if given.is_absolute() else None


def _is_home(folder: Path) -> bool:
    return is_there(folder / DATABASE)


def _runtime_folder(env: Environment) -> Path:
    """Return the user's runtime folder where there is one. After `su` or `sudo` the variable still names another user's."""
    runtime = Path(env.get("XDG_RUNTIME_DIR") or "")
    if runtime.is_absolute():
        try:
            if runtime.stat().st_uid == os.geteuid():
                return runtime / "podium"
        except OSError:
            pass
    temporary = Path(env.get("TMPDIR") or _TEMPORARY)
    return (temporary if is_there(temporary) else _TEMPORARY) / f"podium-{os.getuid()}"


def _read(path: Path) -> dict[str, Any] | None:
    """Return a small file of ours with a JSON object: None if it is missing, empty if it is something else."""
    try:
        file = open_own(path, os.O_RDONLY)
    except PermissionDenied:
        raise
    except OSError:
        return None
    with os.fdopen(file, "rb") as text:
        try:
            said = json.loads(text.read(_MOST_BYTES))
        except (ValueError, RecursionError):
            return {}
    return said if isinstance(said, dict) else {}


def _write(path: Path, said: Mapping[str, str]) -> None:
    """Replace a small file of ours, whole or not at all."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    replace_own(path, draft, json.dumps(dict(said)).encode("ascii"), synced=False)
