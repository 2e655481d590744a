"""A score that is started again and again is compiled once, unless its plan depends on files."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from podium.conductor.plans.compiling import Compiler
from podium.conductor.plans.given import GivenScore
from podium.conductor.plans.recent import ALONE_SECONDS
from podium.conductor.processes.reaper import Reaper
from podium.conductor.reading.reader import Reader
from podium.conductor.rules.plans import LoadedPlan
from podium.errors import ScoreInvalid
from podium.reader.requests import SCORE_FOLDER
from podium.score.model.resources import Machine

pytestmark = pytest.mark.anyio

PLAIN = "name: plain\nsheets: [{run: 'true'}]\n"
FROM_FILE = "name: from-file\nsheet: {size: 1, total_items: 1}\nprompt: {template_file: part.j2}\n"


@pytest.fixture
async def compiler(nursed_reader: None) -> AsyncIterator[Compiler]:
    async with Reaper() as reaper, Reader(reaper) as reader:
        yield Compiler(reader, {}, 1_000_000, lambda loaded: loaded)


async def plan_of(compiler: Compiler, text: str, folder: Path, **variables: str) -> LoadedPlan:
    score = GivenScore(text, None, folder, variables, None)
    return (await compiler.prepare(score, lambda loaded: None, client=None, at_home=True)).loaded


async def test_the_same_score_is_compiled_once_and_another_place_or_variable_anew(
    compiler: Compiler, tmp_path: Path
) -> None:
    first = await plan_of(compiler, PLAIN, tmp_path)
    for _ in range(3):
        assert (await plan_of(compiler, PLAIN, tmp_path)).plan is first.plan
    assert (await plan_of(compiler, PLAIN, tmp_path / "elsewhere")).plan is not first.plan
    assert (await plan_of(compiler, PLAIN + "variables: {a: b}\n", tmp_path)).plan is not first.plan


async def test_a_known_plan_keeps_the_texts_that_its_next_job_stores(compiler: Compiler, tmp_path: Path) -> None:
    first = await plan_of(compiler, PLAIN, tmp_path)
    texts = first.source, first.text
    first.source = first.text = ""  # as when they are on the disk
    again = await plan_of(compiler, PLAIN, tmp_path)
    assert (again.source, again.text) == texts
    assert all(texts)


async def test_a_score_is_compiled_for_the_machine_and_the_engine_of_its_conductor(
    compiler: Compiler, tmp_path: Path
) -> None:
    score = "name: wide\nsheets: [{run: 'true', resources: {cpus: 3}}]\n"
    assert (await plan_of(compiler, score, tmp_path)).on_cluster is False
    small = replace(compiler, machine=Machine(cpus=2))
    with pytest.raises(ScoreInvalid, match="3 is asked for, and this machine has 2"):
        await plan_of(small, score, tmp_path / "small")
    loaded = await plan_of(replace(small, engine="slurm"), score, tmp_path / "slurm")
    assert loaded.on_cluster
    assert loaded.plan.resources[loaded.plan.sheets[0].resources].cpus == 3


async def test_a_plan_from_a_file_is_compiled_anew_each_time(compiler: Compiler, tmp_path: Path) -> None:
    (tmp_path / "part.j2").write_text("echo one")
    before = await plan_of(compiler, FROM_FILE, tmp_path)
    (tmp_path / "part.j2").write_text("echo two")
    after = await plan_of(compiler, FROM_FILE, tmp_path)
    assert [each.plan.templates for each in (before, after)] == [("echo one",), ("echo two",)]


async def test_profiles_that_appear_beside_a_known_score_are_seen(
    compiler: Compiler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        first = await plan_of(compiler, PLAIN, tmp_path)
    (tmp_path / SCORE_FOLDER).mkdir(parents=True)
    monkeypatch.setattr("podium.conductor.plans.recent.ALONE_SECONDS", 0.0)
    assert ALONE_SECONDS < 1
    assert (await plan_of(compiler, PLAIN, tmp_path)).plan is not first.plan


async def test_a_plan_of_many_sheets_is_not_kept_when_its_job_is_over(compiler: Compiler, tmp_path: Path) -> None:
    items = ", ".join(str(number) for number in range(200))
    score = f"name: many\nsheets: [{{name: each, foreach: [{items}], run: 'true'}}]\n"
    first = await plan_of(compiler, score, tmp_path)
    assert len(first.plan.sheets) == 200
    assert (await plan_of(compiler, score, tmp_path)).plan is not first.plan
