"""The lines of sh around an attempt, run as a shell runs them: each shell that a system may have as sh."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from podium.conductor.engines.local import wrapper
from podium.conductor.engines.local.folder import AttemptFolder
from podium.conductor.processes import facts
from tests.support.engines import HERE, make_spec

SHELLS = [path for name in ("dash", "bash", "busybox") if (path := shutil.which(name))]
BASH = shutil.which("bash") or "/bin/bash"
NO_PATH = {"PATH": "/nonexistent"}


@pytest.fixture
def folder(tmp_path: Path) -> AttemptFolder:
    spec = make_spec(tmp_path, "exit 3")
    prepared = AttemptFolder(spec.folder)
    prepared.prepare(spec, HERE)
    return prepared


def command(shell: str, folder: AttemptFolder, *argv: str, workspace: Path | None = None) -> list[str]:
    """Return the wrapper's command line, with `shell` as sh."""
    place = workspace or folder.path
    line = wrapper.command(argv, folder=folder.path, workspace=place, boot_id=facts.boot_id())
    return [shell, *(["sh"] if shell.endswith("busybox") else []), *line[1:]]


def run(
    shell: str, folder: AttemptFolder, *argv: str, workspace: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the wrapper to its end without any PATH."""
    line = command(shell, folder, *argv, workspace=workspace)
    return subprocess.run(
        line, env=NO_PATH, capture_output=True, text=True, check=False, timeout=30, start_new_session=True
    )


def record(folder: AttemptFolder) -> tuple[str, int]:
    """Return what the exit record says."""
    found = folder.read_exit()
    assert found is not None
    return found.kind, found.code


@pytest.mark.parametrize("shell", SHELLS)
def test_it_needs_nothing_from_path(shell: str, folder: AttemptFolder) -> None:
    done = run(shell, folder, BASH, str(folder.script))
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")
    assert record(folder) == ("exited", 3)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("argv", "code"),
    [
        ((BASH, "-c", "exit 0"), 0),
        ((BASH, "-c", "exit 255"), 255),
        ((BASH, "-c", "kill -KILL $$"), 137),
        ((BASH, "-c", "kill -TERM 0; exit 1"), 143),
        (("/nonexistent/tool",), 127),
        (("/etc/passwd",), 126),
        (("no-such-tool",), 127),
        (("exit", "3"), 127),  # not the shell's own
    ],
)
def test_it_records_the_exit_code(shell: str, folder: AttemptFolder, argv: tuple[str, ...], code: int) -> None:
    assert run(shell, folder, *argv).returncode == code
    assert record(folder) == ("exited", code)


@pytest.mark.parametrize("shell", SHELLS)
def test_only_the_command_writes_to_the_output(shell: str, folder: AttemptFolder) -> None:
    done = run(shell, folder, BASH, "-c", "echo out; echo err >&2; exit 1")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_missing_workspace_is_its_own_kind_of_end(shell: str, folder: AttemptFolder) -> None:
    run(shell, folder, BASH, "-c", "touch ran", workspace=folder.path / "missing")
    assert record(folder) == ("no_workspace", 126)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_finds_its_signals_at_their_default(
    shell: str, folder: AttemptFolder, request: pytest.FixtureRequest
) -> None:
    ours = signal.signal(
        signal.SIGHUP, signal.SIG_DFL
    )  # ignored if the tests run under nohup, and a command inherits that
    request.addfinalizer(lambda: signal.signal(signal.SIGHUP, ours))
    status = run(shell, folder, BASH, "-c", "while read -r line; do echo $line; done </proc/self/status").stdout
    caught = dict(line.split(": ") for line in status.splitlines() if line.startswith(("SigIgn", "SigCgt")))
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        assert not int(caught["SigIgn"], 16) >> (number - 1) & 1, number


@pytest.mark.parametrize("shell", SHELLS)
def test_it_survives_a_term_and_writes_down_how_the_command_ended(shell: str, folder: AttemptFolder) -> None:
    gate = folder.path / "gate"
    os.mkfifo(gate)
    line = command(shell, folder, BASH, "-c", "read -r line <gate; exit 4")
    wrapped = subprocess.Popen(line, env=NO_PATH)
    with gate.open("w") as opened:  # it returns when the command has opened the other end
        os.kill(wrapped.pid, signal.SIGTERM)
        opened.write("go\n")
    assert wrapped.wait(timeout=30) == 4
    assert record(folder) == ("exited", 4)


def test_shell_options_of_the_environment_do_not_keep_it_from_its_record(folder: AttemptFolder) -> None:
    line = command(BASH, folder, BASH, "-c", "exit 4")
    subprocess.run(line, env={**NO_PATH, "SHELLOPTS": "errexit:nounset:noclobber"}, check=False, timeout=30)
    assert record(folder) == ("exited", 4)


@pytest.mark.parametrize("shell", SHELLS)
def test_its_descriptors_do_not_reach_the_command(shell: str, folder: AttemptFolder) -> None:
    done = run(shell, folder, BASH, "-c", "for n in 3 4 5; do [[ -e /proc/$$/fd/$n ]] && echo $n; done")
    assert (done.stdout, done.returncode) == ("", 1)


@pytest.mark.parametrize("shell", SHELLS)
def test_its_variables_do_not_reach_the_command(shell: str, folder: AttemptFolder) -> None:
    run(shell, folder, BASH, "-c", 'compgen -v | while read -r v; do [[ $v == podium* ]] && echo "$v" >>seen; done')
    assert not (folder.path / "seen").exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_the_identity_names_the_wrapper(shell: str, folder: AttemptFolder) -> None:
    gate = folder.path / "gate"
    os.mkfifo(gate)
    wrapped = subprocess.Popen(command(shell, folder, BASH, "-c", "read -r line <gate"), env=NO_PATH)
    with gate.open("w"):
        identity = folder.read_identity()
        assert identity is not None
        assert (identity.pid, identity.is_alive()) == (wrapped.pid, True)
    wrapped.wait(timeout=30)
    assert not identity.is_alive()
