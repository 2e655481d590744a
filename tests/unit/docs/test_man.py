"""The manual page is what the commands say, and man shows it without a warning. `PODIUM_UPDATE_GOLDEN=1` writes it anew."""

import os
import shutil
import subprocess

import pytest

from podium.cli.inventory import COMMANDS
from podium.cli.shared.exits import Code
from tests.support.docs.man import PAGE, man_page
from tests.support.golden import UPDATE


def test_the_manual_page_is_made_from_the_commands() -> None:
    if os.environ.get(UPDATE):
        PAGE.write_text(man_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == man_page(), f"docs/podium.1 is stale; {UPDATE}=1 writes it anew"


def test_man_shows_every_command_and_exit_code_in_80_columns_without_a_warning() -> None:
    if not shutil.which("groff"):
        pytest.skip("groff is not installed")
    command = ["groff", "-man", "-ww", "-Tascii", "-P-cbou", "-rLL=80n", str(PAGE)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert not [name for name in COMMANDS if not any(line.lstrip().startswith(f"podium {name}") for line in lines)]
    assert not [code for code in Code if not any(line.strip().startswith(str(code.value)) for line in lines)]
