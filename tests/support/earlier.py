"""What a version without keepers left on the disk and among the processes (format version 1), as that version made it.

A shell ran around each attempt and wrote into its folder. That shell's text, a record, and the database of a home with three
running sheets lie in `tests/fault/homes/without_keepers`; all were taken from that version while it ran.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from podium.conductor.engines.local.earlier import BLOCK_BYTES, EarlierFolder, Origin
from podium.conductor.engines.port import AttemptSpec
from podium.conductor.processes import facts
from podium.home import ACKNOWLEDGED, DATABASE, Home

HERE = Origin(facts.boot_id())
BLANK = b" " * (BLOCK_BYTES - 1) + b"\n"
HOME = Path(__file__).parents[1] / "fault/homes/without_keepers"
TEXT = (HOME / "wrapper.sh").read_text("utf-8")
SCRIPTS = {
    "runs": "touch begun-runs; until [ -e go ]; do sleep 0.1; done; echo said; exit 5",
    "ends": "touch begun-ends; until [ -e ends ]; do sleep 0.1; done; exit 7",
    "dies": "touch begun-dies; until [ -e ends ]; do sleep 0.1; done; kill -9 $$",
}
"""The sheets of the recorded home, each the only one of a job with that name."""


def prepare(spec: AttemptSpec, origin: Origin = HERE) -> EarlierFolder:
    """Write what that version wrote before a launch."""
    spec.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    asked = {
        "version": 1,
        "key": spec.key,
        "workspace": str(spec.workspace),
        "argv": spec.argv,
        "stdin_script": spec.stdin_script,
        "timeout_seconds": spec.timeout_seconds,
        "grace_seconds": spec.grace_seconds,
        "env": dict(spec.env),
    }
    record, script, stderr = (spec.folder / name for name in ("record", "script", "stderr.log"))
    for path in (record, script, stderr):
        path.touch(0o600)
    record.write_bytes(BLANK + BLANK + json.dumps({**asked, **asdict(origin)}).encode())
    script.write_text(spec.script)
    return EarlierFolder(spec.folder)


def forge(
    spec: AttemptSpec, *, identity: str = "", exit_record: str = "", claimed: bool = True, origin: Origin = HERE
) -> AttemptSpec:
    """Leave a folder as a launch that took its claim, and a shell that wrote these records, would have left it."""
    folder = prepare(spec, origin)
    if claimed:
        (spec.folder / "stdout.log").touch()
    with folder.record.open("r+") as file:
        file.write(identity)
        file.seek(BLOCK_BYTES)
        file.write(exit_record)
    return spec


def launch(spec: AttemptSpec, origin: Origin = HERE) -> None:
    """Start an attempt as that version did, in the cgroup that `origin` names; its conductor dies at once."""
    prepare(spec, origin)
    claim = os.open(spec.folder / "stdout.log", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    bash = shutil.which("bash") or "/bin/bash"
    found = spec.argv or (bash, str(spec.folder / "script"))
    found = found if "/" in found[0] else ("/usr/bin/env", *found)
    place = (str(spec.folder), origin.boot_id, str(spec.workspace), origin.cgroup or "")
    command = ["setsid", "--fork", "/bin/sh", "-c", TEXT, "podium-attempt", *place, *found]
    with (
        os.fdopen(claim, "ab") as stdout,
        Path(spec.folder / "script" if spec.stdin_script else os.devnull).open("rb") as stdin,
        (spec.folder / "stderr.log").open("ab") as stderr,
    ):
        env = {**os.environ, **spec.env, facts.MARKER: spec.key}
        subprocess.run(command, env=env, stdin=stdin, stdout=stdout, stderr=stderr, check=True)


def recorded_home(home: Path, workspace: Path) -> dict[str, tuple[str, AttemptSpec]]:
    """Make the recorded home, and return the job and the attempt of each of `SCRIPTS`, which were running when it was recorded."""
    home.mkdir(mode=0o700)
    place = f"{home.stat().st_dev}:{home.stat().st_ino}"
    text = (HOME / "database.sql").read_text("utf-8").replace("@WORKSPACE@", str(workspace)).replace("@PLACE@", place)
    with closing(sqlite3.connect(home / DATABASE)) as db:
        db.executescript(text)
        db.execute("PRAGMA journal_mode=WAL")
        for old, plan in db.execute("SELECT hash, plan FROM plans").fetchall():  # the plan names the workspace
            new = hashlib.sha256(plan.encode()).hexdigest()
            for table, column in (("plans", "hash"), ("jobs", "plan_hash"), ("attempts", "plan_hash")):
                db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (new, old))  # noqa: S608
        db.commit()
        rows = db.execute("SELECT name, job_id, attempts.serial, key FROM jobs JOIN attempts ON job = seq").fetchall()
        last = db.execute("SELECT MAX(seq) FROM events").fetchone()[0]
    (home / ACKNOWLEDGED).write_text(f"{last:020} end\n")
    found = {}
    for name, job_id, serial, key in rows:
        env = {
            "PODIUM_JOB_ID": job_id,
            "PODIUM_SHEET": "only",
            "PODIUM_ATTEMPT": "1",
            "PODIUM_WORKSPACE": str(workspace),
        }
        folder = Home(home).attempt(job_id, serial)
        spec = AttemptSpec(
            key=key, folder=folder, script=SCRIPTS[name], workspace=workspace, env=env, grace_seconds=5.0
        )
        found[name] = job_id, spec
    return found
