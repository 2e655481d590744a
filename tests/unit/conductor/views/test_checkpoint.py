"""The checkpoint of a job fits a frame, however many sheets it has and whatever they say."""

import json
from typing import Any

import pytest

from podium.conductor.views import checkpoint
from podium.contract.methods import MAX_LINE_BYTES
from tests.support.plans import job_of, plan_of
from tests.unit.conductor.service.marianne_recorded import SHEETS, misfits

MIB = 1024 * 1024


def sheets(reasons: list[str]) -> dict[str, Any]:
    loaded = job_of(plan_of([[] for _ in reasons])).loaded
    facts = [
        {"sheet": num, "status": "failed", "reason": reason, "instrument": "cli"}
        for num, reason in enumerate(reasons, 1)
    ]
    text = checkpoint.sheets(facts, loaded)
    assert len(text) < MAX_LINE_BYTES - MIB
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_sheet_has_every_member_that_it_has_there() -> None:
    assert [misfits(sheet, SHEETS) for sheet in sheets(["", "x"]).values()] == [[], []]


@pytest.mark.parametrize(("count", "reason"), [(10_000, "x" * 500), (7, "y" * 2 * MIB)])
def test_where_all_members_do_not_fit_the_empty_ones_are_left_out(count: int, reason: str) -> None:
    found = sheets([reason] * count)
    assert len(found) == count
    assert all(sheet["error_message"] == reason for sheet in found.values())
    assert all("stdout_tail" not in sheet and sheet["error_code"] == "E999" for sheet in found.values())
