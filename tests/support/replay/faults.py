"""What was seen to be wrong with a Marianne conductor, each a switch: a set of them makes a conductor as it is, or mended."""

from enum import StrEnum, auto


class Fault(StrEnum):
    """A fault of the conductor. A conductor that lacks one does the right thing instead."""

    DRY_RUN_RUNS = auto()  # a dry run is a run
    RESUME_OF_FAILED_IS_NOOP = auto()  # what has failed or was skipped stays so
    MODIFY_OF_RUNNING_LOSES_JOB = auto()  # it is cancelled, and a resume leaves it running for ever
    BAD_CHANGE_FAILS_JOB = (
        auto()
    )  # a changed score is accepted before it is read, and then the job fails without a reason
    CLEAR_ACTIVE_WIPES_HISTORY = auto()  # a clear of active jobs only forgets all ended ones at the next start
    LEAKS_SLOT = auto()  # a start over a paused job takes one more slot for ever
    PAUSED_HOLDS_SLOT = auto()
    DEAD_STREAMS_LOCK_OUT = auto()  # a stream's client that has gone is noticed at the next event only
    RESUBMIT_RACE = auto()  # a job that is started again right after its end is called failed while it runs
    SHUTDOWN_WAITS_FOR_CLIENTS = auto()  # the process does not end before every connection is closed
    SHUTDOWN_CANCELS_PAUSED = auto()
    CRASH_FAILS_ACTIVE = auto()  # after a crash what ran or was queued has failed
    CRASH_RESUMES_PAUSED = auto()  # and what was paused runs by itself
    TEMPLATE_ERROR_HANGS = auto()
    CYCLE_HANGS = auto()
    STALE_VIEWS = auto()  # a score that is queued again shows the run before
    CONNECTION_CAP = auto()  # the sixth client is not served
    OVERRIDE_SKIPS_CHECK = auto()  # with a workspace given, a score is not read when it is submitted


REAL = frozenset(Fault)
"""What the conductor 0.1.0 has: all of them."""
MENDED: frozenset[Fault] = frozenset()


class WireFault(StrEnum):
    """What may go wrong with one reply: none of these was seen to be usual."""

    LOST = auto()  # the request is handled, and the connection closed without a reply
    SLOW = auto()  # the reply comes when the test lets it go
    GARBAGE = auto()  # a line that is not JSON
    WRONG_SHAPE = auto()  # a result that is none of the method's
