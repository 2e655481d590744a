"""The campaign on a real cluster: the same promises, whatever becomes of conductor, cluster, nodes, commands and shared folder."""

import math
import secrets
import signal
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from podium.settings import Settings
from tests.support.podium_home import ask, make_home, until
from tests.support.slurm.config import LabOptions
from tests.support.slurm.lab import Lab, open_lab
from tests.torture.campaign import CLIENTS, MAX_SHEETS, Campaign
from tests.torture.checks import UNREAD, check_cancels, check_files, job_of
from tests.torture.clients import Client
from tests.torture.cluster.bringing import BROUGHT, Bringer, Deed
from tests.torture.cluster.checks import (
    check_deleted,
    check_left,
    check_secret,
    check_strays,
)
from tests.torture.cluster.ground import Ground
from tests.torture.cluster.plans import Round, draw_round
from tests.torture.cluster.scores import spread
from tests.torture.cluster.suspended import check_ends, check_still, count_resumed
from tests.torture.cluster.troubles import End
from tests.torture.facts import Rows, read_rows
from tests.torture.kills import Death

CLUSTER_SHEETS = 24
ROUNDS_A_HOME = 20  # to bring a cluster up, and let everything end, takes as long as two rounds
CLOSE_SECONDS = 8.0  # for the last lane of a pool to end, and the pool to be removed
ANY_NUMBER = 10_000  # sheets that were suspended go on beyond the limits
HELD = 0.5  # the share of the other rounds in which a client lets something be suspended, where pauses do that
USED_SECONDS = 5.0  # for the first submit to be acknowledged: the first score takes longer
LATER_SECONDS = 1.0  # after a trouble with the shared folder, in which what it has spoilt may begin
GONE = ("node_failed", "lost", "killed", "cancelled_elsewhere")  # of what is only believed after a silence


class ClusterClient(Client):
    """A client whose jobs are played here and there."""

    def _score(self) -> dict[str, Any]:
        params = super()._score()
        return {**params, "config_content": spread(self.random, params["config_content"])}


@dataclass
class ClusterCampaign(Campaign):
    """Some rounds on one home and one cluster."""

    lab: Lab | None = None

    client = ClusterClient
    patience_seconds = 15.0

    def __post_init__(self) -> None:
        assert self.lab is not None
        self.ground = Ground(self.folder, self.lab)
        self.plan: Round | None = None
        self.secret = secrets.token_hex(16)
        self.ends: list[End] = []
        self.ops_before = 0
        self.began = 0.0
        super().__post_init__()
        settings = self.conductor.settings
        self.most_sheets = ANY_NUMBER if settings.hold_running else MAX_SHEETS + CLUSTER_SHEETS

    def _settings(self) -> Settings:
        random = Random(self.seed)
        return make_home(
            self.folder,
            max_sheets=MAX_SHEETS,
            grace_seconds=0.3,
            engine=random.choice(("local", "slurm")),
            slurm_folder=self.ground.disk.place,
            slurm_python=str(self.ground.python),
            slurm_sheets=CLUSTER_SHEETS,
            slurm_reuse_seconds=random.choice((0.0, 5.0, 60.0)),
            slurm_ask_seconds=random.choice((1.0, 1.0, 3.0)),
            hold_running=random.random() < 0.5,
        )

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), **self.ground.environment(), "PODIUM_TORTURE_SECRET": self.secret}

    def _plan(self, random: Random) -> Round:
        return draw_round(random)

    def _draw(self, random: Random) -> Death:
        self.plan = self._plan(random)
        self.ops_before = len(self.history.ops)
        self.history.note(str(self.plan))
        ask_seconds = self.conductor.settings.slurm_ask_seconds
        self.point_seconds = 1.0 + 2 * ask_seconds + CLOSE_SECONDS * (self.plan.death.point == "after_close")
        return self.plan.death

    def _clients(self, random: Random) -> list[Client]:
        """Return the clients of a round. The last may be there to bring something about: then nobody else changes its jobs."""
        clients = super()._clients(random)
        self.history.alone.clear()
        point, holds = self.fault.partition(":")[0], self.conductor.settings.hold_running
        if point in BROUGHT:
            deeds: tuple[Deed, ...] = ("pause", "cancel") if holds else ("cancel",)
            clients.append(replace(self._bringer(clients.pop(), deeds), waits=BROUGHT[point]))
        elif holds and random.random() < HELD:
            clients.append(self._bringer(clients.pop(), ("pause",)))
        return clients

    def _bringer(self, known: Client, deeds: tuple[Deed, ...]) -> Bringer:
        """Return a client in place of one."""
        self.history.alone.add(known.number)
        who = (known.number, known.socket, known.folder, known.history, known.random)
        return Bringer(*who, ground=self.ground, deeds=deeds)

    # -- the troubles ---------------------------------------------------------------------------------------------

    def _await_use(self) -> None:
        """Wait until the clients are at work."""
        with suppress(AssertionError):
            until(lambda: self._is_dead() or self._is_used(), seconds=USED_SECONDS)

    def _spend(self, seconds: float) -> None:
        """Let the clients work for so long, or until the conductor has died at its point."""
        with suppress(AssertionError):
            until(self._is_dead, seconds=seconds)

    def _is_dead(self) -> bool:
        process = self.conductor.process
        return process is None or process.poll() is not None

    def _is_used(self) -> bool:
        return any(op.outcome == "acknowledged" for op in self.history.ops[self.ops_before :])

    def _die(self, death: Death) -> None:
        assert self.plan is not None
        self._await_use()
        self._spend(self.plan.wait)
        random = Random(self.plan.seed)
        self.began = time.monotonic()
        for trouble in self.plan.troubles:
            self.history.note(f"begins: {trouble.name}")
            self.ends.append(trouble.begin(self.ground, random))
        # Nothing ends by itself that waits for a disk which is silent.
        if self.plan.until == "death" or (death.how == "by TERM" and self.ground.disk.is_silent):
            self._all_well()
        super()._die(death)

    def _kill(self) -> None:
        """Kill the conductor. One that waits for a silent disk dies only when that goes on."""
        process = self.conductor.process
        if self.ground.disk.is_silent and process is not None and process.poll() is None:
            self.fault = ""
            process.send_signal(signal.SIGKILL)
            self.ground.disk.thaw()
        super()._kill()

    def _down(self, death: Death) -> None:
        super()._down(death)
        if self.plan is not None and self.plan.until == "start":
            self._all_well()

    def _ask_again(self, random: Random) -> None:
        self._all_well()
        super()._ask_again(random)

    def _all_well(self) -> None:
        """End all troubles, when they have lasted long enough."""
        assert self.plan is not None
        if self.ends:
            time.sleep(max(0.0, self.began + self.plan.least - time.monotonic()))
        while self.ends:
            self.ends.pop()()
        self.history.note("all is well")

    # -- the checks -----------------------------------------------------------------------------------------------

    def _excused(self) -> Mapping[str, Collection[str]]:
        found = super()._excused()
        self.ground.excuse_reused()
        mine = dict.fromkeys(self._troubled(), ("launch_failed", UNREAD))
        every = (found, self.ground.excuses, mine)
        keys = set().union(*every)
        return {key: {reason for each in every for reason in each.get(key, ())} for key in keys}

    def _troubled(self) -> list[str]:
        """Return the keys of what was open while something was wrong with the shared folder, or a moment later: a lane or this
        machine may have found no workspace, or could not write.
        """
        rows = [row for attempts in read_rows(self.home).attempts.values() for row in attempts]
        return [
            row["key"]
            for row in rows
            for start, end in self.ground.troubled
            if row["started_at"] <= end + LATER_SECONDS and (row["ended_at"] or math.inf) >= start
        ]

    def _check_recovered(self) -> None:
        self.check()
        check_files(self.home)
        late = self.ground.excused_jobs(*GONE) | set(map(job_of, self._troubled()))
        check_cancels(self.home, late)  # what cannot be asked, or tell its end, is believed to be over after a silence
        check_still(self.home, self.ground.disturbed)
        check_secret(self.ground, self.home, self.secret)
        check_deleted(self.ground, self.home)

    def _check_all(self) -> Rows:
        rows = super()._check_all()
        check_ends(rows, self.ground.disturbed)
        return rows

    def _cancel(self, job_id: str) -> None:
        """End a paused job at the end: what is suspended goes on, and ends by itself."""
        if not any(job_of(key) == job_id for key in read_rows(self.home).suspended):
            super()._cancel(job_id)
            return
        op = self.history.begin(CLIENTS, "resume", job_id, {"job_id": job_id}, "end")
        reply = ask(self.conductor.settings.socket, "job.resume", {**op.params, "request_key": op.key})
        op.outcome = "acknowledged" if reply["status"] == "accepted" else "refused"

    def finish(self) -> Rows:
        """Let every job go on to its end, and the conductor stop; then nothing may run any more."""
        rows = super().finish()
        check_strays(self.ground)
        count_resumed(rows)
        return rows

    def _check_end(self) -> None:
        check_left(self.ground)
        check_secret(self.ground, self.home, self.secret)


@contextmanager
def open_cluster_campaign(
    seed: str, folder: Path, make: Callable[..., ClusterCampaign] = ClusterCampaign
) -> Iterator[ClusterCampaign]:
    """Yield a campaign on a cluster of its own; another kind of one is made by `make`."""
    with open_lab(LabOptions(kill_wait=1, expire=15)) as lab:
        campaign = make(seed, folder, lab=lab)
        try:
            yield campaign
        finally:
            while campaign.ends:
                campaign.ends.pop()()
            campaign.conductor.end()
            lab.take_down()
            campaign.ground.disk.close()
