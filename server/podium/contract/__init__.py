"""What both sides agree on: states, job models, wire methods and the port that tools call. No I/O."""

from podium.contract.results import JobActionResult, JobStartResult, ProcessHealth

__all__ = ["JobActionResult", "JobStartResult", "ProcessHealth"]
