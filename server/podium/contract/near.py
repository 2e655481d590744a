"""An unknown job id, and the ids that may be meant by it."""

import difflib
from collections.abc import Sequence
from typing import Any

from podium.errors import JobNotFound

_SHOWN = 3
NAMED_SHOWN = 5
# Of two suffixes of five characters: one character is wrong, missing or extra, or two are swapped.
_LIKE = 0.75


def job_not_found(
    job_id: str, known: Sequence[str], named: Sequence[dict[str, Any]] = (), named_total: int = 0
) -> JobNotFound:
    """Return the error for an unknown job; `known` has the ids of all jobs, newest first.

    If it is the name of `named_total` jobs, `named` describes the newest of them, as `as_named` does.
    """
    ids = [str(each["job_id"]) for each in named]
    if not ids:
        near = near_ids(job_id, known)
        fix = f"Did you mean {' or '.join(near)}?" if near else "Call list_jobs to see all jobs."
        return JobNotFound(f"Job '{job_id}' not found", fix=fix, job_id=job_id, near=near)
    total = max(named_total, len(ids))
    facts = {"job_id": job_id, "near": ids[:_SHOWN], "named": list(named), "named_total": total}
    if total == 1:
        return JobNotFound(f"'{job_id}' is a job's name; its id is {ids[0]}.", fix=f"Give the id {ids[0]}.", **facts)
    return JobNotFound(f"'{job_id}' is the name of {total} jobs.", fix="Give one of their ids.", **facts)


def as_named(job_id: str, status: str, submitted_at: str, finished_at: str) -> dict[str, Any]:
    """Return what tells a job from others of its name; times are ISO-8601, "" if there is none."""
    return {"job_id": job_id, "status": status, "submitted_at": submitted_at, "finished_at": finished_at}


def near_ids(given: str, known: Sequence[str]) -> list[str]:
    """Return at most three ids that may be meant, the likeliest first and of equally likely ones the newest.

    `given` may be the id in another case, a job's name alone, an id with a slip in its suffix, the id of another job of the same
    name, or anything that looks like an id.
    """
    wanted = given.lower()
    ids = {job_id.lower(): job_id for job_id in known}
    ranks = {job_id: rank for job_id in ids if (rank := _rank(wanted, job_id)) is not None}
    found = sorted(ranks, key=ranks.__getitem__)
    found += [job_id for job_id in difflib.get_close_matches(wanted, ids, n=_SHOWN) if job_id not in ranks]
    return [ids[job_id] for job_id in found[:_SHOWN]]


def _rank(wanted: str, job_id: str) -> int | None:
    """Return how unlikely it is that this id is meant, None if only its similarity can say."""
    name, _, suffix = job_id.rpartition("-")
    if job_id == wanted:
        return 0
    if name == wanted:
        return 1 if name else None
    wanted_name, _, wanted_suffix = wanted.rpartition("-")
    if not name or name != wanted_name:
        return None
    return 2 if difflib.SequenceMatcher(None, suffix, wanted_suffix).ratio() >= _LIKE else 3
