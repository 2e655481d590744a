"""Whatever a foreign conductor answers: it does not fit its model, or a view can be made of it."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from podium.client.link.reading import read
from podium.client.marianne import views
from podium.client.marianne.checking import check_text_of
from podium.client.marianne.explain import explain_view
from podium.client.marianne.health import process_health
from podium.client.marianne.messages import plain
from podium.client.marianne.replies import DaemonStatus, JobState
from podium.contract.models import ExplainView, JobView
from podium.errors import ConductorMismatch, PodiumError
from tests.property.test_framing import json_values

SOCKET = Path("/c.sock")
texts = st.none() | st.text(max_size=5)
counts = st.none() | st.integers()
figures = st.none() | st.floats(allow_nan=False) | st.integers(min_value=0, max_value=2**40)
states = st.sampled_from(["queued", "running", "paused", "failed", "fermata", "in_progress", "skipped", "odd"])


def objects(required: dict[str, Any], **members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with these members, of which now and then one is of any value or an optional one is missing."""
    return st.fixed_dictionaries(
        {name: _mostly(found) for name, found in required.items()},
        optional={name: _mostly(found) for name, found in members.items()},
    )


def _scores() -> st.SearchStrategy[str]:
    """YAML that has the parts of a score, with values of any kind, some of them under a tag that they do not fit."""
    tags = st.sampled_from(["", "!!int ", "!!float ", "!!bool ", "!!timestamp ", "!!binary ", "!!set ", "!x "])
    values = st.tuples(tags, json_values.map(json.dumps)).map("".join)
    sheets = st.tuples(values, values, values, values).map(
        lambda drawn: "{{size: {}, total_items: {}, dependencies: {}, {}: 1}}".format(*drawn)
    )
    checks = st.tuples(values, values).map(lambda drawn: "[{{type: file_exists, path: {}}}, {}]".format(*drawn))
    return st.tuples(values, sheets | values, values, checks | values).map(
        lambda drawn: "name: {}\nsheet: {}\nprompt: {{template: {}}}\nvalidations: {}\n".format(*drawn)
    )


def _mostly(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 40).flatmap(lambda drawn: json_values if drawn == 40 else values)


sheets = objects(
    {"status": states},
    error_message=texts,
    instrument_name=texts,
    normal_attempts=counts,
    completion_attempts=counts,
    exit_code=counts,
    started_at=texts,
    total_duration_seconds=figures,
)
jobs = objects(
    {"job_id": st.text(max_size=5), "status": states},
    **dict.fromkeys(("job_name", "workspace", "config_path", "error_message"), texts),
    **dict.fromkeys(("submitted_at", "started_at", "completed_at"), figures),
    **dict.fromkeys(("progress_total", "progress_completed", "total_sheets", "last_completed_sheet"), counts),
    sheets=st.none() | st.dictionaries(st.integers(0, 9).map(str), sheets, max_size=3),
)


@given(jobs, jobs | st.none())
def test_a_job_that_fits_its_model_has_a_view_and_an_explanation(entry: Any, checkpoint: Any) -> None:
    try:
        job = read(JobState, entry, SOCKET)
        state = None if checkpoint is None else read(JobState, checkpoint, SOCKET)
    except ConductorMismatch:
        return
    assert isinstance(views.job_view(job, state), JobView)
    assert isinstance(explain_view(job, state), ExplainView)


@given(jobs, figures)
def test_a_job_that_fits_its_model_has_a_health_without_processes(entry: Any, uptime: Any) -> None:
    status = {"pid": 1, "version": "0", "uptime_seconds": uptime}
    try:
        job, daemon = read(JobState, entry, SOCKET), read(DaemonStatus, status, SOCKET)
    except ConductorMismatch:
        return
    health = process_health(job, views.job_view(job), daemon)
    assert (health.pid, health.process_exists, bool(health.note)) == (None, False, True)


@given(st.text())
def test_a_message_of_any_form_is_told_in_one_bounded_line(message: str) -> None:
    for each in (
        message,
        f"Failed to parse config file: x ({message}). Cannot determine workspace. y",
        f"1 validation error for J\n{message}",
    ):
        told = plain(each)
        assert len(told) <= 503
        assert "\n" not in told


@given(st.text() | _scores())
def test_a_score_of_any_form_passes_the_check_or_is_refused(text: str) -> None:
    with suppress(PodiumError):
        check_text_of(text, "The score")
