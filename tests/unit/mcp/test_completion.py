"""Completion of what resources and prompts take, through the official client in both eras."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from mcp import Client
from mcp.types import PromptReference, ResourceTemplateReference

from podium.contract.models import ArtifactEntry, ArtifactPage, SheetView
from podium.errors import ConductorNotRunning
from podium.mcp.app import build_server
from tests.support.port import ScriptedPort, job

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("mode", ["auto", "legacy"])]

JOB = ResourceTemplateReference(type="ref/resource", uri="job://{job_id}")
LOG = ResourceTemplateReference(type="ref/resource", uri="job://{job_id}/log/{sheet}")
FILE = ResourceTemplateReference(type="ref/resource", uri="job://{job_id}/artifact/{+path}")
DIAGNOSE = PromptReference(type="ref/prompt", name="diagnose_job")
ID = "build-x7k2q"


@asynccontextmanager
async def client(port: ScriptedPort, mode: str) -> AsyncIterator[Client]:
    with anyio.fail_after(20):
        async with Client(build_server(port.opened), mode=mode) as connected:
            yield connected


@pytest.mark.parametrize("ref", [JOB, DIAGNOSE], ids=["template", "prompt"])
async def test_job_ids_are_completed_those_that_begin_so_first(mode: str, ref: PromptReference) -> None:
    port = ScriptedPort(jobs={each: job(each) for each in ("rebuild-1aaaa", "build-2bbbb")})
    async with client(port, mode) as connected:
        found = (await connected.complete(ref, {"name": "job_id", "value": "build"})).completion
    assert port.calls == [("list_page", (None, "build", 100, ""))]
    assert (found.values, found.total, found.has_more) == (["build-2bbbb", "rebuild-1aaaa"], 2, False)


async def test_sheets_of_the_job_are_completed_by_name_else_by_number(mode: str) -> None:
    sheets = [
        SheetView(sheet=1, name="lint", status="completed"),
        SheetView(sheet=2, name="", status="pending"),
        SheetView(sheet=3, name="link", status="pending"),
    ]
    port = ScriptedPort(sheets=sheets)
    async with client(port, mode) as connected:
        argument = {"name": "sheet", "value": "li"}
        found = (await connected.complete(LOG, argument, context_arguments={"job_id": ID})).completion
        every = (await connected.complete(LOG, {**argument, "value": ""}, context_arguments={"job_id": ID})).completion
    assert found.values == ["lint", "link"]
    assert every.values == ["lint", "2", "link"]


async def test_paths_are_completed_below_the_folder_that_was_typed(mode: str) -> None:
    entries = [
        ArtifactEntry(path="out/a.md", type="file"),
        ArtifactEntry(path="out/a", type="directory"),
        ArtifactEntry(path="out/b.md", type="file"),
    ]
    port = ScriptedPort(files=ArtifactPage(workspace="/srv", entries=entries, total=3))
    async with client(port, mode) as connected:
        argument = {"name": "path", "value": "out/a"}
        found = (await connected.complete(FILE, argument, context_arguments={"job_id": ID})).completion
    assert found.values == ["out/a.md"]
    assert port.calls[-1][1][:2] == (ID, "out")


async def test_more_than_the_protocol_allows_is_counted_not_sent(mode: str) -> None:
    sheets = [SheetView(sheet=number, name=f"s{number}", status="pending") for number in range(1, 131)]
    async with client(ScriptedPort(sheets=sheets), mode) as connected:
        argument = {"name": "sheet", "value": "s"}
        found = (await connected.complete(LOG, argument, context_arguments={"job_id": ID})).completion
    assert (len(found.values), found.total, found.has_more) == (100, 130, True)


@pytest.mark.parametrize("error", [None, ConductorNotRunning("Nobody listens.")], ids=["unknown job", "no conductor"])
async def test_where_nothing_can_be_known_nothing_is_offered(mode: str, error: Exception | None) -> None:
    async with client(ScriptedPort(error=error), mode) as connected:
        argument = {"name": "sheet", "value": ""}
        found = (await connected.complete(LOG, argument, context_arguments={"job_id": "nope"})).completion
        other = (await connected.complete(DIAGNOSE, {"name": "colour", "value": "r"})).completion
    assert (found.values, other.values) == ([], [])
