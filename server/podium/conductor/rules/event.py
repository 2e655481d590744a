"""One transition of a job as the conductor keeps it: its text is made once, for the disk and for every subscriber."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from podium.contract.models import EventView

_ENCODER = json.JSONEncoder(separators=(",", ":"))  # ASCII only, so a lone surrogate survives


@dataclass(frozen=True)
class Event:
    """A transition. `at` is in ISO-8601."""

    seq: int
    job_id: str
    job_seq: int
    type: str
    at: str
    data: dict[str, Any]

    @property
    def view(self) -> EventView:
        """The event as a reply carries it."""
        return EventView(
            seq=self.seq, job_id=self.job_id, job_seq=self.job_seq, type=self.type, at=self.at, data=self.data
        )

    @cached_property
    def data_text(self) -> str:
        """The data as a JSON object."""
        return _ENCODER.encode(self.data)

    @cached_property
    def text(self) -> bytes:
        """The view as a JSON object. Ids, types and times hold nothing that needs to be escaped."""
        head = (
            f'"seq":{self.seq},"job_id":"{self.job_id}","job_seq":{self.job_seq},"type":"{self.type}","at":"{self.at}"'
        )
        return f'{{{head},"data":{self.data_text}}}'.encode()
