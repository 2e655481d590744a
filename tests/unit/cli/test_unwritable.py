"""What a command does when its output or its log cannot be written."""

import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="only Linux has a file that is always full")


def podium(*arguments: str, redirect: str) -> subprocess.CompletedProcess[str]:
    """Run the command under a shell that redirects its streams."""
    command = ["/bin/sh", "-c", f'exec "$@" {redirect}', "sh", sys.executable, "-m", "podium", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)


@pytest.mark.parametrize("command", ["schema", "--version", "--help", "start --help"])
@pytest.mark.parametrize(
    ("redirect", "reason"), [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")]
)
def test_output_that_cannot_be_written_is_a_failure_that_says_so(command: str, redirect: str, reason: str) -> None:
    done = podium(*command.split(), redirect=redirect)
    assert (done.returncode, done.stderr) == (6, f"podium: Cannot write the output: {reason}.\n")


def test_a_server_that_cannot_write_its_answers_ends_and_says_why(short_tmp: Path) -> None:
    request = short_tmp / "request"
    request.write_text('{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
    done = podium("serve", "--home", str(short_tmp), redirect=f">/dev/full <{request}")
    assert done.returncode == 1
    assert "answer_cannot_be_written" in done.stderr
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("redirect", "name"), [("<&-", "stdin (descriptor 0)"), ("</dev/null >&-", "stdout (descriptor 1)")]
)
def test_a_server_without_a_stream_says_which_one_is_closed(short_tmp: Path, redirect: str, name: str) -> None:
    done = podium("serve", "--home", str(short_tmp), redirect=redirect)
    assert done.returncode == 2
    assert done.stderr.startswith(f"podium: {name} is closed, and podium serve speaks MCP on it.\n")
    assert "--http PORT" in done.stderr


def test_a_server_that_is_started_with_every_stream_closed_ends_at_once(short_tmp: Path) -> None:
    assert podium("serve", "--home", str(short_tmp), redirect="<&- >&- 2>&-").returncode == 2


def test_a_reader_that_has_gone_ends_the_command_without_a_word() -> None:
    done = podium("schema", redirect="| true")
    assert done.stderr == ""


@pytest.mark.parametrize("redirect", ["2>/dev/full", "2>&-"])
@pytest.mark.parametrize(
    ("arguments", "code"), [(["schema"], 0), (["no-such-command"], 2), (["call", "get_job", "job_id=x"], 5)]
)
def test_messages_that_cannot_be_written_change_no_exit_code(
    arguments: list[str], code: int, redirect: str, short_tmp: Path
) -> None:
    home = ["--home", str(short_tmp)] if arguments[0] == "call" else []
    assert podium(*arguments, *home, redirect=redirect).returncode == code


def test_a_server_whose_log_cannot_be_written_ends_well(short_tmp: Path) -> None:
    done = podium("serve", "--home", str(short_tmp), "--log-level", "debug", redirect="2>/dev/full </dev/null")
    assert done.returncode == 0
