"""Inline scores for a conductor that accepts only files. They are kept as long as their job: a resume reads them again.

That conductor names a job after its file, so the job's id is chosen here.
"""

import json
import re
import secrets
from pathlib import Path

from podium.client.marianne.checking import MOST_BYTES
from podium.contract.models import JobView
from podium.contract.score_text import JobScore, JobScoreParams
from podium.contract.secrets.masks import Masker
from podium.errors import UnsupportedByConductor
from podium.home import SCORES, Home
from podium.privacy.files import replace_own
from podium.privacy.way import make_private
from podium.texts.score_text import looks_like_score, page_of
from podium.texts.source import read_score

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_NAME = re.compile(r"^name:\s*[\"']?([^\"'#\n]+)", re.MULTILINE)
_LONGEST_SLUG = 40


def file_of(job: JobView, request: JobScoreParams) -> JobScore:
    """Return a page of the file that a job was started from. Blocking: it reads the file.

    Raises:
        UnsupportedByConductor: its path is not known, or it is not taken for a score. ScoreNotFound, PermissionDenied: it cannot
            be read. PathNotAllowed, InvalidArguments, ScoreInvalid: see `read_score`.
    """
    fix = f"Read the score yourself, or list the files of the job: list_artifacts(job_id={json.dumps(job.job_id)})"
    if not job.config_path:
        raise UnsupportedByConductor(f"This conductor does not say from which file {job.job_id} was started.", fix=fix)
    path, text = read_score(job.config_path, cwd=Path("/"), max_bytes=MOST_BYTES)
    if not looks_like_score(text):
        raise UnsupportedByConductor(f"{path}, from which {job.job_id} was started, is not a score now.", fix=fix)
    page = page_of(text, first=request.offset, most=request.max_lines, masker=Masker(), copies=request.copies)
    return JobScore(job=job, text=page, path=str(path), file="not_kept")


class ForeignScores:
    """The folder of these scores below PODIUM_HOME: private files in a private folder. Blocking: small files."""

    def __init__(self, home: Path) -> None:
        self._folder = home / SCORES
        self._workspaces = Home(home).workspaces

    def add(self, text: str) -> Path:
        """Store a new score under a new name that begins with the score's own."""
        name = _NAME.search(text)
        return self._write(_new_id(name[1] if name else ""), text)

    def new_workspace(self, name: str) -> Path:
        """Make a workspace for a job with this name, as that conductor makes none."""
        path = self._workspaces / _new_id(name)
        make_private(self._workspaces)
        make_private(path)
        return path

    def replace(self, job_id: str, text: str) -> tuple[Path, str | None]:
        """Store a job's changed score, in one step; return where, and what stood there, None if nothing did."""
        path = self._path(job_id)
        before = path.read_text() if path.is_file() else None
        return self._write(job_id, text), before

    def restore(self, job_id: str, text: str | None) -> None:
        """Put back what stood there before a change that was not taken."""
        if text is None:
            self.remove(job_id)
        else:
            self._write(job_id, text)

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


def _new_id(name: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    suffix = "".join(secrets.choice(_BASE32) for _ in range(5))
    return f"{slug or 'score'}-{suffix}"
