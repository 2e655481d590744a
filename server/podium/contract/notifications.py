"""The commands that tell of a job's end: their kinds, and how one that failed is told of in the job's warnings."""

from collections.abc import Iterable
from typing import Literal

NotificationKind = Literal["on_end", "notify"]  # of the score, of the settings
_BEGINS: dict[NotificationKind, str] = {"on_end": "on_end failed for ", "notify": "notify failed for "}


def failure_warning(kind: NotificationKind, notification_id: str, why: str) -> str:
    """Return the warning about a command that failed."""
    return f"{_BEGINS[kind]}{notification_id}: {why}"


def is_failure(warning: str, *kinds: NotificationKind) -> bool:
    """Return whether a warning is about a command that failed, of one of these kinds if there are any."""
    return warning.startswith(tuple(_BEGINS[kind] for kind in kinds or _BEGINS))


def failures(warnings: Iterable[str]) -> list[str]:
    """Return the warnings about commands that failed."""
    return [each for each in warnings if is_failure(each)]
