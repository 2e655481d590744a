"""A client of the event stream: through every death of the conductor it goes on from its cursor, and sees each event once."""

import json
import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.torture.facts import Rows
from tests.torture.walk import Violation

LOOK_SECONDS = 0.2
Told = tuple[str, int, str]  # job id, number within the job, type


@dataclass
class Follower:
    """Collects events by their number."""

    path: Path
    cursor: str = ""
    seen: dict[int, Told] = field(default_factory=dict)
    first: int = 0  # everything after this number was, or will be, seen

    def work(self, stop: threading.Event) -> None:
        """Follow the stream until told to stop, over as many connections as it takes."""
        while not stop.is_set():
            try:
                with socket.socket(socket.AF_UNIX) as peer:
                    peer.settimeout(LOOK_SECONDS)
                    peer.connect(str(self.path))
                    self._follow(peer, stop)
            except OSError:
                stop.wait(0.05)

    def _follow(self, peer: socket.socket, stop: threading.Event) -> None:
        request = {"jsonrpc": "2.0", "id": 1, "method": "job.events", "params": {"after": self.cursor}}
        peer.sendall(json.dumps(request).encode() + b"\n")
        rest = b""
        while not stop.is_set():
            try:
                data = peer.recv(65536)
            except TimeoutError:
                continue
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self._take(json.loads(line))

    def _take(self, message: dict[str, Any]) -> None:
        if "result" in message and not self.cursor:
            self.cursor = message["result"]["next"]
            self.first = int(self.cursor.rpartition(":")[2])
        elif message.get("method") == "job.event":
            event = message["params"]
            if event["seq"] in self.seen:
                raise Violation("stream", f"event {event['seq']} came twice", event["job_id"])
            self.seen[event["seq"]] = (event["job_id"], event["job_seq"], event["type"])
            self.cursor = f"{self.cursor.rpartition(':')[0]}:{event['seq']}"

    def check(self, rows: Rows) -> None:
        """What was seen is on the disk as it was told, and nothing in between was missed; deleted jobs have no events left.

        Raises:
            Violation: a seen event is not there, or is another one, or one was skipped.
        """
        stored = {
            event["seq"]: (job, event["job_seq"], event["type"])
            for job, events in rows.events.items()
            for event in events
        }
        for seq, told in self.seen.items():
            if stored.get(seq) != told and told[0] not in rows.tombstones:
                raise Violation("stream", f"event {seq} was told as {told} and is stored as {stored.get(seq)}", told[0])
        last = max(self.seen, default=0)
        missed = [stored[seq] for seq in stored if self.first < seq < last and seq not in self.seen]
        if missed:
            raise Violation("stream", f"never told: {missed}", *(told[0] for told in missed))
