"""What the README shows is what happens. `PODIUM_UPDATE_GOLDEN=1` writes the made parts instead of checking them."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support.readme import README, commands, normal, part, replace_part, tool_table
from tests.support.source_tree import REPOSITORY

UPDATE = os.environ.get("PODIUM_UPDATE_GOLDEN") == "1"


@pytest.fixture
def folder(short_tmp: Path, home: Settings) -> Iterator[Path]:
    """Return an empty folder: the example needs no clone. A conductor that the commands started is stopped at the end."""
    empty = short_tmp / "empty"
    empty.mkdir()
    yield empty
    podium("podium stop --cancel", empty, home)


def podium(command: str, folder: Path, home: Settings) -> str:
    """Run a `podium` command line in `folder` and return what it prints."""
    line = [sys.executable, "-m", *shlex.split(command)]
    environment = {**os.environ, "PODIUM_HOME": str(home.home), "COLUMNS": "120"}
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=100)
    assert not done.stderr
    return done.stdout.replace(str(home.home), "~/.local/state/podium")


def test_the_example_gives_the_output_that_is_shown(folder: Path, home: Settings) -> None:
    shown = part("example", README.read_text())
    blocks = [f"$ {command}\n{normal(podium(command, folder, home), folder)}" for command in commands(shown)]
    real = "```console\n" + "".join(blocks) + "```"
    if UPDATE:
        replace_part("example", real)
    else:
        # sheets that run at once may end in either order
        assert sorted(shown.splitlines()) == sorted(real.splitlines())


def test_the_tool_table_is_the_inventory() -> None:
    if UPDATE:
        replace_part("tools", tool_table())
    else:
        assert part("tools", README.read_text()) == tool_table()


def test_the_readme_is_short_and_shows_something_real_at_once() -> None:
    lines = README.read_text().splitlines()
    assert len(lines) <= 130
    assert lines.index("<!-- example: end -->") < 30


def test_every_file_that_the_readme_links_to_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README.read_text())
    assert links
    assert not [link for link in links if not link.startswith("http") and not (REPOSITORY / link).exists()]
