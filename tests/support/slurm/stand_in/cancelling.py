"""scancel: ends jobs, or sends a signal to their batch scripts."""

import os
import signal
import time
from contextlib import suppress

from tests.support.slurm.stand_in.cluster import Cluster, Job
from tests.support.slurm.stand_in.keeping import fork_keepers
from tests.support.slurm.stand_in.words import Words, fail

PENDING_SECONDS = 100  # scancel asks again and again whether a job that waits has a script by now


def scancel(folder: str, words: list[str]) -> None:
    """Play scancel."""
    asked = Words(
        "scancel", words, {"--signal"}, {"--batch", "--full"}, {"-b": "--batch", "-s": "--signal", "-f": "--full"}
    )
    with Cluster(folder) as cluster:
        found = {word: cluster.find(word) for word in asked.rest}
        if "--signal" in asked:
            number = signal.Signals[f"SIG{asked.get('--signal').removeprefix('SIG')}"]
            found = {word: [job for job in jobs if not job.is_over] for word, jobs in found.items()}
            waits = [_send(job, number) for jobs in found.values() for job in jobs]
        else:
            for job in [job for jobs in found.values() for job in jobs]:
                end(cluster, job, "CANCELLED")
            cluster.schedule()
    fork_keepers(folder, cluster.to_start)
    if "--signal" in asked:
        _tell(found)
        time.sleep(PENDING_SECONDS if any(waits) else 0)


def end(cluster: Cluster, job: Job, state: str) -> None:
    """End a job for a reason; one that runs is over when nothing of it runs."""
    if job.is_over:
        return
    if job.state == "PENDING" and _has_another(cluster, job):
        cluster.jobs.remove(job)  # the record of an array's waiting tasks only loses a number
    elif job.state == "PENDING":
        job.state, job.started = state, time.time()
    else:
        job.end_wanted = job.end_wanted or state
        if job.keeper:
            with suppress(ProcessLookupError):
                os.kill(job.keeper, signal.SIGTERM)


def _has_another(cluster: Cluster, job: Job) -> bool:
    return any(each.array == job.array and each.state == "PENDING" and each is not job for each in cluster.jobs)


def _send(job: Job, number: int) -> bool:
    """Send a signal to a batch script; return True if there is none yet."""
    if job.state == "PENDING":
        return True
    if job.script:
        with suppress(ProcessLookupError):
            os.kill(job.script, number)
    return False


def _tell(found: dict[str, list[Job]]) -> None:
    unknown = [word for word, jobs in found.items() if not jobs]
    for word in unknown[:-1]:
        with suppress(SystemExit):
            fail("scancel", f"Kill job error on job id {word}: Invalid job id specified")
    for word in unknown[-1:]:
        fail("scancel", f"Kill job error on job id {word}: Invalid job id specified")
