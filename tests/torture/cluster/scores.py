"""Scores of a campaign on a cluster: those of the campaign, with sheets here and there, some of which ask for something."""

from random import Random
from typing import Any

import yaml

RESOURCES: tuple[dict[str, Any], ...] = (
    {"cpus": 2},
    {"memory": "100M"},
    {"cpus": 1, "time": "10m"},
    {"partition": "main"},
)
FAN = 0.15  # the share of sheets that are several


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
