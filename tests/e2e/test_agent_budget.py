"""What a job costs the model that follows it: little, and never more than a client takes, whatever the job printed."""

import json
from pathlib import Path
from typing import Any

import pytest

from podium.contract.weight import tokens_at_most
from tests.support.agent import Agent, standing_agent
from tests.support.podium_home import Conductor, make_home
from tests.support.tokens import count_tokens

pytestmark = pytest.mark.anyio

MOST = 10_000  # tokens; common clients warn above
TEN = "name: ten\nsheets:\n" + "".join(f"  - {{name: step-{number}, run: echo {number}}}\n" for number in range(1, 11))
GIGABYTE = """
name: gigabyte
sheets:
  - {name: flood, run: "head -c 1G /dev/zero | tr '\\\\0' x; exit 3"}
"""
COSTLY = r"""
name: costly
parallel: {max_concurrent: 1}
sheets:
  - {name: random, needs: [], run: "head -c 300000 /dev/urandom; exit 3"}
  - {name: letters, needs: [], run: "head -c 300000 /dev/urandom | base64; exit 3"}
  - {name: quotes, needs: [], run: "head -c 300000 /dev/zero | tr '\\0' '\"' | fold -w 70; exit 3"}
  - {name: cuneiform, needs: [], run: "for i in $(seq 3000); do printf '\\360\\222\\200\\200\\360\\222\\200\\201 \\n'; done; exit 3"}
"""
READS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("get_job", {"detail": "full"}),
    ("explain_job", {}),
    ("list_artifacts", {}),
    ("read_job_log", {}),
    ("read_job_log", {"mode": "head"}),
    ("read_job_log", {"mode": "search", "pattern": "[x-z]"}),
    ("read_job_log", {"max_lines": 2000}),
)


def text_of(facts: dict[str, Any]) -> str:
    """Return a result as its text block has it."""
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))


async def costs(user: Agent, job_id: str, **also: Any) -> dict[str, int]:
    """Return the estimated cost of each reading call on a job."""
    found = {}
    for tool, arguments in READS:
        given = {**arguments, **(also if tool == "read_job_log" else {})}
        facts = await user.call(tool, job_id=job_id, **given)
        found[f"{tool} {given}"] = tokens_at_most(text_of(facts))
    return found


async def test_a_whole_cycle_of_a_ten_sheet_job_costs_little(user: Agent) -> None:
    started = await user.call("start_job", config_content=TEN, idempotency_key="ten")
    after = started["next"].partition('after="')[2].rstrip('")')
    waited = await user.call("wait_for_job", job_ids=[started["job_id"]], until="all", after=after)
    assert waited["jobs"][0]["status"] == "completed"
    assert len(waited["jobs"][0]["sheet_seconds"]) == 10
    result = await user.call("get_job", job_id=started["job_id"], detail="full")
    assert len(result["sheets"]) == 10
    assert sum(count_tokens([text_of(each) for each in (started, waited, result)])) < 1000


@pytest.mark.timeout(180)
async def test_a_job_that_prints_a_gigabyte_fits_into_every_result(short_tmp: Path) -> None:
    bounded = Conductor(make_home(short_tmp, max_log_bytes=16 * 1024 * 1024)).start()
    try:
        async with standing_agent(bounded.settings, "auto") as user:
            job_id = (await user.call("start_job", config_content=GIGABYTE))["job_id"]
            assert (await user.settled(job_id))["status"] == "failed"
            log = await user.call("read_job_log", job_id=job_id)
            assert (log["truncated"], log["at_end"]) == (False, True)
            # It is one line: how much of it the output limit had removed by then says whether its beginning is far back.
            assert log["left_out"] in {"earlier output", "parts of long lines"}
            assert log["total_bytes"] == 1024**3
            assert "…[" in log["job_output"]
            assert {call: cost for call, cost in (await costs(user, job_id)).items() if cost > MOST} == {}
    finally:
        bounded.end()


async def test_output_that_costs_much_fits_into_every_result(user: Agent) -> None:
    job_id = (await user.call("start_job", config_content=COSTLY))["job_id"]
    assert (await user.settled(job_id))["status"] == "failed"
    for sheet in ("random", "letters", "quotes", "cuneiform"):
        found = await costs(user, job_id, sheet=sheet)
        assert {call: cost for call, cost in found.items() if cost > MOST} == {}, sheet
    letters = await user.call("read_job_log", job_id=job_id, sheet="letters", max_lines=2000)
    assert count_tokens([text_of(letters)])[0] <= MOST
    assert (letters["truncated"], letters["at_end"], letters["left_out"]) == (False, True, "earlier output")
    onward = await user.call("read_job_log", job_id=job_id, sheet="letters", mode="head", max_lines=2000)
    rest = await user.call("read_job_log", job_id=job_id, sheet="letters", mode="range", cursor=onward["cursor"])
    assert rest["first_line"] == onward["lines"] + 1
