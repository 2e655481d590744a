"""Every command in situations that are nobody's bug: each says what is wrong, with its code, and never where in our source."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from podium.cli import main
from podium.cli.shared.exits import Code
from tests.support.podium_home import Conductor

Situation = Callable[[Path], dict[str, str]]
COMMANDS = {
    "start": ["start"],
    "serve": ["serve"],
    "stop": ["stop"],
    "status": ["status"],
    "run": ["run", "score.yaml"],
    "call": ["call"],
    "install": ["install", "claude-code"],
    "doctor": ["doctor"],
}
TOO_LONG = "x" * 300
HOSTILE = "\x1b]0;OWNED\x07\u202e\nx"


def _file(folder: Path) -> str:
    (folder / "file").write_text("x")
    return str(folder / "file")


def _fifo(folder: Path) -> str:
    os.mkfifo(folder / "fifo")
    return str(folder / "fifo")


def _loop(folder: Path) -> str:
    (folder / "loop").symlink_to(folder / "loop")
    return str(folder / "loop")


def _binary(folder: Path) -> str:
    (folder / "binary").write_bytes(bytes(range(256)))
    return str(folder / "binary")


# What stands in the way of every command that needs a conductor, its home or the settings.
PLACES: dict[str, Situation] = {
    "a home that is a file": lambda folder: {"PODIUM_HOME": _file(folder)},
    "a home below a file": lambda folder: {"PODIUM_HOME": f"{_file(folder)}/{HOSTILE}"},
    "a home on a file system that nobody writes": lambda _: {"PODIUM_HOME": "/proc/podium"},
    "a home that is a device": lambda _: {"PODIUM_HOME": "/dev/null"},
    "a home that is a link to itself": lambda folder: {"PODIUM_HOME": _loop(folder)},
    "a home whose name is too long": lambda folder: {"PODIUM_HOME": str(folder / TOO_LONG)},
    "a home that is not UTF-8": lambda folder: {"PODIUM_HOME": os.fsdecode(os.fsencode(folder) + b"/\xff")},
    "a home of a user who is not there": lambda _: {"PODIUM_HOME": "~nobody-of-this-name/x"},
    "a home path of the user that is a file": lambda folder: {"HOME": _file(folder)},
    "a socket below a file": lambda folder: {"PODIUM_SOCKET": f"{_file(folder)}/s"},
    "a socket path that is a FIFO": lambda folder: {"PODIUM_SOCKET": _fifo(folder)},
    "a socket path that is too long": lambda folder: {"PODIUM_SOCKET": str(folder / TOO_LONG)},
    "settings that are a folder": lambda folder: {"PODIUM_CONFIG": str(folder)},
    "settings that are binary": lambda folder: {"PODIUM_CONFIG": _binary(folder)},
    "settings below a file": lambda folder: {"PODIUM_CONFIG": f"{_file(folder)}/x"},
    "settings that have no end": lambda _: {"PODIUM_CONFIG": "/dev/zero"},
    "settings that are a pipe": lambda folder: {"PODIUM_CONFIG": _fifo(folder)},
    "settings that are a link to itself": lambda folder: {"PODIUM_CONFIG": _loop(folder)},
    "settings that do not exist": lambda folder: {"PODIUM_CONFIG": str(folder / HOSTILE)},
    "settings of a user who is not there": lambda _: {"PODIUM_CONFIG": "~nobody-of-this-name/x"},
    "a setting that is no number": lambda _: {"PODIUM_MAX_SHEETS": HOSTILE},
    "a terminal of no size": lambda _: {"COLUMNS": "none", "PODIUM_MAX_SHEETS": "none"},
}
EXPECTED = {  # where it is none of that
    "stop": {Code.DONE, Code.BAD_INPUT, Code.NO_CONDUCTOR},
    "doctor": {Code.FAILED, Code.DONE, Code.BAD_INPUT},
    "call": {Code.DONE, Code.BAD_INPUT},  # without a tool it asks nobody
    "serve": {Code.DONE, Code.BAD_INPUT},
    "install": {Code.DONE, Code.BAD_INPUT},
}


def _written(folder: Path, content: bytes, name: str = "given.yaml") -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def _made(folder: Path, make: Callable[[Path], object]) -> str:
    make(folder / "given.yaml")
    return str(folder / "given.yaml")


SCORES: dict[str, Callable[[Path], str]] = {
    "binary": lambda folder: _written(folder, bytes(range(256))),
    "empty": lambda folder: _written(folder, b""),
    "UTF-16": lambda folder: _written(folder, "name: x".encode("utf-16")),
    "a list": lambda folder: _written(folder, b"- a\n"),
    "a folder": lambda folder: _made(folder, Path.mkdir),
    "a FIFO": lambda folder: _made(folder, os.mkfifo),
    "missing": lambda folder: str(folder / "given.yaml"),
    "a link to itself": lambda folder: _made(folder, lambda path: path.symlink_to(path)),
    "a device": lambda _: "/dev/zero",
    "a name that is too long": lambda _: f"/{TOO_LONG}.yaml",
    "a name that is not UTF-8": lambda folder: os.fsdecode(os.fsencode(folder) + b"/\xff.yaml"),
    "a NUL in the name": lambda folder: f"{folder}/a\0.yaml",
    "another ending": lambda folder: _written(folder, b"name: x", "given.txt"),
    "no name": lambda _: "",
    "a name that acts on the terminal": lambda folder: str(folder / f"{HOSTILE}.yaml"),
    "a key that acts on the terminal": lambda folder: _written(
        folder,
        b'name: x\nsheets:\n  - run: "true"\n    "bad\\e]0;OWNED\\e\\\\key\\u202E": 1\n    instrument: "x\\e[35my"\n',
    ),
}


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, short_tmp: Path) -> Path:
    """A folder to run in, with a good score, and an environment that leads nowhere else."""
    for name in [name for name in os.environ if name.startswith(("PODIUM_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(short_tmp / "user"))
    monkeypatch.setenv("PODIUM_SOCKET", str(short_tmp / "s"))
    monkeypatch.chdir(short_tmp)
    (short_tmp / "score.yaml").write_text("name: x\nsheets: [{run: 'true'}]\n")
    return short_tmp


@pytest.mark.parametrize("situation", PLACES)
def test_a_place_that_cannot_be_used_is_told_in_words(
    situation: str, place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, value in PLACES[situation](place).items():
        monkeypatch.setenv(name, value)
    for name, words in COMMANDS.items():
        code = main(words)
        shown = "".join(capfd.readouterr())
        assert code in EXPECTED.get(name, {Code.BAD_INPUT, Code.NO_CONDUCTOR}), (name, shown)
        _check(name, shown)


@pytest.mark.parametrize("score", SCORES)
def test_a_file_that_is_no_score_is_told_in_words(
    score: str, place: Path, shared_conductor: Conductor, capfd: pytest.CaptureFixture[str]
) -> None:
    path = SCORES[score](place)
    home = ["--home", str(shared_conductor.settings.home), "--socket", str(shared_conductor.settings.socket)]
    for words in (["run", path], ["run", "--json", path], ["call", "validate_score", f"config_path={path}"]):
        code = main([*words, *home])
        shown = "".join(capfd.readouterr())
        assert code == Code.BAD_INPUT, shown
        _check(score, shown)


@pytest.mark.parametrize(
    "words",
    [
        ["--set", "no-value"],
        ["--set", f"{HOSTILE}"],
        ["--start-sheet", "99"],
        ["--start-sheet", HOSTILE],
        ["--start-sheet", "٣"],
        ["--start-sheet", "-1"],
        ["--workspace", "/dev/null"],
        ["--workspace", "/proc/x"],
        ["--workspace", "file/below"],
        ["--workspace", os.fsdecode(b"\xff")],
        ["--workspace", "x\0y"],
        ["--no-such-option"],
        [f"--{HOSTILE}"],
        ["another", "score"],
    ],
)
def test_an_argument_that_cannot_be_used_is_told_in_words(
    words: list[str], place: Path, shared_conductor: Conductor, capfd: pytest.CaptureFixture[str]
) -> None:
    _file(place)
    home = ["--home", str(shared_conductor.settings.home), "--socket", str(shared_conductor.settings.socket)]
    code = main(["run", "score.yaml", *words, *home])
    shown = "".join(capfd.readouterr())
    assert code in {Code.BAD_INPUT, Code.FAILED}, (code, shown)
    _check(str(words), shown)


def _check(what: str, shown: str) -> None:
    assert "Traceback" not in shown, what
    assert "bug of Podium" not in shown, what
    assert not set(shown) & set("\x1b\x07\u202e"), what
