from podium.contract.models import PlanSheetView
from podium.score.model.view import plan_view
from tests.unit.score.helpers import compiled, sheets

PLAN = compiled(
    sheets(
        "{name: a, run: x, validate: [{file_exists: f}], retry: {max_retries: 2}}",
        "{name: b, prompt: x, instrument: claude-code}",
        "{run: x}",
    ),
    workspace="/w",
)


def test_the_view_tells_what_a_start_would_run() -> None:
    view = plan_view(PLAN, instruments_found={"cli"})
    assert (view.job_name, view.workspace, view.sheets_total, view.max_concurrent, view.warnings) == (
        "demo",
        "/w",
        3,
        4,
        [],
    )
    assert view.sheets == [
        PlanSheetView(sheet=1, name="a", instrument="cli", validations=1, max_retries=2),
        PlanSheetView(sheet=2, name="b", instrument="claude-code", instrument_found=False, needs=[1]),
        PlanSheetView(sheet=3, instrument="cli", needs=[2]),
    ]


def test_sheets_before_the_start_are_satisfied_and_a_warning_says_what_that_means() -> None:
    view = plan_view(PLAN, start_sheet=3, instruments_found={"cli"})
    assert [sheet.satisfied for sheet in view.sheets] == [True, True, False]
    assert view.warnings == [
        "Sheets a to b do not run: the files from an earlier run must already be in the workspace."
    ]


def test_a_single_sheet_before_the_start_is_named() -> None:
    (warning,) = plan_view(PLAN, start_sheet=2, instruments_found={"cli"}).warnings
    assert warning.startswith("Sheet a does not run")
