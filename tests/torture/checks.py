"""The checks after each round: what was acknowledged is in effect, each attempt ended once, nothing was left behind."""

import json
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from podium.contract.states import TERMINAL
from tests.torture.facts import (
    ATTEMPT_FILES,
    FOLDERS,
    HOME_FILES,
    KEEPER_FILES,
    TOLD_FILES,
    Rows,
    Tokens,
    files_of,
    marked_processes,
    read_rows,
    read_tokens,
)
from tests.torture.history import History, Kind
from tests.torture.tellings import Tellings
from tests.torture.walk import Run, Violation, Walk

CHANGES: tuple[Kind, ...] = ("pause", "resume", "modify", "cancel")
LOOKS = 40  # at what may be on its way out, a twentieth of a second apart
CANCEL_SECONDS = 6.0  # grace periods and kills; some sheets take longer
OURS = {
    "exited",
    "stale",
    "cancelled",
    "never_started",
    "withdrawn",
}  # ways to end when nobody but the conductor is killed
UNSEEN = {"lost", "killed", "stale", "node_failed", "cancelled_elsewhere"}  # ends of what may, or may not, have begun
UNREAD = "unread"  # an excuse: the folder went away just before the shell read its script, which it takes for a failure of that
UNBEGUN = {"never_started", "withdrawn", "launch_failed"}
NOBODY: Mapping[str, Collection[str]] = {}


def check_all(
    home: Path,
    tokens_file: Path,
    history: History,
    max_sheets: int,
    excused: Mapping[str, Collection[str]] = NOBODY,
    tellings: Tellings | None = None,
) -> Rows:
    """Check everything that holds at any moment, whether the conductor runs or not; return what the checks have read.

    `excused` are further ways in which attempts may have ended, by key.

    Raises:
        Violation: with the check and the jobs.
    """
    early, told = read_tokens(tokens_file), tellings.lines() if tellings else []  # what has written by now is committed
    rows = read_rows(home)
    tokens = read_tokens(tokens_file)  # what was committed as ended has written
    walks = {job_id: walk_events(job_id, events) for job_id, events in rows.events.items()}
    check_submits(rows, history)
    for job_id in rows.jobs:
        check_status(rows, walks[job_id])
        check_effects(walks[job_id], history)
        killed = job_id in history.unstored  # the cancel may have died with its conductor
        check_attempts(rows, walks[job_id], tokens, excused, may_be_killed=killed)
    check_deletes(rows, history)
    check_snapshots(rows, history)
    check_tokens(rows, early)
    if tellings is not None:
        tellings.check(rows, walks, told)
    count = len(rows.open_keys - rows.suspended.keys())
    require(count <= max_sheets, "slots", f"{count} attempts are open and not suspended, {max_sheets} may be")
    check_processes(home)
    return rows


def require(holds: bool, check: str, text: str, *jobs: str) -> None:
    """Raise a Violation unless something holds."""
    if not holds:
        raise Violation(check, text, *jobs)


def walk_events(job_id: str, events: list[dict[str, Any]]) -> Walk:
    """Read a job's events from the first to the last; a deleted job has only its tombstone left."""
    walk = Walk(job_id)
    numbers = [event["job_seq"] for event in events]
    if events[-1]["type"] == "job.deleted":
        require(len(events) == 1, "events are gapless", f"{job_id} is deleted and has events {numbers}", job_id)
        return walk
    require(numbers == list(range(1, len(events) + 1)), "events are gapless", f"{job_id} has {numbers}", job_id)
    for event in events:
        walk.step(event, json.loads(event["data"]))
    return walk


def check_submits(rows: Rows, history: History) -> None:
    """An acknowledged submit is there, a key made one job, and no job came out of nothing."""
    submits = {f"idem-{op.key}": op for op in history.ops if op.kind == "submit"}
    for key, op in submits.items():
        made = rows.keys.get(key)
        if op.outcome == "acknowledged":
            require(made == op.job_id, "submits", f"acknowledged, but the key has {made}: {op}", op.job_id)
        elif op.outcome in {"refused", "not sent"}:
            require(made is None, "submits", f"refused, but there is {made}: {op}", made or "")
    known = {rows.keys[key] for key in submits if key in rows.keys}
    require(set(rows.jobs) <= known, "submits", f"jobs that nobody asked for: {sorted(set(rows.jobs) - known)}")
    require(len(known) == len(rows.keys), "submits", "two keys made one job, or a key is not ours")


def check_status(rows: Rows, walk: Walk) -> None:
    """The stored status and intent are what the events lead to."""
    row = rows.jobs[walk.job_id]
    found, told = (row["status"], row["intent"]), (walk.status, walk.intent)
    require(found == told, "status", f"{walk.job_id} is {found}, its events lead to {told}", walk.job_id)
    require(
        row["event_count"] == len(rows.events[walk.job_id]), "status", f"{walk.job_id} miscounts events", walk.job_id
    )


def check_effects(walk: Walk, history: History) -> None:
    """Each acknowledged change took effect once, each refused one did not, each unknown one at most once."""
    for kind in CHANGES:
        sure = len(history.of(walk.job_id, kind, "acknowledged"))
        perhaps = len(history.of(walk.job_id, kind, "unknown"))
        found = walk.effects[kind]
        require(
            sure <= found <= sure + perhaps,
            "effects",
            f"{walk.job_id}: {kind} took effect {found} times; {sure} acknowledged, {perhaps} unknown",
            walk.job_id,
        )


def check_deletes(rows: Rows, history: History) -> None:
    """A deleted job is gone and has its tombstone; one whose delete was refused is still there."""
    for job_id in {op.job_id for op in history.ops if op.kind == "submit" and op.outcome == "acknowledged"}:
        gone, tomb = job_id not in rows.jobs, job_id in rows.tombstones
        sure = bool(history.of(job_id, "delete", "acknowledged"))
        perhaps = bool(history.of(job_id, "delete", "unknown"))
        require(gone == tomb, "deletes", f"{job_id}: gone {gone}, tombstone {tomb}", job_id)
        require(gone or not sure, "deletes", f"{job_id} was deleted and is back", job_id)
        require(sure or perhaps or not gone, "deletes", f"{job_id} is gone, and nobody deleted it", job_id)
    require(not rows.tombstones & set(rows.jobs), "deletes", "a deleted job is there")


def check_snapshots(rows: Rows, history: History) -> None:
    """No reply told of an event that is not on the disk."""
    newest = max(history.seen.values(), default=0)
    require(newest <= rows.last_event, "snapshots", f"a reply told of event {newest}; the last is {rows.last_event}")


def check_attempts(
    rows: Rows,
    walk: Walk,
    tokens: Tokens,
    excused: Mapping[str, Collection[str]] = NOBODY,
    *,
    may_be_killed: bool = False,
) -> None:
    """Each attempt that the events tell of has its row, its one end, and left what its end says."""
    attempts = rows.attempts.get(walk.job_id, [])
    require(
        len(attempts) == len(walk.runs),
        "attempts",
        f"{walk.job_id} started {len(walk.runs)} attempts and stored {len(attempts)}",
        walk.job_id,
    )
    for row, run in zip(attempts, walk.runs, strict=True):
        told = f"{row['key']} of {run.name}: {run}, stored {row['outcome']!r}, {row['end_reason']}, {row['message']}"
        may_be = {*excused.get(row["key"], ()), *(["killed"] if may_be_killed else [])}
        _check_outcome(row, run, walk.job_id, told, may_be)
        if not (UNREAD in may_be and row["exit_code"] == 1 and row["key"] not in tokens.begins):
            _check_tokens_of(row, tokens, walk.job_id, told)


def _check_outcome(row: dict[str, Any], run: Run, job_id: str, told: str, excused: set[str]) -> None:
    require(row["attempt"] == run.attempt, "attempts", f"another number: {told}", job_id)
    require(bool(row["open"]) == (row["outcome"] == ""), "attempts", f"open and ended, or neither: {told}", job_id)
    same = row["outcome"] == run.outcome or (
        run.outcome in {"abandoned", ""} and row["outcome"] in {"abandoned", "skipped"}
    )
    require(same, "attempts", f"events and row differ: {told}", job_id)
    # A conductor that is killed while it ends a tree leaves the rest of the work to the next one, which finds a signal.
    ours = OURS | excused | ({"killed"} if row["outcome"] == "cancelled" else set())
    require(row["open"] or row["end_reason"] in ours, "attempts", f"ended in a way that nobody caused: {told}", job_id)


def _check_tokens_of(row: dict[str, Any], tokens: Tokens, job_id: str, told: str) -> None:
    begins, ends = tokens.begins.get(row["key"], 0), tokens.ends.get(row["key"], [])
    if row["end_reason"] in UNSEEN:
        require(begins <= 1 and len(ends) <= 1, "tokens", f"ran {begins} times, ended {ends}: {told}", job_id)
    elif row["outcome"] in {"abandoned", "skipped"} or row["end_reason"] in UNBEGUN:
        require(begins == 0, "tokens", f"never started, but ran: {told}", job_id)
    elif row["outcome"] in {"completed", "failed"}:
        require((begins, len(ends)) == (1, 1), "tokens", f"ran {begins} times, ended {ends}: {told}", job_id)
        require(
            ends == [row["exit_code"]],
            "tokens",
            f"its script exited with {ends}, stored {row['exit_code']}: {told}",
            job_id,
        )


def check_tokens(rows: Rows, tokens: Tokens) -> None:
    """No attempt ran twice, none was started without a row, and no sheet had two runs at once."""
    twice = [key for key, count in tokens.begins.items() if count != 1]
    require(not twice, "tokens", f"ran twice: {twice}", *map(job_of, twice))
    known = {row["key"]: (job_id, row["sheet"]) for job_id, found in rows.attempts.items() for row in found}
    alive = {key for key in tokens.begins if job_of(key) in rows.jobs}
    require(alive <= set(known), "tokens", f"ran without a row: {sorted(alive - set(known))}")
    running: dict[tuple[str, int], str] = {}
    for word, key in tokens.order:
        sheet = known.get(key, ("", 0))
        if word == "begin":
            running[sheet] = key
        elif sheet[1]:  # 0: a sheet that a changed score dropped
            require(running.get(sheet) == key, "tokens", f"{key} still ran when {running.get(sheet)} began", sheet[0])


def job_of(key: str) -> str:
    """Return the job id in an attempt's key, or in a marker."""
    return key.split(".")[1]


def check_files(home: Path) -> None:
    """Once a conductor has recovered, nothing is in the home but what belongs there, of jobs that there are."""
    rows = read_rows(home)
    wrong = [path for path in files_of(home) if not _belongs(path, rows)]
    if wrong:
        later = read_rows(home)  # what a running conductor has made or removed meanwhile
        wrong = [path for path in wrong if (home / path).exists() and not _belongs(path, later)]
    require(not wrong, "files", f"left in the home: {', '.join(map(str, wrong))}")


def _belongs(path: Path, rows: Rows) -> bool:
    parts = path.parts
    if len(parts) == 1:
        return parts[0] in HOME_FILES | FOLDERS
    if parts[0] == "keepers":
        return KEEPER_FILES.fullmatch("/".join(parts[1:])) is not None
    jobs = set(rows.jobs) | (rows.removals if parts[0] == "jobs" else rows.tombstones)
    files = TOLD_FILES if len(parts) > 2 and parts[2].startswith("on_end-") else ATTEMPT_FILES
    return parts[1] in jobs and (len(parts) < 4 or parts[3] in files)


def check_processes(home: Path) -> None:
    """Every process of this home belongs to an attempt that is open; one that does not must be on its way out."""
    home_id = read_rows(home).home_id
    for _ in range(LOOKS):
        before = read_rows(home)
        found = marked_processes(home_id)
        after = read_rows(home)
        known = before.open_keys | after.open_keys | before.telling | after.telling
        orphans = {pid: marker for pid, marker in found.items() if marker.partition("#")[0] not in known}
        if not orphans:
            return
        time.sleep(0.05)
    raise Violation("processes", f"nobody's processes run: {orphans}", *map(job_of, orphans.values()))


def check_cancels(home: Path, excused: Collection[str] = ()) -> None:
    """A recovered conductor carries out what was cancelled; it does not wait for the sheets' own end. Some jobs are excused."""
    deadline = time.monotonic() + CANCEL_SECONDS
    while pending := [job_id for job_id in _to_cancel(home) if job_id not in excused]:
        require(time.monotonic() < deadline, "cancels", f"still not carried out: {pending}", *pending)
        time.sleep(0.05)


def _to_cancel(home: Path) -> list[str]:
    return [job_id for job_id, row in read_rows(home).jobs.items() if row["intent"] == "cancel"]


def check_quiet(home: Path) -> None:
    """In the end nothing runs, and every job has ended."""
    rows = read_rows(home)
    active = {job_id: row["status"] for job_id, row in rows.jobs.items() if row["status"] not in TERMINAL}
    require(not active, "quiet", f"jobs that do not end: {active}", *active)
    require(not rows.open_keys, "quiet", f"attempts that do not end: {rows.open_keys}", *map(job_of, rows.open_keys))
    require(not rows.to_tell, "quiet", f"ends that are not told: {rows.to_tell}")
    require(not (left := marked_processes(rows.home_id)), "quiet", f"processes are left: {left}")
