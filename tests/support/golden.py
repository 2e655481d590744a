"""Golden files: what clients see, kept in the repository so that a change of it is seen and meant.

`PODIUM_UPDATE_GOLDEN=1` writes the files anew; without it a missing file fails.
"""

import json
import os
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[1] / "golden"
UPDATE = "PODIUM_UPDATE_GOLDEN"


def check_golden_text(name: str, text: str) -> None:
    """Compare a text with `tests/golden/<name>`."""
    path = GOLDEN / name
    if os.environ.get(UPDATE):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{name} is missing; {UPDATE}=1 writes it"
    assert text == path.read_text(encoding="utf-8"), f"{name} differs; when that is meant, {UPDATE}=1 writes it anew"


def check_golden(name: str, value: Any) -> None:
    """Compare a JSON value with `tests/golden/<name>`, in the order of its members."""
    path = GOLDEN / name
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    if os.environ.get(UPDATE):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{name} is missing; {UPDATE}=1 writes it"
    assert text == path.read_text(encoding="utf-8"), f"{name} differs; when that is meant, {UPDATE}=1 writes it anew"
