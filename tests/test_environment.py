"""The tests see the environment of a fresh user, whatever the shell that started them exports."""

import os
import signal
import subprocess
import sys

from tests.support.source_tree import REPOSITORY

OF_A_SHELL = {
    "PYTHONUNBUFFERED": "1",
    "PODIUM_HOME": "/nonexistent",
    "XDG_RUNTIME_DIR": "/nonexistent",
    "LC_ALL": "de_DE",
    "COLUMNS": "7",
}


def test_no_variable_of_the_shell_is_seen() -> None:
    assert not set(OF_A_SHELL) & set(os.environ)


def test_no_signal_that_ends_a_command_is_ignored() -> None:
    ends = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
    assert signal.SIG_IGN not in map(signal.getsignal, ends)


def test_a_shell_that_exports_much_and_ignores_signals_changes_nothing() -> None:
    tests = ("no_variable_of_the_shell_is_seen", "no_signal_that_ends_a_command_is_ignored")
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        *(f"{__file__}::test_{each}" for each in tests),
    ]
    done = subprocess.run(
        ["/bin/sh", "-c", "trap '' HUP INT QUIT; exec \"$@\"", "sh", *words],
        cwd=REPOSITORY, env={**os.environ, **OF_A_SHELL}, capture_output=True, text=True, check=False, timeout=50,
    )  # fmt: skip
    assert "2 passed" in done.stdout, done.stdout + done.stderr
