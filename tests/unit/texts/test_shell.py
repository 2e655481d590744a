"""A path in a bash command stays one word."""

import shlex
import subprocess
from pathlib import Path

import pytest

from podium.texts.shell import with_word


@pytest.mark.parametrize("command", [
    "test -f {workspace}/a",
    "test -f '{workspace}/a'",
    'test -f "{workspace}/a"',
    'test "$(cat {workspace}/a)" = x',
    'test "$(cat "{workspace}/a")" = x',
    'test "x (don\'t" != "" && (cat {workspace}/a; cat "{workspace}/a")',
    "test \\' = \"'\" && cat {workspace}/a",
    "cat < {workspace}/a > {workspace}/b && cd {workspace} && cat b",
    "f() { cat {workspace}/a; }; f && echo ${workspace}",
    """python3 -c "print(open('{workspace}/a').read())\"""",
])  # fmt: skip
def test_a_command_finds_a_file_in_a_folder_with_spaces_however_it_quotes_the_path(
    tmp_path: Path, command: str
) -> None:
    folder = tmp_path / "my own (1)"
    folder.mkdir()
    (folder / "a").write_text("x")
    filled = (
        with_word(command, "workspace", shlex.quote(str(folder)))
        .replace("${workspace}", "")
        .replace("{workspace}", str(folder))
    )
    done = subprocess.run(["bash", "-c", filled], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["echo ${workspace}", "echo {{workspace}}", "echo '{workspace}'", "echo {other}"])
def test_other_braces_and_those_in_quotes_stay(command: str) -> None:
    assert with_word(command, "workspace", "'/a b'") == command


def test_quotes_that_are_never_closed_change_nothing_more() -> None:
    assert with_word("echo {workspace} 'it {workspace}", "workspace", "'/a b'") == "echo '/a b' 'it {workspace}"
