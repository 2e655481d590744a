"""The program that is copied to the nodes runs on every Python from 3.8 on, without anything of ours."""

import ast
import os
import shutil
import subprocess
import sys
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


def test_the_program_is_the_package_and_its_entry_with_its_byte_code() -> None:
    paths = list((REPOSITORY / "server/podium/lane").glob("*.py"))
    sources = {"__main__.py"} | {f"lane/{path.name}" for path in paths}
    assert set(program.sources()) == sources
    compiled = {f"lane/__pycache__/{path.stem}.{sys.implementation.cache_tag}.pyc" for path in paths}
    assert set(program.files()) == sources | compiled


@pytest.mark.parametrize("name", program.sources())
def test_each_file_is_of_the_oldest_python_and_imports_the_standard_library_only(name: str) -> None:
    tree = ast.parse(program.sources()[name], feature_version=OLDEST)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not [each.name for each in node.names if each.name.startswith("podium")]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1 or not str(node.module).startswith("podium")


def test_another_content_has_another_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    before = program.folder_name(program.files())
    monkeypatch.setattr(program, "MAIN", program.MAIN + b"#")
    assert program.folder_name(program.files()) != before


def test_the_byte_code_is_the_same_in_every_process() -> None:
    script = "from podium.lane import program; print(program.folder_name(program.files()))"
    names = set()
    for number in (1, 2):
        env = {**os.environ, "PYTHONHASHSEED": str(number), "PYTHONOPTIMIZE": str(number)}
        names.add(subprocess.run([sys.executable, "-c", script], env=env, check=True, capture_output=True).stdout)
    assert names == {program.folder_name(program.files()).encode() + b"\n"}


def test_a_lane_with_our_python_reads_the_byte_code(tmp_path: Path) -> None:
    shared = Shared(tmp_path / "shared")
    for source in (shared.program / "lane").glob("*.py"):
        source.write_text("raise SystemExit('it was compiled again')\n")
    shared.put("exit 3")
    assert shared.play().code == 3


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


@pytest.mark.parametrize(("arguments", "said"), [((), "usage: "), (("/no/such/pool", "0"), "lane ")])
def test_a_lane_that_has_no_pool_says_so(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    shared = Shared(tmp_path / "shared")
    command = [shared.python, "-I", "-S", str(shared.program), *arguments]
    done = subprocess.run(command, check=False, env=dict(os.environ), capture_output=True, text=True, timeout=100)
    assert done.returncode != 0
    assert done.stderr.startswith(said)
