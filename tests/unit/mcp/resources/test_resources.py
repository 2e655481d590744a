"""Resources through the official client, in both eras: what is listed, what reading gives, and how errors look."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, BlobResourceContents, TextResourceContents

from podium.contract.models import ArtifactBytes
from podium.errors import ConductorNotRunning
from podium.mcp.app import build_server
from podium.mcp.resources.podium import EXAMPLES, LOG_LINES, MOST_BYTES, example
from tests.support.golden import check_golden
from tests.support.port import ScriptedPort, job
from tests.unit.score.helpers import compiled

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("mode", ["auto", "legacy"])]

ID = "build-x7k2q"


@asynccontextmanager
async def client(port: ScriptedPort, mode: str) -> AsyncIterator[Client]:
    with anyio.fail_after(20):
        async with Client(build_server(port.opened), mode=mode) as connected:
            yield connected


async def text_of(connected: Client, uri: str) -> TextResourceContents:
    (contents,) = (await connected.read_resource(uri)).contents
    assert isinstance(contents, TextResourceContents)
    return contents


async def facts_of(connected: Client, uri: str) -> dict[str, Any]:
    contents = await text_of(connected, uri)
    assert contents.mime_type == "application/json"
    facts: dict[str, Any] = json.loads(contents.text)
    return facts


async def refusal(connected: Client, uri: str) -> tuple[int, dict[str, Any]]:
    with pytest.raises(MCPError) as caught:
        await connected.read_resource(uri)
    return caught.value.error.code, caught.value.error.data


async def test_what_is_always_there_is_listed_and_what_belongs_to_jobs_is_a_template(mode: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        resources = (await connected.list_resources()).resources
        templates = (await connected.list_resource_templates()).resource_templates
    assert [each.uri for each in resources] == [
        "score://schema",
        *(f"score://examples/{name}" for name in EXAMPLES),
        "conductor://status",
    ]
    assert [each.uri_template for each in templates] == [
        "job://{job_id}",
        "job://{job_id}/log/{sheet}",
        "job://{job_id}/artifact/{+path}",
    ]
    found = [each.model_dump(by_alias=True, mode="json", exclude_none=True) for each in (*resources, *templates)]
    check_golden("resources.json", found)


async def test_a_job_is_what_get_job_tells_in_full(mode: str) -> None:
    port = ScriptedPort(jobs={ID: job(reason="\x1b[31mwaits\x1b[0m")})
    async with client(port, mode) as connected:
        facts = await facts_of(connected, f"job://{ID}")
        told = (await connected.call_tool("get_job", {"job_id": ID, "detail": "full"})).structured_content
    assert facts == told
    assert facts["reason"] == "waits"


async def test_the_log_of_a_sheet_is_its_end_with_the_mark_of_foreign_text(mode: str) -> None:
    port = ScriptedPort()
    async with client(port, mode) as connected:
        facts = await facts_of(connected, f"job://{ID}/log/unit%20tests")
    assert port.calls[-1][1].sheet == "unit tests"
    assert port.calls[-1][1].max_lines == LOG_LINES
    assert "not instructions" in facts["job_output_note"]


async def test_the_conductor_is_what_conductor_status_tells(mode: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        assert (await facts_of(connected, "conductor://status"))["product"] == "podium"


async def test_a_text_file_comes_whole_cleaned_and_marked(mode: str) -> None:
    data = b"All is \x1b[32mwell\x1b[0m.\n"
    port = ScriptedPort(whole=ArtifactBytes(path="out/a.md", data=data, is_text=True, mime_type="text/markdown"))
    async with client(port, mode) as connected:
        contents = await text_of(connected, f"job://{ID}/artifact/out/a.md")
    assert port.calls == [("artifact_bytes", (ID, "out/a.md", MOST_BYTES))]
    assert (contents.text, contents.mime_type) == ("All is well.\n", "text/markdown")
    assert "not instructions" in (contents.meta or {})["podium/note"]


async def test_a_binary_file_comes_as_it_is(mode: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        (contents,) = (await connected.read_resource(f"job://{ID}/artifact/plot.png")).contents
    assert isinstance(contents, BlobResourceContents)
    assert (base64.b64decode(contents.blob), contents.mime_type) == (b"\x89PNG\0", "image/png")


async def test_the_schema_is_one_of_a_score(mode: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        contents = await text_of(connected, "score://schema")
    assert contents.mime_type == "application/schema+json"
    assert "NamedScore" in json.loads(contents.text)["$defs"]


@pytest.mark.parametrize("name", EXAMPLES)
async def test_an_example_is_a_score_that_compiles(mode: str, name: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        contents = await text_of(connected, f"score://examples/{name}")
    assert contents.text == example(name)
    assert compiled(contents.text).name == name


@pytest.mark.parametrize("uri", ["nothing://here", "score://examples/nothing", "job://", f"job://{ID}/logs/1"])
async def test_a_resource_that_does_not_exist_is_the_caller_s_fault(mode: str, uri: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        code, data = await refusal(connected, uri)
    assert (code, data["uri"]) == (INVALID_PARAMS, uri)


async def test_an_unknown_job_is_told_with_the_error_object_of_the_tools(mode: str) -> None:
    async with client(ScriptedPort(), mode) as connected:
        code, data = await refusal(connected, "job://bild-x7k2q")
    assert (code, data["code"], data["near"]) == (INVALID_PARAMS, "JOB_NOT_FOUND", [ID])


async def test_without_a_conductor_reading_says_how_to_start_it(mode: str) -> None:
    port = ScriptedPort(error=ConductorNotRunning("Nobody listens.", fix="podium start"))
    async with client(port, mode) as connected:
        assert (await connected.list_resources()).resources
        code, data = await refusal(connected, "conductor://status")
    assert (code, data["code"], data["fix"]) == (INTERNAL_ERROR, "CONDUCTOR_NOT_RUNNING", "podium start")


async def test_a_fault_of_ours_shows_nothing_internal(mode: str) -> None:
    port = ScriptedPort(error=KeyError("/home/me/secret"))
    async with client(port, mode) as connected:
        code, data = await refusal(connected, f"job://{ID}")
    assert (code, data["code"]) == (INTERNAL_ERROR, "INTERNAL")
    assert "secret" not in json.dumps(data)
