"""What the commands that change, check and explain show on a terminal, at both widths, as golden files."""

import pytest

from podium.cli.commands.resume import show_resumed
from podium.cli.jobs.checking import show_problems
from podium.cli.jobs.controlling import Told, failed, show
from podium.cli.jobs.sheet_env import show as show_env
from podium.cli.views.all_settings import SettingsView, SettingView, show_settings
from podium.cli.views.results import Outcome
from podium.contract.changed import Labels, ScoreChange
from podium.contract.models import ActionView
from podium.contract.sheet_env import EnvVariable, EnvView
from podium.errors import ScoreInvalid, WrongState
from tests.support.port import job
from tests.support.screens import WIDTHS, check_screen, drawn

LONG = "a-sheet-with-a-very-long-name-that-says-everything-about-it"


@pytest.mark.parametrize("columns", WIDTHS)
def test_what_became_of_several_jobs(columns: int) -> None:
    waits = (
        f"The pause of build-x7k2q is recorded and takes effect when its running sheets (tests, {LONG}) have ended.\n"
        "next: podium wait build-x7k2q"
    )
    wrong = WrongState(
        "Cannot pause job nightly-x5rqa: it is already paused.",
        fix="It stays paused until you call resume_job.",
        job_id="nightly-x5rqa",
        state="paused",
        allowed=["resume", "modify", "cancel"],
    )
    told = [Told(Outcome(name="build", done=True, pending=True, message=waits)), Told(failed("nightly", wrong), wrong)]
    check_screen("pause", drawn(lambda: show(told), columns))


@pytest.mark.parametrize("columns", WIDTHS)
def test_what_a_changed_score_changes(columns: int) -> None:
    change = ScoreChange(
        sheets={
            "finished": Labels(labels=["compile"], total=1),
            "unfinished": Labels(labels=["tests", LONG], total=30),
            "added": Labels(labels=["测试"], total=1),
        },
        settings=["retry", "parallel"],
        warnings=["sheets[2].run: {{ nam }} is not filled in"],
        file="/srv/build/score.yaml",
    )
    view = ActionView(
        job=job(), message="Job build-x7k2q now uses the changed score and was queued to continue.", kept=["compile"],
        kept_total=12, change=change,
    )  # fmt: skip
    check_screen("resume-changed", drawn(lambda: show_resumed(view), columns))


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_problems_of_a_score(columns: int) -> None:
    problems = [
        {
            "line": 3,
            "column": 10,
            "field": "sheets[0].run",
            "message": "should be text, not a list",
            "text": "- run: [1]",
        },
        {"line": 0, "column": 0, "field": "", "message": f"sheet {LONG} needs itself", "text": ""},
    ]
    error = ScoreInvalid("bad", problems=problems, problems_total=140)
    text = "name: x\nsheets:\n  - run: [1]\n"
    check_screen("validate-bad", drawn(lambda: show_problems("bad.yaml", error, text), columns))


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_environment_of_a_sheet(columns: int) -> None:
    here = {"PATH": "/here/bin", "EDITOR": "vi", "LANG": "C", "SHLVL": "2"}
    view = EnvView(
        job_name="build", sheet="tests", own=["tests"], own_total=1,
        variables=[
            EnvVariable(name="API_TOKEN", value="[value of CI_TOKEN]", source="score", variable="CI_TOKEN", hidden=True),
            EnvVariable(name="LANG", value="C", source="conductor"),
            EnvVariable(name="MODE", value="slow", source="sheet", replaces="score"),
            EnvVariable(name="MISSING", source="start", missing=True),
            EnvVariable(name="PATH", value="/usr/local/bin:/usr/bin:/bin:" + "/opt/long" * 8, source="conductor"),
            EnvVariable(name="PODIUM_ATTEMPT", source="podium", known_later=True),
        ],
    )  # fmt: skip
    check_screen("env", drawn(lambda: show_env(view, here), columns))


@pytest.mark.parametrize("columns", WIDTHS)
def test_settings_of_which_the_conductor_has_others(columns: int) -> None:
    view = SettingsView(
        file="/home/ada/.config/podium/podium.yaml", file_exists=True, conductor_pid=4711,
        settings=[
            SettingView(name="home", value="/home/ada/.local/state/podium", default="/x", source="default", description="where"),
            SettingView(
                name="max_sheets", value=8, default=16, source="file", running=16, differs=True,
                origin="/home/ada/.config/podium/podium.yaml", description="sheets that may run at the same time",
            ),
            SettingView(
                name="retention_days", value=2.5, default=30, source="environment", origin="PODIUM_RETENTION_DAYS",
                description="ended jobs are deleted after this many days; 0 keeps them. A jump of the clock counts only later",
            ),
        ],
    )  # fmt: skip
    check_screen("settings", drawn(lambda: show_settings(view, verbose=True), columns))
