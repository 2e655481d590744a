"""The tests see the environment of a fresh user, whatever the shell that started them exports."""

import os
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


def test_a_shell_that_exports_much_changes_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{__file__}::test_no_variable_of_the_shell_is_seen"],
        cwd=REPOSITORY, env={**os.environ, **OF_A_SHELL}, capture_output=True, text=True, check=False, timeout=50,
    )  # fmt: skip
    assert "1 passed" in done.stdout, done.stdout + done.stderr
