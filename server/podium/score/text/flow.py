"""Values as they are written in a score on one line, for advice that is made of what somebody wrote."""

import json
import re
from typing import Any

from podium.score.text.document import plain_value
from podium.texts.letters import all_visible
from podium.texts.written import shown

_PLAIN = re.compile(r"[\w./][\w ./@+=-]*", re.ASCII)


def flow(value: Any) -> str:
    """Return a value of JSON's kinds as one line of YAML: plain where that is read as the same value, else in double quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    if not isinstance(value, str):
        return "null" if value is None else shown(value)
    plain = _PLAIN.fullmatch(value) and value == value.strip() and type(plain_value(value)) is str  # no other reading
    return value if plain else json.dumps(value, ensure_ascii=False)


def is_showable(text: str, longest: int) -> bool:
    """Return whether advice may repeat a text: it is short, and all of it can be seen."""
    return len(text) <= longest and all_visible(text)
