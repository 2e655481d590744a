"""Parameters and replies as both ends of the wire have them."""

import pytest
from pydantic import ValidationError

from podium import errors
from podium.contract.methods import PATH_CHARS, ResumeParams, SubmitParams
from podium.contract.models import JobView
from podium.contract.replies import ClearReply, PauseReply, Refusal, StatusReply

JOB = JobView(job_id="x-abcde", job_name="x", status="running", sheets_total=3)


@pytest.mark.parametrize(
    ("error", "form"),
    [
        (errors.WrongState("It runs.", fix="wait", state="running", allowed=["pause"]), "message"),
        (errors.WrongState("It runs.", fix="wait", job_id="x-abcde", state="running", allowed=[]), "error"),
        (errors.StorageFull("No room.", fix="free some"), "error"),
        (errors.ScoreInvalid("Bad.", problems=[{"line": 4, "message": "no"}], problems_total=1), "message"),
    ],
)
def test_a_refusal_arrives_as_the_error_that_it_was(error: errors.PodiumError, form: str) -> None:
    sent = Refusal.of(error, **{form: error.message}).model_dump()
    arrived = Refusal.model_validate(sent).as_error()
    assert type(arrived) is type(error)
    assert arrived.as_dict() == error.as_dict()


def test_a_refusal_has_the_members_of_its_method_only() -> None:
    sent = Refusal.of(errors.WrongState("It runs.", fix="wait", state="running"), paused=False, error="It runs.")
    assert sent.model_dump() == {
        "paused": False,
        "error": "It runs.",
        "code": "WRONG_STATE",
        "fix": "wait",
        "retryable": False,
        "state": "running",
    }


def test_members_that_were_not_given_are_not_sent_but_those_of_a_view_are() -> None:
    sent = PauseReply(paused=True, job=JOB, message="Paused.").model_dump()
    assert sent.keys() == {"paused", "job", "message"}
    assert sent["job"] == JOB.model_dump()
    refused = Refusal.of(errors.JobNotFound("No.", job_id="y"), message="No.")
    cleared = ClearReply(deleted=1, jobs=[JOB], refused=[refused], total=2, counts={"failed": 2}).model_dump()
    told = {"deleted": 1, "jobs": [JOB.model_dump()], "refused": [refused.model_dump()]}
    assert cleared == {**told, "total": 2, "counts": {"failed": 2}}


def test_what_a_newer_conductor_adds_is_ignored() -> None:
    reply = StatusReply.model_validate({"podium": {**JOB.model_dump(), "mood": "good"}, "sheets": {}, "pid": None})
    assert reply == StatusReply(podium=JOB)


def test_parameters_are_checked_where_they_arrive_and_not_where_they_are_made() -> None:
    request = SubmitParams(config_path="x" * (PATH_CHARS + 1), variables={"a": "b"})
    with pytest.raises(ValidationError, match="config_path"):
        SubmitParams.model_validate(vars(request))


def test_parameters_arrive_as_they_were_made_and_unknown_ones_are_ignored() -> None:
    request = SubmitParams(config_content="name: x", start_sheet="tests", variables={"a": "b"}, client_cwd="/w")
    assert SubmitParams.model_validate({**vars(request), "fresh": True}) == request
    resume = ResumeParams("x", config_path="/s.yaml", from_sheet=2, request_key="k")
    assert ResumeParams.model_validate(vars(resume)) == resume
