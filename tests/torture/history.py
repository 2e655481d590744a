"""What the clients of a campaign did and were told."""

import itertools
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["submit", "pause", "resume", "modify", "cancel", "delete"]
Outcome = Literal["acknowledged", "refused", "unknown", "not sent"]


@dataclass
class Op:
    """One change that a client asked for. `unknown` means that the reply was lost: it happened, or it did not."""

    number: int
    client: int
    kind: Kind
    job_id: str  # "" until a submit is acknowledged
    key: str  # the request key; for a submit also the idempotency key
    params: dict[str, Any]
    outcome: Outcome = "not sent"
    code: str = ""  # of a refusal
    reply: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        told = self.code or self.reply.get("message", "")
        return f"#{self.number} client {self.client} {self.kind} {self.job_id or '?'} key={self.key}: {self.outcome} {told}"


class History:
    """Every operation of a home, in the order in which they began. Threads share it."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.notes: list[str] = []
        self.seen: dict[str, int] = {}  # job id -> the newest event number that a reply's snapshot was said to include
        self.unstored: set[str] = set()  # jobs of which a cancel was carried out before it was stored
        self.alone: set[int] = set()  # clients whose jobs no other client changes now
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def begin(self, client: int, kind: Kind, job_id: str, params: dict[str, Any], prefix: str) -> Op:
        """Add an operation that is about to be sent."""
        with self._lock:
            number = next(self._numbers)
            op = Op(number, client, kind, job_id, f"{prefix}-{number}", params)
            self.ops.append(op)
            return op

    def note(self, text: str) -> None:
        """Add a line that is only for the reader: a kill, a start."""
        with self._lock:
            self.notes.append(f"after #{len(self.ops)}: {text}")

    def saw(self, view: dict[str, Any]) -> None:
        """Note how far a job's snapshot in a reply reached."""
        seq = int(view["cursor"].rpartition(":")[2])
        with self._lock:
            self.seen[view["job_id"]] = max(seq, self.seen.get(view["job_id"], 0))

    def of(self, job_id: str, kind: Kind, *outcomes: Outcome) -> list[Op]:
        """Return a job's operations of one kind with one of these outcomes."""
        return [op for op in self.ops if op.job_id == job_id and op.kind == kind and op.outcome in outcomes]

    def jobs(self, *, client: int | None = None) -> list[str]:
        """Return the jobs whose submit was acknowledged and that nobody has tried to delete: those of this client, or all that
        anyone may change.
        """
        deleted = {op.job_id for op in self.ops if op.kind == "delete" and op.outcome in {"acknowledged", "unknown"}}
        submits = [op for op in self.ops if op.kind == "submit" and op.outcome == "acknowledged"]
        asked = [op for op in submits if (op.client == client if client is not None else op.client not in self.alone)]
        return [op.job_id for op in asked if op.job_id not in deleted]

    def report(self, job_ids: Iterable[str] = ()) -> str:
        """Return the history as text: of these jobs, or its last part."""
        wanted = set(job_ids)
        ops = [op for op in self.ops if op.job_id in wanted] if wanted else self.ops[-40:]
        return "\n".join([*map(str, ops), "", *self.notes[-20:]])
