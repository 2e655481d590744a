"""The jobs whose turn comes one after the other."""

from collections import deque

from podium.conductor.rules.state import JobRun


class Line:
    """Jobs in the order of their turns; each stands in it at most once."""

    def __init__(self) -> None:
        self._jobs: deque[JobRun] = deque()
        self._seqs: set[int] = set()

    def __len__(self) -> int:
        return len(self._jobs)

    def join(self, job: JobRun) -> None:
        """Put a job at the end, unless it stands here already."""
        if job.seq not in self._seqs:
            self._seqs.add(job.seq)
            self._jobs.append(job)

    def next(self) -> JobRun:
        """Remove and return the first job."""
        job = self._jobs.popleft()
        self._seqs.discard(job.seq)
        return job

    def leave(self, job: JobRun) -> None:
        """Remove a job, if it stands here."""
        if job.seq in self._seqs:
            self._seqs.discard(job.seq)
            self._jobs.remove(job)

    def ahead_of(self, job: JobRun) -> int:
        """Return the number of jobs before this one."""
        # From the end, since a job that asks has usually just come.
        for behind, other in enumerate(reversed(self._jobs), 1):
            if other is job:
                return len(self._jobs) - behind
        return len(self._jobs)
