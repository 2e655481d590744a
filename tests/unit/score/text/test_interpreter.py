"""The `#!` line of a script is read as the kernel reads it, and what the kernel would refuse is refused with its reason."""

import os
import subprocess
from pathlib import Path

import pytest

from podium.texts.interpreter import Interpreter, interpreter, is_plain_shell, is_shell, missing_program


@pytest.mark.parametrize(
    ("script", "command"),
    [
        ("#!/bin/bash -e\nfalse", ("/bin/bash", "-e", "/s")),
        ("#! /bin/sh\n", ("/bin/sh", "/s")),
        ("#!/bin/sh", ("/bin/sh", "/s")),
        ("#!/usr/bin/env -S python3 -u\n", ("/usr/bin/env", "-S python3 -u", "/s")),
        ("#!/usr/bin/awk \t -f  \n", ("/usr/bin/awk", "-f", "/s")),
        ("#!/bin/sed -n 1p\n", ("/bin/sed", "-n 1p", "/s")),
    ],
)
def test_a_line_is_a_program_and_one_argument(script: str, command: tuple[str, ...]) -> None:
    found = interpreter(script)
    assert found is not None
    assert (found.command("/s"), found.fault) == (command, "")


@pytest.mark.parametrize(
    "line",
    ["#!/bin/echo", "#!/bin/echo one", "#! /bin/echo  one two ", "#!/usr/bin/env -S echo a b", "#!/usr/bin/env echo"],
)
def test_the_kernel_reads_the_line_the_same_way(line: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(f"{line}\n")
    script.chmod(0o700)
    found = interpreter(script.read_text())
    assert found is not None
    assert subprocess.check_output(found.command(str(script))) == subprocess.check_output([script])


@pytest.mark.parametrize("script", ["echo #!/bin/sh", "\n#!/bin/sh", " #!/bin/sh", "", "# !/bin/sh"])
def test_a_script_without_such_a_line_names_nothing(script: str) -> None:
    assert interpreter(script) is None


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("#!\necho", "the #! line names no program"),
        ("#!python3\n", "the #! line needs the absolute path of a program; write #!/usr/bin/env python3"),
        ("#!/usr/bin/env python3 -u\n",
         "env takes 'python3 -u' for the name of one program; write #!/usr/bin/env -S python3 -u"),
        ("#!/usr/bin/env python3\t-u\n",
         "env takes 'python3\\t-u' for the name of one program; write #!/usr/bin/env -S python3\t-u"),
        ("#!/bin/bash -eu -o pipefail\n",
         "/bin/bash takes '-eu -o pipefail' for one option; write #!/usr/bin/env -S /bin/bash -eu -o pipefail"),
    ],
)  # fmt: skip
def test_what_the_kernel_would_not_play_has_its_reason(script: str, fault: str) -> None:
    found = interpreter(script)
    assert found is not None
    assert found.fault == fault


@pytest.mark.parametrize(
    ("line", "sought"),
    [
        ("/usr/bin/env python3", "python3"), ("/usr/bin/env -S python3 -u", "python3"), ("/usr/bin/env -Spython3", "python3"),
        ("/usr/bin/env -S A=1 B='x y' node --test", "node"), ("/usr/bin/env --split-string=perl -w", "perl"), ("/bin/sh -e", ""),
        ("/usr/bin/env -S 'open", ""), ("/usr/bin/env -iS perl -w", "perl"), ("/usr/bin/env -S -u HOME perl", "perl"),
        ("/usr/bin/env -S -C /tmp --unset=A perl", "perl"), ("/usr/bin/env -S PATH=/own perl", ""), ("/usr/bin/env -S ${HOME}/own", ""),
    ],
)  # fmt: skip
def test_the_program_that_env_looks_for_is_known(line: str, sought: str) -> None:
    found = interpreter(f"#!{line}\n")
    assert found is not None
    assert found.sought == sought


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    own = tmp_path / "bin" / "own"
    own.parent.mkdir()
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    path = os.environ["PATH"]
    assert missing_program(Interpreter("/bin/sh"), path, "/") == ""
    assert missing_program(Interpreter("/no/such"), path, "/") == "/no/such"
    assert missing_program(Interpreter(str(tmp_path)), path, "/") == str(tmp_path)
    assert missing_program(Interpreter("/usr/bin/env", "nosuch-program"), path, "/") == "nosuch-program"
    assert missing_program(Interpreter("/usr/bin/env", "own"), "bin", str(tmp_path)) == ""
    assert missing_program(Interpreter("/usr/bin/env", "bin/own"), "", str(tmp_path)) == ""
    assert missing_program(Interpreter("/usr/bin/env", "own"), "bin", "/") == "own"


@pytest.mark.parametrize(("line", "shell", "plain"), [
    ("/bin/bash", True, True), ("/bin/sh", True, True), ("/usr/bin/env bash", True, True), ("/bin/bash -e", True, False),
    ("/usr/bin/env -S bash -e", True, False), ("/usr/bin/zsh", True, False), ("/usr/bin/env python3", False, False),
])  # fmt: skip
def test_shells_are_known(line: str, shell: bool, plain: bool) -> None:
    found = interpreter(f"#!{line}\n")
    assert found is not None
    assert (is_shell(f"#!{line}\n"), is_plain_shell(found)) == (shell, plain)
