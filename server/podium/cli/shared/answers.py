"""What each command prints with `--json`: one object, whose fields are those of a view of the wire.

The fields keep their names and meanings; new ones may come. `docs/reference/` has them all, made from this table.
"""

from podium.cli.shared.service_view import ServiceView
from podium.contract.models import ExplainView, JobDetail, JobPage, JobView
from podium.contract.view import View
from podium.contract.waits import WaitView

ANSWERS: dict[str, type[View]] = {
    "run": JobView,
    "list": JobPage,
    "show": JobDetail,
    "wait": WaitView,
    "explain": ExplainView,
    "service": ServiceView,
}
"""Command -> the view that it prints. A command that prints several objects, one a line, prints this one again and again."""
