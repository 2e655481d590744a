"""One run of a score: its sheets, how they move, and the status object in which that conductor shows them."""

import copy
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.support.replay.scores import JobConfig

SHAPES: dict[str, Any] = json.loads((Path(__file__).parent / "recorded" / "shapes.json").read_text())
"""Results as they were recorded, by method, and the status object and a sheet of it."""
FINAL = {"completed", "failed", "skipped", "cancelled"}
_AT_ONCE = 4  # sheets of one instrument


def iso(seconds: float | None) -> str | None:
    """Return a time as the status object has it."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@dataclass
class Sheet:
    """A sheet of a run."""

    num: int
    needs: list[int]
    status: str = "pending"
    error: str | None = None
    attempts: int = 0  # those that failed: a sheet that completes at once has none
    seconds: float = 0.0
    restored_at: float | None = None
    starts: int = 0  # of a process, which no reply tells


@dataclass
class Run:
    """The sheets of a job since it was submitted, with the states that the status object has."""

    config: JobConfig
    status: str = "running"
    created_at: float = field(default_factory=time.time)
    started_at: float = field(default_factory=time.time)
    completed_at: float | None = None
    lost: bool = False  # running for ever: nothing of it is started any more
    sheets: dict[int, Sheet] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.sheets:
            self.sheets = {num: Sheet(num, needs) for num, needs in self.config.sheet.needs().items()}

    @property
    def completed(self) -> int:
        """How many sheets are completed."""
        return sum(sheet.status == "completed" for sheet in self.sheets.values())

    @property
    def over(self) -> bool:
        """Whether no sheet has anything left to do."""
        return all(sheet.status in FINAL for sheet in self.sheets.values())

    @property
    def stuck(self) -> bool:
        """Whether no sheet runs or waits, and none can begin."""
        return (
            not self.over
            and not self._ready()
            and all(sheet.status in FINAL | {"pending"} for sheet in self.sheets.values())
        )

    def dispatch(self) -> list[Sheet]:
        """Start the sheets that can begin, and return them."""
        busy = sum(sheet.status == "dispatched" for sheet in self.sheets.values())
        begun = self._ready()[: max(0, _AT_ONCE - busy)]
        for sheet in begun:
            sheet.status, sheet.starts = "dispatched", sheet.starts + 1
        return begun

    def finish(self, num: int) -> None:
        """Let a sheet complete."""
        sheet = self.sheets[num]
        sheet.status, sheet.error, sheet.seconds = "completed", None, 0.005

    def fail(self, num: int, error: str) -> None:
        """Let a sheet fail, and skip what needs it."""
        sheet = self.sheets[num]
        sheet.status, sheet.error, sheet.attempts, sheet.seconds = "failed", error, sheet.attempts + 1, 0.004
        front = [num]
        while front:
            failed = front.pop()
            for each in self.sheets.values():
                if failed in each.needs and each.status not in FINAL:
                    each.status, each.error = "skipped", f"Blocked by failed dependency: sheet {failed}"
                    front.append(each.num)

    def restore(self, config: JobConfig, *, failed_too: bool) -> None:
        """Begin anew what is not completed, and with `failed_too` what has failed; processes that run are killed."""
        kept = {"completed"} if failed_too else {"completed", "failed", "skipped"}
        self.config, self.started_at, self.completed_at = config, time.time(), None
        for sheet in self.sheets.values():
            sheet.attempts = 0
            if sheet.status not in kept:
                sheet.status, sheet.error, sheet.seconds = "pending", None, 0.0
            elif sheet.status == "completed":
                sheet.restored_at = time.time()

    def shown(self, job_id: str) -> dict[str, Any]:
        """Return the status object."""
        instrument = self.config.instrument or "claude_cli"
        return {
            **copy.deepcopy(SHAPES["checkpoint"]),
            "job_id": job_id,
            "job_name": self.config.name,
            "created_at": iso(self.created_at),
            "updated_at": iso(time.time()),
            "started_at": iso(self.started_at),
            "completed_at": iso(self.completed_at),
            "total_sheets": len(self.sheets),
            "total_movements": self.config.sheet.stages,
            "last_completed_sheet": self.completed,
            "status": self.status,
            "instruments_used": [instrument],
            "sheets": {str(num): self._shown(sheet, instrument) for num, sheet in self.sheets.items()},
        }

    def _shown(self, sheet: Sheet, instrument: str) -> dict[str, Any]:
        return {
            **copy.deepcopy(SHAPES["sheet"]),
            "sheet_num": sheet.num,
            "status": sheet.status,
            "completed_at": iso(sheet.restored_at),
            "error_message": sheet.error,
            "error_code": "E999" if sheet.error else None,
            "instrument_name": instrument,
            "normal_attempts": sheet.attempts,
            "max_retries": self.config.retry.max_retries,
            "total_duration_seconds": sheet.seconds,
        }

    def _ready(self) -> list[Sheet]:
        done = {num for num, sheet in self.sheets.items() if sheet.status == "completed"}
        return (
            []
            if self.lost
            else [sheet for sheet in self.sheets.values() if sheet.status == "pending" and done.issuperset(sheet.needs)]
        )
