"""The story that `podium demo` tells: an agent's client, connected over stdio, works through one job with the tools."""

import json
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import anyio
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, TextContent
from rich.markdown import Markdown
from rich.padding import Padding
from rich.text import Text

from podium.cli.commands.demo.heart import Heard, beat
from podium.cli.commands.demo.job import DemoJob
from podium.cli.jobs.progress import JobProgress
from podium.cli.terminal.live import stream_of
from podium.contract.states import TERMINAL
from podium.errors import Internal
from podium.settings import Settings

BEAT_SECONDS = 0.5  # how long one wait_for_job of the progress view lasts
LOG_LINES = 3

Facts = dict[str, Any]
ABSENT: Facts = {"reason": "", "duration_seconds": None}  # what get_job leaves out of a sheet that has none


class Story:
    """One run of the demo. `tell` does everything between the conductor's start and its stop."""

    def __init__(self, console: Heard, settings: Settings, job: DemoJob, *, keep: bool) -> None:
        """With `keep` the job is not deleted at the end."""
        self.console = console
        self.settings = settings
        self.job_id = ""
        self._job = job
        self._keep = keep
        self._chapter = 1
        self._client: Client
        self._after = ""
        self._doing = "the server starts"
        self._has_bar = False

    @property
    def workspace(self) -> str:
        """The folder in which the job runs."""
        return str(self.settings.home.parent / "workspace")

    async def tell(self) -> None:
        """Connect as an agent's client does and go through the job, never silent for long.

        Raises:
            Internal: a tool answered other than the story needs.
        """
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(beat, self.console, lambda: "" if self._has_bar else self._doing)
            await self._tell()
            tasks.cancel_scope.cancel()

    async def _tell(self) -> None:
        own = ["--home", str(self.settings.home), "--socket", str(self.settings.socket)]
        words = ["-P", "-m", "podium", "serve", *own, "--log-level", "error"]
        self.title("An MCP client starts the MCP server and connects over stdio")
        async with Client(StdioServerParameters(command=sys.executable, args=words)) as client:
            self._client = client
            tools = [tool.name for tool in (await client.list_tools()).tools]
            self.says(f"protocol {client.protocol_version}, {len(tools)} tools: {', '.join(tools)}")
            await self._check()
            await self._start()
            async with JobProgress(stream_of(stderr=False), self.job_id) as view:
                self._has_bar = view.has_bar
                self.console.file = view.above
                await self._watch(view, lambda job: self._job.watched in job["running"])
                await self._read_log(view)
                await self._pause_and_resume(view)
                last = await self._watch(view, lambda job: job["status"] == "completed")
            self._has_bar = False
            self.console.file = sys.stdout
            self.says(last["summary"])
            await self._report()
            await self._refused()
            if not self._keep:
                self.title("The job and its logs are deleted, which leaves its workspace alone")
                await self._do("delete_job", job_id=self.job_id)

    def title(self, text: str) -> None:
        """Begin the next chapter."""
        self._chapter += 1
        self.console.print(Text(f"\n{self._chapter}. {text}", style="bold cyan"))

    def says(self, text: str, *, style: str = "") -> None:
        """Print what the server answered."""
        self.console.print(Padding(Text(text, style=style), (0, 0, 0, 3), expand=False))

    async def call(self, tool: str, *, shown: bool = True, **arguments: Any) -> Facts:
        """Call a tool and return its facts.

        Raises:
            Internal: it answered with an error.
        """
        result = await self._ask(tool, arguments, shown=shown)
        if result.is_error or result.structured_content is None:
            raise Internal(f"{tool}: {_text(result)}", fix="Run `podium doctor` and read the conductor's log.")
        facts: Facts = result.structured_content
        return facts

    async def _do(self, tool: str, **arguments: Any) -> Facts:
        """Call a tool, print the summary of its answer, and return its facts."""
        facts = await self.call(tool, **arguments)
        self.says(facts["summary"])
        return facts

    async def _ask(self, tool: str, arguments: Facts, *, shown: bool = True) -> CallToolResult:
        if shown:
            given = ", ".join(f"{name}={json.dumps(value)}" for name, value in arguments.items())
            self.says(f"→ {tool}({given})", style="dim")
        return await self._client.call_tool(tool, arguments)

    async def _check(self) -> None:
        self.title("The score is checked before anything runs")
        plan = await self._do("validate_score", config_path=self._job.score)
        names = {sheet["sheet"]: sheet["name"] for sheet in plan["sheets"]}
        for sheet in plan["sheets"]:
            needs = ", ".join(names[number] for number in sheet["needs"])
            self.says(f"  {sheet['name']:<16} {'after ' + needs if needs else 'immediately'}")

    async def _start(self) -> None:
        self.title("The job starts; the reply comes as soon as the job is on disk")
        started = await self._do(
            "start_job",
            config_path=self._job.score,
            workspace=self.workspace,
            variables=[f"{name}={value}" for name, value in self._job.variables.items()],
        )
        self.job_id = started["job_id"]

    async def _watch(self, view: JobProgress, enough: Callable[[Facts], bool]) -> Facts:
        """Show the job's progress until a snapshot of it is enough; return that one.

        Raises:
            Internal: the job ended in another way.
        """
        while True:
            job = await self.call("get_job", shown=False, job_id=self.job_id, detail="full")
            doing = ", ".join(job["running"]) or job["reason"]
            self._doing = f"{job['summary']}"
            view.job(completed=job["sheets_completed"], total=job["sheets_total"], doing=doing)
            view.sheets({**ABSENT, **sheet} for sheet in job["sheets"])
            if enough(job):
                return job
            if job["status"] in TERMINAL:
                await self._give_up(job)
            seen = await self.call(
                "wait_for_job", shown=False, job_ids=[self.job_id], timeout_seconds=BEAT_SECONDS, after=self._after
            )
            self._after = seen["after"]

    async def _give_up(self, job: Facts) -> NoReturn:
        """Show what the first failed sheet wrote last, and end the story."""
        for sheet in [sheet for sheet in job["sheets"] if sheet["status"] == "failed"][:1]:
            log = await self.call("read_job_log", job_id=self.job_id, sheet=sheet["name"], max_lines=10)
            self.says(log["job_output"], style="dim")
        raise Internal(f"The job ended too early: {job['summary']}", fix="Correct the problem that it found.")

    async def _read_log(self, view: JobProgress) -> None:
        self.title(f"The output of a sheet is read while it runs: {self._job.watched}")
        log: Facts = {"job_output": "", "running": True}
        while log["running"] and self._job.written not in log["job_output"]:
            log = await self.call(
                "read_job_log", shown=False, job_id=self.job_id, sheet=self._job.watched, max_lines=LOG_LINES
            )
            await self._watch(view, lambda _: True)
        self.says(
            f'→ read_job_log(job_id="{self.job_id}", sheet="{self._job.watched}", max_lines={LOG_LINES})', style="dim"
        )
        self.says(f"{log['summary']}{' It is still running.' if log['running'] else ''}")
        for line in log["job_output"].splitlines():
            self.console.print(Text(f"     | {line}", style="dim"), no_wrap=True, overflow="ellipsis")

    async def _pause_and_resume(self, view: JobProgress) -> None:
        self.title("The job is paused midway")
        await self._do("pause_job", job_id=self.job_id)
        await self._watch(view, lambda job: job["status"] == "paused")
        self.title("It continues where it left off")
        await self._do("resume_job", job_id=self.job_id)

    async def _report(self) -> None:
        self.title("The job created files; the report is read")
        listed = await self._do("list_artifacts", job_id=self.job_id)
        files = [entry for entry in listed["entries"] if entry["type"] == "file"]
        self.says(", ".join(f"{file['path']} ({file['size_bytes']} B)" for file in files), style="dim")
        read = await self.call("read_artifact", job_id=self.job_id, path="report.md")
        self.console.print(Padding(Markdown(read["job_output"], hyperlinks=False), (1, 6)))

    async def _refused(self) -> None:
        self.title("A call that cannot succeed is refused, with the reason and what to do instead")
        refused = await self._ask("pause_job", {"job_id": self.job_id})
        error = json.loads(_text(refused)) if refused.is_error else {}
        if error.get("error", {}).get("code") != "WRONG_STATE":
            raise Internal(f"The pause should have been refused, but was not: {_text(refused)}", fix="Report this.")
        self.says(json.dumps(error, indent=2), style="yellow")


def _text(result: CallToolResult) -> str:
    block = result.content[0]
    return block.text if isinstance(block, TextContent) else ""
