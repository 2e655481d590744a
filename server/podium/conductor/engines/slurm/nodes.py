"""What the nodes of a cluster have, whatever state they are in, and what none of them has. Nothing is run here."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from podium.conductor.engines.slurm.commands import MEGABYTE
from podium.score.model.plan import Resources
from podium.texts.sizes import rough_size_text, size_text

_NAMED = 12  # partitions, in one sentence


class Nodes(NamedTuple):
    """Nodes of a partition that are alike. `partition` ends with `*` if it is the one for jobs that name none."""

    partition: str
    alike: int
    cpus: int
    memory_bytes: int
    gpus: int


def read_nodes(text: str) -> list[Nodes]:
    """Return what `sinfo` lists in the form of `commands.NODES_FORMAT`; lines that say something else are left out."""
    found = []
    for line in text.splitlines():
        partition, *numbers = line.split("|", 4)
        if len(numbers) == 4 and all(each.isdecimal() for each in numbers[:3]):
            alike, cpus, megabytes = map(int, numbers[:3])
            found.append(Nodes(partition, alike, cpus, megabytes * MEGABYTE, _gpus(numbers[3])))
    return found


def _gpus(gres: str) -> int:
    """Return the number of GPUs in a list such as `gpu:a100:4(S:0-1),shard:8`."""
    parts = [each.split(":") for each in re.sub(r"\([^)]*\)", "", gres).split(",")]
    return sum(int(part[-1]) if part[-1].isdecimal() else 1 for part in parts if part[0] == "gpu")


def lacking(needs: Resources, nodes: Iterable[Nodes], usual: str = "") -> str:
    """Return what no node has, "" if enough nodes have all of it, or if that cannot be told.

    What names no partition gets the one that is `usual`, or else the cluster's own.
    """
    named = needs.partition or usual
    wanted = named.split(",")
    there = [each for each in nodes if (_name(each) in wanted if named else each.partition.endswith("*"))]
    if not there:
        return ""
    where = f"partition {' or '.join(dict.fromkeys(map(_name, there)))}"
    for kind in Nodes._fields[2:]:
        asked, most = getattr(needs, kind), max(getattr(each, kind) for each in there)
        if asked > most:
            return f"no node of {where} has {_words(kind, asked)} (the most is {_amount(kind, most)})"
    fitting = [each for each in there if all(getattr(each, kind) >= getattr(needs, kind) for kind in Nodes._fields[2:])]
    if not fitting:
        kinds = [kind for kind in Nodes._fields[2:] if getattr(needs, kind)]
        return f"no node of {where} has {' and '.join(_words(kind, getattr(needs, kind)) for kind in kinds)} together"
    enough = max(sum(each.alike for each in fitting if _name(each) == name) for name in map(_name, fitting))
    return f"{needs.nodes} nodes are asked for, and {where} has {enough} that fit" if needs.nodes > enough else ""


def partitions(nodes: Iterable[Nodes]) -> str:
    """Return in a clause which partitions there are, "" if that is not known."""
    names = list(dict.fromkeys(each.partition for each in nodes))
    if len(names) < 2:
        return f"the only partition is {names[0].removesuffix('*')}" if names else ""
    told = [f"{name[:-1]} (the default)" if name.endswith("*") else name for name in names[:_NAMED]]
    last = f"{len(names) - _NAMED} more" if len(names) > _NAMED else told.pop()
    return f"the partitions are {', '.join(told)} and {last}"


def _name(nodes: Nodes) -> str:
    return nodes.partition.removesuffix("*")


def _words(kind: str, amount: int) -> str:
    if kind == "memory_bytes":
        return f"{size_text(amount)} of memory"
    return f"{amount} {kind if amount != 1 else kind.removesuffix('s')}"


def _amount(kind: str, amount: int) -> str:
    return rough_size_text(amount) if kind == "memory_bytes" else str(amount)
