"""What `podium doctor` reports, and prints with `--json`."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from podium.contract.view import View

Verdict = Literal["ok", "note", "fail"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `note` is worth knowing, `fail` stands in the way."""

    what: str
    verdict: Verdict
    found: str
    fix: str = ""


class DoctorView(View):
    """Everything that was looked at; `passed` is false if something stands in the way."""

    passed: bool
    findings: list[Finding] = Field(default_factory=list)
