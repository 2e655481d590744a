"""`describe_score`, and the scores in the descriptions of the tools that take one."""

import re

import pytest

from podium.contract.topics import TOPICS
from podium.errors import UnknownTopic
from podium_tools.score import VALIDATE_SCORE
from podium_tools.spec import AnyTool
from podium_tools.start import START_JOB
from tests.support.port import ScriptedPort
from tests.support.tokens import count_tokens
from tests.unit.score.helpers import compiled
from tests.unit.tools.helpers import use

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("given", ["", "overview", " Overview "])
async def test_without_a_topic_it_is_an_overview_that_lists_the_topics(given: str) -> None:
    port = ScriptedPort()
    result = await use(port, "describe_score", {"topic": given})
    assert (result.topic, result.topics) == ("", list(TOPICS))
    assert result.example.startswith("name: ")
    assert result.next == "start_job(config_content=...)"
    assert port.calls == []


async def test_the_whole_answer_of_the_overview_is_small() -> None:
    answer = (await use(ScriptedPort(), "describe_score")).model_dump_json()
    assert count_tokens([answer]) <= [800]


@pytest.mark.parametrize("topic", TOPICS)
async def test_a_topic_is_a_page_with_an_example(topic: str) -> None:
    result = await use(ScriptedPort(), "describe_score", {"topic": f" {topic.upper()}"})
    assert result.topic == topic
    assert result.text
    assert result.example
    assert "topics" not in result.model_dump()


async def test_after_the_limits_come_those_in_force() -> None:
    assert (await use(ScriptedPort(), "describe_score", {"topic": "limits"})).next == "conductor_status()"


@pytest.mark.parametrize(
    ("given", "near", "fix"),
    [
        ("validation", ["validations"], 'Call describe_score(topic="validations").'),
        ("forech", ["foreach"], 'Call describe_score(topic="foreach").'),
        ("zzz", [], "Call describe_score()."),
    ],
)
async def test_an_unknown_topic_names_similar_ones_and_all(given: str, near: list[str], fix: str) -> None:
    with pytest.raises(UnknownTopic) as caught:
        await use(ScriptedPort(), "describe_score", {"topic": given})
    assert caught.value.fix == fix
    assert caught.value.facts == {"near": near, "topics": list(TOPICS)}
    assert ", ".join(TOPICS) in caught.value.message


async def test_of_a_conductor_that_does_not_say_what_it_lacks_nothing_is_said() -> None:
    facts = (await use(ScriptedPort(), "conductor_status")).model_dump()
    assert "not_available" not in facts
    assert "survives_restart" not in facts


@pytest.mark.parametrize("spec", [START_JOB, VALIDATE_SCORE], ids=lambda spec: spec.name)
def test_the_score_in_a_description_is_one(spec: AnyTool) -> None:
    (text,) = re.findall(r'"(name: [^"]+)"', spec.description)
    plan = compiled(text)
    assert plan.sheets[0].name == "test"
    assert plan.warnings == ()
