"""Clients of a campaign: each asks for changes and notes what it was told."""

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.support.podium_home import ask
from tests.torture.history import History, Kind, Op
from tests.torture.scores import make_score

JOBS_EACH = 5  # that a client keeps before it deletes some
METHODS: dict[Kind, str] = {
    "submit": "job.submit", "pause": "job.pause", "resume": "job.resume", "modify": "job.modify",
    "cancel": "job.cancel", "delete": "job.clear",
}  # fmt: skip
DONE_WORD = {"pause": "paused", "cancel": "cancelled", "delete": "deleted"}
CHANCES: dict[str, int] = {"submit": 8, "pause": 4, "resume": 4, "modify": 2, "cancel": 3, "delete": 3, "status": 3}


class Down(Exception):
    """Nobody answers on the socket."""


@dataclass
class Client:
    """One client. It mostly works on the jobs that it submitted, now and then on another's."""

    number: int
    socket: Path
    folder: Path  # of scores' workspaces and of the tokens file
    history: History
    random: Random = field(default_factory=Random)

    def work(self, stop: threading.Event) -> None:
        """Ask for one change after another until told to stop."""
        while not stop.is_set():
            with suppress(Down):
                self._step()
            stop.wait(self.random.uniform(0, 0.05))

    def ask_again(self, op: Op) -> None:
        """Repeat an operation with its key: what it did before counts, else it is done now."""
        told = op.outcome
        self._send(op)
        if told == "acknowledged" and op.outcome == "refused":
            if op.code != "JOB_DELETED":
                raise AssertionError(f"asked again, the reply changed: {op}")
            op.outcome = told

    def submit(self) -> Op:
        """Submit a job of a score that is drawn."""
        params = {**self._score(), "self_healing": self.random.random() < 0.15}
        op = self.history.begin(self.number, "submit", "", params, f"c{self.number}")
        self._send(op)
        return op

    def _step(self) -> None:
        kind = self.random.choices(list(CHANCES), list(CHANCES.values()))[0]
        mine = self.history.jobs(client=self.number)
        jobs = mine if self.random.random() < 0.85 else self.history.jobs()
        if kind == "status":
            self._look(jobs)
        elif kind == "submit" and len(mine) < JOBS_EACH:
            self.submit()
        elif jobs and kind != "submit":
            self._change(kind, self.random.choice(jobs))  # type: ignore[arg-type]

    def _change(self, kind: Kind, job_id: str) -> None:
        params: dict[str, Any] = {"job_ids": [job_id]} if kind == "delete" else {"job_id": job_id}
        if kind == "modify":
            params |= self._score()
        self._send(self.history.begin(self.number, kind, job_id, params, f"c{self.number}"))

    def _score(self) -> dict[str, Any]:
        name = f"t{self.number}-{self.random.randint(0, 99)}"
        own = self.folder / "ws" / name if self.random.random() < 0.5 else None
        text = make_score(self.random, name, self.folder / "tokens", own)
        return {"config_content": text, "client_cwd": str(self.folder)}

    def _look(self, jobs: list[str]) -> None:
        if jobs:
            self._status(self.random.choice(jobs))
        else:
            self._call("job.list", {})

    def _status(self, job_id: str) -> str:
        """Return the status of a job, "" if it is deleted, or the conductor about to stop."""
        try:
            view = self._call("job.status", {"job_id": job_id, "sheets": False})["podium"]
        except RuntimeError as error:
            if "JOB_DELETED" not in str(error) and "shutting down" not in str(error):
                raise
            return ""
        self.history.saw(view)
        return str(view["status"])

    def _send(self, op: Op) -> None:
        keys = {"request_key": op.key}
        if op.kind == "submit":
            keys["idempotency_key"] = f"idem-{op.key}"
        try:
            reply = ask(self.socket, METHODS[op.kind], {**op.params, **keys})
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise Down from error
        except OSError as error:
            op.outcome = "unknown"
            raise Down from error
        except RuntimeError as error:
            raise AssertionError(f"an error where a refusal was due: {op}: {error}") from error
        self._note(op, reply)

    def _note(self, op: Op, reply: dict[str, Any]) -> None:
        op.reply = reply
        refused = reply["refused"][0] if reply.get("refused") else reply
        done = reply.get("status") == "accepted" or bool(reply.get(DONE_WORD.get(op.kind, "")))
        op.outcome, op.code = ("acknowledged", "") if done else ("refused", refused["code"])
        if reply.get("unstored"):  # carried out, but not promised to outlive this conductor
            op.outcome = "unknown"
            self.history.unstored.add(op.job_id)
            return
        if done and op.kind == "submit":
            assert op.job_id in {"", reply["job_id"]}, f"one key, two jobs: {op}"
            op.job_id = reply["job_id"]
        if done and op.kind != "delete":
            self.history.saw(reply["job"])

    def _call(self, method: str, params: dict[str, Any]) -> Any:
        try:
            return ask(self.socket, method, params)
        except OSError as error:
            raise Down from error
