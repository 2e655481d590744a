"""`python -m tests.guards [WORDS]`: take out each guard of `table.toml`, and see the test turn red that an attack on it needs.

All of it happens in a copy of the source with an interpreter of its own. A test that is green without its guard proves nothing:
either it is not honest, or a second guard holds, which the table then has to take out too. WORDS choose attacks by their text.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.source_tree import REPOSITORY

TABLE = Path(__file__).with_name("table.toml")
TEST_SECONDS = 120  # of one test with all its cases; without a guard some wait for what never comes
NOT_COPIED = shutil.ignore_patterns(".*", "node_modules", "__pycache__", "build", "dist")
# What a test leaves running without a guard ends with it.
ALONE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
# A shell as the first process reaps what a test leaves. Beside it are so many processes as on a machine with other users: among a
# few, a look at all of them is quick enough for anything.
SHELL = 'for other in $(seq 200); do sleep 600 & done; "$@"; exit $?'
RED, GREEN, SKIPPED = "red", "GREEN", "skipped here"


@dataclass(frozen=True)
class Edit:
    """One place of a guard: a text that is in a file exactly once, and what stands there when the guard is out."""

    file: str
    text: str
    without: str

    def make(self, tree: Path) -> None:
        """Take the guard out of a tree.

        Raises:
            ValueError: the text is not there exactly once.
        """
        path = tree / self.file
        source = path.read_text("utf-8")
        if (found := source.count(self.text)) != 1:
            raise ValueError(f"{self.file} has this text {found} times instead of once:\n{self.text}")
        path.write_text(source.replace(self.text, self.without), "utf-8")


@dataclass(frozen=True)
class Guard:
    """What an attack meets, and the test that is red without it. Several edits are one guard, or guards that hold each alone."""

    attack: str
    test: str
    edits: tuple[Edit, ...]


def guards(words: Sequence[str]) -> list[Guard]:
    """Return the guards in the table whose attack contains one of these words; all of them if there is no word."""
    table: list[dict[str, Any]] = tomllib.loads(TABLE.read_text("utf-8"))["guard"]
    found = [Guard(each["attack"], each["test"], tuple(Edit(*edit) for edit in each["edits"])) for each in table]
    return [each for each in found if not words or any(word in each.attack for word in words)]


class Copy:
    """A copy of the source in which guards can be taken out. Its interpreter, and all that it starts, see the copy only."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)  # a test may run as another user
        self.tree = folder / "tree"
        shutil.copytree(REPOSITORY, self.tree, ignore=NOT_COPIED)
        venv.create(folder / "venv", symlinks=True)
        self._python = folder / "venv/bin/python"
        packages = next((folder / "venv").glob("lib/python*/site-packages"))
        paths = self.tree / "server", self.tree / "tools", Path(pytest.__file__).parents[1]
        (packages / "copy.pth").write_text("".join(f"{path}\n" for path in paths))
        alone = shutil.which(ALONE[0]) and subprocess.run([*ALONE, "true"], check=False).returncode == 0
        self._before: Sequence[str] = ALONE if alone else ()

    def run(self, test: str) -> tuple[str, str]:
        """Run a test; return what became of it, and the line that says why.

        Raises:
            ValueError: it could not be run.
        """
        pytest_run = [str(self._python), "-m", "pytest", "-q", "-x", "--tb=line", "-p", "no:cacheprovider", test]
        command = [*self._before, "sh", "-c", SHELL, "test", *pytest_run] if self._before else pytest_run
        with tempfile.TemporaryFile("w+") as output:  # not a pipe, which what is left could hold open
            try:
                code = subprocess.run(command, cwd=self.tree, stdout=output, stderr=output, timeout=TEST_SECONDS,
                                      check=False).returncode  # fmt: skip
            except subprocess.TimeoutExpired:
                return RED, f"not over in {TEST_SECONDS} s"
            output.seek(0)
            lines = output.read().strip().splitlines()
        summary = lines[-1] if lines else ""
        if code == pytest.ExitCode.OK:
            return (GREEN if "passed" in summary else SKIPPED), summary
        if code in {
            pytest.ExitCode.TESTS_FAILED,
            128 + 6,
            128 + 11,
        }:  # ended by SIGABRT or SIGSEGV: an attack went through
            why = (line for line in lines if line.startswith(("E ", f"{self.tree}", "Fatal")))
            return RED, next(why, summary).removeprefix(f"{self.tree}/")
        raise ValueError("\n".join([f"{test} could not be run:", *lines[-20:]]))

    def restore(self, guard: Guard) -> None:
        """Put a guard back."""
        for edit in guard.edits:
            shutil.copy2(REPOSITORY / edit.file, self.tree / edit.file)


def judge(copy: Copy, guard: Guard) -> tuple[str, str]:
    """Return what becomes of a guard's test without it, and why; the test has to be green with it."""
    with_guard, why = copy.run(guard.test)
    if with_guard == RED:
        return "red with its guard", why
    if with_guard == SKIPPED:
        return with_guard, why
    try:
        for edit in guard.edits:
            edit.make(copy.tree)
        return copy.run(guard.test)
    finally:
        copy.restore(guard)


def main() -> int:
    """Print what becomes of each guard; return 1 if a test proves nothing."""
    parser = argparse.ArgumentParser(prog="python -m tests.guards", description=__doc__.partition("\n")[0])
    parser.add_argument("words", nargs="*", metavar="WORDS")
    chosen = guards(parser.parse_args().words)
    dishonest = 0
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        copy = Copy(Path(folder))
        for guard in chosen:
            began = time.monotonic()
            found, why = judge(copy, guard)
            dishonest += found not in {RED, SKIPPED}
            print(f"{found:12} {guard.attack} ({time.monotonic() - began:.0f} s)\n{'':12} {why[:160]}", flush=True)
    print(f"{len(chosen)} guards, {dishonest} of them without an honest test")
    return 1 if dishonest else 0


if __name__ == "__main__":
    sys.exit(main())
