"""The verdicts of attempts that did not play their sheet, or that a fault of ours kept from it."""

import json
from dataclasses import replace

from podium.conductor.attempts.live import LiveAttempt
from podium.conductor.engines.port import End, EndReason
from podium.conductor.rules.verdicts import Trouble, Verdict
from podium.contract.models import ValidationView
from podium.log import get_logger
from podium.texts.shown import one_line

log = get_logger()


def passed_over(live: LiveAttempt, why: str) -> Verdict:
    """Return the verdict of an attempt whose sheet is skipped."""
    return Verdict(End(live.attempt.key, "never_started"), passed=False, message=why, skipped=True)


def not_run(live: LiveAttempt, reason: EndReason, message: str, trouble: Trouble = "") -> Verdict:
    """Return the verdict of an attempt that never reached the engine."""
    return Verdict(End(live.attempt.key, reason), passed=False, message=message, trouble=trouble)


def undecided(live: LiveAttempt, message: str, why: str, last: str) -> Verdict:
    """Return the verdict of an attempt whose skip_when_command gave no answer; `last` is the end of the command's output."""
    check = ValidationView(
        type="skip_when_command",
        passed=False,
        expected="an exit code that says whether to skip",
        found=why,
        output=one_line(last) if last else "",
        seconds=0,
    )
    verdict = not_run(live, "launch_failed", message, "unjudged")
    return replace(verdict, validations=json.dumps([check.model_dump()]))


def broken(live: LiveAttempt, end: End, error: Exception) -> Verdict:
    """Return the verdict of an attempt that a fault of ours kept from being prepared or judged; the log has the details."""
    log.error(
        "attempt_broken", job_id=live.job_id, sheet=live.sheet.label, attempt=live.attempt.attempt, exc_info=error
    )
    # The text of an error may quote anything, the job's own too; that of the system may not.
    why = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    message = f"internal error: {type(error).__name__}{why}; the conductor's log has the details"
    return Verdict(end, passed=False, message=message, trouble="internal")
