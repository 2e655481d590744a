"""What a command prints with `--json`, read as strictly as a program may: the view that `answers.py` of the commands promises."""

import json
from typing import Any

from podium.cli.answers import ANSWERS


def answer(command: str, printed: str) -> Any:
    """Return the view that a command has printed; fails if a member is missing, unknown, or of another type."""
    view = ANSWERS[command].model_validate_json(printed, strict=True)
    assert json.loads(printed) == view.model_dump(mode="json"), (
        "members that the view does not have, or the other way round"
    )
    return view
