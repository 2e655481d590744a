"""What each command prints with `--json`: one object, whose fields are those of a view of the wire.

The fields keep their names and meanings; new ones may come. `docs/reference/` has them all, made from this table.
"""

from podium.cli.jobs.checking import CheckedFiles
from podium.cli.views.all_settings import SettingsView
from podium.cli.views.doctor import DoctorView
from podium.cli.views.own import InstalledView, StartedView, StoppedView, VersionView, WrittenView
from podium.cli.views.results import Edited, ErrorAnswer, Outcomes, Removal, Retried
from podium.cli.views.service import ServiceView
from podium.cli.views.status import StatusView
from podium.contract.models import ActionView, ExplainView, JobDetail, JobPage, JobView, OutputLine, PlanView
from podium.contract.record import JobRecord
from podium.contract.score_text import JobScore
from podium.contract.sheet_env import EnvView
from podium.contract.snapshot import SnapshotView
from podium.contract.view import View
from podium.contract.waits import WaitView

ANSWERS: dict[str, type[View]] = {
    "run": JobView,
    "pause": Outcomes,
    "resume": ActionView,
    "cancel": Outcomes,
    "rm": Removal,
    "retry": Retried,
    "edit": Edited,
    "validate": CheckedFiles,
    "env": EnvView,
    "settings": SettingsView,
    "list": JobPage,
    "show": JobDetail,
    "show --score": JobScore,
    "wait": WaitView,
    "explain": ExplainView,
    "logs": OutputLine,
    "top": SnapshotView,
    "status": StatusView,
    "service": ServiceView,
    "doctor": DoctorView,
    "timeline": JobRecord,
    "report": JobRecord,
    "plan": PlanView,
    "init": WrittenView,
    "start": StartedView,
    "stop": StoppedView,
    "install": InstalledView,
    "version": VersionView,
}
"""Command -> the view that it prints. A command that prints several objects, one a line, prints this one again and again."""
INSTEAD: type[View] = ErrorAnswer
"""What every command prints in place of its view if it could not do what it was asked."""
