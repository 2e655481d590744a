"""Inline scores for a conductor that accepts only files. They are kept as long as their job: a resume reads them again.

That conductor names a job after its file, so the job's id is chosen here.
"""

import re
import secrets
from pathlib import Path

from podium.home import SCORES
from podium.privacy.files import replace_own
from podium.privacy.way import make_private

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_NAME = re.compile(r"^name:\s*[\"']?([^\"'#\n]+)", re.MULTILINE)
_LONGEST_SLUG = 40


class ForeignScores:
    """The folder of these scores below PODIUM_HOME: private files in a private folder. Blocking: small files."""

    def __init__(self, home: Path) -> None:
        self._folder = home / SCORES

    def add(self, text: str) -> Path:
        """Store a new score under a new name that begins with the score's own."""
        name = _NAME.search(text)
        slug = re.sub(r"[^a-z0-9]+", "-", name[1].lower() if name else "").strip("-")[:_LONGEST_SLUG].strip("-")
        suffix = "".join(secrets.choice(_BASE32) for _ in range(5))
        return self._write(f"{slug or 'score'}-{suffix}", text)

    def replace(self, job_id: str, text: str) -> Path:
        """Store a job's changed score, in one step."""
        return self._write(job_id, text)

    def remove(self, job_id: str) -> None:
        """Remove the score of a job that was deleted, if it was inline."""
        self._path(job_id).unlink(missing_ok=True)

    def _path(self, job_id: str) -> Path:
        return self._folder / f"{job_id.replace('/', '_')}.yaml"

    def _write(self, job_id: str, text: str) -> Path:
        make_private(self._folder)
        path = self._path(job_id)
        part = path.with_suffix(f".{secrets.token_hex(4)}.part")
        replace_own(path, part, text.encode(), synced=True)
        return path
