"""Numbered scores of the campaign: an instrument plays them as an agent would, and their limits let it fail in every way.

The instrument does what stands in its prompt between two marks. It leaves a part of its work to a second attempt, falls silent for
longer than its score allows, and costs more than it may. What runs on success leaves a line in `followed`.
"""

import json
from pathlib import Path
from random import Random
from typing import Any

ACTOR = "actor"
PLAYS = 'eval "$(sed -n "/^#play$/,/^#done$/p")"'  # without a file: the disk may be full
FOLLOW = 'echo "$PODIUM_NOTIFICATION_ID $PODIUM_JOB_STATUS" >>{followed}'
DOLLARS = 0.10  # that an attempt says it has cost
HALVES = '[ -e "one-{{{{ sheet_num }}}}" ] && touch "two-{{{{ sheet_num }}}}"; touch "one-{{{{ sheet_num }}}}"'
SILENCES = ("", "", "sleep 0.4; sleep 0.4")


def make_actor(folder: Path) -> None:
    """Put the instrument beside the scores of a folder."""
    profiles = folder / ".podium" / "instruments"
    profiles.mkdir(parents=True, exist_ok=True)
    profile = {"executable": "bash", "args": ["-c", PLAYS], "prompt": "stdin", "cost_pattern": r"cost: \$([\d.]+)"}
    (profiles / f"{ACTOR}.yaml").write_text(json.dumps(profile))


def numbered_score(random: Random, name: str, script: str, workspace: Path | None, files: Path) -> dict[str, Any]:
    """Return a score of one to four sheets which all run `script`; `files` is the folder of the campaign's own."""
    agent = random.random() < 0.8
    total = random.randint(1, 4)
    halves, silence = HALVES.format() if agent else "true", random.choice(SILENCES)
    begin, _, rest = script.partition("\nbegin\n")
    text = f"{begin}\nbegin\necho 'cost: ${DOLLARS:.2f}'\n{halves}\n{silence}\n{rest}"
    score: dict[str, Any] = {
        "name": name,
        "instrument": ACTOR if agent else "cli",
        "sheet": {"size": 1, "total_items": total, "dependencies": _chain(random, total)},
        "prompt": {"template": f"#play\n{text}#done\n"},
        "pause_between_sheets_seconds": random.choice((0, 0, 0.2)),
        "parallel": {"enabled": True, "max_concurrent": random.randint(1, 3), "fail_fast": random.random() < 0.2},
        "retry": {"max_retries": 2, "base_delay_seconds": random.choice((0.0, 0.1, 0.6)), "max_completion_attempts": 2,
                  "completion_delay_seconds": random.choice((0.0, 0.1, 0.6))},
        "on_success": [{"type": "run_command", "command": FOLLOW.format(followed=files / "followed")}],
    }  # fmt: skip
    if agent:
        half = [{"type": "file_exists", "path": f"{{workspace}}/{each}-{{sheet_num}}"} for each in ("one", "two")]
        score["validations"] = half
    if silence:
        score["stale_detection"] = {"enabled": True, "idle_timeout_seconds": 0.5, "check_interval_seconds": 0.1}
    if random.random() < 0.4:
        score["cost_limits"] = {"enabled": True, "max_cost_per_job": DOLLARS * random.choice((1.5, 3.5))}
    if workspace is not None:
        score["workspace"] = str(workspace)
    return score


def _chain(random: Random, total: int) -> dict[str, list[int]]:
    return {str(num): [num - 1] for num in range(2, total + 1) if random.random() < 0.5}
