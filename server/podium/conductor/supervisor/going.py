"""What a committed batch asks of attempts."""

from podium.conductor.attempts.launcher import Launcher
from podium.conductor.rules.batch import Batch


def set_going(batch: Batch, launcher: Launcher) -> None:
    """Have attempts started, suspended, let go on, taken back and ended, none of which is waited for."""
    for launch in batch.launches:
        launcher.launch(launch.job, launch.attempt)
    for attempt, suspended in batch.wishes:
        launcher.hold(attempt, suspended=suspended)
    for attempt in batch.withdrawals:
        launcher.withdraw(attempt)
    for attempt in batch.cancels:
        launcher.cancel(attempt)
