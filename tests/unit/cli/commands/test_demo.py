"""The demo beside its story: which job it runs, and that it is never silent for long."""

import io
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from podium.cli.commands.demo import heart, job, temporary_home
from podium.cli.commands.demo.heart import Heard, beat
from tests.support.source_tree import REPOSITORY

pytestmark = pytest.mark.anyio


async def test_a_silent_demo_says_what_goes_on_until_it_speaks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(heart, "LOOK_SECONDS", 0.01)
    console, doing = Heard(), iter(["", "the server starts", "running tests"])
    console.file = shown = io.StringIO()
    ended = anyio.Event()

    def next_one() -> str:
        text = next(doing, None)
        if text is None:
            ended.set()
        return text or ""

    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(beat, console, next_one)
            await ended.wait()
            tasks.cancel_scope.cancel()
    lines = shown.getvalue().splitlines()
    assert [line.partition(": ")[2] for line in lines] == ["the server starts", "running tests"]


async def test_a_demo_that_speaks_has_no_beat_between(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Heard()
    console.file = io.StringIO()
    console.print("a line")
    assert console.silence < heart.SILENT_SECONDS
    monkeypatch.setattr(heart, "LOOK_SECONDS", 0.01)
    with anyio.move_on_after(0.1):
        await beat(console, lambda: "not this")
    assert console.file.getvalue() == "a line\n"


def test_the_job_is_that_of_the_clone_only_where_its_tools_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    assert job.job_here().variables == {"repository": str(REPOSITORY)}
    monkeypatch.setattr(job, "find_spec", lambda name: None if name == "ruff" else object())
    assert Path(job.job_here().score).name == "installation-audit.yaml"
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert Path(job.job_here().score).is_file()


@pytest.mark.parametrize("keep", [True, False])
def test_what_is_said_of_the_folder_is_so_also_after_a_failure(
    keep: bool, short_tmp: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(short_tmp))
    monkeypatch.setenv("PODIUM_SOCKET", str(short_tmp / "of-another-conductor"))
    with suppress(ZeroDivisionError), temporary_home(keep=keep) as settings:
        settings.home.mkdir()
        raise ZeroDivisionError
    said = capsys.readouterr().out
    assert settings.socket.parent == settings.home  # whatever conductor the environment names
    assert settings.home.exists() == keep
    assert said.startswith(
        f"\nKept: the home {settings.home} and" if keep else f"\nRemoved: {settings.home.parent}, with"
    )
