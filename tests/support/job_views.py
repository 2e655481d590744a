"""Jobs and sheets that are always the same, for screens: all times are told from `NOW` of `screens.py`."""

from datetime import datetime, timedelta
from typing import Any

from podium.contract.models import JobDetail, JobView, SheetView
from podium.contract.states import allowed_actions, phase_of
from tests.support.screens import NOW

LONG = "train-the-large-model-with-every-data-set-that-there-is-and-then-some"
WIDE = "測試 الاختبار ключ 🎉 café\u0301 빌드 nightly"


def before(seconds: float) -> str:
    """Return the time so many seconds before now."""
    return (datetime.fromisoformat(NOW) - timedelta(seconds=seconds)).isoformat()


def job(job_id: str = "nightly-x5rqa", status: str = "completed", **facts: Any) -> JobView:
    """Return a job of ten sheets that began 200 s ago, and ended 65 s ago if it has ended."""
    ended = status in {"completed", "failed", "cancelled"}
    given = {
        "job_id": job_id,
        "job_name": job_id.rpartition("-")[0],
        "status": status,
        "sheets_total": 10,
        "sheets_completed": 10 if status == "completed" else 4,
        "workspace": "/home/ada/work/out",
        "config_path": "/home/ada/work/nightly.yaml",
        "submitted_at": before(210),
        "started_at": None if status == "queued" else before(200),
        "finished_at": before(65) if ended else None,
        "cursor": "h1:7",
        **facts,
    }
    asked = {name: bool(given.get(name)) for name in ("pause_requested", "cancel_requested")}
    phase = phase_of(given["status"], holding=bool(given.get("holding")), **asked)
    return JobView.model_validate({"allowed_actions": allowed_actions(phase), **given})


EVERY_STATE = [
    job("queued-22222", "queued", sheets_completed=0, reason="queued behind 3 jobs"),
    job("running-33333", "running", running=["lint", "tests", "docs"], running_total=16),
    job(
        "stuck-44444",
        "running",
        running=["train"],
        stuck=True,
        reason="no output and no CPU use by train for more than 10 min",
    ),
    job(
        "retry-55555",
        "running",
        waiting=["fetch"],
        waiting_until=before(-42),
        reason="sheet fetch is waiting for 42 s: retry 1 of 3 after: exit code 7",
    ),
    job("holding-66666", "paused", holding=["deploy"], reason="sheet deploy waits for approval: Deploy to production?"),
    job(
        "pausing-77777", "running", running=["a"], pause_requested=True, reason="pause requested: waiting for a to end"
    ),
    job("paused-aaaaa", "paused", reason="paused on request"),
    job(
        "stopping-bbbbb",
        "running",
        running=["a"],
        cancel_requested=True,
        reason="cancel requested: the processes of a are being terminated",
    ),
    job("completed-ccccc", warnings=["other active jobs also use the workspace: nightly-x5rqa"]),
    job(
        "failed-ddddd",
        "failed",
        sheets_failed=1,
        sheets_skipped=3,
        sheets_blocked=3,
        reason="sheet tests failed: exit code 3",
    ),
    job("cancelled-eeeee", "cancelled", finished_at=before(3 * 86_400), started_at=before(3 * 86_400 + 7300)),
]


def sheet(number: int, status: str = "completed", **facts: Any) -> SheetView:
    """Return a sheet; one that has run took as many seconds as its number says."""
    ran = status in {"completed", "failed", "running"}
    given = {
        "sheet": number,
        "name": f"step-{number}",
        "status": status,
        "attempts": int(ran),
        "duration_seconds": float(number) if ran else None,
        **facts,
    }
    return SheetView.model_validate(given)


def detail(count: int) -> JobDetail:
    """Return a running job of so many sheets: near its middle one has failed, two run, one waits and one holds."""
    middle = count // 2
    special = {
        middle: sheet(middle, "failed", attempts=3, reason="exit code 3"),
        middle + 1: sheet(middle + 1, "running", duration_seconds=75.0),
        middle + 2: sheet(middle + 2, "running", duration_seconds=3.0, attempts=2),
        middle + 3: sheet(
            middle + 3, "waiting", attempts=1, reason="retry 1 of 2 after: exit code 1", waiting_until=before(-42)
        ),
        middle + 4: sheet(middle + 4, "pending", reason="holds: Deploy to production?"),
    }
    sheets = [
        special.get(each) or sheet(each, "completed" if each < middle else "pending") for each in range(1, count + 1)
    ]
    found = job(
        status="running",
        sheets_total=count,
        sheets_completed=middle - 1,
        sheets_failed=1,
        running=[f"step-{middle + 1}", f"step-{middle + 2}"],
        running_total=2,
        waiting=[f"step-{middle + 3}"],
        holding=[f"step-{middle + 4}"],
        reason=f"sheet step-{middle + 4} waits for approval: Deploy to production?",
    )
    return JobDetail(job=found, sheets=sheets)
