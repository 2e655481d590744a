"""Scores and calls as a client of the Marianne conductor makes them."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.podium_home import Conductor, ask, make_home


@contextmanager
def conductor_for_many(*, max_sheets: int | None = None, **environment: str) -> Iterator[Conductor]:
    """Run a conductor for several tests, and see at the end that they have left nothing running on it."""
    folder = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    conductor = Conductor(make_home(folder, max_sheets=max_sheets)).start(**environment)
    try:
        yield conductor
        assert told(conductor, "daemon.status")["running_sheets"] == 0
    finally:
        conductor.end()
        shutil.rmtree(folder, ignore_errors=True)


def config_with(instrument: str, profile: str, folder: Path) -> str:
    """Make a settings folder with the profile of one instrument, and return the path of the settings file in it."""
    (folder / "instruments").mkdir()
    (folder / "instruments" / f"{instrument}.yaml").write_text(profile)
    (folder / "podium.yaml").touch()
    return str(folder / "podium.yaml")


def named(workspace: Path, *commands: str, **top: Any) -> str:
    """A score of sheets that run one after another."""
    sheets = [{"run": command} for command in commands]
    return json.dumps({"name": "fault", "workspace": str(workspace), "sheets": sheets, **top})


def numbered(workspace: Path, template: str, items: int = 1, *, sheet: Any = None, **top: Any) -> str:
    """A score in the form of the Marianne conductor, without its waits."""
    score = {
        "name": "fault",
        "workspace": str(workspace),
        "instrument": "cli",
        "sheet": {"size": 1, "total_items": items, **(sheet or {})},
        "prompt": {"template": template},
        "pause_between_sheets_seconds": 0,
        "retry": {"max_retries": 0},
    }
    return json.dumps({**score, **top})


def told(conductor: Conductor, method: str, **params: Any) -> Any:
    """Return the result of one call."""
    return ask(conductor.settings.socket, method, params)


def jobs_total(conductor: Conductor) -> int:
    """Return how many jobs are stored."""
    total: int = told(conductor, "daemon.status")["jobs_total"]
    return total


def refused(conductor: Conductor, score: str, **params: Any) -> dict[str, Any]:
    """Submit a score that must be rejected, and see that nothing of it is stored."""
    before = jobs_total(conductor)
    reply: dict[str, Any] = told(conductor, "job.submit", config_content=score, **params)
    assert reply["status"] == "rejected", reply
    assert jobs_total(conductor) == before
    return reply
