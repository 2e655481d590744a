"""Scores of a campaign on a cluster: those of the campaign, with sheets here and there, some of which ask for something."""

from pathlib import Path
from random import Random
from typing import Any

import yaml

from tests.torture.scores import WRITE

RESOURCES: tuple[dict[str, Any], ...] = (
    {"cpus": 2},
    {"memory": "100M"},
    {"cpus": 1, "time": "10m"},
    {"partition": "main"},
)
FAN = 0.15  # the share of sheets that are several
TICKS = 0.25  # the share of those that write as long as they run
TICK = "\nbegin\nfor i in $(seq 50); do echo $i; sleep 0.03; done\n"
LONG, WAITING = "for i in $(seq {times}); do echo $i; sleep 0.1; done", ["--begin=now+20"]


def spread(random: Random, text: str) -> str:
    """Return a score with its sheets spread over the engines. A numbered one says nothing: the conductor's setting counts."""
    score = yaml.safe_load(text)
    if "sheets" in score:
        if random.random() < 0.7:
            score["engine"] = random.choice(("slurm", "slurm", "local"))
        for sheet in score["sheets"]:
            _change(random, sheet)
    return yaml.safe_dump(score, sort_keys=False, width=1000)


def _change(random: Random, sheet: dict[str, Any]) -> None:
    if random.random() < 0.3:
        sheet["engine"] = random.choice(("slurm", "slurm", "local"))
    if sheet.get("engine") == "slurm" and random.random() < 0.4:
        sheet["resources"] = random.choice(RESOURCES)
    if not sheet.get("hold") and random.random() < FAN:
        sheet["foreach"] = list(range(1, random.randint(2, 6)))
    if random.random() < TICKS:
        sheet["run"] = sheet["run"].replace("\nbegin\n", TICK, 1)


def standing(text: str, tokens: Path, *, waits: bool, seconds: int) -> str:
    """Return a named score with other sheets, which stay where they are for a while: in the queue of the cluster, or for so long on
    a node, where they write.
    """
    score = yaml.safe_load(text)
    kept = {key: score[key] for key in ("name", "on_end", "workspace") if key in score}
    sheet: dict[str, Any] = {
        "name": "s1",
        "run": f"{WRITE.format(tokens=tokens)}\nbegin\n{LONG.format(times=10 * seconds)}\nend 0\n",
    }
    if waits:
        sheet |= {"resources": {"extra": WAITING}, "foreach": [1, 2, 3]}
    return yaml.safe_dump({**kept, "engine": "slurm", "sheets": [sheet]}, sort_keys=False, width=1000)
