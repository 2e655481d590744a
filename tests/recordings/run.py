"""Records `podium run` of an example in a terminal of 80 columns."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from podium.settings import Settings
from tests.recordings.frames import Frame, Row, plain, thinned
from tests.support.screens import Terminal
from tests.support.source_tree import REPOSITORY

EXAMPLE = Path("examples/training")
SCORE = EXAMPLE / "training.yaml"
COLUMNS, LINES = 80, 40
LONGER = ("--set", "epochs=999", "--set", "lost_at=600")  # than the example takes by itself: to be watched
COMMAND = f"podium run {SCORE} {' '.join(LONGER)}"


def frames(home: Settings, folder: Path) -> list[Frame]:
    """Run the example in a copy, below `folder`, of its place in the repository; return what the terminal showed."""
    shutil.copytree(REPOSITORY / EXAMPLE, folder / EXAMPLE, ignore=shutil.ignore_patterns("out"))
    return thinned(_shown(home, folder))


def _shown(home: Settings, folder: Path) -> Iterator[Frame]:
    prompt: Row = (("green", "$"), ("", f" {COMMAND}"))
    yield Frame(0.0, (prompt,))
    began = time.monotonic()
    with Terminal(home, "run", str(folder / SCORE), *LONGER, columns=COLUMNS, lines=LINES) as terminal:
        for screen in terminal.changes():
            rows = [tuple(runs) for runs in screen.runs]
            yield Frame(time.monotonic() - began, (prompt, *(_without(row, folder) for row in rows)))
        assert terminal.end() == 0, terminal.screen.text
    yield Frame(time.monotonic() - began + 0.5, (prompt, *(_without(row, folder) for row in rows), plain("$", "green")))


def _without(row: Row, folder: Path) -> Row:
    """Show the folder of the copy as the home folder, where a reader would have it."""
    return tuple((style, text.replace(str(folder), "~")) for style, text in row)
