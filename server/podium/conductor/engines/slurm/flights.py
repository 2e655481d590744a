"""An attempt while the engine has it, and the pool that it belongs to: what the conductor keeps in memory of them."""

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Literal

import anyio

from podium.conductor.engines.port import AttemptSpec
from podium.conductor.engines.slurm.answers import Row
from podium.conductor.engines.slurm.shared import Held
from podium.lane.place import Claim, Exit
from podium.score.model.plan import Resources

Stage = Literal["new", "waiting", "playing"]
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0  # between submits that come to nothing
FIRST_LANES = 24
"""In the first submit for a fan. Starting costs a lane ten times as much as a short sheet: a few play many of those soonest."""


@dataclass(eq=False)
class Flight:
    """An attempt that has not ended. `new`: a lane cannot find it yet; `waiting`: none has claimed it. Times are monotonic."""

    spec: AttemptSpec
    pool: "Pool"
    folder: str  # where the nodes see it
    stage: Stage = "new"
    earlier: bool = False  # an earlier conductor began it, and it is not known yet how far it came
    begun: bool = False  # its folder may be there
    since: float = 0.0  # when it began to wait
    changed_at: float = 0.0  # when it came into its stage, seconds since the epoch
    claim: Claim | None = None
    claimed_at: float = 0.0  # when that was seen
    exit: Exit | None = None
    exit_at: float = 0.0  # when it ended, seconds since the epoch
    exit_seen: float = 0.0
    sign: tuple[int, ...] | None = None  # of life: changes as long as the lane writes
    sign_at: float = 0.0
    cancelled_at: float | None = None
    grace_seconds: float = 0.0
    asked: str = ""  # what was asked of it last, and has reached its folder
    stopped: str = ""  # why it is to be stopped, other than by a cancel
    ended_lane_at: float = 0.0  # when its lane was last told to end
    to_withdraw: bool = False  # it is to be taken back unless a lane has claimed it
    hold_settled: anyio.Event | None = None  # it is to be suspended; set when it is
    suspended: bool = False
    was_held: bool = False  # or is about to be: the lane tells for how long
    held_seconds: float = 0.0  # up to `held_told_at`, and from then on as long as it is suspended
    held_told_at: float = 0.0
    to_go_on: bool = False  # it was resumed, and that has yet to reach its folder
    trouble: str = ""  # what its folder said when it was last used, in words

    @property
    def serial(self) -> int:
        """Its number in its job."""
        return int(self.spec.folder.name)

    @property
    def is_unwanted(self) -> bool:
        """Whether it is to end if no lane has claimed it."""
        return self.cancelled_at is not None or self.to_withdraw

    @property
    def awaits_hold(self) -> bool:
        """Whether somebody waits for its suspension."""
        return self.hold_settled is not None and not self.hold_settled.is_set()

    def want_hold(self) -> anyio.Event:
        """Note that it is to be suspended, or taken back if no lane has claimed it; return what is set when that is settled."""
        self.to_withdraw = self.stage != "playing"
        self.to_go_on = False
        if self.hold_settled is None:
            self.hold_settled = anyio.Event()
        if self.suspended:
            self.hold_settled.set()
        return self.hold_settled

    def forget_hold(self) -> None:
        """Note that it is not to be suspended any more, and let nobody wait for that."""
        if self.hold_settled is not None:
            self.hold_settled.set()
        self.hold_settled = None

    def turn(self, now: float, *, suspended: bool) -> None:
        """Note that it is suspended, or let go on."""
        self.held_seconds, self.held_told_at = self.held(now), now
        self.suspended = suspended
        if suspended and self.hold_settled is not None:
            self.hold_settled.set()

    def held(self, now: float) -> float:
        """Return for how long it was suspended so far."""
        return self.held_seconds + (now - self.held_told_at if self.suspended else 0.0)

    def take_held(self, told: Held, now: float) -> None:
        """Note what its lane says about that; as long as it is suspended, it said so a while ago."""
        seconds = max(told.seconds, self.held(now)) if self.suspended else told.seconds
        self.held_seconds, self.held_told_at = seconds, now
        if told.holds and self.asked == "hold":
            self.turn(now, suspended=True)


@dataclass(eq=False)
class Pool:
    """Attempts of one job that need the same, and the lanes for them. `name` is its folder's, JOB.HASH.

    `unwanted`: an earlier conductor left it, and nobody needs it any more.
    """

    name: str
    label: str  # what its lanes are called on the cluster
    resources: Resources | None = None  # None if an earlier conductor left it
    flights: dict[int, Flight] = field(default_factory=dict)
    lanes: dict[str, Row] = field(default_factory=dict)  # as the cluster told them last
    begun: dict[str, Row] = field(default_factory=dict)  # those of them that are not pending, by number
    fresh: dict[str, float] = field(default_factory=dict)  # submitted, and not told by it yet; since when
    exact: set[str] = field(default_factory=set)  # submitted with no more time than one attempt may take
    known: set[str] = field(default_factory=set)  # lanes that were there in this conductor's time
    useful: set[str] = field(default_factory=set)  # the numbers of those that have claimed something
    told: set[str] = field(default_factory=set)  # the numbers of those that have told what they do
    ended: set[str] = field(default_factory=set)  # lanes whose end was counted
    cancelled: set[str] = field(default_factory=set)  # lanes that were cancelled as nobody needed them
    not_cancelled: set[str] = field(default_factory=set)  # those of them that may not have been, since it failed
    # When lanes were cancelled, infinite while they are being: one of them that just begins must not find an attempt.
    clearing: float | None = None
    failures: int = 0  # lanes in a row that ended without having done anything
    failed: Row | None = None  # the last of them
    unclear: int = 0  # submits in a row of which the cluster said what nobody knows as a refusal
    not_before: float = 0.0
    again_at: float | None = None  # when a submit that came to nothing is tried again, seconds since the epoch
    pause: float = 0.0
    words: str = ""  # why no lane is submitted now
    unsure: float | None = None  # since when it is not known whether a submit has come to something
    arrays: bool = True
    most: int = FIRST_LANES  # lanes in the next submit
    filling: bool = False  # lanes are being submitted just now
    written: bool = False  # its folder is there
    unwanted: bool = False
    quiet_since: float = 0.0

    @property
    def job_id(self) -> str:
        """The job whose attempts these are."""
        return self.name.rpartition(".")[0]

    def waiting(self) -> list[Flight]:
        """Return the attempts that wait for a lane."""
        return [each for each in self.flights.values() if each.stage == "waiting"]

    def hold_off(self, now: float, words: str) -> None:
        """Submit nothing for a while, each time longer."""
        self.pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, self.pause * 2))
        self.words = words
        self._try_in(self.pause, now)

    def hurry(self, now: float) -> None:
        """Submit soon what was put off: a lane has ended and made room."""
        if self.not_before > now + FIRST_PAUSE:
            self._try_in(FIRST_PAUSE, now)

    def _try_in(self, seconds: float, now: float) -> None:
        self.not_before, self.again_at = now + seconds, time.time() + seconds

    def go_on(self) -> None:
        """Forget that submits came to nothing."""
        self.not_before, self.again_at, self.pause, self.words = 0.0, None, 0.0, ""


def pool_name(job_id: str, resources: Resources) -> str:
    """Return the name of the pool of a job's attempts that need this."""
    needed = json.dumps(resources.model_dump(mode="json"), sort_keys=True)
    return f"{job_id}.{hashlib.sha256(needed.encode()).hexdigest()[:10]}"
