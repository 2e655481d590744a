"""Every type of event that the conductor writes, with the members of its `data`: one table for writer and readers."""

from typing import Literal, NamedTuple, get_args

EventType = Literal[
    "job.submitted",
    "job.started",
    "job.pause_requested",
    "job.paused",
    "job.resumed",
    "job.modify_requested",
    "job.modified",
    "job.stuck",
    "job.cancel_requested",
    "job.completed",
    "job.failed",
    "job.cancelled",
    "job.notification_failed",
    "job.deleted",
    "sheet.started",
    "sheet.placed",
    "sheet.completed",
    "sheet.failed",
    "sheet.completing",
    "sheet.retrying",
    "sheet.rate_limited",
    "sheet.fallback",
    "sheet.skipped",
    "sheet.cancelled",
    "sheet.abandoned",
    "sheet.held",
    "sheet.released",
    "healing.diagnosed",
    "healing.applied",
    "healing.failed",
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)


class Told(NamedTuple):
    """What an event says, the members that its data always has, and those that it has sometimes."""

    says: str
    always: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()


MEMBERS: dict[str, str] = {
    "name": "of an event about a sheet the sheet's label, of one about a job the job's name",
    "sheets_total": "how many sheets the job has",
    "client": "the program that submitted the job, as it calls itself",
    "workspace": "path of the job's workspace",
    "running": "labels of the sheets that run",
    "sheets_completed": "how many sheets have completed",
    "holding": "labels of the sheets that wait for an approval",
    "withdrawn": "what a resume took back: `pause` or `modify`",
    "from_sheet": "the sheet from which all runs again, or null",
    "released": "labels of the sheets that were approved, the first ones",
    "suspended": "labels of the sheets that the pause has suspended, the first ones",
    "continued": "labels of the sheets that were suspended and go on, the first ones",
    "sheets_kept": "how many completed sheets stay as they are",
    "reason": "why, in a sentence",
    "sheets_failed": "how many sheets have failed",
    "sheets_skipped": "how many were skipped by their own condition",
    "sheets_before_start": "how many stand before `start_sheet`",
    "sheets_blocked": "how many could not run because another one failed",
    "status": "the state of the job until then",
    "sheet": "the sheet's number, from 1",
    "attempt": "which attempt of the sheet, from 1",
    "instrument": "the instrument that played it",
    "exit_code": "of the first process, or null",
    "end_reason": "how the attempt ended: one of the end reasons below",
    "processes_ended": "how many processes that it had left were ended",
    "duration_seconds": "how long the attempt ran",
    "survivors": "the processes that could not be ended, with the reason",
    "delay_seconds": "seconds until it runs again",
    "retry": "which retry this is, from 1",
    "completion": "which request to complete the work this is, from 1",
    "max_completions": "how many such requests a sheet may have",
    "max_retries": "how many retries the sheet has",
    "until": "when the wait ends",
    "wait": "which wait for the limit this is, from 1",
    "max_waits": "how many such waits a sheet may have",
    "place": "where it runs, such as `Slurm job 512 on node f2`",
    "to": "the instrument that plays it from now on",
    "skip_kind": "`condition`: its own; `blocked`: a sheet that it needs has failed",
    "text": "the text of `hold`",
    "cause": "the cause that was found, as a word",
    "diagnosis": "the cause in a clause",
    "remedy": 'the remedy, as a word; "" if there is none',
    "does": "what the remedy does",
    "id": "the `PODIUM_NOTIFICATION_ID` of the end or pause that the command was to report",
    "command": "which command: `on_end` of the score, or `notify` of the settings",
}
"""What each member of an event's data means."""

_END = ("sheet", "name", "attempt", "instrument", "exit_code", "end_reason", "processes_ended", "duration_seconds")
_LEFT = ("survivors",)
_COUNTS = ("sheets_completed", "sheets_failed", "sheets_skipped", "sheets_before_start", "sheets_blocked")

EVENTS: dict[EventType, Told] = {
    "job.submitted": Told("the job is on disk", ("name", "sheets_total", "client")),
    "job.started": Told("its first sheet is about to start, or the first one after a resume", ("workspace",)),
    "job.pause_requested": Told("it pauses when its running sheets have ended; with a reason if nobody asked for it",
                                ("running",), ("reason",)),
    "job.paused": Told("it is paused: on request, at a limit of costs, or because every sheet that is left is held",
                       ("sheets_completed",), ("holding", "suspended")),
    "job.resumed": Told("it goes on", (), ("withdrawn", "from_sheet", "released", "continued")),
    "job.modify_requested": Told("it takes the changed score when its running sheets have ended", ("running",)),
    "job.modified": Told("it has the changed score", ("sheets_total", "sheets_kept")),
    "job.stuck": Told("it shows no sign of life: no output, no processor time for `stuck_seconds`", ("running",)),
    "job.cancel_requested": Told("its processes are being ended", ("running",)),
    "job.completed": Told("all sheets that were to run have completed", ("reason", *_COUNTS)),
    "job.failed": Told("a sheet has failed, and nothing that can still run is left", ("reason", *_COUNTS)),
    "job.cancelled": Told("it was cancelled, and its processes are gone", ("reason", *_COUNTS)),
    "job.notification_failed": Told("a command that reports the job's end, or its pause at a hold, failed; the job's state "
                                    "stays", ("id", "command", "reason")),
    "job.deleted": Told("it was removed with its logs and its earlier events", ("name", "status")),
    "sheet.started": Told("an attempt is about to start", ("sheet", "name", "attempt", "instrument")),
    "sheet.placed": Told("of a cluster: the attempt has left the queue, and was seen running on a node",
                         ("sheet", "name", "attempt", "place")),
    "sheet.completed": Told("the attempt passed every check", _END, _LEFT),
    "sheet.failed": Told("the attempt failed, and nothing is tried any more", ("reason", *_END), _LEFT),
    "sheet.completing": Told(
        "the agent left a part of its checks failed; it is asked to complete its work, which uses up no retry",
        ("reason", "delay_seconds", "completion", "max_completions", *_END), _LEFT,
    ),
    "sheet.retrying": Told(
        "the attempt failed, and the sheet runs again later",
        ("reason", "delay_seconds", "retry", "max_retries", *_END), _LEFT,
    ),
    "sheet.rate_limited": Told(
        "the agent met a rate limit; the sheet waits and runs again, which uses up no retry",
        ("reason", "delay_seconds", "until", "wait", "max_waits", *_END), _LEFT,
    ),
    "sheet.fallback": Told("the attempt failed, and the next instrument takes the sheet", ("reason", "to", *_END), _LEFT),
    "sheet.skipped": Told("the sheet does not run", ("sheet", "name", "skip_kind", "reason")),
    "sheet.cancelled": Told("the attempt was ended because the job was cancelled", _END, _LEFT),
    "sheet.abandoned": Told("the attempt never started; the sheet starts again, which uses up no retry; on a cluster after "
                            "`delay_seconds`, or when its job goes on if the attempt was taken back", ("reason", *_END),
                            ("delay_seconds", *_LEFT)),
    "sheet.held": Told("the sheet waits for an approval", ("sheet", "name", "text")),
    "sheet.released": Told("the sheet was approved", ("sheet", "name")),
    "healing.diagnosed": Told("a sheet of a self-healing job failed, and this is why",
                              ("reason", "cause", "diagnosis", "remedy", *_END), _LEFT),
    "healing.applied": Told("an attempt starts with a remedy",
                            ("sheet", "name", "attempt", "instrument", "cause", "remedy", "does")),
    "healing.failed": Told("there is no remedy, or it did not help", ("reason", "cause", "remedy", *_END),
                           ("diagnosis", *_LEFT)),
}  # fmt: skip
"""Event -> what it tells. A type keeps its members; new members and new types may come."""
