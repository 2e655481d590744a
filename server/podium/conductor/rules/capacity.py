"""What this machine has for sheets that ask for it, who holds what of it, and what is free."""

from collections.abc import Collection
from typing import NamedTuple

from podium.conductor.rules.claims import Claim
from podium.score.model.plan import Resources


class Capacity(NamedTuple):
    """An amount of each kind: what there is, what is free, or what is in use."""

    cpus: int = 0
    memory_bytes: int = 0
    gpus: int = 0


KINDS = Capacity._fields
NOTHING = Capacity()
_GIB = 1024**3
_WORDS = {"cpus": "CPU", "gpus": "GPU"}


def count(kind: str, number: int) -> str:
    """Return a number of a kind, such as "2" or "1.5 GiB"."""
    return f"{number / _GIB:.3g} GiB" if kind == "memory_bytes" else str(number)


def amount(kind: str, number: int) -> str:
    """Return a number of a kind with its name, such as "2 GPUs" or "1.5 GiB of memory"."""
    if kind == "memory_bytes":
        return f"{count(kind, number)} of memory"
    return f"{number} {_WORDS[kind]}{'' if number == 1 else 's'}"


def beyond(asked: Resources | Claim, capacity: Capacity) -> list[str]:
    """Return the kinds of which more is asked for than there is: who asks that can never start here."""
    return [kind for kind in KINDS if getattr(asked, kind) > getattr(capacity, kind)]


class Holder(NamedTuple):
    """A running sheet that holds a part."""

    job_id: str
    label: str
    claim: Claim


class Stock:
    """Counts what is in use. GPUs are told apart by their index, and one is never given to two sheets.

    After a restart sheets hold what they held, even where the machine, or its settings, now have less.
    """

    def __init__(self, has: Capacity, gpus: Collection[int]) -> None:
        """`gpus` are the indexes of those that `has` counts."""
        self.has = has
        self.holders: dict[tuple[int, int], Holder] = {}  # by job and sheet
        self._cpus = self._memory = 0  # in use
        self._ours = frozenset(gpus)
        self._gpus = set(gpus)  # free

    @property
    def free(self) -> Capacity:
        """What is free; less than nothing where more is held than there is now."""
        return Capacity(self.has.cpus - self._cpus, self.has.memory_bytes - self._memory, len(self._gpus))

    @property
    def in_use(self) -> Capacity:
        """What running sheets hold of what there is now."""
        return Capacity(self._cpus, self._memory, self.has.gpus - len(self._gpus))

    def has_room(self, claim: Claim) -> bool:
        """Return whether what a claim asks for is free."""
        has = self.has
        return (
            claim.cpus <= has.cpus - self._cpus
            and claim.memory_bytes <= has.memory_bytes - self._memory
            and claim.gpus <= len(self._gpus)
        )

    def choose(self, gpus: int) -> tuple[int, ...]:
        """Return so many GPUs for the next attempt that asks for them: the lowest that are free."""
        return tuple(sorted(self._gpus)[:gpus])

    def take(self, place: tuple[int, int], holder: Holder, gpus: tuple[int, ...]) -> None:
        """Count what a sheet holds from now on."""
        self.holders[place] = holder
        self._cpus += holder.claim.cpus
        self._memory += holder.claim.memory_bytes
        self._gpus.difference_update(gpus)

    def change(self, place: tuple[int, int], claim: Claim) -> None:
        """Count something else for a sheet, which keeps its GPUs."""
        holder = self.holders[place]
        self._cpus += claim.cpus - holder.claim.cpus
        self._memory += claim.memory_bytes - holder.claim.memory_bytes
        self.holders[place] = holder._replace(claim=claim)

    def give_back(self, place: tuple[int, int], gpus: tuple[int, ...]) -> None:
        """Count it no longer; nothing happens if the sheet holds nothing."""
        holder = self.holders.pop(place, None)
        if holder is not None:
            self._cpus -= holder.claim.cpus
            self._memory -= holder.claim.memory_bytes
            self._gpus.update(self._ours.intersection(gpus))
