"""The values of variables that came with a job's start (`env_pass`, `--env`): a file of the user's alone for each such job.

A job may start long after its call and after restarts of the conductor, so they have to be kept; they are not in the database,
from whose file a deleted text does not vanish, nor in its backups. The file goes with the job.
"""

import json
from collections.abc import Mapping
from contextlib import suppress

from podium.errors import PermissionDenied, StorageFull
from podium.home import Home
from podium.privacy.files import replace_own, sync_folder
from podium.privacy.way import make_private


def keep(home: Home, job_id: str, values: Mapping[str, str]) -> None:
    """Write the values of a job, in place of earlier ones; they are on the disk when this returns. Blocks.

    Raises:
        StorageFull: they cannot be written. PermissionDenied: another user could read or change them.
    """
    path = home.passed(job_id)
    part = path.with_suffix(".part")
    try:
        make_private(path.parent)
        part.unlink(missing_ok=True)
        replace_own(path, part, json.dumps(dict(values)).encode("ascii"), synced=True)
        sync_folder(path.parent)
    except PermissionDenied:
        raise
    except OSError as error:
        raise StorageFull(
            f"The values of environment variables that came with the call cannot be stored in {path.parent}: {error.strerror}.",
            fix="Free disk space, or make the folder writable, then call again.",
        ) from None


def read(home: Home, job_id: str) -> dict[str, str]:
    """Return the values of a job, none for a job without any or whose file cannot be read. Blocks."""
    try:
        found = json.loads(home.passed(job_id).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str)} if isinstance(found, dict) else {}


def drop(home: Home, job_id: str) -> None:
    """Remove the values of a job. Blocks."""
    for path in (home.passed(job_id), home.passed(job_id).with_suffix(".part")):
        with suppress(OSError):
            path.unlink(missing_ok=True)
