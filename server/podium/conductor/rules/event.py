"""One transition of a job as the conductor keeps it: its text is made once, for the disk and for every subscriber."""

import json
from dataclasses import dataclass, field
from typing import Any

from podium.contract.models import EventView

_ENCODER = json.JSONEncoder(separators=(",", ":"))  # ASCII only, so a lone surrogate survives


@dataclass(slots=True)
class Event:
    """A transition. `at` is in ISO-8601."""

    seq: int
    job_id: str
    job_seq: int
    type: str
    at: str
    data: dict[str, Any]
    _data_text: str = field(default="", init=False, compare=False, repr=False)  # most of the cost of an event
    _text: bytes = field(default=b"", init=False, compare=False, repr=False)

    @property
    def view(self) -> EventView:
        """The event as a reply carries it."""
        return EventView(
            seq=self.seq, job_id=self.job_id, job_seq=self.job_seq, type=self.type, at=self.at, data=self.data
        )

    @property
    def data_text(self) -> str:
        """The data as a JSON object."""
        if not self._data_text:
            self._data_text = _ENCODER.encode(self.data)
        return self._data_text

    @property
    def text(self) -> bytes:
        """The view as a JSON object. Ids, types and times hold nothing that needs to be escaped."""
        if not self._text:
            head = f'"seq":{self.seq},"job_id":"{self.job_id}","job_seq":{self.job_seq},"type":"{self.type}"'
            self._text = f'{{{head},"at":"{self.at}","data":{self.data_text}}}'.encode()
        return self._text
