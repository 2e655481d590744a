"""A conductor of an earlier version, which ignores what it does not know: it is never asked for what would do harm."""

from pathlib import Path
from typing import Any

import pytest

from podium.client.job_control import JobControlService
from podium.contract.methods import FEATURES, ClearParams, ModifyParams, ResumeParams, SubmitParams
from podium.contract.sheet_env import EnvParams
from podium.contract.states import JobFilter
from podium.errors import UnsupportedByConductor
from podium.wire.dispatcher import Peer
from tests.support.port import ended
from tests.unit.client.link.stand_in import PODIUM_STATUS, client_for, stand_in

pytestmark = pytest.mark.anyio

EARLIER = {**PODIUM_STATUS, "features": [name for name in FEATURES if name not in {"filters", "edit"}]}


@pytest.mark.parametrize("dry_run", [True, False])
async def test_a_choice_of_jobs_to_remove_is_not_sent_to_one_that_would_ignore_parts_of_it(
    short_tmp: Path, dry_run: bool
) -> None:
    asked: list[dict[str, Any]] = []

    async def clear(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
        asked.append(params)
        return {"deleted": 0, "jobs": [], "refused": []}

    async with stand_in(short_tmp, {"job.clear": clear}, status=EARLIER) as old, client_for(old.path) as client:
        service = JobControlService(client)
        with pytest.raises(UnsupportedByConductor, match="too old to choose jobs to remove"):
            await service.clear(ClearParams(keep_newest=5, dry_run=dry_run))
    assert not asked


async def test_it_lists_by_the_states_that_it_knows_only(short_tmp: Path) -> None:
    asked: list[dict[str, Any]] = []

    async def page(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
        asked.append(params)
        return {"jobs": [], "next_cursor": "", "total": 0}

    async with stand_in(short_tmp, {"job.list": page}, status=EARLIER) as old, client_for(old.path) as client:
        service = JobControlService(client)
        known: tuple[JobFilter, ...] = ("any", "failed")
        for status in known:
            await service.list_page(status=status, name="", limit=5, cursor="")
        new: tuple[JobFilter, ...] = ("active", "waiting", "stuck", "ended")
        for status in new:
            with pytest.raises(UnsupportedByConductor, match=f"too old to list {status} jobs"):
                await service.list_page(status=status, name="", limit=5, cursor="")
    assert [params["status"] for params in asked] == [None, "failed"]


async def test_an_edit_is_not_sent_to_one_that_would_continue_without_it(short_tmp: Path) -> None:
    async with stand_in(short_tmp, status=EARLIER) as old, client_for(old.path) as client:
        service = JobControlService(client)
        for change in (
            service.resume(ResumeParams("x", find="a", replace="b")),
            service.modify(ModifyParams("x", find="a")),
        ):
            with pytest.raises(UnsupportedByConductor, match="too old to edit a score") as refused:
                await change
            assert "pass the whole changed score" in refused.value.fix


@pytest.mark.parametrize(
    ("status", "can_edit"), [(EARLIER, False), (PODIUM_STATUS | {"features": list(FEATURES)}, True)]
)
async def test_an_explanation_tells_whether_an_edit_can_be_offered(
    short_tmp: Path, status: dict[str, Any], can_edit: bool
) -> None:
    async def explain(params: dict[str, Any], peer: Peer) -> dict[str, Any]:
        return {"job": ended("failed").model_dump(), "kind": "failed"}

    async with stand_in(short_tmp, {"job.explain": explain}, status=status) as old, client_for(old.path) as client:
        assert (await JobControlService(client).explain("x")).can_edit is can_edit


async def test_the_record_of_a_job_is_not_asked_of_one_that_has_none(short_tmp: Path) -> None:
    earlier = {**PODIUM_STATUS, "features": [name for name in FEATURES if name != "record"]}
    async with stand_in(short_tmp, status=earlier) as old, client_for(old.path) as client:
        with pytest.raises(UnsupportedByConductor, match="too old to give the record of a job"):
            await JobControlService(client).record("x")


async def test_several_edits_a_trial_a_new_run_and_an_environment_are_not_asked_of_one_that_does_not_know_them(
    short_tmp: Path,
) -> None:
    older = {**PODIUM_STATUS, "features": [name for name in FEATURES if name not in {"edits", "again", "sheet_env"}]}
    async with stand_in(short_tmp, status=older) as old, client_for(old.path) as client:
        service = JobControlService(client)
        for params in (ModifyParams("a", edits=[("x", "y")]), ModifyParams("a", find="x", replace="y", dry_run=True)):
            with pytest.raises(UnsupportedByConductor, match="too old to make several edits at once, or try a change"):
                await service.modify(params)
        with pytest.raises(UnsupportedByConductor, match="too old to run the score of a job again"):
            await service.start(SubmitParams(again="a"))
        with pytest.raises(UnsupportedByConductor, match="too old to show the environment of sheets"):
            await service.environment(EnvParams())
