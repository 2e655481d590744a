"""What the Marianne conductor was recorded to answer, and whether an answer of ours is one that its clients can read."""

import json
from pathlib import Path
from typing import Any

_RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded" / "marianne_clients.json").read_text())
CHECKPOINTS: list[dict[str, Any]] = _RECORDED["checkpoints"]
SHEETS: list[dict[str, Any]] = _RECORDED["sheets"]
SHORT: list[dict[str, Any]] = _RECORDED["short"]
REFUSALS: list[dict[str, Any]] = _RECORDED["refusals"]
REPLIES: dict[str, dict[str, Any]] = _RECORDED["replies"]
EVENTS: list[dict[str, Any]] = _RECORDED["events"]
SHORT_ALWAYS = {"job_id", "status", "config_path", "workspace", "submitted_at", "started_at"}

# Of these nothing but null was ever recorded, and ours say something.
OURS: dict[str, type] = {
    "config_path": str,
    "error_message": str,
    "started_at": str,
    "completed_at": str,
    "exit_code": int,
    "exit_signal": int,
    "validation_passed": bool,
    "validation_details": list,
}


def misfits(ours: dict[str, Any], recorded: list[dict[str, Any]], always: set[str] | None = None) -> list[str]:
    """Return what of an object does not fit those that were recorded: a member is missing, or has another type.

    A member that was never null there must not be null here. `always` are the members that must be there, None for all.
    """
    types: dict[str, set[type]] = {}
    for each in recorded:
        for name, value in each.items():
            types.setdefault(name, set()).add(type(value))
    wrong = [f"{name} is missing" for name in sorted((types.keys() if always is None else always) - ours.keys())]
    for name, allowed in types.items():
        if name in ours and type(ours[name]) not in allowed | _more(name, allowed):
            wrong.append(f"{name} is {ours[name]!r}, and not of {sorted(each.__name__ for each in allowed)}")
    return wrong


def _more(name: str, allowed: set[type]) -> set[type]:
    return {OURS[name]} if name in OURS and type(None) in allowed else set()
