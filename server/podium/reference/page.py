"""The pages of the reference: prose from `pages/`, in which `<<name argument ...>>` stands for what the code knows."""

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from pydantic import BaseModel

from podium.contract.absent import NOT_AVAILABLE, SURVIVES
from podium.contract.topics import OVERVIEW, Page
from podium.instruments.builtin import builtin_profiles
from podium.instruments.profile import Profile
from podium.reference.keys import blocks_of, fields_of, key_lines, key_names, takes_text
from podium.score import assemble
from podium.score.model.context import CORE_NAMES
from podium.score.model.plan import MAX_SHEETS, RESERVED_ENV
from podium.score.named.fields import NamedCheck, NamedScore
from podium.score.numbered import draft, playing
from podium.score.numbered.fields.answers import REFUSED, WITHOUT_EFFECT
from podium.score.numbered.fields.score import NumberedScore
from podium.score.schema import REQUIRED
from podium.score.templates.conditions import MAX_LENGTH
from podium.score.templates.environment import MAX_OUTPUT
from podium.settings import JOB_LIMITS, Settings

FOLDER = Path(__file__).parent
DIRECTIVE = re.compile(r"<<(\w+)([^<>]*)>>")
BLOCKS: dict[str, type[BaseModel]] = {
    block.__name__: block
    for block in sorted(blocks_of(NamedScore) | blocks_of(NumberedScore), key=lambda b: b.__name__)
}
TEMPLATE_NAMES = {
    "item": "the item of foreach, or the name that foreach gives it",
    "name": "the sheet, as audit[a]",
    "job_name": "the job",
    "workspace": "the path of the workspace",
    "sheet_num": "the sheet's number from 1",
    "total_sheets": "how many the job has",
    "stage": "the number of the entry in sheets (also movement)",
    "total_stages": "how many entries (also total_movements)",
    "instance": "which one of its foreach, from 1 (also voice)",
    "fan_count": "how many its foreach makes (also voice_count)",
    "instrument_name": "what plays the sheet, as claude-code",
    "start_item": "first item of a numbered sheet",
    "end_item": "last item of a numbered sheet",
    "previous_outputs": "see below",
    "previous_files": "see below",
    "skipped_upstream": "see below",
}
_NUMBERS: dict[str, int | float | str] = {
    "MAX_SHEETS": MAX_SHEETS,
    "MAX_NEEDS": assemble.MAX_NEEDS,
    "MAX_CHECKS": assemble.MAX_CHECKS,
    "MAX_OUTPUT": MAX_OUTPUT,
    "MAX_LENGTH": MAX_LENGTH,
    "DEFAULT_TIMEOUT_SECONDS": draft.DEFAULT_TIMEOUT_SECONDS,
    "DEFAULT_INSTRUMENT": playing.DEFAULT_INSTRUMENT,
}


Shown = Callable[[type[BaseModel], Sequence[str]], str]
"""How the keys of a block, or the chosen ones of them, are shown."""


def _key_lines(block: type[BaseModel], chosen: Sequence[str]) -> str:
    return "\n".join(key_lines(block, chosen))


@cache
def page(topic: str) -> Page:
    """Return the page of a topic, or the overview."""
    name = "overview" if topic == OVERVIEW else topic
    return Page(topic, prose(name), (FOLDER / "examples" / f"{name}.yaml").read_text(encoding="utf-8"))


def prose(name: str, keys: Shown = _key_lines) -> str:
    """Return the text of a page, with its keys shown in a form of the caller's."""

    def made(found: re.Match[str]) -> str:
        words = found[2].split()
        return keys(BLOCKS[words[0]], words[1:]) if found[1] == "keys" else _DIRECTIVES[found[1]](words)

    return DIRECTIVE.sub(made, (FOLDER / "pages" / f"{name}.md").read_text(encoding="utf-8").strip())


def _names(arguments: list[str]) -> str:
    return key_names(BLOCKS[arguments[0]])


def _checks(_: list[str]) -> str:
    """Return the shortest form of each validation, those together that have the same."""
    kinds: dict[str, list[str]] = {}
    for kind, field in fields_of(NamedCheck).items():
        needed = REQUIRED[next(iter(blocks_of(field.annotation))).__name__]
        pairs = ", ".join(f"{key}: {key.upper()}" for key in needed)
        kinds.setdefault(needed[0].upper() if takes_text(field) else f"{{{pairs}}}", []).append(kind)
    return ", ".join(f"{' or '.join(names)}: {form}" for form, names in kinds.items())


def _variables(_: list[str]) -> str:
    lines = [f"- {name}: {meaning}" for name, meaning in TEMPLATE_NAMES.items()]
    return "\n".join([*lines, "- the variables of the score"])


def _limits(_: list[str]) -> str:
    fields = Settings.model_fields
    return "\n".join(f"- {name}: {_amount(name)}; {fields[name].description}" for name in ("max_sheets", *JOB_LIMITS))


def _amount(setting: str) -> str:
    """Return a setting's default with its unit."""
    value, unit = Settings.model_fields[setting].default, setting.rpartition("_")[2]
    if unit == "bytes":
        return f"{value // 2**30} GiB" if value >= 2**30 else f"{value // 2**20} MiB"
    return f"{value:g} s" if unit == "seconds" else f"{value:g}"


def _agents() -> dict[str, Profile]:
    return {profile.name: profile for profile in builtin_profiles().values() if profile.kind == "agent"}


def _instruments(_: list[str]) -> str:
    return "\n".join(f"- {name}: {', '.join(profile.settings) or 'no settings'}" for name, profile in _agents().items())


_DIRECTIVES: dict[str, Callable[[list[str]], str]] = {
    "names": _names,
    "checks": _checks,
    "variables": _variables,
    "limits": _limits,
    "instruments": _instruments,
    "agents": lambda _: ", ".join(_agents()),
    "number": lambda given: str(_NUMBERS[given[0]]),
    "setting": lambda given: _amount(given[0]),
    "absent": lambda _: "; ".join(NOT_AVAILABLE),
    "survives": lambda _: SURVIVES,
    "reserved": lambda _: ", ".join(sorted(CORE_NAMES)),
    "reserved_env": lambda _: ", ".join(sorted(RESERVED_ENV)),
    "refused": lambda _: ", ".join(".".join(keys) for keys in REFUSED),
    "unused": lambda _: ", ".join(keys[0] for keys in WITHOUT_EFFECT if len(keys) == 1),
}
