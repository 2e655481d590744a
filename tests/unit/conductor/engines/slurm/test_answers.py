"""What Slurm's commands answer, as recorded of 22.05, and how it is understood."""

import time
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podium.conductor.engines.slurm.answers import (
    STATES,
    Kind,
    Outcome,
    moment,
    read_account,
    read_queue,
    read_submit,
    read_test,
    say,
)
from tests.support.slurm.scenes import RECORDED

QUEUE = r"""12|1|0|RUNNING|None|f1|main|2026-11-30T14:01:49|mk.job-1.abc
1|1|2|COMPLETED|None|f1|main|2026-11-30T14:01:49|mk.job-1.abc
3|3|N/A|COMPLETED|None|f1|main|2026-11-30T14:01:49|s.sh
4|4|N/A|PENDING|PartitionConfig||main|N/A|mk.job-2.def
8|8|N/A|PENDING|BeginTime||main|2026-11-30T15:01:48|a|b\n
9|9|0|PENDING|BeginTime||main|2026-11-30T15:01:48|mk.job-3.x
"""
FAILED = "Batch job submission failed"
POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
SUBMITS: list[tuple[int, str, Outcome, str]] = [
    (0, "1\n", "submitted", ""),
    (0, "sbatch: note of a plugin\n17;other\n", "submitted", ""),
    (0, "", "unknown", "sbatch said nothing"),
    (
        1,
        f"sbatch: error: invalid partition specified: nope\nsbatch: error: {FAILED}: Invalid partition name specified\n",
        "refused",
        "invalid partition specified: nope; Invalid partition name specified",
    ),
    (
        1,
        f"sbatch: error: Memory specification can not be satisfied\n"
        f"sbatch: error: {FAILED}: Requested node configuration is not available\n",
        "refused",
        "Memory specification can not be satisfied; Requested node configuration is not available",
    ),
    (
        1,
        "sbatch: error: Invalid generic resource (gres) specification\n",
        "refused",
        "Invalid generic resource (gres) specification",
    ),
    (1, f"sbatch: error: {FAILED}: Invalid feature specification\n", "refused", "Invalid feature specification"),
    (
        1,
        f"sbatch: error: {FAILED}: Invalid account or account/partition combination specified\n",
        "refused",
        "Invalid account or account/partition combination specified",
    ),
    (
        255,
        "sbatch: unrecognized option '--nonsense'\nTry \"sbatch --help\" for more information\n",
        "refused",
        "unrecognized option '--nonsense'",
    ),
    (
        1,
        f"sbatch: error: {FAILED}: Required partition not available (inactive or drain)\n",
        "not_now",
        "Required partition not available (inactive or drain)",
    ),
    (255, "sbatch: error: Invalid --time specification\n", "refused", "Invalid --time specification"),
    (1, f"sbatch: error: {FAILED}: Invalid job array specification\n", "no_array", "Invalid job array specification"),
    (
        1,
        f"sbatch: error: QOSMaxSubmitJobPerUserLimit\nsbatch: error: {FAILED}: Job violates accounting/QOS policy "
        "(job submit limit, user's size and/or time limits)\n",
        "too_many",
        "QOSMaxSubmitJobPerUserLimit; Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)",
    ),
    (
        1,
        f"sbatch: error: {FAILED}: Unable to contact slurm controller (connect failure)\n",
        "not_now",
        "Unable to contact slurm controller (connect failure)",
    ),
    (
        1,
        f"sbatch: error: {FAILED}: Socket timed out on send/recv operation\n",
        "unknown",
        "Socket timed out on send/recv operation",
    ),
    (-9, "", "unknown", "sbatch did not answer"),
    (1, f"sbatch: error: {FAILED}: The moon is full\n", "unclear", "The moon is full"),
    (1, "", "not_now", "sbatch ended with exit code 1"),
    (127, "env: 'sbatch': No such file or directory\n", "not_now", "env: 'sbatch': No such file or directory"),
]
LIMITS: dict[str, Outcome] = {
    "AssocMaxSubmitJobLimit": "too_many",
    "AssocGrpSubmitJobsLimit": "too_many",
    "MaxSubmitJobsPerAccount": "too_many",
    "QOSMaxWallDurationPerJobLimit": "refused",
    "QOSMaxCpuPerUserLimit": "refused",
    "QOSGrpCpuLimit": "refused",
    "QOSMinCpuNotSatisfied": "refused",
    "QOSMaxGRESPerUser": "refused",
    "QOSMaxMemoryPerUser": "refused",
    "QOSMaxSubmitJobPerUserLimit": "too_many",
    "QOSMinGRES": "refused",
}


def test_the_queue_tells_of_our_lanes_only() -> None:
    rows = read_queue(QUEUE, "mk.")
    assert rows is not None
    assert list(rows) == ["1_0", "1_2", "4", "9_0"]
    assert (rows["1_0"].number, rows["1_0"].kind, rows["1_0"].nodes, rows["1_0"].reason) == ("12", "running", "f1", "")
    assert (rows["4"].kind, rows["4"].reason, rows["4"].start) == ("pending", "PartitionConfig", None)
    assert rows["9_0"].start == time.mktime(time.strptime("2026-11-30T15:01:48", "%Y-%m-%dT%H:%M:%S"))


def test_names_of_others_may_be_anything() -> None:
    assert read_queue("4|4|N/A|PENDING|None||main|N/A|two\nlines|of 1|2\n" + QUEUE, "mk.") == read_queue(QUEUE, "mk.")


@pytest.mark.parametrize(
    "text", ["<html>503</html>\n", QUEUE + "12|1|0|RUNN mk.job-1.abc\n", QUEUE.replace("RUNNING", "DREAMING")]
)
def test_an_answer_that_cannot_be_read_is_no_answer(text: str) -> None:
    assert read_queue(text, "mk.") is None


def test_an_empty_queue_is_an_answer() -> None:
    assert read_queue("", "mk.") == {}
    assert read_queue("CLUSTER: one\n", "mk.") == {}


@given(st.text())
def test_no_text_makes_the_reading_of_a_queue_fail(text: str) -> None:
    rows = read_queue(text, "mk.")
    assert rows is None or all(row.name.startswith("mk.") for row in rows.values())


def test_every_state_has_a_meaning() -> None:
    assert set(STATES.values()) == set(get_args(Kind))
    assert all(state == state.upper() for state in STATES)


@pytest.mark.parametrize(("code", "text", "outcome", "words"), SUBMITS)
def test_the_words_of_a_submit_say_whether_it_may_ever_succeed(
    code: int, text: str, outcome: Outcome, words: str
) -> None:
    done = read_submit(code, text)
    assert (done.outcome, done.words) == (outcome, words)


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        (POLICY, "too_many"),
        ("Unable to open file /shared/me/program/lane.sh", "not_now"),
        ("Could not establish a configuration source", "not_now"),
        (f"QOSMaxWallDurationPerJobLimit\nsbatch: error: {POLICY}", "refused"),
        ("Resource temporarily unavailable", "not_now"),
        ("Slurm backup controller in standby mode", "not_now"),
        ("Unable to create job record, try again", "not_now"),
        ("I/O error writing script/environment to file", "not_now"),
        ("Requested reservation not usable now", "not_now"),
        ("Requested account has breached requested QOS usage threshold", "not_now"),
        ("Job can not start due to maintenance reservation.", "not_now"),
        ("No partition specified or system default partition", "refused"),
        ("Requested nodes not in this partition", "refused"),
        ("Access denied to requested reservation", "refused"),
        ("Please name an account: https://hpc.example/accounts", "unclear"),
        ("Slurm internal error, contact system administrator", "unclear"),
    ],
)
def test_of_what_slurm_itself_says_it_is_known_whether_it_passes(words: str, outcome: Outcome) -> None:
    assert read_submit(1, f"sbatch: error: {FAILED}: {words}\n").outcome == outcome


@pytest.mark.parametrize("limit", LIMITS)
def test_the_name_of_a_limit_says_whether_one_job_by_itself_is_too_much(limit: str) -> None:
    said = read_submit(1, f"sbatch: error: {limit}\nsbatch: error: {FAILED}: {POLICY}\n")
    assert (said.outcome, said.words) == (LIMITS[limit], f"{limit}; {POLICY}")


def test_a_submit_tells_its_number() -> None:
    assert read_submit(0, "17;other\n").number == "17"


def test_a_submit_that_did_not_end_in_time_may_have_come_through() -> None:
    assert read_submit(0, "1\n", timed_out=True).outcome == "unknown"


def test_only_what_is_refused_for_ever_is_told_before_a_submit() -> None:
    assert read_test(1, "allocation failure: Requested node configuration is not available\n") == (
        "Requested node configuration is not available"
    )
    assert not read_test(1, "allocation failure: Unable to contact slurm controller (connect failure)\n")
    assert not read_test(
        0, "sbatch: Job 11 to start at 2026-11-30T15:01:48 using 2 processors on nodes f1 in partition main\n"
    )


def test_the_accounting_tells_the_state_without_who_did_it() -> None:
    rows = read_account("17_2|19|CANCELLED by 1000|f1|mk.job-1.abc\n18|18|NODE_FAIL|f2|mk.job-1.abc\nnonsense\n")
    assert [(row.lane, row.number, row.state, row.nodes) for row in rows.values()] == [
        ("17_2", "19", "CANCELLED", "f1"),
        ("18", "18", "NODE_FAIL", "f2"),
    ]


def test_what_an_accounting_has_answered_is_read_whatever_became_of_the_jobs() -> None:
    answered = (RECORDED / "accounting.txt").read_text().partition("$ sacct")[2].partition("$")[0]
    assert [
        (row.lane, row.number, row.state, row.kind, row.nodes, row.name) for row in read_account(answered).values()
    ] == [
        ("1_0", "6", "COMPLETED", "over", "f1", "wide|of all"),
        ("1_1", "7", "FAILED", "over", "f1", "wide|of all"),
        ("1_2", "1", "FAILED", "over", "f1", "wide|of all"),
        ("2", "2", "CANCELLED", "over", "f2", "cut"),
        ("3", "3", "NODE_FAIL", "over", "f3", "lost"),
        ("4_[0-9]", "4", "PENDING", "pending", "", "held"),
        ("5", "5", "PENDING", "pending", "", "again"),
    ]


def test_words_are_one_short_line() -> None:
    assert say(["sbatch: error: a", "sbatch: error: a", "", "sbatch: fatal: b"]) == "a; b"
    assert len(say(["x" * 1000])) == 400
    assert say(["sbatch: error: \x1b[31mno\u202e\x07"]) == "[31mno"
    assert moment("Unknown") is None
