"""A stand-in for `systemctl --user`: it keeps what it was asked, and runs one unit as systemd would, of what the unit says.

STAND_IN names its folder: `calls` has a line for each call; a file `refuse` holds what it says instead of doing anything. A start runs
`ExecStart` with nothing in its environment but HOME and the unit's lines. A stop ends the main process alone, as `KillMode=process` asks
for, and refuses a unit that does not. Only the user's own manager is real; the reading of the unit's text is this file's.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ.get("STAND_IN", os.devnull))
STOP_SECONDS = 30
Unit = dict[str, list[str]]


def main(words: list[str]) -> int:
    """Do what a call asks for; return the exit code."""
    with (FOLDER / "calls").open("a") as calls:
        calls.write(f"{shlex.join(words)}\n")
    if (FOLDER / "refuse").exists():
        print((FOLDER / "refuse").read_text(), file=sys.stderr)
        return 1
    assert words[0] == "--user"
    verb, unit = words[1], words[-1]
    if verb == "show":
        print(f"MainPID={_pid()}\nUnitFileState={'enabled' if (FOLDER / 'enabled').exists() else ''}")
        return 0
    if verb == "enable":
        (FOLDER / "enabled").touch()
    if verb == "disable":
        (FOLDER / "enabled").unlink(missing_ok=True)
    if verb in {"stop", "restart"} or (verb == "disable" and "--now" in words):
        _stop(_read(unit))
    if verb in {"start", "restart"} or (verb == "enable" and "--now" in words and not _pid()):
        _start(_read(unit))
    return 0


def _read(unit: str) -> Unit:
    """Return the settings of a unit by their names."""
    text = (Path(os.environ["HOME"]) / ".config/systemd/user" / unit).read_text()
    settings: Unit = {}
    for line in text.splitlines():
        name, is_setting, value = line.partition("=")
        if is_setting and not line.startswith("#"):
            settings.setdefault(name, []).append(value)
    return settings


def _start(unit: Unit) -> None:
    assigned = [words_of(value)[0].partition("=") for value in unit["Environment"]]
    command = words_of(unit["ExecStart"][0])
    with (FOLDER / "journal").open("ab") as journal:
        process = subprocess.Popen(
            command,
            env={"HOME": os.environ["HOME"], **{name: value for name, _, value in assigned}},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=journal,
            stderr=journal,
            start_new_session=True,
        )
    (FOLDER / "pid").write_text(str(process.pid))


def _stop(unit: Unit) -> None:
    assert unit["KillMode"] == ["process"], "all other processes of the unit would be ended"
    if pid := _pid():
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while _pid():
            assert time.monotonic() < deadline
            time.sleep(0.02)


def _pid() -> int:
    """Return the main process of the unit, 0 if it runs no more; who started it has ended, so somebody else reaps it."""
    try:
        pid = int((FOLDER / "pid").read_text())
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, ValueError):
        return 0
    return 0 if state == "Z" else pid


def words_of(value: str) -> list[str]:
    """Split a value as systemd does."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"', value)
    return [
        re.sub(r"\\(?:x([0-9a-f]{2})|(.))", lambda it: chr(int(it[1], 16)) if it[1] else it[2], word).replace("%%", "%")
        for word in found
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
