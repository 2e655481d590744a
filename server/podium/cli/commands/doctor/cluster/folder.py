"""The folder that the conductor and the nodes share, seen from this machine."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from podium.cli.views.doctor import Finding
from podium.errors import PermissionDenied
from podium.home import Home, is_away
from podium.privacy.way import check_way, is_there
from podium.settings import Settings

PATH_FIX = "Set slurm_folder to a folder that every node sees under the same path."
LOW_DISK_BYTES = 1024**3
# As /proc/self/mountinfo calls file systems that are made to be shared.
SHARED = re.compile(
    r"nfs|lustre|gpfs|beegfs|(?:fuse\.)?ceph|fuse\.gluster|panfs|pvfs|orangefs|ocfs|gfs|cifs|smb3|9p|afs|wekafs|"
    r"daos|dvs|quobyte|moose|juicefs|fuse\.(?:moose|juicefs|quobyte|sshfs)|virtiofs"
)


def examine(settings: Settings) -> tuple[Path | None, list[Finding]]:
    """Judge the folder; return where a file for the nodes can be put, None if nowhere."""
    folder = settings.cluster
    if away := _away(settings):
        return None, [away]
    place = next(path for path in (folder, *folder.parents) if is_there(path))
    if not place.is_dir():
        return None, [Finding("shared folder", "fail", f"{place} is not a folder", PATH_FIX)]
    if not os.access(place, os.W_OK | os.X_OK):
        why = "is not writable" if place == folder else f"cannot be made: {place} is not writable"
        return None, [Finding("shared folder", "fail", f"{folder} {why}", PATH_FIX)]
    try:
        check_way(folder / "any", "The folder for the cluster", "slurm_folder")
    except PermissionDenied as error:
        return None, [Finding("shared folder", "fail", error.message, error.fix)]
    if why := _refuses(place):
        return None, [Finding("shared folder", "fail", f"nothing can be made in {place}: {why}", PATH_FIX)]
    made = "" if place == folder else "; it will be made when it is needed"
    found = Finding("shared folder", "ok", f"{folder} is writable{made}")
    return place, [found, *_kinds(place, settings.home), _space(place)]


def _away(settings: Settings) -> Finding | None:
    """Judge what was made in the folder for this home, if it was; the conductor makes nothing in its place."""
    record = Home(settings.home).cluster_record
    if not record.is_symlink() or not is_away(record, root := record.readlink()) or root.parent != settings.cluster:
        return None
    fix = f"Mount it again; if it is gone for good: mkdir -p {root}/jobs"
    return Finding("shared folder", "fail", f"{root} is not there any more", fix)


def _refuses(place: Path) -> str:
    """Return why no file can be made in a folder, in the system's words, "" if one can: the modes alone do not tell."""
    try:
        with tempfile.TemporaryDirectory(prefix="podium-doctor-", dir=place) as made:
            Path(made, "file").write_bytes(bytes(4096))
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _kinds(place: Path, home: Path) -> list[Finding]:
    """Judge the file systems of both places, where the system tells them."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text()
    except OSError:
        return []
    return list(kinds(mounts, str(place.resolve()), str(home.resolve())))


def kinds(mounts: str, place: str, home: str) -> Iterator[Finding]:
    """Judge the file systems of the shared folder and of the home, given the text of /proc/self/mountinfo."""
    shared, own = file_system(mounts, place), file_system(mounts, home)
    if SHARED.match(shared):
        yield Finding("file system", "ok", f"{shared}, which is made to be shared")
    else:
        text = f"{shared}, which machines do not share as a rule; only if all nodes are this machine, it will do"
        yield Finding("file system", "note", text, PATH_FIX)
    if SHARED.match(own):
        text = f"the home {home} is on {own}, and SQLite is safe on a disk of this machine only"
        yield Finding(
            "database", "note", text, "Set PODIUM_HOME to a folder on such a disk; slurm_folder stays shared."
        )


def file_system(mounts: str, path: str) -> str:
    """Return the type of the file system that a path is on, given the text of /proc/self/mountinfo."""
    best, kind = "", "unknown"
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        point = re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), left.split(" ")[4])
        if len(point) >= len(best) and (path + "/").startswith(point.rstrip("/") + "/"):
            best, kind = point, right.split(" ")[0]
    return kind


def _space(place: Path) -> Finding:
    free = shutil.disk_usage(place).free
    text = f"{free / 1024**3:.1f} GiB free at {place}"
    if free >= LOW_DISK_BYTES:
        return Finding("space", "ok", text)
    return Finding("space", "fail", text, "Free some space: sheets cannot start or log without it.")
