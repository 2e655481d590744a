"""What happens to a cluster in a round: each trouble begins while the clients work, and ends later in the round."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from tests.torture.cluster.commands import MODES, NAMES, Mode
from tests.torture.cluster.ground import Ground

End = Callable[[], None]
SUBMIT_SECONDS = 2.0  # for a submit to come after which the controller is killed
AT_ONCE = 0.9  # seconds after it at most


def nothing() -> None:
    """End what has ended by itself."""


def controller_forgets(ground: Ground, random: Random) -> End:
    """Kill the controller just after a submit: it may forget the lanes, and give their numbers to others."""
    before, until = ground.commands.submits(), time.monotonic() + SUBMIT_SECONDS
    while ground.commands.submits() == before and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(random.uniform(0, AT_ONCE))
    return controller_down(ground, random)


def controller_down(ground: Ground, _: Random) -> End:
    """Kill the controller."""
    ground.lab.kill_controller()
    ground.forget()
    return ground.lab.start_controller


def controller_silent(ground: Ground, _: Random) -> End:
    """Let the controller be there and not answer."""
    ground.lab.freeze_controller()
    return ground.lab.thaw_controller


def slurmd_dies(ground: Ground, random: Random) -> End:
    """Kill a node's daemon. Slurm gives up what runs there, if it stays away."""
    node = random.choice(ground.lab.nodes)
    ground.lab.kill_slurmd(node)

    def end() -> None:
        ground.excuse([each for each in ground.attempts() if each.node == node], "node_failed", "killed")
        ground.lab.start_slurmd(node)

    return end


def node_dies(ground: Ground, random: Random) -> End:
    """Take a node's power."""
    node = random.choice(ground.lab.nodes)

    def lose() -> None:
        ground.excuse([each for each in ground.open_attempts() if each.node == node], "node_failed", "lost")

    lose()
    ground.lab.power_off(node)
    lose()

    def end() -> None:
        lose()
        ground.lab.start_slurmd(node)

    return end


def lanes_cancelled(ground: Ground, random: Random) -> End:
    """Let somebody else cancel some lanes."""
    lanes = ground.lanes()
    chosen = random.sample(lanes, min(len(lanes), random.randint(1, 3)))
    for lane in chosen:
        with suppress(AssertionError):
            ground.lab.run("scancel", lane.lane)
    jobs, numbers = {each.job_id for each in chosen}, {each.number for each in chosen}
    hit = [each for each in ground.attempts() if each.lane in numbers or (not each.lane and each.job_id in jobs)]
    ground.excuse(hit, "cancelled_elsewhere")
    return nothing


def lanes_held(ground: Ground, _: Random) -> End:
    """Hold what waits."""
    lanes = [each.lane for each in ground.lanes("PD")]
    for lane in lanes:
        with suppress(AssertionError):
            ground.lab.run("scontrol", "hold", lane)

    def end() -> None:
        for lane in lanes:
            with suppress(AssertionError):
                ground.lab.run("scontrol", "release", lane)

    return end


def lanes_suspended(ground: Ground, random: Random) -> End:
    """Suspend some of what runs."""
    chosen = [each for each in ground.lanes("R") if random.random() < 0.6]
    lanes = [each.number for each in chosen]
    ground.disturbed.update(each.job_id for each in chosen)
    for lane in lanes:
        with suppress(AssertionError):
            ground.lab.run("scontrol", "suspend", lane)

    def end() -> None:
        for lane in lanes:
            with suppress(AssertionError):
                ground.lab.run("scontrol", "resume", lane)

    return end


def node_drained(ground: Ground, random: Random) -> End:
    """Let a node, or all of them, take nothing more."""
    names = random.choice([*ground.lab.nodes, ",".join(ground.lab.nodes)])
    ground.lab.run("scontrol", "update", f"nodename={names}", "state=drain", "reason=test")
    return lambda: ground.lab.until_up(*ground.lab.nodes)


def command_spoiled(name: str, mode: Mode) -> "Trouble":
    """Return the trouble with a command."""

    def begin(ground: Ground, _: Random) -> End:
        ground.commands.spoil(name, mode)
        return lambda: ground.commands.mend(name)

    return Trouble(f"{name} {mode}", begin)


def folder_trouble(begin: Callable[[Ground], None], end: Callable[[Ground], None]) -> Callable[[Ground, Random], End]:
    """Return what begins a trouble with the shared folder: what is to begin meanwhile cannot be started."""

    def run(ground: Ground, _: Random) -> End:
        if not ground.is_made():  # a folder that has never been there is made
            return nothing
        ground.troubled.append((time.time(), math.inf))
        begin(ground)

        def stop() -> None:
            end(ground)
            ground.troubled[-1] = ground.troubled[-1][0], time.time()

        return stop

    return run


@dataclass(frozen=True)
class Trouble:
    """A trouble by its name. `begin` begins it, and returns what ends it."""

    name: str
    begin: Callable[[Ground, Random], End]


ALONE: Mapping[str, Callable[[Ground, Random], End]] = {
    "slurmctld forgets": controller_forgets,
    "slurmctld down": controller_down,
    "slurmctld silent": controller_silent,
    "slurmd dies": slurmd_dies,
    "node dies": node_dies,
}
"""The cluster itself: one of these at a time, since each needs the rest to come back."""
BESIDE: Mapping[str, Callable[[Ground, Random], End]] = {
    "lanes cancelled": lanes_cancelled,
    "lanes held": lanes_held,
    "lanes suspended": lanes_suspended,
    "node drained": node_drained,
    "folder full": folder_trouble(lambda ground: ground.disk.fill(), lambda ground: ground.disk.free()),
    "folder read-only": folder_trouble(lambda ground: ground.disk.forbid(), lambda ground: ground.disk.allow()),
    "folder silent": folder_trouble(lambda ground: ground.disk.freeze(), lambda ground: ground.disk.thaw()),
    "folder away": folder_trouble(lambda ground: ground.disk.take_away(), lambda ground: ground.disk.bring_back()),
}
FOLDER = {name for name in BESIDE if name.startswith("folder")}
COMMANDS = [command_spoiled(name, mode) for name in NAMES for mode in MODES]
EVERY = [*(Trouble(name, begin) for name, begin in {**ALONE, **BESIDE}.items()), *COMMANDS]
