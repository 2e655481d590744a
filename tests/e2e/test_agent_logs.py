"""`read_job_log` from an agent's side: a running sheet is followed without a gap, and a cursor belongs to its output."""

from typing import Any

import anyio
import pytest

from tests.support.agent import BOTH_ERAS, Agent
from tests.support.podium_home import Conductor

pytestmark = pytest.mark.anyio

STEPS = """
name: steps
sheets:
  - name: talk
    run: |
      for n in 1 2 3; do
        echo "step $n"; echo "note $n" >&2
        until [ -e "go-$n" ]; do sleep 0.1; done
      done
      exit 1
    retry: {max_retries: 1, base_delay_seconds: 0.01}
"""


async def read_until(user: Agent, text: str, **arguments: Any) -> dict[str, Any]:
    """Read until the part ends with a line; nothing is read twice on the way."""
    while True:
        part = await user.call("read_job_log", **arguments)
        if part["job_output"].splitlines()[-1:] == [text]:
            return part


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_running_sheet_is_followed_without_a_gap(user: Agent) -> None:
    job = await user.call("start_job", config_content=STEPS)
    job_id, workspace = job["job_id"], anyio.Path(job["workspace"])
    first = await read_until(user, "step 1", job_id=job_id)
    assert (first["running"], first["first_line"]) == (True, 1)
    await (workspace / "go-1").touch()
    second = await read_until(user, "step 2", job_id=job_id, mode="range", cursor=first["cursor"])
    assert (second["job_output"], second["first_line"]) == ("step 2", 2)
    assert second["next"].startswith(f'read_job_log(job_id="{job_id}", sheet="1", attempt=1, mode="range"')
    await user.call("cancel_job", job_id=job_id)


async def test_a_cursor_belongs_to_one_output(user: Agent) -> None:
    job = await user.call("start_job", config_content=STEPS)
    job_id, workspace = job["job_id"], anyio.Path(job["workspace"])
    for number in (1, 2, 3):
        await (workspace / f"go-{number}").touch()
    await user.settled(job_id)
    out = await user.call("read_job_log", job_id=job_id, mode="head", max_lines=1)
    for other in ({"stream": "stderr"}, {"attempt": 1}):
        error = await user.refused("read_job_log", job_id=job_id, mode="range", cursor=out["cursor"], **other)
        assert error["code"] == "INVALID_ARGUMENTS"
        assert "another job, sheet, attempt or stream" in error["message"]
    onward = await user.call("read_job_log", job_id=job_id, mode="range", cursor=out["cursor"], attempt=2)
    assert onward["job_output"] == "step 2\nstep 3"
    found = await user.call("read_job_log", job_id=job_id, stream="stderr", mode="search", pattern="2", context_lines=1)
    assert found["job_output"] == "note 1\nnote 2\nnote 3"
    assert (found["line_numbers"], found["matching_lines"]) == ([1, 2, 3], [2])


async def test_long_lines_are_cut_with_a_mark_and_a_bad_pattern_is_refused(user: Agent) -> None:
    score = "name: long\nsheets:\n  - {name: a, run: \"head -c 100000 /dev/zero | tr '\\\\0' x; echo; echo end\"}\n"
    job_id = (await user.call("start_job", config_content=score))["job_id"]
    await user.settled(job_id)
    log = await user.call("read_job_log", job_id=job_id)
    line, end = log["job_output"].splitlines()
    assert line == "x" * 1000 + "…[96000 bytes left out]" + "x" * 3000
    assert (end, log["total_bytes"]) == ("end", 100_005)
    assert (log["truncated"], log["at_end"], log["left_out"]) == (False, True, "parts of long lines")
    error = await user.refused("read_job_log", job_id=job_id, mode="search", pattern="(")
    assert error["code"] == "INVALID_ARGUMENTS"


BAR = """
name: bar
sheets:
  - name: b
    run: "printf '{\\"rows\\": [%01200000d], \\"verdict\\": \\"NEEDLE_AT_END\\"}\\n' 0"
  - name: a
    run: |
      for n in $(seq 990); do printf '\\r%3d.%d%% step %d/1000' $((n / 10)) $((n % 10)) "$n"; done
      until [ -e go ]; do sleep 0.1; done
      printf '\\rfatal: disk quota exceeded\\n' >&2
      exit 7
"""


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_progress_bar_is_one_line_that_shows_its_last_state(user: Agent) -> None:
    job = await user.call("start_job", config_content=BAR)
    job_id, last = job["job_id"], " 99.0% step 990/1000"
    log = await read_until(user, f"{last}…[unfinished]", job_id=job_id, sheet="a", max_lines=1)
    assert (log["lines"], log["running"]) == (1, True)
    found = await user.call("read_job_log", job_id=job_id, sheet="a", mode="search", pattern="^ 99.0% step")
    assert found["summary"].startswith("1 matching line ")
    assert (found["job_output"], found["line_numbers"]) == (f"{last}…[unfinished]", [1])
    onward = await user.call("read_job_log", job_id=job_id, sheet="a", mode="range")
    assert "mode tail shows its unfinished last line" in onward["summary"]
    await (anyio.Path(job["workspace"]) / "go").touch()
    await user.settled(job_id)
    onward = await user.call("read_job_log", job_id=job_id, sheet="a", mode="range", cursor=onward["cursor"])
    assert onward["job_output"] == last
    told = await user.call("explain_job", job_id=job_id)
    assert told["job_output"] == "fatal: disk quota exceeded"
    found = await user.call("read_job_log", job_id=job_id, sheet="b", mode="search", pattern="NEEDLE_AT_END")
    assert found["summary"].startswith("1 matching line ")
    assert "NEEDLE_AT_END" in found["job_output"]


async def test_an_output_whose_file_somebody_removed_is_told_as_gone(user: Agent, shared_conductor: Conductor) -> None:
    score = "name: gone\nsheets: [{name: s, run: 'echo said; exit 3'}]"
    job_id = (await user.call("start_job", config_content=score))["job_id"]
    await user.settled(job_id)
    (file,) = shared_conductor.settings.places.job(job_id).rglob("stdout.log")
    file.unlink()
    for arguments in ({}, {"mode": "range"}, {"mode": "search", "pattern": "said"}):
        summary = (await user.call("read_job_log", job_id=job_id, **arguments))["summary"]
        assert (
            summary == "The stdout of sheet 1 (s), attempt 1, is gone: its file was removed from the conductor's home."
        )
    assert (await user.call("read_job_log", job_id=job_id, stream="stderr"))["summary"].startswith(
        "No output in stderr"
    )
