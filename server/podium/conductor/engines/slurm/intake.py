"""The way in: attempts are put into the shared folder, as many at once as have come. What cannot be put there is tried again."""

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio

from podium.conductor.engines.command import command
from podium.conductor.engines.port import AttemptSpec
from podium.conductor.engines.slurm.flights import Flight
from podium.conductor.engines.slurm.shared import Entry
from podium.conductor.engines.slurm.slow import THREADS
from podium.conductor.engines.slurm.verdicts import Fate
from podium.conductor.processes import facts
from podium.lane import place
from podium.log import get_logger

if TYPE_CHECKING:
    from podium.conductor.engines.slurm.engine import SlurmEngine

BASH = "/bin/bash"  # of the node
AT_ONCE = 64
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0

log = get_logger()


async def run(engine: "SlurmEngine") -> None:
    """Put what comes into the folder, until cancelled."""
    pause = FIRST_PAUSE
    while True:
        await engine.to_put.wait()
        engine.to_put = anyio.Event()
        new = [each for each in engine.fleet.of_stage("new") if _may_come(each)]
        failed = 0
        for at in range(0, len(new), AT_ONCE):
            failed += await _put(engine, new[at : at + AT_ONCE])
            engine.to_submit.set()
            engine.to_look.set()
        if not failed:
            pause = FIRST_PAUSE
            continue
        with anyio.move_on_after(pause):
            await engine.to_put.wait()
        pause = min(LONGEST_PAUSE, pause * 2)
        engine.to_put.set()


def _may_come(flight: Flight) -> bool:
    """Return whether an attempt may be put where lanes find it now. While lanes of its pool are being cancelled it waits: one of
    them may just begin, and would be ended with the attempt.
    """
    return not (flight.earlier or flight.is_unwanted) and flight.pool.clearing is None


async def _put(engine: "SlurmEngine", batch: list[Flight]) -> int:
    """Put attempts into the folder; return how many could not be put there now."""
    for flight in batch:
        flight.begun = True
    entries = {
        flight: Entry(flight.serial, str(flight.spec.folder), flight.spec.script, lane_spec(flight)) for flight in batch
    }
    try:
        async with engine.slow.order:
            wrong, unfit = await engine.slow.do(_write_all, engine, entries)
            written = [each for each in batch if each not in wrong and each not in unfit]
            async with anyio.create_task_group() as tasks:  # the disk takes what several threads want of it in one go
                for first in range(min(THREADS, len(written))):
                    tasks.start_soon(_offer, engine, written[first::THREADS], wrong)
    except OSError as error:
        wrong, unfit = dict.fromkeys(batch, error), {}
    now = time.monotonic()
    for flight in batch:
        if flight in unfit:
            engine.report(flight, Fate("launch_failed", str(unfit[flight])))
        elif flight in wrong:
            flight.trouble = engine.slow.words(wrong[flight])
        elif flight.stage == "new":
            flight.stage, flight.since, flight.trouble = "waiting", now, ""
            flight.spec = replace(flight.spec, script="", env={})  # it is in the folder now
    if wrong:
        log.warning(
            "not_put_into_the_shared_folder", attempts=len(wrong), reason=engine.slow.words(next(iter(wrong.values())))
        )
    return len(wrong)


async def _offer(engine: "SlurmEngine", flights: list[Flight], wrong: dict[Flight, OSError]) -> None:
    """Let lanes find attempts; add what is wrong with those that they cannot find now."""
    try:
        wrong |= await engine.slow.do(_offer_all, engine, flights)
    except OSError as error:
        wrong |= dict.fromkeys(flights, error)


def _write_all(
    engine: "SlurmEngine", entries: dict[Flight, Entry]
) -> tuple[dict[Flight, OSError], dict[Flight, ValueError]]:
    """Write attempts into the folder; return what is wrong with those that could not be written now, and never. Blocks."""
    shared, options = engine.shared, engine.options
    wrong: dict[Flight, OSError] = {}
    unfit: dict[Flight, ValueError] = {}
    if not (shared.program and shared.is_there()):
        shared.open()
    for flight, entry in entries.items():
        pool = flight.pool
        try:
            if not pool.written:
                shared.make_pool(pool.name, place.Pool(options.linger_seconds, options.stream_bytes))
                pool.written = True
            shared.put(pool.job_id, entry)
        except OSError as error:
            wrong[flight] = error
            pool.written = False  # it may have been removed
        except ValueError as error:  # such as a script with half a letter, which no file can hold
            unfit[flight] = error
    return wrong, unfit


def _offer_all(engine: "SlurmEngine", flights: list[Flight]) -> dict[Flight, OSError]:
    """Put attempts that are written where lanes look, once they are on the disk; return what is wrong with the others. Blocks."""
    shared, wrong = engine.shared, {}
    for flight in flights:
        try:
            shared.keep(flight.pool.job_id, flight.serial)
            shared.offer(flight.pool.name, flight.serial)
        except OSError as error:
            wrong[flight] = error
            flight.pool.written = False
    return wrong


def lane_spec(flight: Flight) -> place.Spec:
    """Return what a lane is given to run. The conductor's own environment goes with it, as it does to a sheet on its machine."""
    spec = flight.spec
    script = f"{flight.folder}/{place.SCRIPT}"
    return place.Spec(
        key=spec.key,
        argv=tuple(command(_seen_by_nodes(spec, script), BASH, script)),
        env={**_own_environment(), **spec.env, facts.MARKER: spec.key},
        workspace=str(spec.workspace),
        stdin_script=spec.stdin_script,
        timeout_seconds=spec.timeout_seconds,
        quiet_seconds=spec.quiet_seconds,
        grace_seconds=spec.grace_seconds,
        programs=(*spec.argv[:1], *([spec.sought] if spec.sought else [])),
    )


def _own_environment() -> dict[str, str]:
    """Return what an attempt gets of the conductor's environment: all but what is about a Slurm job that it may run in itself."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SBATCH_"))}


def _seen_by_nodes(spec: AttemptSpec, script: str) -> AttemptSpec:
    """Return the specification with the script where nodes see it: the home, where the command names it, is the conductor's."""
    here = f"{spec.folder}/{place.SCRIPT}"
    return replace(spec, argv=tuple(word.replace(here, script) for word in spec.argv))
