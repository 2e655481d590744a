"""Scores of the campaign: drawn from a seed, and written so that every run of a sheet leaves two lines in the tokens file.

`begin KEY` comes first, `end KEY CODE` last; a run that was ended from outside has no `end`. KEY names one attempt for ever.
"""

from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.torture.agents import numbered_score
from tests.torture.tellings import TELL

WRITE = 'begin() {{ echo "begin $PODIUM_ATTEMPT_KEY" >>{tokens}; }}; end() {{ echo "end $PODIUM_ATTEMPT_KEY $1" >>{tokens}; exit "$1"; }}'

BODIES = (
    "true",
    "sleep {pause}",
    "sleep {pause}; sleep {pause}",
    "sleep {pause} & sleep {pause}; wait",
    "setsid sleep 600 >/dev/null 2>&1 &",  # a leftover that the conductor has to end
    "trap '' TERM; sleep {pause}; sleep {pause}",
    "sleep 9",  # that a cancel must not wait for
    "head -c 100000 /dev/zero | tr '\\0' x; echo; sleep {pause}",
)
AGENTS = 0.35  # the share of scores that an agent plays
WEIGHTS = (4, 4, 4, 4, 4, 4, 1, 4)
CHECKS: tuple[dict[str, Any], ...] = (
    {"command_succeeds": "true"},
    {"command_succeeds": "sleep 0.2"},
    {"file_exists": "."},
)


ENDINGS = (
    "",
    "",
    "; sleep 0.2",
    "; setsid sleep 600 >/dev/null 2>&1 &",
    "; setsid sleep 600 >/dev/null 2>&1 & sleep 0.01",
    "; trap '' TERM; sleep 0.5",
)
"""What a command that tells of an end does after that."""


def make_score(random: Random, name: str, tokens: Path, workspace: Path | None) -> str:
    """Return a score of one to five sheets that run side by side, in a chain, or in between; some are played by an agent."""
    if random.random() < AGENTS:
        score = numbered_score(random, name, _script(random, tokens), workspace, tokens.parent)
    else:
        score = _named_score(random, name, tokens)
        if workspace is not None:
            score["workspace"] = str(workspace)
    tell = TELL.format(code=(code := random.choice((0, 0, 0, 3))), told=tokens.with_name("told"))
    score["on_end"] = {"run": f"{tell}{random.choice(ENDINGS)}\nexit {code}"}
    return yaml.safe_dump(score, sort_keys=False, width=1000)


def _named_score(random: Random, name: str, tokens: Path) -> dict[str, Any]:
    labels = [f"s{num}" for num in range(1, random.randint(1, 5) + 1)]
    linked = random.choice((0.0, 0.5, 1.0))
    score: dict[str, Any] = {
        "name": name,
        "parallel": {"max_concurrent": random.randint(1, 3), "fail_fast": random.random() < 0.2},
        "sheets": [_sheet(random, place, labels, linked, tokens) for place in range(len(labels))],
    }
    if random.random() < 0.2:
        score["pause_between_sheets_seconds"] = 0.2
    return score


def _sheet(random: Random, place: int, labels: list[str], linked: float, tokens: Path) -> dict[str, Any]:
    needs = [labels[place - 1]] if place and random.random() < linked else []
    sheet: dict[str, Any] = {"name": labels[place], "needs": needs, "run": _script(random, tokens)}
    if "flaky" in sheet["run"] or random.random() < 0.2:
        sheet["retry"] = {"max_retries": 2, "base_delay_seconds": random.choice((0.0, 0.1, 0.6))}
    if random.random() < 0.15:
        command = random.choice(("exit 0", "exit 1", "sleep 0.3; exit 1", "sleep 2; exit 1"))
        sheet["skip_when_command"] = {"command": command}
    if random.random() < 0.1:
        sheet["hold"] = True
    if random.random() < 0.25:
        sheet["validate"] = [random.choice(CHECKS)]
    return sheet


def _script(random: Random, tokens: Path) -> str:
    body = random.choices(BODIES, WEIGHTS)[0].format(pause=random.choice((0.05, 0.1, 0.3, 0.8)))
    ending = random.choices(
        ("end 0", f"end {random.randint(1, 9)}", '[ "$PODIUM_ATTEMPT" -ge 2 ] || end 3 # flaky\nend 0'), (8, 1, 2)
    )[0]
    return f"{WRITE.format(tokens=tokens)}\nbegin\n{body}\n{ending}\n"
