"""The page about scores: what `describe_score` says, with the keys as tables and an example of each topic."""

from collections.abc import Sequence

from pydantic import BaseModel

from podium.contract.topics import OVERVIEW, TOPICS
from podium.reference.keys import key_facts
from podium.reference.page import page, prose
from tests.support.docs.markdown import code, document, fenced, paragraphs, plain, table

_INTRO = (
    "A score is the YAML file of a job. These pages are those of the tool `describe_score`, for reading: every key with its type, "
    "default, limits and meaning, and for each topic a whole score that runs. `podium schema` prints the same as a JSON Schema "
    "for an editor."
)
_TITLES = {
    "env": "Environment",
    "hold": "Holds",
    "foreach": "For each",
    "numbered": "Numbered scores",
    "score": "The whole",
}
_MARK = "\x00{}\x00"


def score_page() -> str:
    """Return the page."""
    parts = [f"## {title(topic)}\n\n{_section(topic)}" for topic in (OVERVIEW, *TOPICS)]
    return document("Score reference", _INTRO, *parts)


def title(topic: str) -> str:
    """Return the heading of a topic."""
    return _TITLES.get(topic, topic.capitalize()) if topic else "At a glance"


def _section(topic: str) -> str:
    tables: list[str] = []

    def kept(block: type[BaseModel], chosen: Sequence[str]) -> str:
        tables.append(_keys(block, chosen))
        return _MARK.format(len(tables) - 1)

    text = paragraphs(prose(topic or "overview", kept))
    for number, made in enumerate(tables):
        text = text.replace(_MARK.format(number), made)
    return f"{text}\n\n{fenced('yaml', page(topic).example)}"


def _keys(block: type[BaseModel], chosen: Sequence[str]) -> str:
    rows = [
        (code(facts.key), plain(facts.kind), facts.bounds, facts.default.removeprefix("default "), plain(facts.meaning))
        for facts in key_facts(block, chosen)
    ]
    return table(("key", "value", "limits", "default", "meaning"), rows)
