"""What each command prints with `--json`: one object, whose fields are those of a view of the wire.

The fields keep their names and meanings; new ones may come. `docs/reference/` has them all, made from this table.
"""

from podium.contract.models import JobView, OutputLine
from podium.contract.view import View

ANSWERS: dict[str, type[View]] = {
    "run": JobView,
    "logs": OutputLine,
}
"""Command -> the view that it prints. A command that prints several objects, one a line, prints this one again and again."""
