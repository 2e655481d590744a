"""Named points of the write path at which a test can let the conductor die, as if the machine had killed it.

`PODIUM_FAULT=name:n` kills the process with SIGKILL when the point is passed for the n-th time. Without it a point costs a
comparison. What a real crash leaves is what a crash here leaves: nothing is cleaned up.
"""

import os
import signal

POINTS = (
    "before_commit",
    "after_commit",
    "before_launch",
    "after_launch",
    "before_verdict",
    "before_reply",
    "before_removal",
)
DEEPER_POINTS = (
    "after_workspace",
    "before_acknowledged",
    "after_prepare",
    "after_claim",
    "after_stop_noted",
    "before_recovery",
    "after_adoption",
    "after_removal",
    "before_notification",
    "after_notification",
)
"""Points that not every run passes, or not more than once."""
CLUSTER_POINTS = (
    "after_link",
    "before_todo",
    "after_todo",
    "before_sbatch",
    "after_sbatch",
    "before_claim",
    "after_bell",
    "before_ask",
    "after_ask",
    "before_end",
    "before_scancel",
    "after_scancel",
    "after_close",
)
"""Points that only attempts on a cluster pass, besides `after_claim`."""

_name, _, _times = os.environ.get("PODIUM_FAULT", "").partition(":")
_left = int(_times or 1)


def point(name: str) -> None:
    """Pass a named point."""
    global _left  # noqa: PLW0603 -- one countdown a process
    if name != _name:
        return
    _left -= 1
    if _left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
