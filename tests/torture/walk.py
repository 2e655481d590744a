"""A job's events read as a history: a second, plain description of the job states that has to agree with the first."""

from dataclasses import dataclass, field
from typing import Any

from podium.contract.states import TERMINAL

ENDS = {
    "sheet.completed": "completed",
    "sheet.failed": "failed",
    "sheet.retrying": "failed",
    "sheet.completing": "failed",
    "sheet.cancelled": "cancelled",
    "sheet.fallback": "failed",
    "sheet.rate_limited": "failed",
    "sheet.abandoned": "abandoned",
}


class Violation(AssertionError):
    """The home is not as it must be. `jobs` are those that it is about."""

    def __init__(self, check: str, text: str, *jobs: str) -> None:
        super().__init__(f"{check}: {text}")
        self.jobs = jobs


@dataclass
class Run:
    """One attempt as the events tell it. `outcome` is "" until it ends."""

    name: str
    attempt: int
    outcome: str = ""


@dataclass
class Walk:
    """Where a job is after the events so far. `effects` counts the changes that took effect, by kind."""

    job_id: str
    status: str = ""
    intent: str = ""
    runs: list[Run] = field(default_factory=list)
    open: dict[str, Run] = field(default_factory=dict)  # sheet name -> its running attempt
    holding: set[str] = field(default_factory=set)  # names of sheets that wait for an approval
    suspends: bool = False  # its last pause has left sheets that are suspended, and may end all the same
    ends: dict[str, str] = field(default_factory=dict)  # id under which an end is told -> the status
    untold: dict[str, str] = field(default_factory=dict)  # the same id -> why its command failed
    effects: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("pause", "resume", "modify", "cancel"), 0))

    def step(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        """Take the next event."""
        kind = event["type"]
        if kind == "job.deleted":
            self.require(self.status in TERMINAL, event, "an active job was deleted")
        elif kind.startswith("sheet."):
            self._sheet(kind, event, data)
        elif kind == "healing.diagnosed" and data["remedy"]:
            self._ended(event, data, "failed")  # without a remedy the end of the sheet follows
        elif kind.startswith("job.") and kind != "job.stuck":
            getattr(self, f"_{kind.partition('.')[2]}")(event, data)

    def require(self, holds: bool, event: dict[str, Any], text: str) -> None:
        """Say what is wrong with an event.

        Raises:
            Violation: it does not hold.
        """
        if not holds:
            place = (
                f"{event['type']} (number {event['job_seq']}) in {self.status or 'no state'}, intent {self.intent!r}"
            )
            raise Violation("events make sense", f"{self.job_id}: {text}: {place}", self.job_id)

    def _sheet(self, kind: str, event: dict[str, Any], data: dict[str, Any]) -> None:
        name = data["name"]
        if kind == "sheet.started":
            self.require(self.status == "running" and not self.intent, event, f"{name} started when it must not")
            self.require(name not in self.holding, event, f"{name} started without its approval")
            self.require(name not in self.open, event, f"{name} started while an attempt of it had no end")
            self.open[name] = run = Run(name, data["attempt"])
            self.runs.append(run)
        elif kind == "sheet.placed":
            self.require(name in self.open, event, f"{name} had not started")
            self.require(self.open[name].attempt == data["attempt"], event, f"another attempt of {name} is placed")
        elif kind == "sheet.skipped":
            self.holding.discard(name)
            self._abandon(name)
        elif kind == "sheet.held":
            self.require(name not in self.holding | self.open.keys(), event, f"{name} holds although it did, or runs")
            self.holding.add(name)
        elif kind == "sheet.released":
            self.require(name in self.holding and not self.intent, event, f"{name} did not hold")
            self.holding.discard(name)
        else:
            self._ended(event, data, ENDS[kind])

    def _ended(self, event: dict[str, Any], data: dict[str, Any], outcome: str) -> None:
        """Note the end of the attempt that an event tells of."""
        opened = self.open.pop(data["name"], None)
        is_it = opened is not None and opened.attempt == data["attempt"]
        self.require(is_it, event, f"{data['name']} had not started")
        if opened is not None:
            opened.outcome = outcome

    def _abandon(self, name: str | None = None) -> None:
        """Take attempts as skipped by their command, which leaves no event of its own; the rows must agree."""
        for each in [name] if name is not None else list(self.open):
            if run := self.open.pop(each, None):
                run.outcome = "abandoned"

    def _submitted(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        self.require(not self.status, event, "submitted twice")
        self.status = "queued"

    def _started(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        self.require(self.status == "queued", event, "started when it was not queued")
        self.status = "running"

    def _pause_requested(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        again = self._wakes()  # a sheet was suspended, and could not be kept so: the pause waits for its end
        self.require(self.status in {"queued", "running"} and not self.intent, event, "cannot pause")
        self.intent = "pause"
        self.effects["pause"] += not (again or data.get("reason"))  # with one the limit of costs pauses the job

    def _paused(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        self.require(self.intent == "pause" or bool(self.holding), event, "paused without a wish or a hold")
        for name in self.open.keys() - set(data.get("suspended", ())):
            self._abandon(name)
        self.status, self.intent, self.suspends = "paused", "", bool(self.open)

    def _wakes(self) -> bool:
        """Take a paused job whose sheets are suspended for one that runs; return whether it was one."""
        if self.status != "paused" or not self.suspends:
            return False
        self.status = "running" if self.open else self.status
        return bool(self.open)

    def _resumed(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        self.effects["resume"] += 1
        if data.get("withdrawn"):
            self.require(self.intent == data["withdrawn"], event, "withdrew what was not there")
            self.intent = ""
        elif self.status != "paused" and data.get("released"):
            self.require(self.status in {"queued", "running"}, event, "cannot approve")
        elif not self._wakes():
            self.require(self.status in {"paused", "failed", "cancelled"}, event, "cannot resume")
            if self.status != "paused":
                self.holding.clear()
            self.status = "queued"

    def _modify_requested(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        self._wakes()
        self.require(self.status == "running" and self.intent != "cancel", event, "cannot modify")
        self.intent = "modify"
        self.effects["modify"] += 1

    def _modified(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        self.require(self.intent != "cancel" and self.status != "completed", event, "cannot take a change")
        self._abandon()
        self.effects["modify"] += self.intent != "modify"
        self.holding.clear()
        self.status, self.intent = "queued", ""

    def _cancel_requested(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        self._wakes()
        self.require(self.status in {"queued", "running", "paused"} and self.intent != "cancel", event, "cannot cancel")
        self.intent = "cancel"
        self.effects["cancel"] += 1

    def _cancelled(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        self.require(self.intent == "cancel", event, "cancelled without a wish")
        self._abandon()
        self._end("cancelled", event)

    def _completed(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        self.require(self._may_end(), event, "cannot complete")
        self._end("completed", event)

    def _failed(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        self.require(self._may_end(), event, "cannot fail")
        self._end("failed", event)

    def _may_end(self) -> bool:
        """Return whether it may end as nobody has asked for; a paused one does when its last suspended sheet has ended."""
        suspended = self.status == "paused" and self.suspends
        return (suspended or self.status in {"queued", "running"}) and self.intent != "cancel"

    def _notification_failed(self, event: dict[str, Any], data: dict[str, Any]) -> None:
        self.require(data["id"] in self.ends, event, f"told of {data['id']}, which is no end")
        self.require(data["id"] not in self.untold, event, f"{data['id']} failed twice")
        self.untold[data["id"]] = data["reason"]

    def _end(self, status: str, event: dict[str, Any]) -> None:
        self.require(not self.holding or status == "cancelled", event, f"ended while {sorted(self.holding)} hold")
        self.require(not self.open, event, f"ended while {sorted(self.open)} ran")
        self.status, self.intent = status, ""
        self.ends[f"{self.job_id}.{event['job_seq']}"] = status
