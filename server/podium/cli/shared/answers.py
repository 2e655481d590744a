"""What each command prints with `--json`: one object, whose fields are those of a view of the wire.

The fields keep their names and meanings; new ones may come. `docs/reference/` has them all, made from this table.
"""

from podium.contract.models import ExplainView, JobDetail, JobPage, JobView, OutputLine
from podium.contract.snapshot import SnapshotView
from podium.contract.view import View
from podium.contract.waits import WaitView

ANSWERS: dict[str, type[View]] = {
    "run": JobView,
    "list": JobPage,
    "show": JobDetail,
    "wait": WaitView,
    "explain": ExplainView,
    "logs": OutputLine,
    "top": SnapshotView,
}
"""Command -> the view that it prints. A command that prints several objects, one a line, prints this one again and again."""
