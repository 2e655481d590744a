"""What is said of the keys of a numbered score that nothing is done with."""

from typing import Any

from podium.score.numbered.fields.answers import REFUSED, WITHOUT_EFFECT
from podium.score.text.document import Loc
from podium.score.text.problems import Problems
from podium.score.text.reading import Keys


def reject(data: Any, problems: Problems) -> None:
    """Make a problem of each refused key that is on, and one note of all keys that nothing is done with."""
    without: dict[Loc, str] = {}
    for keys, refused in REFUSED.items():
        if not _is_there(data, keys):
            continue
        if refused.is_off(_value(data, keys)):
            without[keys] = "it is off"
        else:
            problems.add(keys, f"not supported: {refused.reason}", key=True)
    without |= {keys: why for keys, why in WITHOUT_EFFECT.items() if _is_there(data, keys)}
    if without:
        told = "; ".join(f"{'.'.join(map(str, keys))} ({why})" for keys, why in without.items())
        problems.note(f"nothing is done with these keys: {told}.", *without)


def _is_there(data: Any, keys: Keys) -> bool:
    *above, last = keys
    block = _value(data, tuple(above))
    return isinstance(block, dict) and last in block


def _value(data: Any, keys: Keys) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data
