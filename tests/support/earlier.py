"""What a version without keepers left on the disk and among the processes (format version 1), as that version made it.

A shell ran around each attempt and wrote into its folder; the text below is that shell's, to the letter.
"""

import json
import os
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path

from podium.conductor.engines.local.earlier import BLOCK_BYTES, EarlierFolder, Origin
from podium.conductor.engines.port import AttemptSpec
from podium.conductor.processes import facts

HERE = Origin(facts.boot_id())
BLANK = b" " * (BLOCK_BYTES - 1) + b"\n"
TEXT = rf"""exec 3>&2 4<>"$1/record" 2>/dev/null
set +eu
[ -z "$4" ] || printf 0 >"$4/cgroup.procs"
podium_stop=
trap 'podium_stop=1' HUP INT QUIT PIPE ALRM TERM USR1 USR2
podium_start() {{ shift 21; podium_ticks=$1; }}
read -r podium_stat </proc/$$/stat && podium_start $podium_stat
printf '%-{BLOCK_BYTES - 1}s\n' "$$ ${{podium_ticks:-0}} $2 end" >&4
if ! cd -- "$3"; then
  set -- no_workspace 126
elif [ -n "$podium_stop" ]; then
  set -- exited 143
else
  shift 4
  (exec "$@" 2>&3 3>&- 4>&-)
  set -- exited $?
fi
printf '%s %s end\n' "$1" "$2" >&4
exit "$2"
"""


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
    (spec.folder / "record").write_bytes(BLANK + BLANK + json.dumps({**asked, **asdict(origin)}).encode())
    (spec.folder / "script").write_text(spec.script)
    (spec.folder / "stderr.log").touch()
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
