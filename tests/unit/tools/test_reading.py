"""`read_job_log`, `list_artifacts` and `read_artifact`."""

import pytest

from podium.contract.methods import LogParams
from podium.contract.models import ArtifactEntry, ArtifactPage, ArtifactText, LogLine, LogView
from podium.errors import InvalidArguments
from podium_tools.results import OUTPUT_NOTE
from tests.support.port import ScriptedPort
from tests.unit.tools.helpers import use

pytestmark = pytest.mark.anyio

ID = "build-x7k2q"


def log(*texts: str, first: int = 1, match: str = "", **facts: object) -> LogView:
    lines = [
        LogLine(number=first + index, text=text, match=bool(match) and match in text)
        for index, text in enumerate(texts)
    ]
    base = {"job_id": ID, "sheet": 2, "sheet_name": "tests", "attempt": 1, "stream": "stdout", "total_bytes": 900}
    return LogView.model_validate({**base, "lines": lines, **facts})


async def test_every_argument_reaches_the_port() -> None:
    port = ScriptedPort()
    await use(
        port,
        "read_job_log",
        {
            "job_id": ID,
            "sheet": "tests",
            "attempt": 2,
            "stream": "stderr",
            "mode": "search",
            "pattern": "err",
            "context_lines": 3,
            "cursor": "c",
            "max_lines": 10,
        },
    )
    assert port.calls == [("log", LogParams(ID, "tests", 2, "stderr", "search", "err", 3, "c", 10))]


async def test_the_tail_is_plain_text_with_the_number_of_its_first_line() -> None:
    result = await use(ScriptedPort(output=log("a", "b", first=41)), "read_job_log", {"job_id": ID})
    assert result.job_output == "a\nb"
    assert (result.first_line, result.lines) == (41, 2)
    assert result.job_output_note == OUTPUT_NOTE
    assert result.summary == "The last 2 lines of stdout of sheet 2 (tests), attempt 1 (900 bytes in total)."
    assert result.next == ""


async def test_output_that_still_grows_leads_to_its_cursor() -> None:
    port = ScriptedPort(output=log("a", cursor="p9", running=True))
    result = await use(port, "read_job_log", {"job_id": ID})
    assert result.next == f'read_job_log(job_id="{ID}", sheet="2", attempt=1, mode="range", cursor="p9")'


async def test_a_search_numbers_lines_and_tells_matches_from_context() -> None:
    port = ScriptedPort(output=log("before", "an error", "after", first=7, match="error"))
    result = await use(port, "read_job_log", {"job_id": ID, "mode": "search", "pattern": "error", "context_lines": 1})
    assert result.job_output == "before\nan error\nafter"
    assert (result.line_numbers, result.matching_lines) == ([7, 8, 9], [8])
    assert result.summary == "1 matching line in stdout of sheet 2 (tests), attempt 1."


async def test_a_search_to_the_end_says_that_lines_were_cut_and_not_that_more_may_follow() -> None:
    port = ScriptedPort(output=log("an error", match="error", truncated=True, at_end=True))
    result = await use(port, "read_job_log", {"job_id": ID, "mode": "search", "pattern": "error"})
    assert (result.truncated, result.at_end, result.left_out) == (False, True, "parts of long lines")
    assert result.next == ""


async def test_a_search_goes_on_as_it_was_asked_for() -> None:
    port = ScriptedPort(output=log("an error", match="error", cursor="p9", at_end=False))
    given = {"mode": "search", "pattern": "error", "context_lines": 2, "max_lines": 1, "stream": "stderr"}
    result = await use(port, "read_job_log", {"job_id": ID, **given})
    assert result.next == (
        f'read_job_log(job_id="{ID}", sheet="2", attempt=1, stream="stderr", mode="search", pattern="error", '
        'context_lines=2, cursor="p9", max_lines=1)'
    )


async def test_a_sheet_that_has_not_run_says_so() -> None:
    result = await use(ScriptedPort(output=log(attempt=0, total_bytes=0)), "read_job_log", {"job_id": ID})
    assert result.summary == "Sheet 2 (tests) has not run yet, so it has no output."


async def test_no_output_yet_is_told_from_no_output() -> None:
    running = await use(ScriptedPort(output=log(running=True, total_bytes=0)), "read_job_log", {"job_id": ID})
    assert running.summary.endswith("yet; the sheet is still running.")
    over = await use(ScriptedPort(output=log(total_bytes=0)), "read_job_log", {"job_id": ID})
    assert over.summary == "No output in stdout of sheet 2 (tests), attempt 1."
    assert over.next == f'read_job_log(job_id="{ID}", sheet="2", attempt=1, stream="stderr")'


@pytest.mark.parametrize("given", [{"mode": "search"}, {"pattern": "x"}, {"mode": "head", "pattern": "x"}])
async def test_a_search_and_a_pattern_go_together(given: dict[str, str]) -> None:
    with pytest.raises(InvalidArguments, match="pattern"):
        await use(ScriptedPort(), "read_job_log", {"job_id": ID, **given})


async def test_a_page_of_files_says_how_to_go_on() -> None:
    entries = [ArtifactEntry(path="out/a.txt", type="file", size_bytes=3, modified_at="2026-01-02T03:04:05Z")]
    port = ScriptedPort(files=ArtifactPage(workspace="/srv/build", entries=entries, next_cursor="c1", total=9))
    result = await use(port, "list_artifacts", {"job_id": ID, "path": "out", "limit": 1})
    assert port.calls == [("artifacts", (ID, "out", 1, ""))]
    assert result.summary == f"1 of 9 entries under out in the workspace of {ID}; use next_cursor for more."
    assert result.next == f'list_artifacts(job_id="{ID}", path="out", limit=1, cursor="c1")'


async def test_no_files_is_an_answer() -> None:
    result = await use(ScriptedPort(files=ArtifactPage(workspace="/srv/build")), "list_artifacts", {"job_id": ID})
    assert result.summary == f"No files in the workspace of {ID}."


async def test_a_small_file_comes_whole() -> None:
    result = await use(ScriptedPort(), "read_artifact", {"job_id": ID, "path": "report.md"})
    assert result.job_output == "All is well."
    assert result.job_output_note.startswith("A file of the job's workspace, whoever wrote it")
    assert result.summary == "report.md: the whole file (12 bytes in total)."
    assert not result.truncated


async def test_a_large_file_says_where_to_go_on() -> None:
    port = ScriptedPort(text=ArtifactText(path="big.txt", size_bytes=100, offset=10, text="x" * 20, next_offset=30))
    result = await use(port, "read_artifact", {"job_id": ID, "path": "big.txt", "offset": 10, "max_bytes": 20})
    assert port.calls == [("artifact", (ID, "big.txt", 10, 20))]
    assert result.summary == "big.txt: bytes 10 to 30 (100 bytes in total)."
    assert result.truncated
    assert result.next == f'read_artifact(job_id="{ID}", path="big.txt", offset=30, max_bytes=20)'


async def test_an_offset_behind_the_end_says_so() -> None:
    port = ScriptedPort(text=ArtifactText(path="big.txt", size_bytes=100, offset=999))
    result = await use(port, "read_artifact", {"job_id": ID, "path": "big.txt", "offset": 999})
    assert result.summary == "big.txt has 100 bytes, so there is nothing at offset 999."


async def test_replaced_bytes_are_told() -> None:
    port = ScriptedPort(text=ArtifactText(path="old.txt", size_bytes=4, text="\ufffdber", replaced=True))
    result = await use(port, "read_artifact", {"job_id": ID, "path": "old.txt"})
    assert (
        result.summary
        == "old.txt: the whole file (4 bytes in total). Bytes that are not valid UTF-8 are shown as U+FFFD."
    )


async def test_a_binary_file_shows_its_facts_only() -> None:
    view = ArtifactText(path="a.bin", size_bytes=100, is_text=False, mime_type="application/octet-stream")
    result = await use(ScriptedPort(text=view), "read_artifact", {"job_id": ID, "path": "a.bin"})
    assert not result.is_text
    assert result.summary == (
        "a.bin is binary (application/octet-stream, 100 B), so its content is not shown; read it through resource_uri."
    )
    assert result.resource_uri == f"job://{ID}/artifact/a.bin"


async def test_the_whole_of_a_file_that_is_shown_in_part_is_a_resource() -> None:
    port = ScriptedPort(text=ArtifactText(path="out dir/b%.txt", size_bytes=100, text="x" * 20, next_offset=20))
    result = await use(port, "read_artifact", {"job_id": ID, "path": "out dir/b%.txt"})
    assert result.resource_uri == f"job://{ID}/artifact/out%20dir/b%25.txt"


async def test_a_file_that_is_here_whole_or_too_large_for_a_resource_has_no_link() -> None:
    assert (await use(ScriptedPort(), "read_artifact", {"job_id": ID, "path": "report.md"})).resource_uri == ""
    view = ArtifactText(path="a.iso", size_bytes=5_000_000_000, is_text=False, mime_type="application/octet-stream")
    result = await use(ScriptedPort(text=view), "read_artifact", {"job_id": ID, "path": "a.iso"})
    assert result.resource_uri == ""
    assert result.summary.endswith("open it in the job's workspace.")
