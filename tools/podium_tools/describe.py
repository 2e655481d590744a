"""`describe_score`: how a score is written. The server answers it, so it works without a conductor."""

import difflib

from pydantic import Field

from podium.contract.ports import JobControl
from podium.contract.topics import OVERVIEW, TOPICS
from podium.errors import UnknownTopic
from podium_tools.calls import TO_FILL_IN, call
from podium_tools.results import Omitted, Result
from podium_tools.spec import READ, Args, Call, ToolSpec


class DescribeArgs(Args):
    """Arguments of `describe_score`."""

    topic: str = Field("", description="Default: an overview, which lists the topics.")


class DescribeResult(Result):
    """A page of the reference. `example` is a whole score that runs; `topics` are all that have a page of their own."""

    topic: str  # the page that this is
    text: str  # the page
    example: str  # a whole score that runs
    topics: Omitted[list[str]]  # all that have a page


def _topic(given: str) -> str:
    """Return the topic that is meant. Raises UnknownTopic if there is none."""
    topic = given.strip().lower()
    if topic in {*TOPICS, OVERVIEW}:
        return topic
    if topic == "overview":
        return OVERVIEW
    near = difflib.get_close_matches(topic, TOPICS, n=3)
    raise UnknownTopic(
        f"There is no topic {given[:60]!r}. Topics: {', '.join(TOPICS)}.",
        fix=f"Call {call('describe_score', topic=near[0] if near else '')}.",
        near=near,
        topics=list(TOPICS),
    )


async def _describe(_port: JobControl, args: DescribeArgs, running: Call) -> DescribeResult:
    """Return the page about a topic, or the overview."""
    page = await running.page(_topic(args.topic))
    is_overview = page.topic == OVERVIEW
    about = "How to write a score, with a whole example" if is_overview else f"Scores: {page.topic}, with an example"
    return DescribeResult(
        summary=f"{about}.",
        next=call("conductor_status") if page.topic == "limits" else call("start_job", config_content=TO_FILL_IN),
        topic=page.topic,
        text=page.text,
        example=page.example,
        topics=list(TOPICS) if is_overview else [],
    )


DESCRIBE_SCORE = ToolSpec(
    name="describe_score",
    title="Explain how to write a score",
    description=(
        "Return how a score, the YAML file of a job, is written: an overview with a whole example, or one topic in full "
        "(such as foreach, retry or validations). Needs no conductor."
    ),
    risk="read",
    hints=READ,
    arguments=DescribeArgs,
    result=DescribeResult,
    handler=_describe,
)
