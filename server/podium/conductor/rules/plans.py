"""A plan in memory, shared by all jobs that run it."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from podium.conductor.rules.claims import Claim, claim_of
from podium.errors import InvalidArguments
from podium.instruments.builtin import builtin_profiles
from podium.instruments.profile import Profile
from podium.score.model.plan import CLI, EngineName, Plan, PlanSheet


def hash_of(text: str, source: str) -> str:
    """Return the hash under which a plan is stored with the score that it was made of.

    The score counts too: two that differ only in a comment have the same plan, and each job shows its own.
    """
    return hashlib.sha256(f"{text}\0{source}".encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(eq=False)
class LoadedPlan:
    """A plan with its hash and its reversed dependencies, shared by all jobs that run it from the same score.

    `source` is the score and `text` the plan as they are stored; both are held until they are on the disk.
    """

    hash: str
    plan: Plan
    source: str = ""
    text: str = ""

    @cached_property
    def dependents(self) -> list[list[int]]:
        """For each sheet number (index 0 is unused) the sheets that need it."""
        edges: list[list[int]] = [[] for _ in range(len(self.plan.sheets) + 1)]
        for sheet in self.plan.sheets:
            for need in sheet.needs:
                edges[need].append(sheet.num)
        return edges

    @cached_property
    def engines(self) -> frozenset[EngineName]:
        """Where its sheets run."""
        return frozenset(sheet.engine for sheet in self.plan.sheets)

    @cached_property
    def profiles(self) -> dict[str, Profile]:
        """The instruments by name. A job keeps the profiles that its score was submitted with.

        A sheet may name one by an alias, and what it occupies is counted under the profile's own name.
        """
        own = {name: Profile.model_validate(content) for name, content in self.plan.profiles.items()}
        return {**builtin_profiles(), **{each.name: each for each in own.values()}, **own}

    def claim(self, instrument: str, sheet: PlanSheet) -> Claim:
        """Return what an attempt of a sheet takes if this instrument plays it. Each claim is made once: many sheets share it."""
        key = instrument, sheet.engine, sheet.resources
        found = self._claims.get(key)
        if found is None:
            found = self._claims[key] = claim_of(self.profiles[instrument].name, self.plan, sheet)
        return found

    @cached_property
    def _claims(self) -> dict[tuple[str, EngineName, int], Claim]:
        return {}

    @cached_property
    def instruments(self) -> dict[str, Profile]:
        """The instruments that its sheets name, including their fallbacks, and `cli`."""
        return {name: self.profiles[name] for name in (CLI, *self.plan.profiles)}

    @cached_property
    def on_cluster(self) -> bool:
        """Whether any of its sheets runs on a cluster."""
        return any(sheet.on_cluster for sheet in self.plan.sheets)

    def sheet_number(self, ref: int | str | None) -> int | None:
        """Return the number of a sheet, given its name or number; None for None and "".

        Raises:
            InvalidArguments: the sheet does not exist; the message lists the sheets.
        """
        if ref is None or ref == "":
            return None
        num = self.plan.find(ref)
        if num is None:
            labels = ", ".join(sheet.label for sheet in self.plan.sheets[:20])
            raise InvalidArguments(f"The score has no sheet {ref!r}.", fix=f"Its sheets are: {labels}.", sheet=str(ref))
        return num

    def after(self, nums: Iterable[int]) -> list[int]:
        """Return the sheets that depend on any of `nums`, directly or through others, in order."""
        seen: set[int] = set()
        front = list(nums)
        while front:
            for num in self.dependents[front.pop()]:
                if num not in seen:
                    seen.add(num)
                    front.append(num)
        return sorted(seen)
