"""Exceptions to wire errors and back."""

import pytest
from pydantic import BaseModel, ValidationError

from podium import errors
from podium.contract.methods import SubmitParams
from podium.wire.errors import RpcFault, from_wire, invalid_params, is_expected, to_wire, unwrap


class Params(BaseModel):
    job_id: str
    limit: int = 5


def validation_error(value: object) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Params.model_validate(value)
    return caught.value


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.JobNotFound("Job 'x' not found", near=["y"]), -32000),
        (errors.WrongState("Job 'x' is completed", state="completed", allowed=["delete"]), -32000),
        (errors.UnsupportedByConductor("no such method"), -32601),
        (errors.ConductorBusy("too much"), -32001),
        (errors.StorageFull("disk full"), -32001),
    ],
)
def test_an_error_of_ours_survives_the_trip(error: errors.PodiumError, code: int) -> None:
    wire = to_wire(error, "r1")
    back = from_wire(wire)
    assert wire["code"] == code
    assert wire["message"] == error.message
    assert type(back) is type(error)
    assert back.as_dict() == error.as_dict()


def test_invalid_arguments_have_the_prefix_on_the_wire_only() -> None:
    wire = to_wire(errors.InvalidArguments("limit: too large"), "r1")
    assert (wire["code"], wire["message"]) == (-32602, "Invalid params: limit: too large")
    assert from_wire(wire).message == "limit: too large"


def test_a_missing_parameter_shows_as_its_quoted_name() -> None:
    assert to_wire(validation_error({}), "r1")["message"] == "Invalid params: 'job_id'"


def test_a_wrong_type_is_told_shortly_and_without_a_url() -> None:
    message = to_wire(validation_error({"job_id": "x", "limit": "many"}), "r1")["message"]
    assert message.startswith("Invalid params: limit: Input should be a valid integer")
    assert "http" not in message
    assert "\n" not in message


def test_a_nested_field_is_named_by_its_path() -> None:
    with pytest.raises(ValidationError) as caught:
        SubmitParams.model_validate({"variables": {"a": 1}})
    assert invalid_params(caught.value).facts["field"] == "variables.a"


def test_an_unexpected_exception_shows_nothing_of_itself() -> None:
    wire = to_wire(KeyError("/secret/path"), "r-17")
    assert (wire["code"], wire["message"]) == (-32603, "Internal error")
    assert "secret" not in str(wire)
    assert wire["data"]["request_id"] == "r-17"
    assert not is_expected(KeyError())


def test_an_internal_error_of_ours_is_hidden_like_any_other() -> None:
    assert to_wire(errors.Internal("table jobs is gone"), "r1")["message"] == "Internal error"


def test_a_group_of_one_is_that_one() -> None:
    inner = errors.JobNotFound("x")
    assert unwrap(ExceptionGroup("outer", [ExceptionGroup("inner", [inner])])) is inner


def test_a_protocol_fault_keeps_its_code_and_data() -> None:
    fault = RpcFault(-32601, "Method not found: a", data={"method": "a"})
    assert to_wire(fault, "") == {"code": -32601, "message": "Method not found: a", "data": {"method": "a"}}


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ({"code": -32000, "message": "Job 'no-such-job' not found", "data": None}, errors.JobNotFound),
        ({"code": -32000, "message": "Daemon is shutting down", "data": None}, errors.SubmitRejected),
        ({"code": -32001, "message": "busy"}, errors.ConductorBusy),
        ({"code": -32601, "message": "Method not found: x", "data": {"method": "x"}}, errors.UnsupportedByConductor),
        ({"code": -32602, "message": "Invalid params: 'job_id'"}, errors.InvalidArguments),
        ({"code": -32603, "message": "Internal error: datatype mismatch"}, errors.Internal),
        ({"code": "odd"}, errors.Internal),
        ({"code": -32603, "data": {"code": ["JOB_NOT_FOUND"]}}, errors.Internal),
    ],
)
def test_a_foreign_error_becomes_the_nearest_of_ours(wire: dict[str, object], expected: type[Exception]) -> None:
    error = from_wire(wire)
    assert type(error) is expected
    assert error.fix


def test_a_job_not_found_keeps_the_id() -> None:
    assert from_wire({"code": -32000, "message": "Job 'a b' not found"}).facts["job_id"] == "a b"
