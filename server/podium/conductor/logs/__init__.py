"""Reading an attempt's output files for `job.log`: bounded, resumable, and cheap on files of a gigabyte.

`read_log` is the whole interface. It blocks, so the caller runs it in a thread.
"""

from podium.conductor.logs.read import LogLimits, LogQuery, LogTarget, read_log

__all__ = ["LogLimits", "LogQuery", "LogTarget", "read_log"]
