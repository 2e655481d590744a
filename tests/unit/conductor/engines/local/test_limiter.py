"""The upkeep after attempts: what has ended is cleaned up, whenever the upkeep is cancelled."""

from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint
from anyio.to_thread import current_default_thread_limiter

from podium.conductor.engines.local.attempt import Running
from podium.conductor.engines.local.limiter import Upkeep
from podium.conductor.engines.local.limits.output import OutputLimits
from podium.conductor.processes.cgroup import Cgroup
from tests.support.engines import BOUND_SECONDS, make_spec


@pytest.mark.anyio
async def test_an_upkeep_that_is_cancelled_on_its_way_to_a_thread_leaves_what_has_ended_to_its_close(
    tmp_path: Path,
) -> None:
    running = Running(make_spec(tmp_path))
    group = tmp_path / "group"
    group.mkdir()  # a plain folder stands for the control group: it is removed in the same way
    running.cgroup = Cgroup(str(group))
    upkeep = Upkeep(OutputLimits(), None, lambda running, why: None, lambda running: None)
    upkeep.begin(running)
    upkeep.end(running)
    threads = current_default_thread_limiter()
    taken = [object() for _ in range(int(threads.available_tokens))]
    for each in taken:
        threads.acquire_on_behalf_of_nowait(each)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(upkeep.run)
        with anyio.fail_after(BOUND_SECONDS):
            while not threads.statistics().tasks_waiting:
                await checkpoint()
        tasks.cancel_scope.cancel()
    for each in taken:
        threads.release_on_behalf_of(each)
    assert group.exists()
    upkeep.close()
    assert not group.exists()
