"""The wheel, not the tree: built, installed into a fresh environment, and used from there."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from podium import __version__
from podium.settings import Settings
from tests.support.podium_home import ask
from tests.support.source_tree import REPOSITORY, modules

pytestmark = pytest.mark.timeout(400)
MESSAGES: list[dict[str, Any]] = [
    {
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    },
    {"method": "notifications/initialized"},
    {"id": 2, "method": "tools/list"},
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built without isolation: nothing is downloaded."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(REPOSITORY)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the `podium` command of a fresh environment that has the wheel and, by a path file, our dependencies."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=300)
    # addsitedir is not used on purpose: it would also read the path file of our own editable install.
    site = next((folder / "lib").glob("python*/site-packages"))
    (site / "zz-dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "bin" / "podium"


def run(command: Path, *words: str, stdin: str = "", home: Settings | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command outside the repository."""
    environment = {**os.environ, **({"PODIUM_HOME": str(home.home)} if home else {})}
    return subprocess.run(
        [str(command), *words],
        cwd="/",
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_the_wheel_holds_every_module_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if name.endswith(".py")}
    assert names == {f"{_file(module.path)}" for module in modules().values()}


def _file(path: Path) -> Path:
    root = next(root for root in (REPOSITORY / "server", REPOSITORY / "tools") if path.is_relative_to(root))
    return path.relative_to(root)


def test_the_wheel_holds_the_data_files_of_the_packages(wheel: Path) -> None:
    roots = (REPOSITORY / "server" / "podium", REPOSITORY / "tools" / "podium_tools")
    data = {
        str(_file(path))
        for root in roots
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        assert data <= set(archive.namelist())


def test_the_installed_command_is_the_wheel_and_tells_its_version(installed: Path) -> None:
    assert run(installed, "--version").stdout == f"podium {__version__}\n"
    python = installed.with_name("python")
    where = run(
        python, "-c", "import podium, podium_tools; print(podium.__file__, podium_tools.__file__)"
    ).stdout.split()
    assert all(path.startswith(str(installed.parents[1])) for path in where)


def test_the_installed_server_lists_its_tools_without_a_conductor(installed: Path, home: Settings) -> None:
    lines = "".join(json.dumps({"jsonrpc": "2.0", **message}) + "\n" for message in MESSAGES)
    done = run(installed, "serve", stdin=lines, home=home)
    answers = {answer.get("id"): answer for answer in (json.loads(line) for line in done.stdout.splitlines())}
    assert done.returncode == 0
    assert "start_job" in {tool["name"] for tool in answers[2]["result"]["tools"]}


def test_a_conductor_of_the_installed_command_starts_answers_and_stops(installed: Path, home: Settings) -> None:
    started = run(installed, "start", home=home)
    assert started.returncode == 0, started.stderr
    try:
        health = ask(home.socket, "daemon.health")
        assert f"(pid {health['pid']})" in started.stdout
        assert "is already running" in run(installed, "start", home=home).stdout
        again = json.loads(run(installed, "status", "--json", home=home).stdout)
        assert again["conductor"]["pid"] == health["pid"]
    finally:
        stopped = run(installed, "stop", "--cancel", home=home)
    assert stopped.returncode == 0, stopped.stderr
    assert run(installed, "stop", home=home).stdout.startswith("No conductor is running")
    assert not Path(f"/proc/{health['pid']}/exe").exists()


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert project["dynamic"] == ["version"]
    assert "version" not in project


def test_the_makefile_explains_every_target() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=30
    )
    declared = re.search(r"^\.PHONY: (.*)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert declared
    listed = [line.split()[1] for line in shown.stdout.splitlines()]
    assert sorted(listed) == sorted(declared.group(1).split())
