"""Sheets that ask for more than a slot: they take it, wait for it, and are overtaken only so often."""

import pytest

from podium.conductor.rules.capacity import Capacity
from podium.conductor.rules.scheduler import Limits, Scheduler
from podium.conductor.rules.state import JobRun
from podium.conductor.rules.waits import PATIENCE
from podium.conductor.views import shortage
from podium.score.model.plan import Plan, Resources
from tests.support.hall import Hall, asking, hall, played_by
from tests.support.plans import job_of, plan_of

GPU, TWO_GPUS = Resources(gpus=1), Resources(gpus=2)
TOO_MUCH = Resources(cpus=99)
GIB = 1024**3


def machine(cpus: int = 0, memory_bytes: int = 0, gpus: int = 0, *, total: int = 100) -> Scheduler:
    """Return a scheduler for a machine that has this, with plenty of slots."""
    return Scheduler(Limits(total, per_agent=2, slurm=3, capacity=Capacity(cpus, memory_bytes, gpus)))


def gpus_of(hall: Hall) -> dict[tuple[int, int], tuple[int, ...]]:
    """Return the GPUs of each running sheet."""
    return {(job.seq, num): job.running[num].gpus for job, num in hall.running}


@pytest.mark.parametrize(
    "asked", [Resources(cpus=5), Resources(memory_bytes=5), Resources(gpus=5)], ids=["cpus", "memory", "gpus"]
)
def test_sheets_that_ask_for_more_than_half_of_anything_run_one_at_a_time(asked: Resources) -> None:
    room = hall(machine(8, 8, 8), asking(asked, asked, asked))
    [job] = room.jobs
    for num in (1, 2, 3):
        assert room.fill() == [(1, num)]
        assert room.fill() == []
        room.end(job, num)
    assert room.scheduler.stock.free == room.scheduler.limits.capacity


def test_a_sheet_that_asks_for_nothing_runs_beside_one_that_has_everything() -> None:
    room = hall(machine(4), asking(Resources(cpus=4)), asking(Resources(cpus=4), Resources()))
    assert room.fill() == [(1, 1), (2, 2)]


def test_each_sheet_has_gpus_of_its_own_and_the_lowest_that_are_free() -> None:
    room = hall(machine(gpus=4), asking(TWO_GPUS, GPU, GPU, GPU))
    [job] = room.jobs
    room.fill()
    assert gpus_of(room) == {(1, 1): (0, 1), (1, 2): (2,), (1, 3): (3,)}
    room.end(job, 2)
    room.fill()
    assert gpus_of(room) == {(1, 1): (0, 1), (1, 3): (3,), (1, 4): (2,)}


def test_gpus_need_not_be_numbered_from_0() -> None:
    room = hall(Scheduler(Limits(9, capacity=Capacity(gpus=2), gpus=(5, 7))), asking(GPU, GPU, GPU))
    room.fill()
    assert gpus_of(room) == {(1, 1): (5,), (1, 2): (7,)}
    room.end(room.jobs[0], 2)
    room.fill()
    assert room.jobs[0].running[3].gpus == (7,)


def test_what_ran_before_a_restart_keeps_its_gpus_even_if_there_are_fewer_now() -> None:
    before = hall(machine(gpus=4), asking(*[GPU] * 6))
    before.fill()
    [job] = before.jobs
    for num in (1, 2):
        before.end(job, num)
    after = Hall(machine(gpus=3), [job])
    for attempt in job.running.values():
        after.scheduler.hold(job, attempt)
    after.fill()
    assert gpus_of(after) == {(1, 3): (2,), (1, 4): (3,), (1, 5): (0,), (1, 6): (1,)}
    after.end(job, 4)
    assert after.scheduler.stock.free.gpus == 0  # the fourth is not ours to give any more
    after.end(job, 3)
    assert after.scheduler.stock.free.gpus == 1


def test_nothing_starts_while_running_sheets_hold_more_than_there_is_now() -> None:
    before = hall(machine(cpus=8), asking(Resources(cpus=8), Resources(cpus=1)))
    before.fill()
    [job] = before.jobs
    after = Hall(machine(cpus=2), [job])
    after.scheduler.hold(job, job.running[1])
    assert after.fill() == []
    after.end(job, 1)
    assert after.fill() == [(1, 2)]


def test_a_sheet_on_a_cluster_takes_no_slot_and_nothing_of_this_machine() -> None:
    asked = [Resources(cpus=99, gpus=9)] * 5
    cluster, here = asking(*asked, engine="slurm"), plan_of([[]] * 3)
    room = hall(machine(total=2), here, cluster)
    assert room.fill() == [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3)]
    assert (room.scheduler.used, room.scheduler.on_cluster) == (2, 3)
    room.end(room.jobs[1], 2)
    room.end(room.jobs[0], 1)
    assert room.fill() == [(1, 3), (2, 4)]


def test_an_agent_has_the_same_limit_here_and_on_a_cluster_together() -> None:
    here = played_by(plan_of([[]] * 2), ["goose"] * 2)
    cluster = played_by(asking(Resources(), Resources(), engine="slurm"), ["goose"] * 2)
    room = hall(machine(), here, cluster)
    assert room.fill() == [(1, 1), (1, 2)]
    room.end(room.jobs[0], 2)
    assert room.fill() == [(2, 1)]


def test_a_job_of_both_kinds_uses_both() -> None:
    plan = asking(Resources(), Resources(), engine="slurm")
    sheets = (plan.sheets[0], *asking(Resources(), Resources()).sheets[1:])
    room = hall(machine(), plan.model_copy(update={"sheets": sheets}))
    assert sorted(room.fill()) == [(1, 1), (1, 2)]
    assert (room.scheduler.used, room.scheduler.on_cluster) == (1, 1)


def joined(room: Hall, plan: Plan) -> JobRun:
    """Submit one more job and return it."""
    job = job_of(plan, seq=len(room.jobs) + 1)
    room.jobs.append(job)
    return job


def crowd() -> tuple[Hall, JobRun, JobRun]:
    """Return a hall in which a sheet waits for two GPUs, its job, and one of small sheets that came later and has one GPU."""
    room = hall(machine(cpus=4, gpus=2), asking(GPU, name="first"), asking(TWO_GPUS, TOO_MUCH, name="large"))
    first, large = room.jobs
    room.fill()
    small = joined(room, asking(*[GPU] * 60, name="small"))
    assert room.fill() == [(3, 1)]
    room.end(first, 1)
    return room, large, small


def until_reserved() -> tuple[Hall, JobRun, JobRun]:
    """Return a crowd in which the large sheet was overtaken so often that it has a reservation."""
    room, large, small = crowd()
    while not room.scheduler.waits.has_reserved:
        room.fill()
        room.end(small, min(small.running))
    return room, large, small


def test_small_requests_overtake_a_large_one_only_so_often() -> None:
    room, large, small = crowd()
    overtook = 1
    while not large.running:
        overtook += len([seq for seq, _ in room.fill() if seq == small.seq])
        if small.running:
            room.end(small, min(small.running))
    assert overtook == PATIENCE
    assert large.running[1].gpus == (0, 1)
    assert not room.scheduler.waits.has_reserved


def test_what_needs_nothing_of_a_reservation_is_never_held_back() -> None:
    room, large, small = until_reserved()
    joined(room, asking(Resources(cpus=2), Resources(), GPU))
    assert room.fill() == [(4, 1), (4, 2)]
    assert not large.running
    assert small.ready


def test_a_paused_job_reserves_nothing_and_has_its_reservation_again_when_it_goes_on() -> None:
    room, large, small = until_reserved()
    large.status = "paused"
    room.fill()
    assert len(small.running) == 2
    large.status = "running"
    room.end(small, min(small.running))
    assert room.fill() == []
    room.end(small, min(small.running))
    assert room.fill()[0] == (2, 1)


@pytest.mark.parametrize("how", ["it leaves", "its sheet is gone"])
def test_a_job_that_is_cancelled_takes_its_reservation_with_it(how: str) -> None:
    room, large, small = until_reserved()
    large.ready.remove(1)
    if how == "it leaves":
        room.jobs.remove(large)
        room.scheduler.leave(large)
        assert not room.scheduler.waits.has_reserved
    room.fill()
    assert len(small.running) == 2


def test_a_sheet_that_asks_for_more_than_there_is_holds_nobody_up() -> None:
    room = hall(machine(gpus=1), asking(TWO_GPUS), asking(*[GPU] * 40))
    for num in range(1, 41):
        assert room.fill() == [(2, num)]
        room.end(room.jobs[1], num)
    why = "sheet s1 cannot start on this machine: it asks for 2 GPUs (there is 1)"
    assert shortage.of_job(room.jobs[0], room.scheduler, 0.0) == why


def test_the_last_place_of_a_job_is_kept_for_its_own_sheet_that_was_overtaken_often() -> None:
    asked = [TWO_GPUS, *[Resources()] * 60]
    room = hall(machine(gpus=2), asking(GPU, GPU, name="first"), asking(*asked, max_concurrent=1))
    first, job = room.jobs
    room.fill()
    for _ in range(PATIENCE - 1):
        room.end(job, *job.running)
        assert len(room.fill()) == 1
    room.end(job, *job.running)
    assert room.fill() == []
    room.end(first, 1)
    room.end(first, 2)
    assert room.fill() == [(2, 1)]


# -- what is said about it --------------------------------------------------------------------------------------------


def test_a_job_says_what_its_sheet_waits_for_how_much_is_free_and_who_has_the_rest() -> None:
    room = hall(machine(8, 8 * GIB, 2), asking(Resources(cpus=6, gpus=1), name="a"), asking(TWO_GPUS, name="b"))
    joined(room, asking(Resources(cpus=3, gpus=2, memory_bytes=GIB)))
    room.fill()
    said = [shortage.of_job(job, room.scheduler, 0.0) for job in room.jobs]
    gpus = "waits for 2 GPUs: 1 of 2 is free, sheet s1 of a-1 has 1"
    cpus = "waits for 3 CPUs: 2 of 8 are free, sheet s1 of a-1 has 6"
    assert said == ["", f"sheet s1 {gpus}", f"sheet s1 {cpus} and {gpus}"]
    assert shortage.in_use(room.scheduler) == "6 of 8 CPUs, 0 GiB of 8 GiB of memory, 1 of 2 GPUs"
    assert shortage.of_sheets(room.jobs[1], [1], room.scheduler, 0.0) == {1: gpus}


def test_a_sheet_says_that_what_is_free_is_kept_for_one_that_has_waited_longer() -> None:
    room, _, small = until_reserved()
    said = shortage.of_job(small, room.scheduler, 0.0)
    assert said.endswith("waits for 1 GPU: 1 of 2 is free, but kept for a sheet that has waited longer")


def test_while_nobody_asks_for_anything_nothing_is_said() -> None:
    room = hall(machine(8, 8 * GIB, 2), plan_of([[]] * 2))
    room.fill()
    assert shortage.in_use(room.scheduler) == ""
    assert shortage.of_job(room.jobs[0], room.scheduler, 0.0) == ""


def test_jobs_that_wait_for_the_machine_leave_the_line_until_something_is_given_back() -> None:
    room = hall(machine(gpus=2), *[asking(TWO_GPUS)] * 20)
    assert room.fill() == [(1, 1)]
    line = room.scheduler.lines["local"]
    assert not line
    room.scheduler.leave(room.jobs.pop(1))
    room.end(room.jobs[0], 1)
    assert len(line) == 18
    assert [(job.seq, num) for job, num, _ in room.scheduler.next_sheets(0.0)] == [(3, 1)]
