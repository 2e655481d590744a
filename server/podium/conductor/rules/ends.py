"""What each way in which an attempt can end means, and what follows: one table for the rules and the documentation."""

from typing import Literal, NamedTuple

from podium.conductor.engines.port import EndReason

Follows = Literal["judged", "cancelled", "retry", "on_lost", "again", "pending", "never"]

MOST_AGAIN = 5  # times in a row that a sheet starts again which its cluster did not begin
FOLLOWS: dict[Follows, str] = {
    "judged": "its exit code and its validations decide",
    "cancelled": "the sheet is cancelled",
    "retry": "a retry, if one is left",
    "on_lost": "`on_lost` decides: a retry if one is left, or the sheet fails",
    "again": (
        "it starts again, which uses up no retry; on a cluster after a pause that grows, and at most "
        f"{MOST_AGAIN} times in a row: then it counts as a failure"
    ),
    "pending": "it starts again when its job goes on, which uses up no retry",
    "never": "the sheet fails: another try could not help",
}


class Ended(NamedTuple):
    """What an end reason means, and what follows from it."""

    means: str
    follows: Follows


ENDS: dict[EndReason, Ended] = {
    "exited": Ended("its first process ended by itself", "judged"),
    "timed_out": Ended("it reached its time limit, or that of the cluster", "retry"),
    "stale": Ended("it had written nothing for as long as `stale_detection` allows", "retry"),
    "output_limit": Ended("it wrote more than may be kept", "retry"),
    "out_of_memory": Ended("it failed, and it had run out of memory", "retry"),
    "cancelled": Ended("its job was cancelled", "cancelled"),
    "killed": Ended("something outside Podium ended its processes", "retry"),
    "lost": Ended("it is gone without a record, with its machine for example", "on_lost"),
    "node_failed": Ended("on a cluster: its node went down", "on_lost"),
    "preempted": Ended("on a cluster: it had to make room for another job", "on_lost"),
    "cancelled_elsewhere": Ended("on a cluster: it was cancelled there, and not by its conductor", "on_lost"),
    "deadline": Ended("on a cluster: the deadline of its cluster job passed", "never"),
    "refused": Ended("on a cluster: the cluster does not take it, and would not take it again", "never"),
    "boot_failed": Ended("on a cluster: its node did not come up, and it had not begun", "again"),
    "never_started": Ended("it had not begun to run", "again"),
    "withdrawn": Ended("on a cluster: its job was to pause or to change, and it had not begun", "pending"),
    "launch_failed": Ended("it could not be started", "retry"),
    "elsewhere": Ended("it may still run for the home that this one is a copy of", "never"),
}
"""Every end reason. Of one that only a cluster has, the message of the attempt says which node and which job of the cluster."""
