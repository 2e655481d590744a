"""Which cause is found in what was observed, and which remedy is chosen for it."""

from dataclasses import replace
from typing import Any

import pytest

from podium.conductor.engines.port import End
from podium.conductor.rules.healing.diagnosis import LONGEST_WAIT_SECONDS, Case, diagnose
from podium.conductor.rules.healing.remedies import Remedy, dump, load
from podium.conductor.rules.verdicts import Verdict

WORKSPACE = "/jobs/ws"


def case(reason: Any = "exited", *, agent: bool = False, following: str | None = None, limit: float | None = None,
         **verdict: Any) -> Case:  # fmt: skip
    found = Verdict(End("key", reason, 1), passed=False, **{"message": "exit code 1", **verdict})
    return Case(found, WORKSPACE, "goose" if agent else "cli", agent, following, limit)


GONE = (WORKSPACE,)
DEEP = (f"{WORKSPACE}/out/deep",)


@pytest.mark.parametrize(
    ("given", "cause", "remedy"),
    [
        (case("launch_failed", missing_folders=GONE), "workspace_missing", "make_folders"),
        (case("launch_failed", missing_folders=GONE, agent=True), "workspace_missing", "make_folders"),
        (case("timed_out", limit=5.0), "time_limit", "longer_limit"),
        (case("timed_out"), "time_limit", None),
        (case("timed_out", limit=5.0, agent=True, following="crush"), "time_limit", "longer_limit"),
        (case(trouble="rate_limit", wait_seconds=60.0, agent=True), "rate_limit", "wait"),
        (case(trouble="rate_limit", agent=True), "rate_limit", "wait"),
        (case(trouble="rate_limit", wait_seconds=LONGEST_WAIT_SECONDS + 1, agent=True), "rate_limit", None),
        (case(trouble="auth", agent=True, following="crush"), "not_signed_in", "next_instrument"),
        (case(trouble="auth", agent=True), "not_signed_in", None),
        (case(trouble="capacity", agent=True, following="crush"), "no_capacity", "next_instrument"),
        (case(trouble="capacity", agent=True), "no_capacity", None),
        (case("launch_failed", trouble="missing", agent=True), "instrument_missing", None),
        (case("launch_failed", agent=True, following="crush"), "not_started", "next_instrument"),
        (case(missing_folders=DEEP), "folder_missing", "make_folders"),
        (case(missing_folders=DEEP, agent=True), "unfinished", "complete"),
        (case(agent=True, following="crush"), "unfinished", "complete"),
        (case("killed", agent=True, following="crush"), "ended_from_outside", "next_instrument"),
        (case("lost"), "ended_from_outside", None),
        (case(trouble="internal"), "internal", None),
        (case(trouble="internal", agent=True, following="crush"), "internal", None),
        (case(), "script", None),
        (case("launch_failed"), "unknown", None),
        (case("out_of_memory"), "out_of_memory", None),
        (case("output_limit", agent=True), "output_limit", None),
        *(
            (case(end, agent=agent, following="crush", missing_folders=GONE), end, None)
            for end in ("node_failed", "preempted", "cancelled_elsewhere", "deadline", "refused")
            for agent in (False, True)
        ),
        (case("boot_failed"), "not_begun", None),
        (case("never_started"), "not_begun", None),
    ],
)
def test_each_failure_has_its_cause_and_its_remedy(given: Case, cause: str, remedy: str | None) -> None:
    diagnosis = diagnose(given)
    assert (diagnosis.cause, diagnosis.remedy.kind if diagnosis.remedy else None) == (cause, remedy)
    assert diagnosis.text
    if diagnosis.remedy:
        assert diagnosis.remedy.cause == cause
        assert diagnosis.remedy.text


def test_a_remedy_holds_what_it_needs() -> None:
    longer = diagnose(case("timed_out", limit=5.0)).remedy
    assert longer
    assert (longer.timeout_seconds, longer.text) == (10.0, "doubles the time limit to 10 s")
    wait = diagnose(case(trouble="rate_limit", wait_seconds=90.0, agent=True)).remedy
    assert wait
    assert (wait.wait_seconds, wait.text) == (90.0, "waits 1 min 30 s")
    folders = diagnose(case(missing_folders=DEEP)).remedy
    assert folders
    assert (folders.folders, folders.text) == (DEEP, "creates 'out/deep' (named by the job)")


@pytest.mark.parametrize(
    ("most", "longer", "text"),
    [
        (None, 10.0, "doubles the time limit to 10 s"),
        (10.0, 10.0, "doubles the time limit to 10 s"),
        (8.0, 8.0, "raises the time limit to 8 s, which is the time in its resources"),
    ],
)
def test_a_time_limit_is_raised_no_further_than_the_time_of_the_resources(
    most: float | None, longer: float, text: str
) -> None:
    remedy = diagnose(replace(case("timed_out", limit=5.0), most_seconds=most)).remedy
    assert remedy
    assert (remedy.timeout_seconds, remedy.text) == (longer, text)


def test_nothing_helps_where_the_time_of_the_resources_is_over() -> None:
    found = diagnose(replace(case("timed_out", limit=5.0), most_seconds=5.0))
    assert (found.cause, found.text, found.remedy) == (
        "time_limit",
        "it did not finish within 5 s, the time that its resources give it",
        None,
    )


@pytest.mark.parametrize(
    "remedy",
    [
        None,
        Remedy("make_folders", "folder_missing", "makes a", folders=("/a", "/b")),
        Remedy("longer_limit", "time_limit", "doubles", timeout_seconds=2.5, attempt=3),
        Remedy("complete", "unfinished", "tells", note="line\nline"),
    ],
)
def test_a_remedy_survives_the_store(remedy: Remedy | None) -> None:
    assert load(dump(remedy)) == remedy
