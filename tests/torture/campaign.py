"""The campaign: rounds of clients at work, a death of the conductor, its recovery, and the checks."""

import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from subprocess import TimeoutExpired

from podium.contract.states import TERMINAL
from podium.settings import Settings
from tests.support.journals import kill
from tests.support.podium_home import READY_SECONDS, Conductor, ask, make_home, until
from tests.torture.agents import make_actor
from tests.torture.checks import check_all, check_cancels, check_files, check_quiet
from tests.torture.clients import Client, Down
from tests.torture.facts import Row, Rows, read_rows
from tests.torture.follower import Follower
from tests.torture.history import History
from tests.torture.keepers import AT_THE_END, Hands
from tests.torture.kills import Death, draw
from tests.torture.tellings import Tellings
from tests.torture.walk import Violation

CLIENTS = 4
MAX_SHEETS = 6
POINT_SECONDS = 3.0  # a point that is not passed by then is not waited for
SOCKET_SECONDS = 2.0  # until a conductor notices that its socket file is gone
END_SECONDS = 90.0  # for everything to end, at the end
ROUNDS_A_HOME = 10
points_hit: Counter[str] = Counter()
"""How often a conductor died at each point, over all homes of this process."""


@dataclass
class Campaign:
    """Some rounds on one home. Everything that is drawn is drawn from `seed`."""

    seed: str
    folder: Path
    history: History = field(default_factory=History)

    client = Client
    most_sheets = MAX_SHEETS  # that may be open at the same time
    point_seconds = POINT_SECONDS
    patience_seconds = END_SECONDS  # at the end; what still runs then is cancelled

    def __post_init__(self) -> None:
        self.conductor = Conductor(self._settings())
        self.fault = ""  # the point at which the conductor that runs is to die
        self.home = self.conductor.settings.home
        make_actor(self.folder)
        self.follower = Follower(self.conductor.settings.socket)
        self.hands = Hands(self.home, self.folder / "faults")
        self.tellings = Tellings(self.folder / "told")
        self.told_before = 0  # lines of them, when the round began

    def _settings(self) -> Settings:
        return make_home(self.folder, max_sheets=MAX_SHEETS, grace_seconds=0.3)

    def _draw(self, random: Random) -> Death:
        return draw(random)

    def run(self, rounds: int, tell: Callable[[str], None]) -> None:
        """Run the rounds, let everything end, and check after each step.

        Raises:
            Violation: of a check.
        """
        for number in range(rounds):
            random = Random(f"{self.seed}/{number}")
            death = self._draw(random)
            self.history.note(f"round {number}: {death}")
            tell(f"seed {self.seed} round {number}: {self.history.notes[-1]}")
            with self.hands.watched():
                self.round(random, death)
        rows = self.finish()
        tell(f"seed {self.seed}: {summary(self.history, rows)}")

    def round(self, random: Random, death: Death) -> None:
        """Work, die, recover, check."""
        self.told_before = len(self.tellings.lines())
        for name, times in death.points:
            self.hands.arm(name, times)
        self._launch(death.fault)
        if self._answers():
            self._work(random, death)
        self._kill()
        if death.victims_later:
            self.hands.kill(death.victims_later, conductor_lives=False)
        self._down(death)
        for fault, early in death.again:
            self._die_again(fault, early)
        self.check()
        self._start()
        self._ask_again(random)
        self._check_recovered()
        self._kill()
        self.hands.disarm()

    def _down(self, death: Death) -> None:
        """Let some time pass without a conductor."""
        time.sleep(death.down)

    def check(self) -> None:
        """Check the home as it is now; one that was never finished is not looked at."""
        if _is_made(self.home):
            self.follower.check(self._check_all())

    def _check_recovered(self) -> None:
        """Check the home once a conductor has recovered."""
        self.check()
        check_files(self.home)
        check_cancels(self.home)

    def _excused(self) -> Mapping[str, Collection[str]]:
        """Return in which ways attempts may have ended that nobody but us has brought about, by key."""
        return dict.fromkeys(self.hands.may_be_lost, ("lost",))

    def _check_all(self) -> Rows:
        self.hands.look(conductor_lives=True)  # a keeper may have died at a point whose guard was killed a round ago
        if self.hands.struck:  # a command whose keeper dies is run again at once
            self.tellings.may_repeat({line.id for line in self.tellings.lines()[self.told_before :]})
        return check_all(
            self.home, self.folder / "tokens", self.history, self.most_sheets, self._excused(), self.tellings
        )

    def _meet(self) -> None:
        """Note what a conductor finds that is started now."""
        self.hands.meet_conductor()
        if _is_made(self.home):
            self.tellings.may_repeat(read_rows(self.home).to_tell)

    def _launch(self, fault: str = "") -> None:
        self._meet()
        self.fault = fault
        self.conductor.launch(**self._environment(), **({"PODIUM_FAULT": fault} if fault else {}))

    def _start(self) -> None:
        self._meet()
        self.fault = ""
        self.conductor.start(**self._environment())

    def _environment(self) -> dict[str, str]:
        """Return what lets keepers and readers die, keepers end soon, and go on in a new journal after a few jobs."""
        return {
            "PODIUM_KEEPER_FAULT": str(self.folder / "faults"),
            "PODIUM_JOURNAL_BYTES": "2000",
            "PODIUM_JOURNAL_PAUSE": "0.2",
        }

    def _answers(self) -> bool:
        """Wait until the conductor answers; False where it died on the way."""
        process = self.conductor.process
        deadline = time.monotonic() + READY_SECONDS
        while process is not None and process.poll() is None and time.monotonic() < deadline:
            if self.conductor.answers():
                return True
            time.sleep(0.02)
        return False

    def _clients(self, random: Random) -> list[Client]:
        socket = self.conductor.settings.socket
        return [
            self.client(number, socket, self.folder, self.history, Random(random.random())) for number in range(CLIENTS)
        ]

    def _work(self, random: Random, death: Death) -> None:
        """Let the clients work until the conductor has died its death."""
        stop = threading.Event()
        with ThreadPoolExecutor(CLIENTS + 1) as pool:
            try:
                working = [pool.submit(client.work, stop) for client in self._clients(random)]
                working.append(pool.submit(self.follower.work, stop))
                self._die(death)
            finally:
                stop.set()
            for each in working:
                each.result()

    def _spend(self, seconds: float) -> None:
        """Let the clients work for so long."""
        time.sleep(seconds)

    def _die(self, death: Death) -> None:
        self._spend(death.seconds / 2)
        if death.victims:
            self.hands.kill(death.victims, conductor_lives=True)
        if death.reader:
            self._kill_reader()
        if death.how == "at a point":
            self._await_death(self.point_seconds)
            return
        self._spend(death.seconds / 2)
        if death.how == "by TERM":
            assert self.conductor.process is not None
            self.conductor.process.terminate()
            self.conductor.await_death()
        elif death.how == "at a moment, socket removed":
            self.conductor.settings.socket.unlink()
            time.sleep(death.seconds + SOCKET_SECONDS)
        self._kill()

    def _kill_reader(self) -> None:
        with suppress(OSError):
            processes = ask(self.conductor.settings.socket, "daemon.status")["processes"]
            for pid in [each["pid"] for each in processes if each["role"] == "reader" and each["pid"]]:
                kill(pid)

    def _await_death(self, seconds: float) -> None:
        try:
            self.conductor.await_death(seconds)
            self._struck()
        except TimeoutExpired:
            self._kill()
        self.hands.look(conductor_lives=False)

    def _kill(self) -> None:
        """Kill the conductor, which must not have ended by itself."""
        code = self.conductor.process.poll() if self.conductor.process is not None else None
        self.conductor.kill()
        if code == -signal.SIGKILL:
            self._struck()
        self.hands.look(conductor_lives=False)
        if code not in {None, 0, -signal.SIGKILL}:
            raise Violation("stays up", f"the conductor ended with {code}")

    def _struck(self) -> None:
        """Count a death at a point."""
        points_hit[self.fault.partition(":")[0]] += bool(self.fault)
        self.fault = ""

    def _die_again(self, fault: str, early: float) -> None:
        """Start and die while recovering: at a point, or some moments after the start."""
        self._launch(fault)
        if fault:
            self._await_death(2.0)
        else:
            time.sleep(early)
            self._kill()

    def _ask_again(self, random: Random) -> None:
        """Repeat some of what got no answer, and a little of what got one."""
        client = self.client(CLIENTS, self.conductor.settings.socket, self.folder, self.history, random)
        for op in list(self.history.ops):
            chance = {"unknown": 0.7, "not sent": 0.0, "acknowledged": 0.05, "refused": 0.0}[op.outcome]
            if random.random() < chance:
                self.history.note(f"asked again: {op}")
                client.ask_again(op)

    # -- the end --------------------------------------------------------------------------------------------------

    def finish(self) -> Rows:
        """Let every job go on to its end; then nothing may be left but what belongs to ended jobs. Return the last rows."""
        for name in AT_THE_END:
            self.hands.arm(name)
        self._start()
        self.told_before = len(self.tellings.lines())
        began = time.monotonic()
        deadline = began + END_SECONDS
        while (active := self._active()) and time.monotonic() < deadline:
            is_late = time.monotonic() > began + self.patience_seconds
            for job_id, row in active.items():
                if row["status"] == "paused" or (is_late and row["intent"] != "cancel"):
                    self._cancel(job_id)
            time.sleep(0.1)
        while read_rows(self.home).to_tell and time.monotonic() < deadline:
            time.sleep(0.1)
        rows = self._check_all()
        check_quiet(self.home)
        check_files(self.home)
        ask(self.conductor.settings.socket, "job.clear", {"request_key": "the end"})
        self._await_removal(deadline)
        self._check_end()
        self.conductor.stop()
        until(lambda: not self.hands.living())
        self.hands.disarm()
        return rows

    def _check_end(self) -> None:
        """Check what is left when all jobs are deleted, while the conductor still runs."""

    def _active(self) -> dict[str, Row]:
        return {job_id: row for job_id, row in read_rows(self.home).jobs.items() if row["status"] not in TERMINAL}

    def _cancel(self, job_id: str) -> None:
        op = self.history.begin(CLIENTS, "cancel", job_id, {"job_id": job_id}, "end")
        reply = ask(self.conductor.settings.socket, "job.cancel", {**op.params, "request_key": op.key})
        op.outcome = "acknowledged" if reply["cancelled"] else "refused"

    def _await_removal(self, deadline: float) -> None:
        while list((self.home / "jobs").glob("*")):
            if time.monotonic() > deadline:
                raise Violation("files", f"folders of deleted jobs stay: {list((self.home / 'jobs').glob('*'))}")
            time.sleep(0.05)

    def report(self, error: BaseException) -> str:
        """Return what somebody needs who looks for the fault."""
        jobs = getattr(error, "jobs", ())
        told = "\n".join(
            f"  {event['job_seq']} {event['type']} {event['data']}"
            for job_id in jobs
            for event in _events(self.home, job_id)
        )
        log = self.conductor.log.read_text().splitlines()[-40:] if self.conductor.log.exists() else []
        return "\n".join(
            [f"VIOLATION seed={self.seed} home={self.home}", str(error), "", self.history.report(jobs), told, *log]
        )


def summary(history: History, rows: Rows) -> str:
    """Say how much there was to go wrong: what clients asked for, and how the attempts of the jobs that are left ended."""
    asked = Counter(op.outcome for op in history.ops)
    ends = Counter(row["outcome"] for attempts in rows.attempts.values() for row in attempts)
    told = [f"{count} {what}" for what, count in sorted([*asked.items(), *ends.items()])]
    every = [row for attempts in rows.attempts.values() for row in attempts]
    why = Counter((row["end_reason"], " on a node" if row["place"] else "") for row in every)
    reasons = [f"{count} {what}{where}" for (what, where), count in sorted(why.items())]
    return f"{len(rows.keys)} jobs; {', '.join(told)}; {', '.join(reasons)}"


def _is_made(home: Path) -> bool:
    if not (home / "podium.db").exists():
        return False
    try:
        return bool(read_rows(home).home_id)
    except Exception:  # noqa: BLE001 -- killed before its tables were made: there is nothing to lose yet
        return False


def _events(home: Path, job_id: str) -> list[dict[str, object]]:
    return read_rows(home).events.get(job_id, [])


@contextmanager
def open_campaign(seed: str, folder: Path) -> Iterator[Campaign]:
    """Yield a campaign in a folder, and end its conductor afterwards."""
    campaign = Campaign(seed, folder)
    try:
        yield campaign
    finally:
        campaign.conductor.end()


def run_campaign(
    seed: str,
    rounds: int,
    tell: Callable[[str], None] = lambda _: None,
    *,
    keep: bool = False,
    opened: Callable[[str, Path], AbstractContextManager[Campaign]] = open_campaign,
    rounds_a_home: int = ROUNDS_A_HOME,
) -> None:
    """Run a campaign in homes of its own, a new one every few rounds.

    Raises:
        AssertionError: with the seed, the check, the history and the end of the log. The home is kept when `keep` says so.
    """
    for first in range(0, rounds, rounds_a_home):
        folder = Path(tempfile.mkdtemp(prefix="pod-", dir="/tmp"))
        try:
            with opened(f"{seed}.{first // rounds_a_home}", folder) as campaign:
                _run(campaign, min(rounds_a_home, rounds - first), tell)
        except KeyboardInterrupt:
            if not keep:
                shutil.rmtree(folder)
            raise
        if not keep:
            shutil.rmtree(folder)


def _run(campaign: Campaign, rounds: int, tell: Callable[[str], None]) -> None:
    try:
        campaign.run(rounds, tell)
    except (AssertionError, Down) as error:
        campaign.conductor.kill()
        raise AssertionError(campaign.report(error)) from error
