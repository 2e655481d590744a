"""Records a session of an agent: the calls that a client makes over MCP and what it is answered, as it came. Nothing is made up but the
order of the calls."""

import json
import shutil
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters

from podium.settings import Settings
from tests.recordings.frames import Frame, Row, plain, slowed, without_pauses

COLUMNS = 80
HERE = Path(__file__).parent
LOG_LINES = 2
READ_SECONDS = 1.2


class Session:
    """One connected client and what its window shows."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.frames = [Frame(0.0, ())]
        self._client = client
        self._folder = folder
        self._began = time.monotonic()
        self._rows: list[Row] = []

    def show(self, rows: list[Row]) -> None:
        """Add lines to the window."""
        self._rows += rows
        self.frames.append(Frame(time.monotonic() - self._began, tuple(self._rows)))

    async def call(self, tool: str, *shown: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool; show the call, the sentence of its answer, and the output in it if it is in `shown`."""
        given = ", ".join(f"{name}={json.dumps(value)}" for name, value in arguments.items())
        call = textwrap.wrap(f"{tool}({given})", COLUMNS - 2, subsequent_indent="  ", break_on_hyphens=False)
        first: Row = (("cyan", "→"), ("bold cyan", f" {call[0]}"))
        self.show([first, *(plain(f"  {line}", "bold cyan") for line in call[1:])])
        result = await self._client.call_tool(tool, arguments)
        answer: dict[str, Any] | None = result.structured_content
        assert answer is not None, result
        said = str(answer["summary"]).replace(str(self._folder), "~")
        rows = [plain(f"  {line}") for line in textwrap.wrap(said, COLUMNS - 4, break_on_hyphens=False)]
        for name in shown:
            rows += [
                plain(f"  | {line[: COLUMNS - 5]}", "faint") for line in str(answer[name]).splitlines()[-LOG_LINES:]
            ]
        self.show([*rows, ()])
        return answer


async def frames(home: Settings, folder: Path) -> list[Frame]:
    """Play the session below `folder` with a server of its own; return what was seen."""
    for name in ("nightly.yaml", "prices.py"):
        shutil.copy(HERE / name, folder)
    words = ["-P", "-m", "podium", "serve", "--home", str(home.home), "--log-level", "error"]
    server = StdioServerParameters(command=sys.executable, args=words, cwd=folder)
    async with Client(server) as client:
        session = Session(client, folder)
        job = (await session.call("start_job", config_path="nightly.yaml"))["job_id"]
        await session.call("wait_for_job", job_ids=[job], pattern="day 12 of 30")
        await session.call("read_job_log", "job_output", job_id=job, sheet="prices", max_lines=LOG_LINES)
        await session.call("wait_for_job", job_ids=[job])
        await session.call("explain_job", "job_output", job_id=job)
        await session.call("resume_job", job_id=job, find="price.txt", replace="prices.txt")
        await session.call("wait_for_job", job_ids=[job])
    return slowed(without_pauses(session.frames), READ_SECONDS)
