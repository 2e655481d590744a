"""Published schemas are plain, small and free of references."""

import json
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from podium.mcp.app import build_server
from podium.mcp.calls.schemas import argument_schema, input_schema, output_schema
from podium.mcp.instructions import instructions
from podium_tools import ALL_TOOLS
from podium_tools.results import Known
from tests.support.port import ScriptedPort

pytestmark = pytest.mark.anyio


class Inner(BaseModel):
    """Not for clients."""

    title: str


class Outer(BaseModel):
    """Not for clients."""

    mode: Literal["a", "b"] = Field("a", description="A mode.")
    number: int | None
    inner: list[Inner]
    names: list[str] = Field(max_length=9)
    known: Known[float]
    text: str = Field(min_length=1, max_length=9)


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(item)


def test_references_titles_and_our_docstrings_are_gone_and_properties_named_title_stay() -> None:
    assert output_schema(Outer) == {
        "type": "object",
        "properties": {
            "mode": {"type": "string", "enum": ["a", "b"], "description": "A mode."},
            "number": {"type": ["integer", "null"]},
            "inner": {
                "type": "array",
                "items": {"type": "object", "properties": {"title": {"type": "string"}}},
            },
            "names": {"type": "array", "maxItems": 9},
            "known": {"type": "number"},
            "text": {"type": "string", "minLength": 1, "maxLength": 9},
        },
    }


def test_defaults_and_what_is_required_stay_in_the_schemas_of_arguments() -> None:
    assert input_schema(Outer)["properties"]["mode"]["default"] == "a"
    assert input_schema(Outer)["required"] == ["number", "inner", "names", "known", "text"]


def test_clients_see_no_lengths_of_texts_and_a_call_is_checked_by_them() -> None:
    assert input_schema(Outer)["properties"]["text"] == {"type": "string"}
    assert input_schema(Outer)["properties"]["names"] == {
        "type": "array",
        "items": {"type": "string"},
        "maxItems": 9,
    }
    assert argument_schema(Outer)["properties"]["text"] == {"type": "string", "minLength": 1, "maxLength": 9}


async def published() -> list[dict[str, Any]]:
    server = build_server(ScriptedPort().opened)
    return [tool.model_dump(by_alias=True, exclude_none=True, mode="json") for tool in await server.list_tools()]


async def test_no_published_schema_has_references_unions_or_titles() -> None:
    for tool in await published():
        for name in ("inputSchema", "outputSchema"):
            for part in walk(tool[name]):
                assert not {"$ref", "$defs", "anyOf", "oneOf", "allOf", "prefixItems"} & part.keys()
                assert not isinstance(part.get("title"), str)


async def test_no_choice_of_a_published_schema_is_empty_or_null() -> None:
    for tool in await published():
        for name in ("inputSchema", "outputSchema"):
            choices = [part["enum"] for part in walk(tool[name]) if isinstance(part.get("enum"), list)]
            assert all(isinstance(choice, str) and choice.strip() for each in choices for choice in each), tool["name"]
            assert "const" not in json.dumps(tool[name])


def test_instructions_are_short_and_only_about_tools_that_are_on() -> None:
    names = [spec.name for spec in ALL_TOOLS]
    assert len(instructions(names)) < 1500
    few = instructions(["explain_job", "wait_for_job"])
    assert "explain_job" in few
    assert not [name for name in names if name in few and name not in {"explain_job", "wait_for_job"}]
