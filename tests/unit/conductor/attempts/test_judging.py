"""What is said of an exit code, and of an end."""

from typing import cast

import pytest

from podium.conductor.attempts.judging import describe, exit_text
from podium.conductor.attempts.live import live_of
from podium.conductor.engines.port import End, EndReason, Engine
from podium.conductor.rules.state import Attempt
from tests.support.plans import job_of, plan_of


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (3, "exit code 3"),
        (127, "exit code 127, usually a program that is not installed or whose name is wrong"),
        (128, "exit code 128"),
        (137, "exit code 137, which usually means signal 9 (KILL)"),
        (143, "exit code 143, which usually means signal 15 (TERM)"),
        (192, "exit code 192"),
        (255, "exit code 255"),
    ],
)
def test_a_signal_is_named_as_what_may_have_ended_it(code: int, text: str) -> None:
    assert exit_text(code) == text


def described(end: End) -> str:
    job = job_of(plan_of([[]]).model_copy(update={"default_timeout_seconds": 60.0}))
    attempt = Attempt(1, 1, 1, 1, "key", "hash", "cli", 0.0)
    return describe(live_of(job, attempt, cast(Engine, None)), end)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reason", "detail", "place", "text"),
    [
        ("node_failed", "NODE_FAIL", "Slurm job 512 on node f2", "lost with its node (Slurm job 512 on node f2): NODE_FAIL"),
        ("node_failed", "", "", "lost with its node"),
        ("preempted", "", "Slurm job 7 on node f1", "it had to make room for another job of the cluster (Slurm job 7 on node f1)"),
        ("cancelled_elsewhere", "by uid 0", "", "cancelled on the cluster, and not by Podium: by uid 0"),
        ("killed", "the lane ended with code 1", "Slurm job 7 on node f1",
         "ended by something outside Podium (Slurm job 7 on node f1): the lane ended with code 1"),
        ("deadline", "DEADLINE", "", "the deadline of its cluster job passed: DEADLINE"),
        ("boot_failed", "BOOT_FAIL", "Slurm job 7 on node f1", "its node did not come up (Slurm job 7 on node f1): BOOT_FAIL"),
        ("refused", "Invalid\naccount\x1b[1m", "", "the cluster does not take it: Invalid account [1m"),
        ("lost", "", "", "lost: its processes are gone and left no exit record"),
        ("lost", "gone", "Slurm job 7 on node f1", "lost (Slurm job 7 on node f1): gone"),
        ("timed_out", "", "", "time limit of 1 min reached"),
        ("timed_out", "an earlier conductor began to stop it", "", "time limit of 1 min reached"),
        ("timed_out", "another", "Slurm job 7 on node f1", "time limit reached (Slurm job 7 on node f1): another"),
        ("out_of_memory", "OUT_OF_MEMORY", "", "out of memory: OUT_OF_MEMORY"),
        ("killed", "Slurm says FAILED", "", "ended by something outside Podium: Slurm says FAILED"),
        ("withdrawn", "", "", "taken back from the queue before it had begun"),
        ("never_started", "", "", "never started"),
        ("never_started", "its lane is gone", "", "never started: its lane is gone"),
    ],
)  # fmt: skip
async def test_an_end_is_told_in_plain_words_with_what_the_cluster_says(
    reason: EndReason, detail: str, place: str, text: str
) -> None:
    assert described(End("key", reason, detail=detail, place=place)) == text
