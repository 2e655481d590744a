"""What an agent reads of scores is true: each example runs on a real conductor as it is shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from podium.contract.topics import OVERVIEW, TOPICS
from tests.support.agent import BOTH_ERAS, Agent
from tests.support.stand_ins import StandIns

pytestmark = pytest.mark.anyio


@pytest.fixture
def agents(tmp_path: Path) -> StandIns:
    """A stand-in for the agent of the example, which does its work."""
    found = StandIns(tmp_path / "agents")
    found.install("claude", {"stdout": "Done.\n", "work": "echo none > review.md"})
    return found


async def test_every_example_that_is_shown_runs(user: Agent, agents: StandIns, tmp_path: Path) -> None:
    started = dict[str, str]()
    for topic in (OVERVIEW, *TOPICS):
        shown = await user.call("describe_score", topic=topic)
        score = shown["example"]
        if "instrument: claude-code" in score:  # the conductor of a test knows no agents
            score += f"env: {json.dumps(agents.environment)}\n"
        workspace = tmp_path / f"{topic or 'overview'}-work"
        job = await user.call("start_job", config_content=score, workspace=str(workspace))
        started[job["job_id"]] = topic
    ends = dict[str, dict[str, Any]]()
    for job_id, topic in started.items():
        ends[topic] = await user.settled(job_id)
        if ends[topic].get("holding"):
            assert topic == "hold"
            await user.call("resume_job", job_id=job_id)
            ends[topic] = await user.settled(job_id)
    assert {topic: end["reason"] for topic, end in ends.items() if end["status"] != "completed"} == {}


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_a_topic_that_is_not_there_is_refused_with_those_that_are(user: Agent) -> None:
    error = await user.refused("describe_score", topic="validate")
    assert (error["code"], error["near"]) == ("UNKNOWN_TOPIC", ["validations"])
    assert error["topics"] == list(TOPICS)
    assert error["fix"] == 'Call describe_score(topic="validations").'


@pytest.mark.parametrize("mode", BOTH_ERAS)
async def test_the_conductor_says_what_it_does_not_do(user: Agent) -> None:
    status = await user.call("conductor_status")
    assert [each.partition(":")[0] for each in status["not_available"]] == [
        "schedules",
        "holding a sheet on this machine to the cpus that it asks for",
    ]
    assert status["engines"] == ["local: 0 attempts"]
    assert "takes them over" in status["survives_restart"]
    assert "max_sheets_per_job=20000" in status["limits"]
    limits = (await user.call("describe_score", topic="limits"))["text"]
    assert all(each in limits for each in (*status["not_available"], status["survives_restart"]))
