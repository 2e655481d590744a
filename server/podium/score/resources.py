"""What sheets need while they run: the `resources` of a named score, and whether the machine can give them."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from podium.score.blocks import Seconds
from podium.score.model.draft import Asked, Draft
from podium.score.model.plan import Plan
from podium.score.model.resources import Machine
from podium.score.text.document import Document, Loc
from podium.score.text.problems import Problems
from podium.score.text.reading import Block
from podium.score.text.units import memory
from podium.texts.letters import all_visible
from podium.texts.sizes import rough_size_text, size_text
from podium.texts.written import shown

_OF_A_CLUSTER = ("nodes", "partition", "account", "qos", "constraint", "extra")
_OPTION = re.compile(r"--([a-z][a-z0-9-]*)(?:=.*)?", re.ASCII)
_OWN = {"time": "time", "mem": "memory", "cpus-per-task": "cpus", "gres": "gpus", "gpus": "gpus"}
_OWN |= {key: key for key in ("nodes", "partition", "account", "qos", "constraint")}
_TAKEN: Mapping[str, str] = {
    **{option: f"write {key} in resources instead" for option, key in _OWN.items()},
    "array": "write foreach on the sheet instead",
    **dict.fromkeys(("output", "error", "open-mode", "input"), "read_job_log shows what the sheet writes"),
    **dict.fromkeys(("export", "export-file", "get-user-env"), "write env instead"),
    "dependency": "write needs on the sheet instead",
    "chdir": "write workspace on the score instead",
    **dict.fromkeys(
        (
            "job-name", "jobid", "requeue", "no-requeue", "wrap", "parsable", "wait", "test-only", "signal", "clusters",
            "cluster", "uid", "gid", "quiet", "verbose", "help", "usage", "version",
        ),
        "leave it out",
    ),
}  # fmt: skip
"""Options of sbatch that Podium gives itself, or that would keep it from knowing its jobs; and what to do instead."""


def _word(value: Any) -> Any:
    """Take a single word; a number is taken for the text as which it is written."""
    text = shown(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if isinstance(text, str) and (not text or text.startswith("-") or text.split() != [text] or not all_visible(text)):
        raise ValueError("should be a single word, without spaces and without a dash at its beginning")
    return text


def _option(value: Any) -> Any:
    """Take an option of sbatch, unless Podium sets it itself. sbatch also takes the beginning of an option's name."""
    if not isinstance(value, str):
        return value
    written = _OPTION.fullmatch(value)
    if written is None or not value.isprintable():
        raise ValueError("should be a long option of sbatch with its value, such as --reservation=NAME")
    taken = next((each for each in (written[1], *_TAKEN) if each in _TAKEN and each.startswith(written[1])), "")
    if taken:
        raise ValueError(f"Podium sets --{taken} itself; {_TAKEN[taken]}")
    return value


Memory = Annotated[int, BeforeValidator(memory, json_schema_input_type=int | str)]
Word = Annotated[str, Field(max_length=200), BeforeValidator(_word), WithJsonSchema({"type": ["string", "number"]})]
Option = Annotated[str, Field(max_length=1000), BeforeValidator(_option)]


class ResourcesBlock(Block):
    """What a sheet needs while it runs."""

    cpus: int | None = Field(None, ge=1, le=100_000, description="processors")
    memory: Memory | None = Field(None, description="memory, such as 512M or 4G; a plain number is in bytes")
    gpus: int | None = Field(None, ge=0, le=1000, description="GPUs, which no other sheet has meanwhile")
    time: Seconds | None = Field(
        None, description="the most time that an attempt takes; it is ended then, or at timeout_seconds if that is less"
    )
    nodes: int | None = Field(None, ge=1, le=100_000, description="machines of a cluster")
    partition: Word | None = Field(None, description="of a cluster: which nodes to choose from")
    account: Word | None = Field(None, description="of a cluster: who is charged")
    qos: Word | None = Field(None, description="of a cluster: quality of service")
    constraint: Word | None = Field(None, description="of a cluster: what a node must have")
    extra: Annotated[list[Option], Field(max_length=50)] | None = Field(
        None, description="of a cluster: further options of sbatch, as [--reservation=NAME]"
    )


def asked(loc: Loc, block: ResourcesBlock, above: Asked) -> Asked:
    """Return what a block at `loc` asks for; what it says wins over what is asked `above` it, key by key."""
    given = {key: value for key, value in block if value is not None}
    if not given:
        return above
    members = {"memory": "memory_bytes", "time": "time_seconds"}
    changes = {members.get(key, key): tuple(value) if key == "extra" else value for key, value in given.items()}
    locs = {**above.locs, **{key: (*loc, key) for key in given}}
    return Asked(above.resources.model_copy(update=changes), locs)


def line_of(document: Document, entry: int) -> int:
    """Return the line of what the sheets of an entry (from 1) need, else of where they run; 0 if the score says neither."""
    sheet = ("sheets", entry - 1)
    places: tuple[Loc, ...] = ((*sheet, "resources"), ("resources",), (*sheet, "engine"), ("engine",))
    found = next((loc for loc in places if document.has(loc)), None)
    return document.locate(found, key=True)[0] if found else 0


def check_resources(draft: Draft, plan: Plan, machine: Machine, problems: Problems) -> None:
    """Note what sheets on this machine ask for that it can never give, and what is of no effect on it."""
    engines = {sheet.stage: sheet.engine for sheet in plan.sheets}
    local: dict[int, Asked] = {}  # by identity: sheets that say nothing share what the score asks for
    used: set[Loc] = set()
    for number, stage in enumerate(draft.stages, 1):
        if engines[number] == "local":
            local[id(stage.asked)] = stage.asked
        else:
            used.update(stage.asked.locs.values())
    for each in local.values():
        _check_local(each, machine, problems)
    _note_unused(local.values(), used, problems)
    counted = [each.locs["memory"] for each in local.values() if "memory" in each.locs]
    if counted and not machine.memory_is_limit:
        problems.note(
            "memory is only counted when sheets are started: no limit can be set on this machine (it takes cgroup v2 with its "
            "memory controller), so a sheet that uses more is not ended.",
            *counted,
        )


def _note_unused(local: Iterable[Asked], used: set[Loc], problems: Problems) -> None:
    """Note, once for the score, the keys that are about a cluster and that no sheet there uses."""
    unused: dict[str, dict[Loc, None]] = {}
    for each in local:
        for key in _OF_A_CLUSTER:
            if key in each.locs and each.locs[key] not in used and not (key == "nodes" and each.resources.nodes > 1):
                unused.setdefault(key, {})[each.locs[key]] = None
    if unused:
        names = ", ".join(key for key in _OF_A_CLUSTER if key in unused)
        problems.note(
            f"of no effect, since the sheets run on this machine and not on a cluster (engine: slurm): {names}.",
            *(loc for locs in unused.values() for loc in locs),
        )


def _check_local(each: Asked, machine: Machine, problems: Problems) -> None:
    """Note what is more than the machine has."""
    needs = each.resources
    if needs.nodes > 1:
        message = f"a sheet on this machine cannot have {needs.nodes} nodes; leave nodes out, or write engine: slurm"
        problems.add(each.locs["nodes"], message)
    if machine.cpus and needs.cpus > machine.cpus:
        _too_much(each, problems, "cpus", str(needs.cpus), str(machine.cpus), "cpus")
    if machine.memory_bytes and needs.memory_bytes > machine.memory_bytes:
        there = rough_size_text(machine.memory_bytes)
        _too_much(each, problems, "memory", size_text(needs.memory_bytes), there, "memory_bytes")
    if machine.gpus is not None and needs.gpus > len(machine.gpus):
        _too_much(each, problems, "gpus", str(needs.gpus), str(len(machine.gpus)), "gpus")


def _too_much(each: Asked, problems: Problems, key: str, wanted: str, there: str, setting: str) -> None:
    problems.add(
        each.locs[key],
        f"{wanted} is asked for, and this machine has {there} for sheets, so it would wait for ever; ask for less, correct "
        f"{setting} in the conductor's settings, or write engine: slurm",
    )
