"""The campaign: inputs by their thousands against one real conductor, beside a good client, and the checks."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio

from tests.fuzz import checks
from tests.fuzz.calls import NOT_UNICODE, Stage
from tests.fuzz.inputs import draw
from tests.fuzz.players import Players
from tests.support.jobs import submit
from tests.support.podium_home import Conductor, ask, make_home, until

ACT_INPUTS = 2000  # after so many the stage is set up anew: calls have deleted its jobs
STAGE_JOBS = 6
HEAVY = 4  # the heaviest inputs, played first
LONG = 20_000  # inputs from which on those are worth their time that take half a minute
MOST_VIOLATIONS = 20


class Violation(AssertionError):
    """What was promised of hostile peers did not hold; the text says how, and with which inputs."""


@dataclass
class Campaign:
    """One conductor and what is done to it. Everything that is drawn is drawn from the seed."""

    seed: str
    folder: Path
    tell: Callable[[str], None]
    long: bool = False

    def __post_init__(self) -> None:
        self.conductor = Conductor(make_home(self.folder, grace_seconds=0.3, stuck_seconds=4 * checks.LOOK_SECONDS))
        self.socket = self.conductor.settings.socket
        self.players = Players(
            self.socket, f"python -m tests.fuzz --seed '{self.seed}'{'' if self.long else ' --short'}"
        )
        self.violations = self.players.violations
        self.scene = self.folder / "scene"
        self.scene.mkdir()

    def run(self, numbers: range) -> None:
        """Play the inputs of these numbers.

        Raises:
            Violation: with everything that was found.
        """
        self.conductor.start()
        self._stage()
        idle = checks.at_rest(self.conductor)
        witness = self._witness()
        try:
            marks = self._play(numbers, idle)
        except AssertionError as error:
            marks = []
            self.violations.append(str(error))
        finally:
            told, failed = witness.communicate(timeout=checks.QUIET_SECONDS)
        self._check_witness(told, failed)
        self._check_process(marks, idle)
        if self.violations:
            raise Violation("\n\n".join([f"seed {self.seed}: {len(self.violations)} violations", *self.violations]))

    # -- playing --------------------------------------------------------------------------------------------------

    def _play(self, numbers: range, idle: checks.Facts) -> list[checks.Facts]:
        """Play act by act; return what the process was like after a tenth and after a half."""
        self._act(range(-HEAVY, 0))
        wanted, marks = [len(numbers) // 10, len(numbers) // 2], list[checks.Facts]()
        for start in range(numbers.start, numbers.stop, ACT_INPUTS):
            self._act(act := range(start, min(start + ACT_INPUTS, numbers.stop)))
            if self._is_lost():
                return []
            while wanted and act.stop - numbers.start >= wanted[0]:
                wanted.pop(0)
                marks.append(checks.settled(self.conductor, idle.descriptors + 1))  # the witness has one
        anyio.run(self.players.play_aside)
        return marks

    def _stage(self) -> Stage:
        """Have a few jobs that have run `true`, for calls to name."""
        home_id = ask(self.socket, "daemon.status")["home_id"]
        stage = Stage((), home_id, self.scene)
        for name in ("score.yaml", NOT_UNICODE):
            (self.scene / name).write_text(stage.score)
        jobs = tuple(submit(self.conductor, stage.score) for _ in range(STAGE_JOBS))
        until(lambda: not ask(self.socket, "job.list", {"status": "running"}))
        return Stage(jobs, home_id, self.scene)

    def _act(self, numbers: range) -> None:
        begun, stage = time.monotonic(), self._stage()
        inputs = (draw(self.seed, number, stage, long=self.long) for number in numbers)
        anyio.run(self.players.play, inputs)
        speed = len(numbers) / (time.monotonic() - begun)
        self.tell(f"seed {self.seed} inputs {numbers.start} to {numbers.stop}: {speed:.0f}/s, "
                  f"{len(self.violations)} violations")  # fmt: skip

    def _is_lost(self) -> bool:
        return len(self.violations) >= MOST_VIOLATIONS or not checks.is_alive(self.conductor)

    # -- checking -------------------------------------------------------------------------------------------------

    def _witness(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.fuzz.witness", str(self.socket)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def _check_witness(self, told: str, failed: str) -> None:
        """A good client was always answered, and soon."""
        if not told:
            self.violations.append(f"the good client failed: {failed}")
            return
        found = json.loads(told)
        self.tell(f"seed {self.seed}: a good client asked {found['asked']} times; median {found['median'] * 1000:.1f} ms, "
                  f"longest {found['longest'] * 1000:.0f} ms")  # fmt: skip
        if found["longest"] > checks.DELAY_SECONDS:
            self.violations.append(f"a good client waited {found['longest']:.1f} s")

    def _check_process(self, marks: list[checks.Facts], idle: checks.Facts) -> None:
        """The same process is ready, has closed everything, has not grown, and has logged no fault."""
        self.violations += checks.faults_in_log(self.conductor)[:MOST_VIOLATIONS]
        if not checks.is_alive(self.conductor):
            self.violations.append("the conductor has ended")
        if not marks or not checks.is_alive(self.conductor):
            return
        self._stage()  # something that happens, after which memory is given back
        try:
            checks.settled(self.conductor, idle.descriptors)
            checks.require_no_growth(self.conductor, marks)
        except AssertionError as error:
            self.violations.append(str(error))
        sizes = [each.resident >> 20 for each in (idle, *marks, checks.facts(self.conductor))]
        self.tell(f"seed {self.seed}: resident MiB before, after a tenth, a half and all: {sizes}; "
                  f"descriptors {idle.descriptors}, {checks.facts(self.conductor).descriptors}")  # fmt: skip


def run_campaign(
    seed: str, numbers: range, tell: Callable[[str], None] = lambda _: None, *, long: bool = False
) -> Counter[str]:
    """Run a campaign in a home of its own; return how many inputs of each kind there were.

    Raises:
        Violation: with the inputs that can be played again by seed and number.
    """
    folder = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
    campaign = Campaign(seed, folder, tell, long)
    try:
        campaign.run(numbers)
    finally:
        campaign.conductor.end()
        shutil.rmtree(folder, ignore_errors=True)
    return campaign.players.kinds
