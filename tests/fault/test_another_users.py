"""What is said of an end is so: another user's process that lives on is named, wherever the end is told."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from podium.client.job_control import JobControlService
from podium.client.link.daemon_client import DaemonClient
from podium.conductor.processes import facts
from podium.conductor.processes.cgroup import own_group
from podium.settings import Settings
from tests.support.engines import is_alive
from tests.support.fast_and_foreign import as_root
from tests.support.jobs import sheets_of, submit, until
from tests.support.podium_home import Conductor, ask, make_home
from tests.support.podium_home import until as until_true

pytestmark = pytest.mark.anyio

NOBODY = 65534
MIB = 1024**2


class Unprivileged(Conductor):
    """A conductor that is not root's, in a control group if one is given."""

    def __init__(self, settings: Settings, group: Path | None) -> None:
        super().__init__(settings)
        self._group = group

    def launch(self, **extra_environment: str) -> None:
        """Start it; from then on we are nobody too, because a conductor answers only its own user."""
        super().launch(**extra_environment)
        os.seteuid(NOBODY)

    def command(self) -> list[str]:
        """Return the command that runs it as nobody."""
        inside = ["sh", "-c", 'echo $$ >"$0"/cgroup.procs && exec "$@"', str(self._group)] if self._group else []
        return [*inside, "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *super().command()]


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a folder of nobody's that nobody can reach."""
    folder = Path(tempfile.mkdtemp(prefix="pt-", dir="/tmp"))
    folder.chmod(0o755)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    yield folder
    shutil.rmtree(folder)


# The first program is found with the rights of before, only the second with those of nobody.
TWICE = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import podium'], check=True)"


@pytest.fixture
def program(place: Path) -> Path:
    """Return the program that does what sudo does."""
    made = as_root(place)
    if isinstance(made, str):
        pytest.skip(made)
    if shutil.which("setpriv") is None:
        pytest.skip("there is no setpriv")
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", sys.executable, "-c", TWICE]
    if subprocess.run(command, cwd=place, capture_output=True, check=False).returncode:
        pytest.skip("the interpreter, or the source, lies where nobody may not look")
    return made


@pytest.fixture
def delegated() -> Iterator[Path]:
    """Return a control group that belongs to nobody."""
    base = own_group(facts.read("/proc/self/cgroup").decode(), facts.read("/proc/self/mountinfo").decode())
    if base is None or not os.access(base / "cgroup.procs", os.W_OK):
        pytest.skip("no cgroup v2 folder is writable here")
    folder = base / f"test-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    for path in (folder, folder / "cgroup.procs"):
        os.chown(path, NOBODY, NOBODY)
    yield folder
    (folder / "cgroup.kill").write_text("1")
    until_true(lambda: b"populated 0" in facts.read(str(folder / "cgroup.events")))
    for inner, _, _ in os.walk(folder, topdown=False):
        Path(inner).rmdir()


@pytest.fixture
def unprivileged(place: Path, program: Path) -> Iterator[Conductor]:
    """Return a conductor that runs as nobody, without a control group."""
    with _running(Unprivileged(make_home(place, grace_seconds=0.5), None)) as conductor:
        yield conductor


@contextmanager
def _running(conductor: Conductor) -> Iterator[Conductor]:
    conductor.log.touch()
    try:
        yield conductor.start(PYTHONDONTWRITEBYTECODE="1", HOME=str(conductor.log.parent))
    finally:
        try:
            conductor.end()
        finally:
            os.seteuid(0)  # whatever happened: all later tests in this process would run as nobody


# The process of root's has its last name from here on, and nobody but root can end it.
ONCE_IT_SLEEPS = "until grep -aqs ^sleep /proc/$(cat pid)/cmdline; do sleep 0.02; done"


def score(program: Path, then: str = "wait") -> str:
    """Return a score whose one sheet starts a process of root's, and leaves its pid in its workspace."""
    lines = f"{program} sh -c 'echo $$ >pid; exec sleep 6100' &\n    {ONCE_IT_SLEEPS}\n    {then}"
    return f"name: foreign\nsheets:\n- name: a\n  run: |\n    {lines}\n"


def foreign_pid(place: Path) -> int:
    """Return the pid of root's process as soon as it runs."""
    until_true(lambda: (place / "pid").exists() and (place / "pid").read_text().endswith("\n"))
    pid = int((place / "pid").read_text())
    until_true(lambda: facts.read(f"/proc/{pid}/cmdline").startswith(b"sleep"))
    return pid


def view_of(conductor: Conductor, job_id: str) -> dict[str, Any]:
    """Return a job as `list_jobs` shows it."""
    views = ask(conductor.settings.socket, "job.list", {"limit": 10})["jobs"]
    return next(each["podium"] for each in views if each["podium"]["job_id"] == job_id)


async def test_a_cancel_says_at_once_that_another_users_process_lives_on(
    place: Path, program: Path, unprivileged: Conductor
) -> None:
    path = unprivileged.settings.socket
    job_id = submit(unprivileged, score(program), workspace=str(place))
    pid = foreign_pid(place)
    try:
        async with DaemonClient(path, settings=unprivileged.settings) as client:
            service = JobControlService(client)
            result = await service.cancel_job(job_id)
            explained = await service.explain(job_id)
        said = f"process {pid} of root (the job calls it 'sleep 6100') could not be ended: it is another user's"
        assert (result.success, result.status) == (True, "cancelled")
        assert said in result.message
        assert said in view_of(unprivileged, job_id)["reason"]
        assert said in explained.job.reason
        (sheet,) = ask(path, "job.status", {"job_id": job_id, "sheets_limit": 5})["podium_sheets"]
        assert [(each["pid"], each["user"]) for each in sheet["survivors"]] == [(pid, "root")]
        assert is_alive(pid)
    finally:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(("then", "limit", "status"), [("exit 0", 60, "completed"), ("wait", 5, "failed")])
def test_every_end_tells_of_another_users_process(
    place: Path, program: Path, unprivileged: Conductor, then: str, limit: int, status: str
) -> None:
    text = f"{score(program, then)}  timeout_seconds: {limit}\n"
    job_id = submit(unprivileged, text, workspace=str(place))
    pid = foreign_pid(place)
    try:
        assert f"process {pid} of root" in until(unprivileged, job_id, status)["reason"]
    finally:
        os.kill(pid, signal.SIGKILL)


FOREIGN_COMMAND = "{program} sh -c 'echo $$ >pid; exec sleep 6100' >/dev/null 2>&1 & {wait}; {then}"


@pytest.mark.parametrize(("then", "status"), [("exit 0", "completed"), ("exit 1", "failed"), ("wait", "cancelled")])
@pytest.mark.parametrize("kind", ["skip command", "validation"])
def test_every_end_tells_of_another_users_process_that_a_command_of_the_score_left(
    place: Path, program: Path, unprivileged: Conductor, kind: str, then: str, status: str
) -> None:
    command = FOREIGN_COMMAND.format(program=program, wait=ONCE_IT_SLEEPS, then=then)
    given: dict[str, Any] = {"skip_when_command": {"command": command, "timeout_seconds": 60}}
    if kind == "validation":
        given = {"validate": [{"command_succeeds": command}]}
    sheet = {"name": "a", "run": "exit 1" if (kind, status) == ("skip command", "failed") else "exit 0", **given}
    job_id = submit(unprivileged, json.dumps({"name": "foreign", "sheets": [sheet]}), workspace=str(place))
    pid = foreign_pid(place)
    try:
        if status == "cancelled":
            ask(unprivileged.settings.socket, "job.cancel", {"job_id": job_id})
        said = (
            f"sheet a: process {pid} of root (the job calls it 'sleep 6100') could not be ended: it is another user's"
        )
        assert said in until(unprivileged, job_id, "completed", "failed", "cancelled")["reason"]
        assert view_of(unprivileged, job_id)["status"] == status
        assert said in ask(unprivileged.settings.socket, "job.explain", {"job_id": job_id})["job"]["reason"]
        assert [each["pid"] for each in sheets_of(unprivileged, job_id)["a"]["survivors"]] == [pid]
    finally:
        os.kill(pid, signal.SIGKILL)


def test_the_end_at_the_limit_of_output_tells_of_another_users_process(place: Path, program: Path) -> None:
    settings = make_home(place, grace_seconds=0.5, max_log_bytes=MIB, max_job_log_bytes=MIB)
    with _running(Unprivileged(settings, None)) as conductor:
        before = "- run: head -c 128K /dev/zero\n" * 8
        text = score(program, "head -c 200K /dev/zero; wait").replace("- name: a", f"{before}- name: a")
        job_id = submit(conductor, text, workspace=str(place))
        pid = foreign_pid(place)
        try:
            view = until(conductor, job_id, "failed", "completed")
            assert "output limit reached" in view["reason"]
            assert f"process {pid} of root" in view["reason"]
        finally:
            os.kill(pid, signal.SIGKILL)


def test_a_stop_tells_of_another_users_process(place: Path, program: Path, unprivileged: Conductor) -> None:
    job_id = submit(unprivileged, score(program), workspace=str(place))
    pid = foreign_pid(place)
    try:
        command = [*unprivileged.command()[:-6], "stop", "--cancel", "--home", str(unprivileged.settings.home)]
        os.seteuid(0)
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
        os.seteuid(NOBODY)
        assert f"Not ended: {job_id}, sheet a: process {pid} of root" in done.stdout
    finally:
        os.kill(pid, signal.SIGKILL)


def test_with_a_cgroup_another_users_process_is_ended(place: Path, program: Path, delegated: Path) -> None:
    with _running(Unprivileged(make_home(place, grace_seconds=0.5), delegated)) as conductor:
        assert ask(conductor.settings.socket, "daemon.status")["containment"] == "cgroup"
        job_id = submit(conductor, score(program), workspace=str(place))
        pid = foreign_pid(place)
        ask(conductor.settings.socket, "job.cancel", {"job_id": job_id})
        assert until(conductor, job_id, "cancelled")["survivors"] == []
        assert not is_alive(pid)
