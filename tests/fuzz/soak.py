"""`python -m tests.fuzz.soak [--seed N] [--inputs N]`: hostile scores, templates and patterns, and what must hold meanwhile.

Beside them a good client has a score checked again and again. The conductor must never restart, must not grow, and the good client
must not wait. How many of the reader's workers the texts have ended is printed, apart from those that the soak itself kills: a run
in which none does proves nothing.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from tests.fuzz import stranger
from tests.fuzz.scores import KILLERS, draw, params_of
from tests.support.jobs import submit
from tests.support.podium_home import Conductor, ask, make_home, until

GOOD = "name: good\nvariables: {who: me}\nsheets:\n  - run: echo {{ who }} {{ who|upper }}\n"
LOG = (
    "name: log\nsheets:\n  - run: seq 3000; yes aaaaaaaaaaaaaaaaaaaaaaaab | head -n 5\n"  # on which patterns take long
)
LANES = 2  # hostile clients at once
GROWTH_BYTES = 15 * 1024**2
WAIT_SECONDS = 0.5  # of the good client
LONG = 10_000  # inputs from which on so many deaths are expected
DEATHS = 100
KILLER_SHARE = 0.05  # of the inputs, at least, for each known killer
KILL_EVERY = 80  # inputs
STRANGER_EVERY = 10  # inputs: one that comes from a process of its own, of which the conductor knows nothing
STRANGER = Path(stranger.__file__)
LOST = re.compile(r'reader_worker_lost.* why="([^"]+)"')
CODES = {"SCORE_INVALID", "INVALID_ARGUMENTS", "CONDUCTOR_BUSY"}


class Soak:
    """One conductor and what is done to it."""

    def __init__(self, seed: str, folder: Path) -> None:
        self.seed = seed
        self.conductor = Conductor(make_home(folder, reader_seconds=1.0))
        self.socket = self.conductor.settings.socket
        self.violations: list[str] = []
        self.kinds: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.killed = 0

    def run(self, inputs: int) -> None:
        """Play the inputs, and note what does not hold."""
        self.conductor.start()
        pid, job_id = (
            self.conductor.pid,
            submit(self.conductor, LOG),
        )
        until(lambda: ask(self.socket, "job.status", {"job_id": job_id})["status"] == "completed")
        ask(self.socket, "job.validate", {"config_content": GOOD, "client_cwd": "/"})  # the reader has started
        begun = self._resident()
        command = [sys.executable, "-m", "tests.fuzz.witness", str(self.socket), GOOD]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as witness:
            with ThreadPoolExecutor(LANES) as lanes:
                list(lanes.map(lambda number: self._play(number, job_id), range(inputs)))
            told, failed = witness.communicate(timeout=90)
        self._check_witness(told, failed)
        if self.conductor.pid != pid or not self.conductor.answers():
            self.violations.append("the conductor has ended")
            return
        try:
            until(lambda: self._resident() - begun <= GROWTH_BYTES, seconds=20)
        except AssertionError:
            self.violations.append(f"the conductor grew from {begun >> 20} to {self._resident() >> 20} MiB")
        print(f"seed {self.seed}: resident MiB before and after: {begun >> 20}, {self._resident() >> 20}")
        self._check_losses(inputs)

    def _check_losses(self, inputs: int) -> None:
        """The texts were hostile enough: they have ended many workers, and no known killer was drawn seldom."""
        losses = Counter(LOST.findall(self.conductor.log.read_text()))
        from_outside = losses.pop("signal SIGKILL", 0)
        print(f"seed {self.seed}: workers that the texts ended: {losses.total()}, {dict(losses.most_common())}; "
              f"the soak killed {self.killed}, {from_outside} of them at work")  # fmt: skip
        if inputs < LONG:
            return
        if losses.total() <= DEATHS:
            self.violations.append(f"only {losses.total()} workers were ended by the texts, which proves nothing")
        for kind, _, _ in KILLERS:
            if self.kinds[kind] < KILLER_SHARE * inputs:
                self.violations.append(f"only {self.kinds[kind]} inputs were of the kind {kind}")

    def _play(self, number: int, job_id: str) -> None:
        foreign = draw(self.seed, number)
        self.kinds[foreign.kind] += 1
        if number % KILL_EVERY == KILL_EVERY - 1:
            self._kill_worker()
        try:
            answer = self._ask(foreign.method, params_of(foreign, job_id), number)
            code = answer.get("code", "") if isinstance(answer, dict) else ""
        except RuntimeError as error:
            data = json.loads(str(error)).get("data") or {}
            code = data.get("code", "INTERNAL")
        except OSError as error:
            code = type(error).__name__
        self.answers[code or "taken"] += 1
        if code and code not in CODES:
            self.violations.append(f"input {number} ({foreign.kind}) was answered with {code}: {foreign.text[:200]!r}")

    def _ask(self, method: str, params: dict[str, Any], number: int) -> Any:
        if number % STRANGER_EVERY:
            return ask(self.socket, method, params, seconds=60)
        request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n"
        command = [sys.executable, "-I", "-S", str(STRANGER), str(self.socket)]
        told = subprocess.run(command, input=request, capture_output=True, text=True, timeout=90, check=False).stdout
        answer = json.loads(told) if told else {"error": {}}
        if "error" in answer:
            raise RuntimeError(json.dumps(answer["error"]))
        return answer["result"]

    def _kill_worker(self) -> None:
        """Kill a worker of the reader, as the system may do."""
        if (pid := self._reader()["pid"]) is None:
            return
        try:
            for each in psutil.Process(pid).children()[:1]:
                each.kill()
                self.killed += 1
        except psutil.NoSuchProcess:
            return

    def _reader(self) -> dict[str, Any]:
        processes = ask(self.socket, "daemon.status")["processes"]
        return next(each for each in processes if each["role"] == "reader")

    def _resident(self) -> int:
        return int(psutil.Process(self.conductor.pid).memory_info().rss)

    def _check_witness(self, told: str, failed: str) -> None:
        if not told:
            self.violations.append(f"the good client failed: {failed}")
            return
        found = json.loads(told)
        print(f"seed {self.seed}: a good client asked {found['asked']} times; median {found['median'] * 1000:.1f} ms, "
              f"longest {found['longest'] * 1000:.0f} ms")  # fmt: skip
        if found["longest"] > WAIT_SECONDS:
            self.violations.append(f"a good client waited {found['longest']:.2f} s")


def main() -> int:
    """Run the soak that the command line asks for; return 1 where something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", default="1")
    parser.add_argument("--inputs", type=int, default=LONG)
    options = parser.parse_args()
    folder, begun = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp")), time.monotonic()
    soak = Soak(options.seed, folder)
    try:
        soak.run(options.inputs)
    finally:
        soak.conductor.end()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{options.inputs} inputs in {time.monotonic() - begun:.0f} s: {dict(soak.kinds.most_common())}")
    print(f"answers: {dict(soak.answers.most_common())}")
    print("\n".join(soak.violations) or "no violation")
    return 1 if soak.violations else 0


if __name__ == "__main__":
    sys.exit(main())
