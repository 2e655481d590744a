"""The reference knows every key, explains every topic, and fits into an answer."""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from podium.contract.topics import OVERVIEW, TOPICS
from podium.reference.keys import fields_of, key_names
from podium.reference.page import BLOCKS, DIRECTIVE, FOLDER, TEMPLATE_NAMES, page
from podium.score.model.context import CORE_NAMES, OPEN_NAMES
from podium.score.model.plan import VALIDATION_TYPES
from podium.score.named.fields import NamedScore, NamedSheet
from podium.settings import JOB_LIMITS
from tests.support.compiled import compiled_example
from tests.support.tokens import count_tokens

ALL = (OVERVIEW, *TOPICS)
Key = tuple[type[BaseModel], str]


def origin(block: type[BaseModel], key: str) -> Key:
    """Return a key with the block that defines it: a page that explains it for one of its heirs explains it for all."""
    name = next(name for name, field in block.model_fields.items() if key in {name, field.alias})
    return next(each for each in block.__mro__ if name in each.__annotations__), key


def told() -> set[Key]:
    """Return the keys that the pages explain."""
    found = set[Key]()
    for path in (FOLDER / "pages").iterdir():
        for directive, arguments in DIRECTIVE.findall(path.read_text(encoding="utf-8")):
            if directive == "keys":
                block, *chosen = arguments.split()
                found |= {origin(BLOCKS[block], key) for key in chosen or fields_of(BLOCKS[block])}
    return found


def untold(block: type[BaseModel]) -> list[str]:
    """Return the keys of a block that no page explains."""
    return [key for key in fields_of(block) if origin(block, key) not in told()]


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_every_key_of_both_dialects_is_explained_on_some_page(block: type[BaseModel]) -> None:
    assert untold(block) == []


def test_a_new_key_is_missed_as_long_as_no_page_explains_it() -> None:
    class NamedSheetOfTomorrow(NamedSheet):
        wish: str = ""

    assert untold(NamedSheetOfTomorrow) == ["wish"]


def test_the_overview_has_every_key_of_a_score_and_its_sheets() -> None:
    text = page(OVERVIEW).text
    for block in (NamedScore, NamedSheet):
        assert key_names(block) in text
        assert all(key in key_names(block) for key in fields_of(block))


def test_each_topic_has_its_page_and_example_and_no_others_are_left() -> None:
    names = {"overview", *TOPICS}
    for folder, ending in (("pages", ".md"), ("examples", ".yaml")):
        assert {path.name for path in (FOLDER / folder).iterdir()} == {name + ending for name in names}


def test_a_page_shows_what_the_code_says_not_the_place_for_it() -> None:
    for topic in ALL:
        assert "<<" not in page(topic).text
    assert "- max_retries: whole number, 0 to 1000, default 0; attempts after the first one" in page("retry").text
    assert "- timeout_seconds: duration, more than 0" in page("limits").text
    assert "- env: mapping of names to value or {from_env}" in page("env").text
    assert "- memory: size; memory" in page("resources").text
    assert "- file_exists: text or mapping" in page("validations").text


def test_the_names_of_templates_the_validations_and_the_limits_are_all_there() -> None:
    aliases = {"movement", "voice", "voice_count", "total_movements"}
    assert set(TEMPLATE_NAMES) | aliases == CORE_NAMES | OPEN_NAMES | {"item"}
    assert all(name in page("templates").text for name in CORE_NAMES)
    assert all(f"- {kind}" in page("validations").text for kind in VALIDATION_TYPES)
    assert all(f"- {name}: " in page("limits").text for name in JOB_LIMITS)


def test_what_is_not_there_is_said() -> None:
    text = page("limits").text
    for words in ("schedules", "counted, not enforced", "at most 20000 sheets", "After a restart"):
        assert words in text


def test_the_overview_costs_at_most_700_tokens_and_no_topic_of_ours_much() -> None:
    pages = [page(topic) for topic in ALL]
    overview, *topics = count_tokens([json.dumps([each.text, each.example]) for each in pages])
    assert overview <= 700
    costs = dict(zip(ALL[1:], topics, strict=True))
    assert costs.pop("numbered") <= 2600  # all keys of a format with many
    assert max(costs.values()) <= 1800


@pytest.mark.parametrize("topic", ALL, ids=lambda topic: topic or "overview")
def test_each_example_is_a_score_without_problems_and_notes(topic: str, tmp_path: Path) -> None:
    plan = compiled_example(page(topic).example, tmp_path)
    assert plan.sheets
    assert plan.warnings == ()
