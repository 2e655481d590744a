from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from podium.score.schema import json_schema
from tests.unit.score.helpers import numbered, sheets
from tests.unit.score.named.test_named import AUDIT

SCHEMA = json_schema()


def fits(text: str) -> bool:
    data: Any = yaml.safe_load(text)
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(data))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        AUDIT,
        sheets("{run: x}"),
        numbered(),
        sheets("{name: a, foreach: {h: [1]}, run: x, skip_when_command: y}"),
        sheets(
            "{name: a, run: true, timeout_seconds: 5m, foreach: [3.10, ~], env: {A: no}, validate: [{file_exists: 3.10}]}"
        ),
        numbered("pause_between_sheets_seconds: 2s", sheet="size: 1, total_items: 1, descriptions: {1: 3.10}"),
    ],
)
def test_scores_that_compile_fit_the_schema(text: str) -> None:
    assert fits(text)


@pytest.mark.parametrize(
    "text",
    [
        "name: x",
        sheets("{}"),
        sheets("{run: x, prompt: y}"),
        sheets("{run: x, ned: []}"),
        sheets("{run: x, validate: [{}]}"),
        sheets("{run: x, validate: [{content_contains: {path: f}}]}"),
        numbered("learning: {enabled: true}"),
        numbered(sheet="size: 1"),
        numbered("validations: [{path: x}]"),
    ],
)
def test_scores_that_are_refused_for_their_form_do_not_fit_the_schema(text: str) -> None:
    assert not fits(text)


def test_every_field_of_the_schema_is_explained() -> None:
    unexplained = [
        f"{name}.{field}"
        for name, definition in SCHEMA["$defs"].items()
        for field, schema in definition["properties"].items()
        if "description" not in schema
        and "$ref" not in str(schema)  # a block of its own, which is explained where it is defined
    ]
    assert not unexplained
