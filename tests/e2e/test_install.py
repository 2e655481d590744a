"""The wheel, not the tree: built, installed into a fresh environment, and used from there."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from hatch_build import version_of
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
    """Return the wheel, built from the source distribution, where there is no git, and without isolation: nothing is downloaded."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(REPOSITORY)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return next(folder.glob("*.whl"))


def metadata(wheel: Path) -> Message:
    """Return the metadata of a wheel; its body is the long description."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


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


def test_the_installed_command_is_the_wheel_and_tells_its_version(installed: Path, wheel: Path) -> None:
    assert run(installed, "--version").stdout == f"podium {metadata(wheel)['Version']}\n"
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
        first = home.home / "first.yaml"  # as the README begins, and no clone
        assert run(installed, "init", str(first), home=home).returncode == 0
        followed = run(installed, "run", str(first), home=home)
        assert "completed: 2 of 2 sheets in " in followed.stdout, followed.stderr
    finally:
        stopped = run(installed, "stop", "--cancel", home=home)
    assert stopped.returncode == 0, stopped.stderr
    assert run(installed, "stop", home=home).stdout.startswith("No conductor is running")
    assert not Path(f"/proc/{health['pid']}/exe").exists()


def test_the_demo_of_the_wheel_works_in_an_empty_folder_and_with_nothing_in_the_environment(
    installed: Path, short_tmp: Path
) -> None:
    """With --keep, and what it says of the places that it keeps is so."""
    empty, user = short_tmp / "empty", short_tmp / "user"
    empty.mkdir()
    user.mkdir()
    environment = {"HOME": str(user), "PATH": f"{installed.parent}:/usr/bin:/bin", "TMPDIR": str(short_tmp)}
    done = subprocess.run(
        ["podium", "demo", "--keep"],
        cwd=empty,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"The job audits the Podium that is installed in {installed.parents[1]}" in done.stdout
    assert not done.stderr
    assert not list(empty.iterdir())
    kept = re.search(r"^Kept: the home (\S+) and the workspace (\S+)$", done.stdout, re.MULTILINE)
    assert kept
    home, workspace = Path(kept[1]), Path(kept[2])
    found = json.loads((workspace / "report.json").read_text())
    assert found["files"] > 400  # the installer's record has every file of the wheel
    assert (found["changed"], found["broken"]) == ([], [])
    assert (home / "podium.db").exists()
    assert "→ delete_job" not in done.stdout


def test_the_version_of_the_wheel_is_that_of_the_source_which_has_it_from_git(wheel: Path) -> None:
    """A commit made while the wheel was built is none of ours."""
    assert re.sub(r"\+.*", "", metadata(wheel)["Version"]) == re.sub(r"\+.*", "", version_of(REPOSITORY))
    assert "version" not in tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def test_the_metadata_says_where_the_project_lives_and_names_no_person(wheel: Path) -> None:
    said = metadata(wheel)
    urls = dict(each.split(", ") for each in said.get_all("Project-URL", []))
    assert urls.keys() == {"Homepage", "Repository", "Documentation", "Changelog", "Issues"}
    assert all(url.startswith(urls["Repository"]) for url in urls.values())
    assert (said["Author"], said["Maintainer"]) == ("The Podium authors", "The Podium authors")
    assert "@" not in f"{said['Author-email']}{said['Maintainer-email']}"


def test_no_link_of_the_description_is_relative_so_that_all_work_on_a_package_index(wheel: Path) -> None:
    page = MarkdownIt("gfm-like", {"linkify": False}).render(str(metadata(wheel).get_payload()))
    links = re.findall(r'(?:href|src|srcset)="([^"]*)"', page)
    assert len(links) > 8
    assert not [link for link in links if not link.startswith(("https://", "#"))]


def test_a_fresh_clone_that_is_installed_to_be_edited_tells_its_version(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git = ["git", "-c", "protocol.file.allow=always", "clone", "--quiet", "--no-hardlinks", "--depth", "1", "--no-tags"]
    subprocess.run([*git, f"file://{REPOSITORY}", str(clone)], check=True, timeout=60)
    for name in ("hatch_build.py", "pyproject.toml", "server/podium/__init__.py"):
        shutil.copy2(REPOSITORY / name, clone / name)
    build = "import hatchling.build, sys; print(hatchling.build.build_editable(sys.argv[1]))"
    made = subprocess.run(
        [sys.executable, "-c", build, str(tmp_path)], cwd=clone, check=True, capture_output=True, text=True, timeout=60
    )
    told = run(
        Path(sys.executable),
        "-c",
        f"import sys; sys.path.insert(0, {str(clone / 'server')!r}); import podium; print(podium.__version__, podium.__file__)",
    )
    version, file = told.stdout.split()
    assert file == str(clone / "server/podium/__init__.py")
    assert version == metadata(tmp_path / made.stdout.strip())["Version"] == version_of(clone)


def test_the_makefile_explains_every_target() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=30
    )
    declared = re.search(r"^\.PHONY: (.*)$", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert declared
    listed = [line.split()[1] for line in shown.stdout.splitlines()]
    assert sorted(listed) == sorted(declared.group(1).split())
