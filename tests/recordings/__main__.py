"""Makes the pictures of the README from a real run and a real session: `python -m tests.recordings`, or `make recordings`."""

import argparse
import shutil
import tempfile
from pathlib import Path

import anyio

from tests.recordings import run, session, svg
from tests.support.podium_home import Conductor, make_home
from tests.support.source_tree import REPOSITORY

MOST_BYTES = 60_000  # of a picture: a page shows it at once


def main() -> None:
    """Record both and write them."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--output", type=Path, default=REPOSITORY / "docs" / "pictures", help="folder for the pictures")
    folder: Path = made.parse_args().output
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    conductor = Conductor(make_home(place)).start()
    try:
        ran = svg.picture(
            run.frames(conductor.settings, place),
            title="you, in a terminal",
            says=f"A terminal in which `{run.COMMAND}` follows a job: a progress bar, a sheet that is tried again, and the end.",
            columns=run.COLUMNS,
        )
        _write(folder / "run.svg", ran)
        played = svg.picture(
            anyio.run(session.frames, conductor.settings, place),
            title="your agent, over MCP",
            says="The calls of an agent over MCP and their answers: it starts a job, waits for a line of its output, reads its log, "
            "asks why it failed, corrects the score in place, and goes on to the end.",
            columns=session.COLUMNS,
        )
        _write(folder / "session.svg", played)
    finally:
        conductor.end()
        shutil.rmtree(place, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    size = len(text.encode())
    assert size < MOST_BYTES, f"{path.name} would have {size} bytes"
    path.write_text(text, encoding="utf-8")
    print(f"{path}: {size} bytes")


if __name__ == "__main__":
    main()
