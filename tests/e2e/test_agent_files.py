"""The files of a job from an agent's side: text inline and in parts, everything else as a link to a resource."""

import base64
from urllib.parse import quote

import pytest
from mcp.types import BlobResourceContents, ResourceLink, TextResourceContents

from tests.support.agent import BOTH_ERAS, Agent

pytestmark = pytest.mark.anyio

SCORE = r"""
name: files
sheets:
  - name: make
    run: |
      mkdir -p 'out dir'
      printf '\211PNG\r\n\032\n\000\377' > 'out dir/plot 50%.png'
      seq -f 'line %.0f' 20000 > long.txt
      printf 'short' > short.txt
      truncate -s 5000000 huge.bin
      ln -s /etc/passwd passwd
      ln -s / root
"""


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_binary_file_is_a_link_whose_resource_is_the_file(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=SCORE))["job_id"]
    await user.settled(job_id)
    path = "out dir/plot 50%.png"
    found = await user.call("read_artifact", job_id=job_id, path=path)
    uri = f"job://{job_id}/artifact/{quote(path)}"
    assert (found["is_text"], found["mime_type"], found["size_bytes"]) == (False, "image/png", 10)
    assert (found["job_output"], found["resource_uri"]) == ("", uri)
    result = await user.client.call_tool("read_artifact", {"job_id": job_id, "path": path})
    link = result.content[1]
    assert isinstance(link, ResourceLink)
    assert (str(link.uri), link.mime_type, link.size, link.name) == (uri, "image/png", 10, path)
    (content,) = (await user.client.read_resource(str(link.uri))).contents
    assert isinstance(content, BlobResourceContents)
    assert base64.b64decode(content.blob) == b"\x89PNG\r\n\x1a\n\x00\xff"


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_long_text_comes_in_parts_that_join_and_as_a_link(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=SCORE))["job_id"]
    await user.settled(job_id)
    text, offset = "", 0
    for _ in range(3):
        part = await user.call("read_artifact", job_id=job_id, path="long.txt", offset=offset)
        assert part["truncated"]
        text, offset = text + part["job_output"], part["next_offset"]
        assert part["next"] == f'read_artifact(job_id="{job_id}", path="long.txt", offset={offset})'
    whole = "".join(f"line {number}\n" for number in range(1, 20001))
    assert text == whole[: len(text)]
    (content,) = (await user.client.read_resource(part["resource_uri"])).contents
    assert isinstance(content, TextResourceContents)
    assert content.text == whole


async def test_a_short_text_has_no_link_and_a_huge_file_says_where_it_is(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=SCORE))["job_id"]
    await user.settled(job_id)
    short = await user.call("read_artifact", job_id=job_id, path="short.txt")
    assert (short["job_output"], short["resource_uri"], short["truncated"]) == ("short", "", False)
    huge = await user.call("read_artifact", job_id=job_id, path="huge.bin")
    assert (huge["size_bytes"], huge["resource_uri"]) == (5_000_000, "")
    assert "open it in the job's workspace" in huge["summary"]


async def test_nothing_outside_of_the_workspace_can_be_read(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=SCORE))["job_id"]
    await user.settled(job_id)
    for path in ("passwd", "root/etc/passwd", "../../podium.db", "/etc/passwd"):
        error = await user.refused("read_artifact", job_id=job_id, path=path)
        assert error["code"] == "PATH_NOT_ALLOWED", path
    error = await user.refused("list_artifacts", job_id=job_id, path="root")
    assert error["code"] == "PATH_NOT_ALLOWED"
    assert (await user.refused("read_artifact", job_id=job_id, path="none"))["code"] == "ARTIFACT_NOT_FOUND"


ODD = r"""
name: odd
sheets:
  - name: make
    run: |
      touch plain.txt
      printf one > "$(printf 'zero\342\200\213width')"
      printf two > "$(printf 'new\nline')"
      printf three > "$(printf 'byte\377 ')"
      printf four > "$(printf '\343\205\244')"
"""


async def test_files_of_any_name_are_paged_once_each_and_can_be_read(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=ODD))["job_id"]
    await user.settled(job_id)
    found, cursor = list[str](), ""
    for _ in range(5):
        page = await user.call("list_artifacts", job_id=job_id, limit=1, cursor=cursor)
        assert (page["total"], page["total_at_least"]) == (5, False)
        found, cursor = found + [entry["path"] for entry in page["entries"]], page["next_cursor"]
    assert cursor == ""
    assert found == [r"byte\xff\x20", r"new\x0aline", "plain.txt", r"zero\xe2\x80\x8bwidth", r"\xe3\x85\xa4"]
    texts = [(await user.call("read_artifact", job_id=job_id, path=path))["job_output"] for path in found]
    assert texts == ["three", "two", "", "one", "four"]
