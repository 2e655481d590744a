"""What `podium doctor` reports."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "note", "fail"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `note` is worth knowing, `fail` stands in the way."""

    what: str
    verdict: Verdict
    found: str
    fix: str = ""
