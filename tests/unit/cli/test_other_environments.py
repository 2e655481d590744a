"""A conductor that a login shell started, looked for by programs that were given another environment: real processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.cli.shared.exits import Code
from podium.conductor.store.database import open_writer
from podium.places import holder
from tests.support import nursed
from tests.support.another_user import NOBODY
from tests.support.podium_home import ask, until

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="the folders of macOS have other names")


class User:
    """A user with a HOME of their own, a login shell, and a client that hands on only a few variables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        runtime = folder / "rt"
        runtime.mkdir(mode=0o700)
        self.client = {"HOME": str(folder), "PATH": os.environ["PATH"], "TERM": "xterm", "USER": "u", "LOGNAME": "u"}
        self.shell = {**self.client, "XDG_RUNTIME_DIR": str(runtime)}
        self.home = folder / ".local/state/podium"
        self.socket = runtime / "podium/podium.sock"

    def podium(self, env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command in an environment."""
        line = nursed.command("commands", *words)
        return subprocess.run(line, env=env, capture_output=True, text=True, check=False, timeout=50)

    def end(self) -> None:
        """End the user's conductor if there is one."""
        if any(self.folder.rglob("conductor.lock")):
            self.podium(self.client, "stop", "--cancel")


@pytest.fixture
def user(short_tmp: Path) -> Iterator[User]:
    """Return a user without a conductor; one that a test starts is ended."""
    made = User(short_tmp)
    yield made
    made.end()


def test_a_conductor_of_a_login_shell_is_found_without_its_variables(user: User, short_tmp: Path) -> None:
    started = user.podium(user.shell, "start")
    assert started.returncode == 0, started.stderr
    assert user.socket.is_socket()
    found = user.podium(user.client, "status")
    assert f"socket: {user.socket}" in found.stdout, found.stderr
    assert user.podium(user.client, "call", "conductor_status").returncode == 0
    for env in (user.client, user.shell):
        again = user.podium(env, "start")
        assert (again.returncode, f"already running (pid {holder(user.home)}) on {user.socket}" in again.stdout) == (
            0,
            True,
        )
    other = user.podium(user.client, "start", "--socket", str(short_tmp / "s"))
    assert other.returncode == Code.NO_CONDUCTOR
    assert f"(pid {holder(user.home)}) listens on {user.socket}" in other.stderr
    doctor = user.podium(user.client, "doctor").stdout
    assert "any program of this user finds the same" in doctor or "for the system" in doctor


def test_a_conductor_that_recorded_no_socket_is_found_where_earlier_versions_listened(user: User) -> None:
    user.podium(user.shell, "start", "--socket", str(user.home / "podium.sock"))
    (user.home / "socket.json").unlink()
    assert f"socket: {user.home}/podium.sock" in user.podium(user.client, "status").stdout
    until((user.home / "socket.json").exists)  # the conductor writes it again


def test_after_a_crash_the_next_conductor_may_listen_elsewhere_and_is_found(user: User) -> None:
    user.podium(user.shell, "start")
    first = holder(user.home)
    assert first
    os.kill(first, signal.SIGKILL)
    until(lambda: not _answers(user.socket))
    dead = user.podium(user.client, "status")
    assert (dead.returncode, f"{user.socket} is a stale socket file" in dead.stderr) == (Code.NO_CONDUCTOR, True)
    (user.folder / "rt2").mkdir(mode=0o700)
    assert user.podium({**user.client, "XDG_RUNTIME_DIR": str(user.folder / "rt2")}, "start").returncode == 0
    for env in (user.shell, user.client):
        assert f"socket: {user.folder}/rt2/podium/podium.sock" in user.podium(env, "status").stdout
    assert holder(user.home) != first


def _answers(path: Path) -> bool:
    try:
        ask(path, "daemon.health", seconds=2.0)
    except OSError:
        return False
    return True


def test_the_conductor_of_another_home_is_not_taken_for_ones_own_though_it_has_the_socket(
    user: User, short_tmp: Path
) -> None:
    (short_tmp / "2").mkdir(mode=0o700)
    second = User(short_tmp / "2")
    second.shell["XDG_RUNTIME_DIR"] = user.shell["XDG_RUNTIME_DIR"]  # one login, two values of HOME
    assert user.podium(user.shell, "start").returncode == 0
    try:
        none = second.podium(second.shell, "status")
        assert none.returncode == Code.NO_CONDUCTOR
        assert "belongs to another home" in none.stderr
        started = second.podium(second.shell, "start")  # finds a place of its own
        assert started.returncode == 0, started.stderr
        assert f"pid {holder(second.home)}" in second.podium(second.client, "status").stdout
        assert f"pid {holder(user.home)}" in user.podium(user.client, "status").stdout
    finally:
        second.end()


def test_a_record_that_leads_to_another_homes_conductor_is_seen_through(user: User, short_tmp: Path) -> None:
    user.podium(user.shell, "start")
    other = short_tmp / "other"
    other.mkdir(mode=0o700)
    shutil.copy(user.home / "socket.json", other)
    record = other / "socket.json"
    record.write_text(record.read_text().replace('"home_id": "', '"home_id": "x'))
    found = user.podium(user.shell, "status", "--home", str(other))
    assert found.returncode == Code.NO_CONDUCTOR
    assert "belongs to another home" in found.stderr


def test_a_home_of_an_earlier_version_goes_on_with_its_jobs_in_every_environment(user: User, short_tmp: Path) -> None:
    shell = {**user.shell, "XDG_STATE_HOME": str(short_tmp / "state")}
    earlier = short_tmp / "state" / "podium"
    earlier.mkdir(mode=0o700, parents=True)
    open_writer(earlier).close()
    assert user.podium(shell, "start").returncode == 0
    assert f"pid {holder(earlier)}" in user.podium(user.client, "status").stdout
    assert not (user.home / "podium.db").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_another_user_who_takes_the_usual_place_first_neither_gets_a_word_nor_stops_us(user: User) -> None:
    squatted = user.folder / f"podium-{os.getuid()}"
    squatted.mkdir(mode=0o777)
    os.chown(squatted, NOBODY, NOBODY)
    env = {**user.client, "TMPDIR": str(user.folder)}
    refused = user.podium(env, "call", "list_jobs", "--json")
    assert json.loads(refused.stdout)["error"]["code"] == "PERMISSION_DENIED"
    assert "Run `podium start`" in refused.stdout
    assert user.podium(env, "start").returncode == 0
    for each in (env, user.client):
        assert f"socket: {user.home}/podium.sock" in user.podium(each, "status").stdout


@pytest.mark.parametrize("command", ["start", "status", "doctor", "call list_jobs"])
def test_a_home_variable_of_another_user_gives_no_traceback(user: User, command: str) -> None:
    closed = user.folder / "closed"  # as after `su`, which may keep the first user's HOME
    closed.mkdir(mode=0)
    env = {**user.client, "TMPDIR": str(user.folder), "HOME": str(closed)}
    env |= dict.fromkeys(("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"), f"{closed}/xdg")
    line = nursed.command("commands", *command.split(), plain=True)
    done = subprocess.run(line, env=env, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == (Code.FAILED if command == "doctor" else Code.BAD_INPUT), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("mode", [0o600, 0o500])
def test_a_home_that_cannot_be_written_is_an_error_with_a_fix(user: User, short_tmp: Path, mode: int) -> None:
    folder = short_tmp / "home"
    folder.write_text("") if mode == 0o600 else folder.mkdir(mode)
    line = nursed.command("commands", "start", "--home", str(folder), plain=True)
    done = subprocess.run(line, env=user.shell, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == Code.BAD_INPUT
    assert f"The home {folder} cannot be used: " in done.stderr
    assert "Traceback" not in done.stderr


def test_every_file_of_a_home_is_closed_to_others_whatever_the_umask(user: User, short_tmp: Path) -> None:
    user.home.mkdir(parents=True)
    user.home.chmod(0o755)
    before = os.umask(0)
    try:
        first = user.podium(user.shell, "start")
        started = user.podium(user.shell, "run", str(_score(short_tmp)))
    finally:
        os.umask(before)
    assert started.returncode == 0, started.stderr
    note = f"{user.home} was open to other users (mode 755); it is closed to them now."
    assert f"note: {note}" in first.stdout
    assert note in (user.home / "conductor.log").read_text()
    outside = user.home / "workspaces"
    found = [path for path in user.home.rglob("*") if not path.is_relative_to(outside) and path.name != "podium.sock"]
    assert {"podium.db", "podium.db-wal", "podium.db-shm", "podium.db-acked", "conductor.log"} <= {
        each.name for each in found
    }
    files = {str(path): oct(path.stat().st_mode) for path in found if path.is_file() and path.stat().st_mode & 0o077}
    assert files == {}
    assert user.home.stat().st_mode & 0o777 == 0o700


def _score(folder: Path) -> Path:
    path = folder / "score.yaml"
    path.write_text("name: x\nsheets: [{run: echo out}]\n")
    return path


def test_a_conductor_in_a_project_with_modules_of_the_same_names_runs_its_own(user: User, short_tmp: Path) -> None:
    (short_tmp / "project/podium").mkdir(parents=True)
    for name in ("podium/__init__.py", "yaml.py", "typing.py"):
        (short_tmp / "project" / name).write_text("raise SystemExit('the module of the project')")
    settings = short_tmp / "settings.yaml"
    settings.write_text("max_sheets: 2\n")  # with a file, the conductor is another process than the command
    line = [sys.executable, "-P", "-m", "podium", "start", "--foreground"]
    env = {**user.shell, "PODIUM_CONFIG": str(settings)}
    with subprocess.Popen(line, cwd=short_tmp / "project", env=env, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any("conductor_ready" in told for told in process.stderr)
        process.terminate()
