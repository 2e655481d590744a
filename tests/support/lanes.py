"""A shared folder with one pool, and lanes that play it: the program as it is copied, run by a Python without ours.

Run as a module (`tests.support.engines.on_a_disk_of_its_own`), it plays one attempt on a file system of its own and prints its
end as JSON, with the size of its log and what the log holds of the disk. Arguments: an empty folder to mount on, the file
system's type, its size ("" where it has none), the most bytes of one stream, the script, which finds that folder in $DISK.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from podium.lane import place, program
from podium.lane.processes import MARKER
from tests.support.podium_home import until

JOB = "job-1"
LANE = "701"
GRACE_SECONDS = 0.3
# As a batch script finds it: nothing of the submitter's, and a word of the cluster.
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "SLURMD_NODENAME": "n1"}


@dataclass
class Shared:
    """A shared folder. `python` is the interpreter of its nodes."""

    root: Path
    linger_seconds: float = 0.05
    reuse_seconds: float = 60
    stream_bytes: int = 1024**3
    python: str = sys.executable
    mark: str = field(
        default_factory=lambda: uuid4().hex
    )  # of its keys: tests that run beside each other have none in common

    def __post_init__(self) -> None:
        files = program.files()
        self.program = self.root / program.folder_name(files)
        for name, content in files.items():
            path = self.program / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.pool = self.root / place.POOLS / f"{JOB}.0123"
        for folder in (self.root / place.NEWS, self.pool / place.TODO, self.pool / place.LANES):
            folder.mkdir(parents=True)
        place.write_pool(str(self.pool), place.Pool(self.linger_seconds, self.stream_bytes))

    def replace(self, module: str, text: str) -> None:
        """Put another text in place of a part of the program."""
        for compiled in self.program.glob(f"lane/__pycache__/{module}.*"):
            compiled.unlink()
        (self.program / f"lane/{module}.py").write_text(text)

    def attempt(self, serial: int = 1) -> Path:
        """Return the folder of an attempt."""
        return self.root / place.JOBS / JOB / str(serial)

    def put(self, script: str | tuple[str, ...], serial: int = 1, **spec: Any) -> Path:
        """Add an attempt: a text for bash, or a whole command. Return its folder, which is its workspace, too."""
        folder = self.attempt(serial)
        folder.mkdir(parents=True)
        argv = ("/bin/bash", "-c", script) if isinstance(script, str) else script
        given = {"env": {}, "workspace": str(folder), "grace_seconds": GRACE_SECONDS, **spec}
        place.write_spec(str(folder), place.Spec(f"{self.mark}.{serial}", argv, **given))
        place.keep_spec(str(folder))
        self.add(serial)
        return folder

    def add(self, serial: int) -> None:
        """Put an attempt, whatever is in its folder, where lanes find it."""
        (self.pool / place.TODO / str(serial)).symlink_to(self.attempt(serial))

    def ask(self, what: str, reason: str = "", grace_seconds: float = GRACE_SECONDS, serial: int = 1) -> None:
        """Ask something of an attempt."""
        place.set_link(str(self.attempt(serial) / place.ASK), place.Ask(what, reason, grace_seconds), "test")

    def start(self, lane: str = LANE, env: Mapping[str, str | bytes] = ENVIRONMENT) -> "subprocess.Popen[str]":
        """Start a lane; what it says is on its standard error."""
        command = [self.python, "-I", "-S", str(self.program), str(self.pool), str(self.reuse_seconds)]
        own = {**{os.fsencode(name): value for name, value in env.items()}, b"SLURM_JOB_ID": lane}
        return subprocess.Popen(command, env=own, stderr=subprocess.PIPE, text=True)

    @contextmanager
    def lane(self, lane: str = LANE, env: Mapping[str, str | bytes] = ENVIRONMENT) -> "Iterator[subprocess.Popen[str]]":
        """Run a lane, and end it with what it plays."""
        process = self.start(lane, env)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=100)

    def play(self, serial: int = 1, env: Mapping[str, str | bytes] = ENVIRONMENT) -> place.Exit:
        """Let one lane play all that is there, and return the end of an attempt."""
        with self.lane(env=env) as process:
            _, said = process.communicate(timeout=100)
        assert (process.returncode, said) == (0, "")
        return self.end(serial)

    def end(self, serial: int = 1) -> place.Exit:
        """Wait for the end of an attempt, and return it."""
        until(lambda: place.read_exit(str(self.attempt(serial))) is not None)
        end = place.read_exit(str(self.attempt(serial)))
        assert end is not None
        return end

    def claim(self, serial: int = 1) -> place.Claim:
        """Wait until an attempt is claimed, and return by whom."""
        until(lambda: place.read_claim(str(self.attempt(serial))) is not None)
        claim = place.read_claim(str(self.attempt(serial)))
        assert claim is not None
        return claim

    def members(self, serial: int = 1) -> list[int]:
        """Return the pids of the living processes that are marked as an attempt's."""
        mark = f"{MARKER}={self.mark}.{serial}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    marked = mark in (entry / "environ").read_bytes().split(b"\0")
                except OSError:
                    continue
                if marked:
                    found.append(int(entry.name))
        return found


def main(folder: Path, limit: int, script: str) -> None:
    """Play one attempt and print how it ended."""
    shared = Shared(folder / "shared", stream_bytes=limit)
    attempt = shared.put(script, env={"DISK": str(folder)}, grace_seconds=0.2)
    end = shared.play()
    found = (attempt / place.STDOUT).stat()
    print(json.dumps({**end._asdict(), "size": found.st_size, "held": found.st_blocks * 512}))


if __name__ == "__main__":
    disk, kind, size, most, text = sys.argv[1:]
    options = ["-o", f"size={size}"] if size else []
    subprocess.run(["mount", "-t", kind, *options, "none", disk], check=True)
    main(Path(disk), int(most), text)
