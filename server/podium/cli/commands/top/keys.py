"""The keys of `podium top`: from bytes of a terminal to keys, and from a key to a changed state and what is to be done."""

import re
from dataclasses import dataclass
from typing import Literal

from podium.cli.commands.top.state import State
from podium.contract.models import JobView

Doing = Literal["", "quit", "pause", "resume", "cancel", "logs", "explain"]
_SEQUENCES = {
    "[A": "up", "OA": "up", "[B": "down", "OB": "down", "[5~": "page up", "[6~": "page down",
    "[H": "home", "OH": "home", "[1~": "home", "[F": "end", "OF": "end", "[4~": "end",
}  # fmt: skip
_PRESSED = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])|.", re.DOTALL)
_SAME = {
    "k": "up",
    "j": "down",
    "b": "page up",
    " ": "page down",
    "g": "home",
    "G": "end",
    "\x1b": "back",
    "\r": "l",
    "\n": "l",
}
_MOVES = frozenset({"up", "down", "page up", "page down", "home", "end"})
_JOB_KEYS: dict[str, Doing] = {"p": "pause", "r": "resume", "l": "logs", "e": "explain"}
HELP = [
    "up, down, k, j      choose a job; Page Up, Page Down, Home and End too",
    "p                   pause the job: sheets that run end first",
    "r                   resume it; that also approves what holds",
    "c                   cancel it; asks first",
    "l, Enter            show the end of what its sheets wrote",
    "e                   explain why it failed or waits",
    "q                   back from a page (Escape too), or quit; jobs go on",
    "Ctrl-Z              suspend, and fg to come back",
]


@dataclass(frozen=True)
class Todo:
    """What a key wants done to a job."""

    what: Doing = ""
    job_id: str = ""


def keys_in(data: bytes) -> list[str]:
    """Return the keys that a terminal sent, by name or letter; sequences of keys that are not used have the name ""."""
    pressed = _PRESSED.findall(data.decode("utf-8", "replace"))
    return [_SEQUENCES.get(each[1:], "") if len(each) > 1 else _SAME.get(each, each) for each in pressed]


def press(state: State, key: str, rows: int) -> Todo:
    """Change what is shown as a key wants it, on a screen of so many rows, and return what else is to be done."""
    if state.question:
        return _answer(state, key)
    state.note = ""
    if key in {"q", "back"} and state.page != "jobs":
        state.page, state.text, state.at = "jobs", [], 0
    elif key == "q":
        return Todo("quit")
    elif key == "?":
        state.page, state.text, state.at = "help", HELP, 0
    elif key in _MOVES:
        _move(state, key, rows)
    elif (job := state.job) is not None:
        return _on_job(state, job, key)
    return Todo()


def _answer(state: State, key: str) -> Todo:
    """Take a key for the answer to the question: y is yes, every other one no."""
    asked, state.question = state.question, ""
    if key in {"y", "Y"}:
        return Todo("cancel", asked)
    state.note = f"{asked} is not cancelled."
    return Todo()


def _on_job(state: State, job: JobView, key: str) -> Todo:
    """Take a key that is for the chosen job. What it does not allow the conductor says; a cancel is asked first."""
    if key != "c":
        return Todo(_JOB_KEYS.get(key, ""), job.job_id)
    if "cancel" in job.allowed_actions:
        state.question = job.job_id
    else:
        state.note = f"{job.job_id} cannot be cancelled: it is {job.status}."
    return Todo()


def _move(state: State, key: str, rows: int) -> None:
    """Choose another job, or show another part of a page."""
    count = len(state.jobs) if state.page == "jobs" else len(state.text)
    step = {"up": -1, "down": 1, "page up": -rows, "page down": rows, "home": -count, "end": count}[key]
    if state.page == "jobs":
        state.choose(state.row + step)
    else:
        state.at = max(0, min(state.at + step, count - rows))
