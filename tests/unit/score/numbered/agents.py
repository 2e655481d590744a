"""Compiling numbered scores with the profiles that come along, and the commands that their sheets become."""

from pathlib import Path
from typing import Any

import pytest

from podium.errors import ScoreInvalid
from podium.instruments.builtin import builtin_profiles
from podium.instruments.profile import Profile
from podium.reader.profiles import contents
from podium.score.compile import compile_score
from podium.score.model.plan import Plan, dump_plan, load_plan

PROFILES = contents(builtin_profiles())


def score(rest: str = "", *, sheet: str = "size: 1, total_items: 1", instrument: str = "claude-code") -> str:
    """Return a numbered score for agents; `rest` begins on line 4, or 5 with an instrument."""
    top = f"instrument: {instrument}\n" if instrument else ""
    return f"name: demo\nsheet: {{{sheet}}}\nprompt: {{template: x}}\n{top}{rest}\n"


def planned(text: str, *, path: Path | None = None) -> Plan:
    """Compile a score; the plan is what a conductor reads back from its store."""
    plan = compile_score(text, path=path, cwd=Path("/caller"), profiles=PROFILES)
    assert load_plan(dump_plan(plan)) == plan
    return plan


def refused(text: str) -> list[tuple[int, str, str]]:
    """Return line, field and message of each problem of a score that must be refused."""
    with pytest.raises(ScoreInvalid) as caught:
        planned(text)
    found: list[dict[str, Any]] = caught.value.facts["problems"]
    return [(each["line"], each["field"], each["message"]) for each in found]


def commands(text: str, *, path: Path | None = None) -> list[str]:
    """Return the command of each sheet, as one line."""
    plan = planned(text, path=path)
    profiles = {name: Profile.model_validate(content) for name, content in plan.profiles.items()}
    return [
        " ".join(profiles[sheet.instrument].command("/script", "x", sheet.instrument_config)[0])
        for sheet in plan.sheets
    ]
