"""What a wait that timed out says of sheets on a cluster."""

from podium.contract.waits import RunningSheet, RunningView, WaitView
from podium_tools.going import going_text
from tests.support.port import job

ID = "build-x7k2q"


def told(sheet: RunningSheet) -> str:
    view = WaitView(woke_for="timeout", jobs=[job()], after="", waited_seconds=45.0)
    return going_text(view, {ID: RunningView(sheets=[sheet])})


def test_a_sheet_in_a_queue_has_not_been_running_for_any_time() -> None:
    waits = RunningSheet(label="a", since="", limit_seconds=60.0, place="in Slurm's queue as job 512: Priority")
    assert told(waits) == " a is in Slurm's queue as job 512: Priority."


def test_the_sheets_that_are_not_listed_are_not_said_to_run_while_any_waits() -> None:
    since, at = "2026-01-02T03:04:05.000Z", "2 wait in Slurm's queue"
    for start, in_queue, rest in (("", "", "were started"), (since, at, "were started"), (since, "", "run")):
        known = job(running=["a"], running_total=3, in_queue=in_queue)
        view = WaitView(woke_for="timeout", jobs=[known], after="", waited_seconds=45.0)
        running = RunningView(sheets=[RunningSheet(label="a", since=start, place="somewhere")])
        assert going_text(view, {ID: running}).endswith(f"; 2 more {rest}.")


def test_a_sheet_on_a_node_is_told_with_its_node() -> None:
    runs = RunningSheet(label="a", since="2026-01-02T03:04:05.000Z", place="on node f2 as Slurm job 512")
    assert told(runs).endswith("since 2026-01-02T03:04:05Z (no limit, no output yet, on node f2 as Slurm job 512).")
