"""What is meant well is accepted; the rest is refused in one plain error."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.errors import InvalidArguments
from podium.mcp.calls.arguments import check, ignored
from podium_tools import ALL_TOOLS
from podium_tools.listing import LIST_JOBS
from podium_tools.spec import AnyTool
from podium_tools.wait import WAIT_FOR_JOB

SPECS = {spec.name: spec for spec in ALL_TOOLS}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def checked(tool: str, **arguments: Any) -> dict[str, Any]:
    spec = SPECS[tool]
    return dict(check(tool, spec.arguments, arguments))


def repr_start(value: Any) -> str:
    return f"{type(value).__name__}-{value[:3] if isinstance(value, str) else ''}"


def refused(tool: str, **arguments: Any) -> InvalidArguments:
    with pytest.raises(InvalidArguments) as caught:
        checked(tool, **arguments)
    return caught.value


@pytest.mark.parametrize(
    ("tool", "name", "sent", "meant"),
    [
        ("list_jobs", "limit", "7", 7),
        ("list_jobs", "limit", 7.0, 7),
        ("list_jobs", "limit", "7.0", 7),
        ("list_jobs", "limit", " 7 ", 7),
        ("list_jobs", "name", 7, "7"),
        ("list_jobs", "name", None, ""),
        ("get_job", "job_id", 123, "123"),
        ("resume_job", "from_sheet", 3, "3"),
        ("wait_for_job", "job_ids", '["a", "b"]', ["a", "b"]),
        ("wait_for_job", "job_ids", "a", ["a"]),
        ("wait_for_job", "job_ids", [1, "b"], ["1", "b"]),
        ("wait_for_job", "timeout_seconds", "4.5", 4.5),
        ("wait_for_job", "timeout_seconds", 5, 5.0),
        ("start_job", "dry_run", "true", True),
        ("start_job", "dry_run", "False", False),
        ("start_job", "variables", "a=1", ["a=1"]),
        ("start_job", "variables", "", []),
        ("start_job", "config_content", '{"name": "x"}', '{"name": "x"}'),
        ("start_job", "config_content", "[1, 2]", "[1, 2]"),
    ],
)
def test_what_is_meant_is_accepted(tool: str, name: str, sent: Any, meant: Any) -> None:
    required: dict[str, dict[str, Any]] = {
        "get_job": {"job_id": "a"},
        "resume_job": {"job_id": "a"},
        "wait_for_job": {"job_ids": ["a"]},
    }
    found = checked(tool, **{**required.get(tool, {}), name: sent})[name]
    assert found == meant
    assert type(found) is type(meant)


def test_an_unknown_argument_is_refused_with_the_one_that_was_meant() -> None:
    error = refused("start_job", config="a.yaml", dry_run=True)
    assert error.message == "start_job: Unknown argument 'config'; did you mean config_path?"
    assert "config_path, config_content, command, workspace" in error.fix
    assert error.facts == {"arguments": ["config"]}


@pytest.mark.parametrize("spec", ALL_TOOLS, ids=lambda spec: spec.name)
@pytest.mark.parametrize("sent", ["", None])
def test_nothing_for_an_optional_argument_of_any_type_means_unset(spec: AnyTool, sent: str | None) -> None:
    fields = spec.arguments.model_fields.items()
    needed = {name: ["a"] if name == "job_ids" else "a" for name, field in fields if field.is_required()}
    optional = [name for name, field in fields if not field.is_required()]
    expected = spec.arguments(**needed)
    for name in optional:
        assert check(spec.name, spec.arguments, {**needed, name: sent}) == expected, name
    assert check(spec.name, spec.arguments, {**needed, **dict.fromkeys(optional, sent)}) == expected


@pytest.mark.parametrize("name", ["random_string", "_", "dummy"])
def test_what_a_client_invents_for_a_tool_that_needs_nothing_is_ignored_and_said(name: str) -> None:
    for tool, takes in (("list_jobs", "status, name, limit, cursor"), ("conductor_status", "no arguments")):
        model = SPECS[tool].arguments
        assert check(tool, model, {name: "x"}) == model()
        assert ignored(tool, model, {name: "x"}) == f"Ignored: unknown argument {name!r} ({tool} takes {takes})."
        assert ignored(tool, model, {}) == ""


def test_an_ignored_argument_that_resembles_another_names_that_one() -> None:
    note = ignored("list_jobs", LIST_JOBS.arguments, {"state": "failed", "x": 1})
    assert note.startswith("Ignored: unknown arguments 'state' (did you mean status?), 'x' (list_jobs takes ")


@pytest.mark.parametrize("spec", ALL_TOOLS, ids=lambda spec: spec.name)
def test_a_tool_that_needs_an_argument_refuses_unknown_ones_by_name(spec: AnyTool) -> None:
    if spec.name in {"list_jobs", "describe_score", "conductor_status"}:
        return
    error = refused(spec.name, random_string="x")
    assert "Unknown argument 'random_string'." in error.message
    assert ignored(spec.name, spec.arguments, {"random_string": "x"}) == ""


def test_every_problem_is_named_at_once() -> None:
    error = refused("wait_for_job", until="some", timeout_seconds=900, colour="red")
    assert error.facts["arguments"] == ["colour", "job_ids", "until", "timeout_seconds"]
    assert error.message == (
        "wait_for_job: Unknown argument 'colour'. "
        "job_ids is missing; it must be a list of strings with 1 to 50 entries. "
        'until must be one of "any", "all", not "some". '
        "timeout_seconds must be a number from 0 to 600, not 900."
    )


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("get_job", {}, "job_id is missing; it must be a string of 1 to 200 characters."),
        ("get_job", {"job_id": None}, "job_id must be a string of 1 to 200 characters, not null."),
        ("get_job", {"job_id": ""}, 'job_id must be a string of 1 to 200 characters, not "".'),
        ("get_job", {"job_id": True}, "job_id must be a string of 1 to 200 characters, not true."),
        ("list_jobs", {"limit": 1.5}, "limit must be a whole number from 1 to 100, not 1.5."),
        ("list_jobs", {"limit": True}, "limit must be a whole number from 1 to 100, not true."),
        ("list_jobs", {"limit": "many"}, 'limit must be a whole number from 1 to 100, not "many".'),
        ("wait_for_job", {"job_ids": []}, "job_ids must be a list of strings with 1 to 50 entries, not []."),
        (
            "wait_for_job",
            {"job_ids": '["a"'},
            'job_ids must be a list of strings with 1 to 50 entries, not "[\\"a\\"".',
        ),
        ("start_job", {"dry_run": "maybe"}, 'dry_run must be true or false, not "maybe".'),
        ("start_job", {"config_content": {"name": "x"}}, 'config_content must be a string, not {"name": "x"}.'),
        ("read_artifact", {"job_id": "a", "path": "p", "offset": -1}, "offset must be a whole number from 0, not -1."),
    ],
)
def test_a_wrong_argument_is_told_what_it_may_be(tool: str, arguments: dict[str, Any], message: str) -> None:
    assert refused(tool, **arguments).message == f"{tool}: {message}"


def test_a_long_value_is_not_repeated_in_full() -> None:
    message = refused("list_jobs", limit="x" * 10_000).message
    assert len(message) < 200
    assert message.endswith("(10002 characters).")


@pytest.mark.parametrize("sent", ["[" * 100_000, "[" * 300 + "]" * 300, [[[]]], "9" * 5000, 10**5000], ids=repr_start)
def test_lists_in_lists_without_end_and_numbers_of_absurd_length_are_refused_as_arguments(sent: Any) -> None:
    assert refused("wait_for_job", job_ids=sent, until="no").facts["arguments"][-1] == "until"
    assert refused("list_jobs", limit=sent).message.startswith("list_jobs: limit must be a whole number from 1 to 100")


@given(st.sampled_from(ALL_TOOLS), st.dictionaries(st.text(max_size=8), anything, max_size=3), st.data())
def test_any_arguments_are_checked_or_refused_in_plain_words(
    spec: AnyTool, unknown: dict[str, Any], data: st.DataObject
) -> None:
    known = {name: data.draw(anything) for name in spec.arguments.model_fields}
    error = None
    try:
        result = check(spec.name, spec.arguments, {**unknown, **known})
    except InvalidArguments as raised:
        error = raised
    if error is None:
        said = ignored(spec.name, spec.arguments, {**unknown, **known})
        assert bool(said) == bool(unknown.keys() - spec.arguments.model_fields.keys())
        assert spec.arguments.model_validate(result.model_dump()) == result
    else:
        assert "pydantic" not in error.message
        assert "input_value" not in error.message
        assert error.facts["arguments"]
        json.dumps(error.as_dict())


@given(st.integers(min_value=1, max_value=100))
def test_a_number_may_come_as_text_or_float(number: int) -> None:
    for sent in (number, str(number), float(number)):
        assert check("list_jobs", LIST_JOBS.arguments, {"limit": sent}).limit == number


@given(st.lists(st.text(), min_size=1, max_size=50))
def test_a_list_may_come_as_json_text(ids: list[str]) -> None:
    for sent in (ids, json.dumps(ids)):
        assert check("wait_for_job", WAIT_FOR_JOB.arguments, {"job_ids": sent}).job_ids == ids
