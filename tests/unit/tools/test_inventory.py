"""Rules that hold for every tool of the inventory."""

import re
from typing import Any

import pytest

from podium.contract.states import ACTIONS
from podium.mcp.calls.schemas import input_schema, output_schema
from podium_tools import ALL_TOOLS
from podium_tools.results import ControlResult, JobResult, Result
from podium_tools.spec import AnyTool

NAMES = [
    "start_job",
    "pause_job",
    "resume_job",
    "cancel_job",
    "modify_job",
    "delete_job",
    "clear_jobs",
    "verify_process_health",
    "list_jobs",
    "get_job",
    "wait_for_job",
    "read_job_log",
    "list_artifacts",
    "read_artifact",
    "explain_job",
    "validate_score",
    "describe_score",
    "conductor_status",
]
CONTROL = {"pause_job", "resume_job", "cancel_job", "modify_job", "delete_job"}
ON_ONE_JOB = CONTROL | {"start_job", "verify_process_health", "get_job", "explain_job"}
WITH_A_SCORE = {"start_job", "validate_score"}
PRIMITIVE = {"string", "integer", "number", "boolean"}

every_tool = pytest.mark.parametrize("spec", ALL_TOOLS, ids=lambda spec: spec.name)


def properties(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = schema["properties"]
    return found


def test_the_inventory_has_a_fixed_order() -> None:
    assert [spec.name for spec in ALL_TOOLS] == NAMES


@every_tool
def test_a_description_is_short_and_plain(spec: AnyTool) -> None:
    assert 40 <= len(spec.description) <= (500 if spec.name in WITH_A_SCORE else 400)
    assert spec.description.endswith(".")
    assert "use this" not in spec.description.lower()
    assert spec.title
    assert len(spec.title) <= 40


@every_tool
def test_a_description_names_only_tools_that_exist(spec: AnyTool) -> None:
    spoken = set(
        re.findall(r"\b[a-z]+(?:_[a-z]+)*_(?:job|jobs|log|artifacts?|score|health|status)\b", spec.description)
    )
    assert spoken <= set(NAMES)


@every_tool
def test_hints_fit_the_risk(spec: AnyTool) -> None:
    assert spec.hints.read_only == (spec.risk == "read")
    assert not (spec.hints.read_only and spec.hints.destructive)
    if spec.risk == "read":
        assert spec.hints.idempotent
    if spec.risk == "destroy":
        assert spec.hints.destructive


def test_tools_that_return_text_of_jobs_are_open_world_and_say_what_it_is() -> None:
    telling = [spec for spec in ALL_TOOLS if "job_output" in spec.result.model_fields]
    assert {spec.name for spec in telling} == {
        "read_job_log",
        "read_artifact",
        "explain_job",
        "get_job",
        "wait_for_job",
    }
    assert all(spec.hints.open_world and "job_output_note" in spec.result.model_fields for spec in telling)


@every_tool
def test_arguments_are_flat_primitives(spec: AnyTool) -> None:
    schema = input_schema(spec.arguments)
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    for name, part in properties(schema).items():
        assert re.fullmatch(r"[a-z][a-z_]*", name)
        assert part["type"] in PRIMITIVE | {"array"}
        if part["type"] == "array":
            assert part["items"] == {"type": "string"}


@every_tool
def test_arguments_are_described_and_have_a_default_or_are_required(spec: AnyTool) -> None:
    schema = input_schema(spec.arguments)
    for name, part in properties(schema).items():
        assert part["description"]
        assert ("default" in part) != (name in schema.get("required", ()))


@every_tool
def test_numbers_and_lists_have_bounds(spec: AnyTool) -> None:
    for name, part in properties(input_schema(spec.arguments)).items():
        if part["type"] in {"integer", "number"}:
            assert "minimum" in part
            assert "maximum" in part or name in {"offset", "attempt"}
        if part["type"] == "array":
            assert "maxItems" in part


@every_tool
def test_a_result_is_an_object_with_a_summary_and_one_level_below(spec: AnyTool) -> None:
    schema = output_schema(spec.result)
    assert schema["type"] == "object"
    assert issubclass(spec.result, Result)
    for part in properties(schema).values():
        if isinstance(part["type"], str) and part["type"] == "array" and part.get("items", {}).get("type") == "object":
            inner = properties(part["items"]).values()
            assert all("properties" not in field and field.get("items", {}).get("type") != "object" for field in inner)
        else:
            assert part["type"] != "object"


@every_tool
def test_every_field_of_a_result_is_always_there(spec: AnyTool) -> None:
    made = {name for name, field in spec.result.model_fields.items() if not field.is_required()}
    assert made == {"now"}


def test_results_on_one_job_carry_the_same_fields() -> None:
    for spec in ALL_TOOLS:
        assert issubclass(spec.result, JobResult) == (spec.name in ON_ONE_JOB), spec.name
        assert issubclass(spec.result, ControlResult) == (spec.name in CONTROL), spec.name
    fields = ["summary", "next", "now", "job_id", "job_name", "status", "reason"]
    fields += ["sheets_total", "sheets_completed", "running", "allowed_actions"]
    assert list(JobResult.model_fields) == fields


def test_every_action_of_the_table_has_a_tool() -> None:
    assert {f"{action}_job" for action in ACTIONS} <= set(NAMES)


def test_every_tool_name_is_a_verb_and_a_noun_and_comes_once() -> None:
    names = [spec.name for spec in ALL_TOOLS]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+){1,2}", name)] == []
