"""What has happened and could not be stored yet: ends of attempts, and cancels that were carried out without their record.

It is known for as long as the store cannot be written. If the conductor dies before, each job is what its record says.
"""

from dataclasses import dataclass, field

from podium.conductor.rules.state import JobRun
from podium.conductor.rules.verdicts import Verdict


@dataclass
class UnstoredJob:
    """One job's part: the verdicts of its ended attempts by serial number, and whether it was asked to be cancelled."""

    ends: dict[int, Verdict] = field(default_factory=dict)
    cancel: bool = False


class Unstored:
    """Every job of which something is not stored yet."""

    def __init__(self) -> None:
        self._jobs: dict[str, UnstoredJob] = {}

    def of(self, job_id: str) -> UnstoredJob:
        """Return what is not stored of a job."""
        return self._jobs.get(job_id) or UnstoredJob()

    def ended(self, job: JobRun) -> dict[int, Verdict]:
        """Return the verdicts of a job's sheets (by number) that run by its record and have ended."""
        ends = self.of(job.job_id).ends
        return {num: ends[attempt.serial] for num, attempt in sorted(job.running.items()) if attempt.serial in ends}

    def note_end(self, job_id: str, serial: int, verdict: Verdict) -> None:
        """Note the end of an attempt."""
        self._jobs.setdefault(job_id, UnstoredJob()).ends[serial] = verdict

    def note_cancel(self, job_id: str) -> bool:
        """Note a cancel; return whether it is the first of this job."""
        job = self._jobs.setdefault(job_id, UnstoredJob())
        first, job.cancel = not job.cancel, True
        return first

    def clear(self) -> None:
        """Forget everything: it was stored."""
        self._jobs.clear()


def how(verdict: Verdict) -> str:
    """Return how an attempt ended, in a few words."""
    return verdict.message or ("successfully" if verdict.passed else verdict.end.reason.replace("_", " "))
