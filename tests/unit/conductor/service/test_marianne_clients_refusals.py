"""Requests that the Marianne conductor refused when it was recorded, made of ours: a refusal of the same form, or a reason why not."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.fault_jobs import named
from tests.support.jobs import submit, until
from tests.support.marianne_client import MarianneClient
from tests.support.podium_home import Conductor
from tests.unit.conductor.service.marianne_recorded import REFUSALS

LEARNING = "this conductor learns no patterns: the method is unknown"
IGNORED = "`workspace` has no meaning for a job that is there already, so nothing of it is looked at"
NULL_ID = "a null is a parameter that was not given, here the only one that is needed"
INLINE = (
    "a score may also come as text, so a call without a path is no wrong call; it is rejected as one that has no score"
)
TYPED = "a parameter of the wrong type is refused wherever it stands"
KEPT = "a status that no ended job has chooses none, where the other one deletes all that have ended"

# Request -> the form of our answer, and why it is another one.
DIFFERENT: dict[str, tuple[str, str]] = {
    "daemon_learning_patterns_neg": ("-32601", LEARNING),
    "daemon_learning_patterns_str": ("-32601", LEARNING),
    "daemon_observer_events_limit_str": ("-32602", TYPED),
    "job_clear_jobids_str": ("-32602", TYPED),
    "job_clear_statuses_str": ("-32602", TYPED),
    "job_clear_only_active_statuses": ("deleted=0", KEPT),
    **{f"job_{name}_job_id_null": ("-32602", NULL_ID) for name in (
        "status", "pause", "resume", "modify", "cancel", "errors", "diagnose", "history", "recover",
    )},
    **{f"job_{name}_workspace_int": ("-32000", IGNORED) for name in (
        "status", "errors", "diagnose", "history", "recover",
    )},
    "job_resume_workspace_int": ("status=rejected", IGNORED),
    "job_modify_workspace_int": ("status=rejected", IGNORED),
    "job_submit_config_null": ("status=rejected", INLINE),
    "job_submit_empty": ("status=rejected", INLINE),
    "job_submit_no_params": ("status=rejected", INLINE),
    "job_submit_content_param": ("status=rejected", "a score comes as text too; this one has no sheets"),
    "job_submit_fresh_str": ("status=rejected", "`fresh` changes nothing here: each submit is a run of its own. The file is missing"),
    "job_submit_start_sheet_str": ("status=rejected", "a sheet may be given by its name. The file is missing"),
}  # fmt: skip
NAMED = [pytest.param(each, id=each["name"]) for each in REFUSALS]


def form(reply: dict[str, Any]) -> str:
    """Return what its clients judge an answer by."""
    if "error" in reply:
        return str(reply["error"]["code"])
    result = reply["result"]
    deciding = next(
        name for name in ("paused", "cancelled", "status", "deleted", "cleared", "events", "patterns") if name in result
    )
    return f"{deciding}={result[deciding]}"


@pytest.mark.parametrize("recorded", NAMED)
def test_what_was_refused_there_is_refused_in_the_same_form(
    shared_conductor: Conductor, tmp_path: Path, recorded: dict[str, Any]
) -> None:
    params = recorded["params"]
    if recorded["name"].endswith("_on_completed"):
        job_id = submit(shared_conductor, named(tmp_path, "true"))
        until(shared_conductor, job_id, "completed")
        params = {**params, "job_id": job_id}
    with MarianneClient(shared_conductor.settings.socket) as client:
        reply = client.call(recorded["method"], params)
    expected, why = DIFFERENT.get(recorded["name"], (form(recorded), ""))
    assert (form(reply), why) == (expected, why)
    if expected == "status=rejected":
        assert reply["result"]["message"]
    if expected == "paused=False":
        assert reply["result"]["error"]


def test_each_difference_is_one_of_a_request_that_was_recorded() -> None:
    assert DIFFERENT.keys() <= {each["name"] for each in REFUSALS}
    assert {each["name"] for each in REFUSALS if form(each) == DIFFERENT.get(each["name"], ("",))[0]} == set()


@pytest.mark.parametrize("job_id", ["no-such-job", "", 42])
@pytest.mark.parametrize("method", ["job.status", "job.errors", "job.diagnose", "job.history", "job.recover"])
def test_an_unknown_job_is_named_as_there(shared_conductor: Conductor, method: str, job_id: str | int) -> None:
    with MarianneClient(shared_conductor.settings.socket) as client:
        message = client.call(method, {"job_id": job_id, "workspace": ""})["error"]["message"]
    assert message.startswith(f"Job '{job_id}' not found")
