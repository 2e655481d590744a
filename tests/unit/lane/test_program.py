"""The program that is copied to the nodes runs on every Python from 3.8 on, without anything of ours."""

import ast
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from podium.lane import program
from tests.support.lanes import Shared
from tests.support.source_tree import REPOSITORY

OLDEST = (3, 8)
VERSIONS = [f"3.{minor}" for minor in range(8, 16)]
FUTURE = "from __future__ import annotations"


def interpreter(version: str) -> str:
    """Return a Python of this version, skip if there is none."""
    check = f"sys.version_info[:2] == ({version.replace('.', ', ')})"
    own = sorted((Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python3"))
    for path in (*map(str, own), shutil.which(f"python{version}")):
        if path and subprocess.run([path, "-c", f"import sys; sys.exit(not {check})"], check=False).returncode == 0:
            return path
    pytest.skip(f"there is no Python {version} here")


def test_the_program_is_the_package_and_its_entry() -> None:
    names = {path.name for path in (REPOSITORY / "server/podium/lane").glob("*.py")}
    assert set(program.files()) == {"__main__.py"} | {f"lane/{name}" for name in names}


@pytest.mark.parametrize("name", program.files())
def test_each_file_is_of_the_oldest_python_and_imports_the_standard_library_only(name: str) -> None:
    tree = ast.parse(program.files()[name], feature_version=OLDEST)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not [each.name for each in node.names if each.name.startswith("podium")]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1 or not str(node.module).startswith("podium")


def test_another_content_has_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    before = program.folder_name()
    monkeypatch.setattr(program, "MAIN", program.MAIN + b"#")
    assert program.folder_name() != before


@pytest.mark.parametrize("version", VERSIONS)
def test_a_lane_plays_with_this_python(tmp_path: Path, version: str) -> None:
    shared = Shared(tmp_path / "shared", python=interpreter(version), stream_bytes=200_000)
    shared.put("head -c 1000000 /dev/zero; (setsid sleep 1000 &); exit 3", timeout_seconds=60)
    end = shared.play()
    assert (end.reason, end.code, end.ended) == ("exited", 3, 1)


def test_an_older_python_says_what_it_lacks(tmp_path: Path) -> None:
    shared = Shared(tmp_path / "shared", python=interpreter("3.7"))
    with shared.lane() as lane:
        _, said = lane.communicate(timeout=100)
    assert lane.returncode == 1
    assert said.startswith("Podium needs Python 3.8 or newer on the nodes of a cluster; this is Python 3.7")


def test_a_lane_without_the_c_librarys_calls_ends_a_tree_by_its_mark(tmp_path: Path) -> None:
    shared = Shared(tmp_path / "shared")
    (shared.program / "ctypes.py").write_text("raise ImportError('this Python is built without it')\n")
    shared.put("(setsid sleep 1000 &); (setsid sleep 1000 &); exit 3")
    end = shared.play()
    assert (end.reason, end.code, end.ended) == ("exited", 3, 2)
    assert shared.members() == []


@pytest.mark.parametrize(("arguments", "said"), [((), "usage: "), (("/no/such/pool", "60"), "lane ")])
def test_a_lane_that_has_no_pool_says_so(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    shared = Shared(tmp_path / "shared")
    command = [shared.python, "-I", "-S", str(shared.program), *arguments]
    done = subprocess.run(command, check=False, env=dict(os.environ), capture_output=True, text=True, timeout=100)
    assert done.returncode != 0
    assert done.stderr.startswith(said)
