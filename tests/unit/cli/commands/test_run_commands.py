"""`podium run` of a command or of a score on stdin, as a person types it."""

import json
import subprocess
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support import nursed
from tests.support.podium_home import Conductor
from tests.support.screens import in_pipe, in_terminal


@pytest.fixture
def common(shared_conductor: Conductor) -> Settings:
    return shared_conductor.settings


def run(home: Settings, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `podium run` in a folder; the home goes first, as a command may come last."""
    line = nursed.command("commands", "run", "--home", str(home.home), *words)
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False, timeout=45)


def test_several_words_are_run_exactly_as_they_are_in_this_folder(common: Settings, short_tmp: Path) -> None:
    script = short_tmp / "show.sh"
    script.write_text('printf "%s\\n" "$PWD" "$@" > shown\n')
    words = ["a  b", "$HOME", "*", "'", "{{ x }}", "--json", ""]
    done = run(common, short_tmp, "--json", "--", "bash", "show.sh", *words)
    assert done.returncode == 0, done.stderr
    assert (short_tmp / "shown").read_text().split("\n") == [str(short_tmp.resolve()), *words, ""]
    seen = json.loads(done.stdout)
    assert (seen["workspace"], seen["sheets_total"]) == (str(short_tmp.resolve()), 1)


def test_one_word_is_a_line_for_bash_and_a_job_can_have_a_name_and_another_folder(
    common: Settings, short_tmp: Path
) -> None:
    (short_tmp / "there").mkdir()
    line = "echo one > file && cat file | tr o 0 > other; exit 3"
    done = run(common, short_tmp, "--name", "my: job", "--workspace", "there", "--", line)
    assert done.returncode == 1
    assert (short_tmp / "there" / "other").read_text() == "0ne\n"
    assert done.stdout.startswith("my-job-")
    assert "✗ my: job         failed: exit code 3" in done.stdout
    assert "\nnext: podium explain my-job-" in done.stdout


def test_a_job_that_is_left_alone_says_how_to_wait_for_it_and_then_where_its_output_is(
    common: Settings, short_tmp: Path
) -> None:
    done = run(common, short_tmp, "-d", "--name", "alone", "--", "echo hello")
    job_id = done.stdout.split(":")[0]
    assert done.stdout.splitlines()[1:] == [f"next: podium wait {job_id}"]
    assert in_pipe(common, "wait", job_id).code == 0
    assert f"next: podium logs {job_id}" in in_pipe(common, "show", job_id).plain


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["score.yaml", "--", "true"], "Both score.yaml and a command are given."),
        (["--"], "There is no command behind --."),
        ([], "A score or a command is missing."),
        (["--name", "x", "score.yaml"], "--name is for a command"),
        (["--set", "a=b", "--", "true"], "variables are for the templates of a score"),
        (["--notify", "--detach", "--", "true"], "--notify needs a job that is followed"),
    ],
)
def test_what_cannot_be_run_is_refused(common: Settings, short_tmp: Path, words: list[str], told: str) -> None:
    done = run(common, short_tmp, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_score_is_read_from_stdin(common: Settings) -> None:
    done = in_pipe(common, "run", "-", given="name: piped\nsheets: [{name: a, run: 'true'}]\n")
    assert done.code == 0
    assert done.plain.startswith("piped-")
    refused = in_pipe(common, "run", "-", given="name: [")
    assert (refused.code, "SCORE" in refused.plain or "score" in refused.plain) == (2, True)


def test_the_bell_rings_at_the_end_on_a_terminal_only_and_the_bar_was_there(common: Settings, short_tmp: Path) -> None:
    words = ("--workspace", str(short_tmp), "--notify", "--name", "rung", "--", "true")
    shown = in_terminal(common, "run", "--home", str(common.home), *words, in_home=False)
    assert shown.code == 0
    assert shown.data.endswith(b"\a")
    assert b" 1 of 1" in shown.data
    assert b" 0:00:0" in shown.data
    *_, verdict, after = shown.screen.lines
    assert "completed: 1 of 1 sheet in " in verdict
    assert after == f"next: podium logs {verdict.split()[0]}"
    assert not shown.screen.cursor_hidden
    piped = in_pipe(common, "run", "--home", str(common.home), *words, in_home=False)
    assert (piped.code, piped.plain.count("completed: 1 of 1")) == (0, 1)
