"""What may stand where the cursor is: by the command, what stands before it, and what the conductor says."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from podium.cli.completing import bash
from podium.cli.completing.candidates import candidates
from podium.cli.inventory import COMMANDS
from podium.settings import Settings
from tests.support.listing import listing
from tests.support.podium_home import Conductor, ask

BREAKS = " \t\n\"'@><=;|&(:"


def offered(*words: str) -> list[str]:
    """Return the candidates after `words` for the last of them that begin so."""
    *before, current = words
    return [each.text for each in candidates(before, current) if each.text.startswith(current)]


def test_the_first_word_is_a_command_or_an_option_before_it() -> None:
    assert offered("") == list(COMMANDS)
    assert offered("--") == ["--help", "--version"]
    assert offered("no-such-command", "") == []


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_offers_its_options(name: str) -> None:
    assert {"-h", "--help"} <= set(offered(name, "-"))


def test_what_an_option_takes_is_not_offered_as_an_argument() -> None:
    assert offered("install", "--scope", "") == ["project", "user"]
    assert offered("install", "--scope=") == ["--scope=project", "--scope=user"]
    assert offered("start", "--log-level", "w") == ["warning"]
    assert offered("install", "--scope", "user", "zed") == ["zed"]
    assert offered("install", "zed", "") == []
    assert offered("install", "--", "--") == []


def test_a_tool_has_its_arguments_and_none_is_offered_twice() -> None:
    assert offered("call", "get_j") == ["get_job"]
    assert offered("call", "get_job", "job_") == ["job_id="]
    assert offered("call", "get_job", "job_id=x", "job_") == []


def test_a_score_is_a_yaml_file_or_a_folder_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.yml", "a.yaml", "text.md", ".hidden.yaml"):
        (tmp_path / name).write_text("")
    (tmp_path / "folder").mkdir()
    assert offered("run", "") == ["a.yaml", "b.yml", "folder/"]
    assert offered("run", ".h") == [".hidden.yaml"]
    assert offered("run", f"{tmp_path}/a") == [f"{tmp_path}/a.yaml"]
    assert offered("run", "--workspace", "") == ["folder/"]
    assert offered("run", "no/such/folder/") == []


def test_jobs_are_those_of_the_conductor_that_the_options_name(home: Settings, conductor: Conductor) -> None:
    score = {"config_content": "name: hello\nsheets: [{name: only, run: 'true'}]\n"}
    first, second = (ask(conductor.settings.socket, "job.submit", score)["job_id"] for _ in range(2))
    place = ["--home", str(home.home), "--socket", str(home.socket)]
    assert offered("call", *place, "get_job", "job_id=hello") == [f"job_id={second}", f"job_id={first}"]


def test_bash_gets_only_what_follows_the_break_that_readline_keeps() -> None:
    assert bash.typed("sudo podium run 'a b' c\\ d", BREAKS) == bash.Typed(["run", "a b"], "c d", "", "")
    assert bash.typed("podium call x job_id=a:b", BREAKS) == bash.Typed(["call", "x"], "job_id=a:b", "job_id=a:", "")
    assert bash.typed('podium x; ./podium show "$a\\"b', BREAKS) == bash.Typed(["show"], '$a"b', "", '"')
    assert bash.typed("podium run ''", BREAKS).words == ["run"]


def run(*words: str, **variables: str) -> tuple[float, subprocess.CompletedProcess[str]]:
    """Complete in a process of its own; return also how many seconds it took."""
    began = time.monotonic()
    command = [sys.executable, "-m", "podium", "__complete", *words]
    done = subprocess.run(command, check=False, env=variables, capture_output=True, text=True, timeout=60)
    return time.monotonic() - began, done


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["fish"],
        ["fish", ""],
        ["bash"],
        ["bash", "podium \\", BREAKS],
        ["zsh", "call", "get_job", "job_id="],
        ["zsh", "call", "no_such_tool", ""],
        ["zsh", "stop", "--home", "relative", "--socket", "\x01", ""],
    ],
)
def test_completing_says_nothing_but_candidates_whatever_is_wrong(words: list[str], tmp_path: Path) -> None:
    broken = tmp_path / "settings.yaml"
    broken.write_text("max_sheets: [")
    _, done = run(*words, PODIUM_CONFIG=str(broken), PODIUM_HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_conductor_that_does_not_answer_keeps_nobody_waiting(short_tmp: Path) -> None:
    socket = short_tmp / "s"
    with listing(socket, [], answers=False):
        place = {"PODIUM_CONFIG": "/dev/null", "PODIUM_HOME": str(short_tmp / "h"), "PODIUM_SOCKET": str(socket)}
        _, other = run("zsh", "version", "-", **place)
        took, done = run("zsh", "call", "get_job", "job_id=", **place)
    assert other.stdout
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert took < 20  # twenty times the limit: the machine may be busy, and the conductor never answers
