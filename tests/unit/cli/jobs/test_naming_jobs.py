"""A job on the command line by its id, the beginning of its id, or its name, at a real conductor."""

import anyio
import pytest

from podium.cli.jobs.finding import find
from podium.client.job_control import job_control
from podium.errors import AmbiguousName, JobNotFound
from tests.support.jobs import submit, until
from tests.support.podium_home import Conductor


def found(conductor: Conductor, word: str) -> str:
    async def ask() -> str:
        async with job_control(conductor.settings) as control:
            return (await find(control, word)).job_id

    return anyio.run(ask)


def test_a_job_is_found_by_id_unique_beginning_and_name(conductor: Conductor) -> None:
    once = submit(conductor, "name: alpha\nsheets: [{run: 'true'}]\n")
    twice = [submit(conductor, "name: alphabet\nsheets: [{run: 'true'}]\n") for _ in range(2)]
    for job_id in (once, *twice):
        until(conductor, job_id, "completed")
    assert found(conductor, once) == found(conductor, "alpha") == found(conductor, once[:-1]) == once
    with pytest.raises(AmbiguousName, match=r"2 jobs have the name 'alphabet'.*completed"):
        found(conductor, "alphabet")
    with pytest.raises(AmbiguousName, match="3 jobs have an id that begins with 'alph'"):
        found(conductor, "alph")
    for word in ("beta", "lpha", ""):
        with pytest.raises(JobNotFound):
            found(conductor, word)
