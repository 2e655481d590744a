"""Job ids: `<slug>-<5 base32>`, short enough to retype and unique for ever."""

import re
import secrets
import sqlite3

from podium.conductor.store.store import Store

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # base32 without the letters and digits that look alike
_SLUG_CHARS = 30
_TAKEN = "SELECT 1 FROM jobs WHERE job_id = ? UNION ALL SELECT 1 FROM tombstones WHERE job_id = ?"


async def new_job_id(store: Store, name: str) -> str:
    """Return an id that no job has or had."""
    return await store.read(lambda db: _free_id(db, slug(name)))


def slug(name: str) -> str:
    """Return the readable part of an id: ASCII letters, digits and single dashes."""
    text = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_SLUG_CHARS].strip("-")
    return text or "job"


def _free_id(db: sqlite3.Connection, prefix: str) -> str:
    while True:
        job_id = f"{prefix}-{''.join(secrets.choice(_ALPHABET) for _ in range(5))}"
        if db.execute(_TAKEN, (job_id, job_id)).fetchone() is None:
            return job_id
