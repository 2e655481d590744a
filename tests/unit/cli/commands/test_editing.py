"""`podium edit` with real editors: shell scripts that do to the file what people and their editors do."""

import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from podium.settings import Settings
from tests.support.commands import answered, podium
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor, ask
from tests.support.screens import Terminal

SCORE = """\
name: built
workspace: {folder}
env: {{API_TOKEN: abcd1234efgh5678}}
sheets:
  - name: fetch
    run: echo old > fetched
  - name: build
    env: {{DB_PASSWORD: hunter2hunter2, MODE: slow}}
    run: exit 3
  - name: ship
    run: echo $API_TOKEN $DB_PASSWORD > shipped
"""
KEPT = re.compile(r"Your text is kept in (\S+)")


@pytest.fixture
def home(shared_conductor: Conductor) -> Settings:
    """Return the home of a conductor that these tests share."""
    return shared_conductor.settings


@pytest.fixture
def failed(shared_conductor: Conductor, short_tmp: Path) -> str:
    """Return the id of a job that has failed at its second sheet."""
    job_id = submit(shared_conductor, SCORE.format(folder=short_tmp / "o"))
    until(shared_conductor, job_id, "failed")
    return job_id


class Editors:
    """Makes editors, and keeps where each was asked to edit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked = folder / "asked"

    def that(self, does: str) -> str:
        """Return the path of an editor that runs this on the file $1."""
        path = self.folder / "ed"
        path.write_text(f'#!/bin/sh\necho "$1" >> {self.asked}\nstat -c %a "$1" >> {self.asked}.modes\n{does}\n')
        path.chmod(0o700)
        return str(path)

    @property
    def files(self) -> list[Path]:
        """The files that the editors were asked to edit."""
        return [Path(each) for each in self.asked.read_text().splitlines()] if self.asked.exists() else []


@pytest.fixture
def editors(short_tmp: Path) -> Iterator[Editors]:
    """Return what makes editors; what a test left of their files is removed."""
    made = Editors(short_tmp)
    yield made
    for file in made.files:
        for each in file.parent.glob("*"):
            each.unlink()
        if file.parent.exists():
            file.parent.rmdir()


def score_of(home: Settings, job_id: str) -> str:
    """Return the score that the job has, as it is shown."""
    lines: list[str] = ask(home.socket, "job.score", {"job_id": job_id})["text"]["lines"]
    return "\n".join(lines)


def test_several_changes_around_secrets_are_made_at_once_and_the_job_goes_on(
    home: Settings, failed: str, editors: Editors, shared_conductor: Conductor, short_tmp: Path
) -> None:
    editor = editors.that(
        "sed -i 's/exit 3/true/; s/MODE: slow/MODE: fast/; s/echo old/echo new/; $a # the end' \"$1\""
    )
    done = podium(home, "edit", failed, EDITOR=editor)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f"Job {failed} now uses the changed score and was queued to continue.",
        "  to run with the new text: build",
        "  finished with the old text, not to run again: fetch",
        "  1 finished sheet kept: fetch",
        "  To run a finished sheet again, with all that depend on it, give --from fetch.",
        f"next: podium wait {failed}",
    ]
    until(shared_conductor, failed, "completed")
    assert (short_tmp / "o/shipped").read_text() == "abcd1234efgh5678\n"
    assert (short_tmp / "o/fetched").read_text() == "old\n"
    shown = score_of(home, failed)
    assert all(each in shown for each in ("echo new", "MODE: fast", "[value of API_TOKEN]", "# the end"))
    assert [each.parent.exists() for each in editors.files] == [False]


def test_the_file_is_for_nobody_else_and_holds_no_secret(home: Settings, failed: str, editors: Editors) -> None:
    copy = editors.folder / "seen"
    podium(home, "edit", failed, EDITOR=editors.that(f'cp "$1" {copy}'))
    assert Path(f"{editors.asked}.modes").read_text() == "600\n"
    assert editors.files[0].suffix == ".yaml"
    assert "[value of DB_PASSWORD]" in copy.read_text()
    assert "hunter2" not in copy.read_text()


def test_nothing_changed_says_so_and_changes_nothing(home: Settings, failed: str, editors: Editors) -> None:
    done = podium(home, "edit", failed, VISUAL=editors.that("true"), EDITOR="/nowhere")
    assert (done.returncode, done.stdout) == (0, f"Nothing was changed: {failed} stays as it is.\n")
    assert answered(home, "edit", failed, EDITOR=editors.that("true")) == {
        "changed": False,
        "action": None,
        "error": None,
    }
    emptied = podium(home, "edit", failed, EDITOR=editors.that(': > "$1"'))
    assert (emptied.returncode, emptied.stdout) == (0, f"The text is empty: {failed} stays as it is.\n")
    assert not any(each.parent.exists() for each in editors.files)


def test_an_editor_that_replaces_the_file_is_followed(
    home: Settings, failed: str, editors: Editors, shared_conductor: Conductor
) -> None:
    editor = editors.that('sed \'s/exit 3/true/\' "$1" > "$1~" && mv "$1~" "$1"')
    done = answered(home, "edit", failed, EDITOR=editor)
    assert (done["changed"], done["action"]["change"]["sheets"]["unfinished"]["labels"]) == (True, ["build"])
    until(shared_conductor, failed, "completed")


def test_a_broken_score_is_shown_with_its_lines_and_the_text_is_kept(
    home: Settings, failed: str, editors: Editors
) -> None:
    done = podium(home, "edit", failed, EDITOR=editors.that("sed -i 's/exit 3/[]/' \"$1\""))
    file = editors.files[0]
    assert done.returncode == 2
    assert f"{file}:9:10: sheets[1].run: should be text, not a list\n    run: []\n         ^\n" in done.stderr
    assert KEPT.findall(done.stderr) == [str(file)]
    assert "run: []" in file.read_text()
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert "exit 3" in score_of(home, failed)


def test_an_editor_that_fails_changes_nothing_and_loses_nothing(home: Settings, failed: str, editors: Editors) -> None:
    done = podium(home, "edit", failed, EDITOR=editors.that("sed -i 's/exit 3/true/' \"$1\"; exit 7"))
    assert done.returncode == 1
    assert "The editor ended with code 7; the job is not changed." in done.stderr
    assert "run: true" in Path(KEPT.findall(done.stderr)[0]).read_text()
    unchanged = podium(home, "edit", failed, EDITOR=editors.that("exit 1"))
    assert KEPT.findall(unchanged.stderr) == []
    gone = podium(home, "edit", failed, EDITOR=editors.that('rm "$1"'))
    assert (gone.returncode, "cannot be read after the edit" in gone.stderr) == (2, True)


@pytest.mark.parametrize(
    "does",
    [
        "sed -i 's/.value of API_TOKEN./x/' \"$1\"",
        "sed -i '/value of DB_PASSWORD/d' \"$1\"",
        "sed -i 's/value of API_TOKEN/value of DB_PASSWORD/' \"$1\"",
        'sed -i \'$a other: "[value of API_TOKEN]"\' "$1"',
    ],
)
def test_what_stands_for_a_secret_cannot_be_changed_moved_or_removed(
    home: Settings, failed: str, editors: Editors, does: str
) -> None:
    before = score_of(home, failed)
    done = podium(home, "edit", failed, EDITOR=editors.that(does))
    assert done.returncode == 2
    assert re.search(r"podium: Line \d+: \[value of \w+\] only stands for a text that is not shown", done.stderr)
    assert (score_of(home, failed), len(KEPT.findall(done.stderr))) == (before, 1)


def test_without_an_editor_nothing_is_opened(home: Settings, failed: str) -> None:
    done = podium(home, "edit", failed, EDITOR="", VISUAL="")
    assert (done.returncode, "No editor is known" in done.stderr) == (2, True)
    missing = podium(home, "edit", failed, EDITOR="no-such-editor -x")
    assert (missing.returncode, "$EDITOR is 'no-such-editor -x', which cannot be run." in missing.stderr) == (2, True)


def test_a_job_that_ends_while_it_is_edited_stays_and_the_text_is_kept(
    home: Settings, failed: str, editors: Editors, shared_conductor: Conductor, short_tmp: Path
) -> None:
    other = submit(
        shared_conductor,
        f"name: o\nworkspace: {short_tmp}/p\nsheets: [{{run: 'while [ ! -e go ]; do sleep 0.05; done'}}]",
    )
    until(shared_conductor, other, "running")
    edit = editors.that(
        f"sed -i 's/0.05/0.06/' \"$1\"; touch {short_tmp}/p/go; while [ ! -e {short_tmp}/over ]; do sleep 0.05; done"
    )
    with Terminal(home, "edit", other, columns=120, EDITOR=edit) as terminal:
        until(shared_conductor, other, "completed")
        (short_tmp / "over").touch()
        terminal.end()
        shown = terminal.screen.text
    assert f"Cannot modify job {other}: every sheet has completed" in shown
    assert "Your text is kept in" in shown
    refused = podium(home, "edit", other, EDITOR=edit)
    assert (refused.returncode, f"Cannot edit job {other}: every sheet has completed" in refused.stderr) == (1, True)


def test_on_a_terminal_it_shows_what_changes_and_asks(
    home: Settings, failed: str, editors: Editors, shared_conductor: Conductor
) -> None:
    with Terminal(home, "edit", failed, columns=120, EDITOR=editors.that("sed -i 's/exit 3/true/' \"$1\"")) as terminal:
        shown = terminal.until("drop it? [Y/e/d]").text
        terminal.type("y\n")
        assert terminal.end() == 0
    assert f"This changes {failed}:" in shown
    assert "  to run with the new text: build" in shown
    assert "  It takes the changed score and runs the sheets that did not finish." in shown
    until(shared_conductor, failed, "completed")


def test_on_a_terminal_a_broken_score_can_be_edited_again(
    home: Settings, failed: str, editors: Editors, shared_conductor: Conductor
) -> None:
    fix = "if grep -q 'run: \\[\\]' \"$1\"; then sed -i 's/run: \\[\\]/run: true/' \"$1\"; else sed -i 's/exit 3/[]/' \"$1\"; fi"
    with Terminal(home, "edit", failed, columns=120, EDITOR=editors.that(fix)) as terminal:
        assert ":9:10: sheets[1].run: should be text" in terminal.until("or drop it? [E/d]").text
        terminal.type("e\n")
        terminal.until("[Y/e/d]")
        terminal.type("d\n")
        assert terminal.end() == 0
        shown = terminal.screen.text
    assert f"{failed} is not changed." in shown
    assert len(editors.files) == 2
    assert "run: true" in Path(KEPT.findall(shown)[0]).read_text()
    assert "exit 3" in score_of(home, failed)


def test_a_whole_score_needs_no_editor(
    home: Settings, failed: str, shared_conductor: Conductor, short_tmp: Path
) -> None:
    path = short_tmp / "new.yaml"
    path.write_text(SCORE.format(folder=short_tmp / "o").replace("exit 3", "true"))
    done = answered(home, "edit", failed, "--score", str(path), "--from", "fetch")
    assert done["action"]["kept_total"] == 0
    until(shared_conductor, failed, "completed")
