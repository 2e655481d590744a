"""What becomes of each key of the original's instrument profiles: read from `profiles.toml`, and asked of the code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from podium.errors import ScoreInvalid
from podium.reader.compiling import compiled
from podium.reader.requests import SCORE_FOLDER, Compile, ScoreProfiles, decode
from podium.score.model.plan import Plan, load_plan
from tests.support.marianne.fields import Entry, Told, entries, laid, of_note

_BASE: dict[str, Any] = {
    "name": "mine",
    "display_name": "Mine",
    "kind": "cli",
    "cli": {"command": {"executable": "mine", "prompt_flag": "--prompt"}},
}


def profile_entries() -> list[Entry]:
    """Return the table."""
    return entries("profiles.toml")


def whole_profile(part: str) -> dict[str, Any]:
    """Return the base profile with a part of one laid over it."""
    return laid(_BASE, yaml.safe_load(part))


def plan_with(
    profile: Mapping[str, Any], folder: Path, *, instrument: str = "", score_profiles: ScoreProfiles = "warn"
) -> Plan:
    """Return the plan of a score beside which there is such a profile; it uses that if `instrument` names no other.

    Raises:
        ScoreInvalid: the profile is refused.
    """
    path = folder / SCORE_FOLDER / "mine.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(dict(profile), sort_keys=False))
    score = f"name: x\nsheets: [{{prompt: Go on., instrument: {instrument or profile['name']}}}]\n"
    request = Compile(
        path=str(folder / "score.yaml"),
        cwd=str(folder),
        variables={},
        inherited=False,
        workspace=None,
        max_bytes=100_000,
        score_profiles=score_profiles,
    )
    return load_plan(decode(compiled(request, score.encode(), [])[1]))


def told_of_profile(profile: Mapping[str, Any], key: str, folder: Path) -> Told:
    """Return what the code says of a key of the profile."""
    try:
        plan = plan_with(profile, folder)
    except ScoreInvalid as error:
        return Told("refused", error.facts["problems"][0]["message"])
    return of_note(plan.warnings, key)
