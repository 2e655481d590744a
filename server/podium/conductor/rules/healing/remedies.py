"""A remedy: what changes for the one healing round of a sheet. It is stored with the sheet, so it survives a crash."""

import json
from dataclasses import asdict, dataclass
from typing import Literal

RemedyKind = Literal["make_folders", "next_instrument", "longer_limit", "wait", "complete"]


@dataclass(frozen=True)
class Remedy:
    """One remedy with its values. `cause` is the code of the diagnosis, `text` says in one clause what the remedy does."""

    kind: RemedyKind
    cause: str
    text: str
    folders: tuple[str, ...] = ()  # make_folders: absolute paths, the workspace or inside it
    timeout_seconds: float | None = None  # longer_limit
    wait_seconds: float | None = None  # wait
    note: str = ""  # complete: what is appended to the prompt
    attempt: int = 0  # the first attempt that had it; 0 = none yet


def dump(remedy: Remedy | None) -> str:
    """Return the text for a sheet's row, "" for no remedy."""
    if remedy is None:
        return ""
    return json.dumps({name: value for name, value in asdict(remedy).items() if value or name in {"kind", "cause"}})


def load(text: str) -> Remedy | None:
    """Return the remedy that `dump` wrote."""
    if not text:
        return None
    values = json.loads(text)
    return Remedy(**{**values, "folders": tuple(values.get("folders", ()))})
