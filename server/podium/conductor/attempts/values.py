"""The values that a score only names, and everything that must not be repeated to a caller."""

import os
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from anyio.to_thread import run_sync

from podium.conductor.attempts import passed
from podium.conductor.attempts.env_file import read_env_file
from podium.conductor.engines.port import End
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.verdicts import Verdict
from podium.contract.secrets.masks import Masker, Secret, replaced, secrets_in
from podium.contract.secrets.names import is_place
from podium.errors import InvalidArguments, PodiumError
from podium.home import Home
from podium.instruments.profile import Profile
from podium.instruments.variables import named_in
from podium.score.model.plan import Plan, PlanSheet
from podium.texts.shown import CUT

MOST_SECRETS = 4000  # of one job that are looked for; more than one a sheet only in a very large score
MOST_CHARS = 1024 * 1024  # of them together
_REMEMBERED = 64
_FEW_SHEETS = 100  # are looked through at once

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True)
class Known:
    """What is known for one job: values by the conductor's names, those that came with its start, and how to hide them all."""

    named: Mapping[str, str] = field(default_factory=dict, repr=False)
    passed: Mapping[str, str] = field(default_factory=dict, repr=False)
    masker: Masker = field(default_factory=Masker, repr=False)
    trouble: str = ""  # why the env file cannot be used

    def env_of(self, profile: Profile) -> dict[str, str]:
        """Return the variables that an instrument adds. Raises as `env`."""
        return profile.environment(lambda source: self._value(source, _by_instrument(profile.name, source)))

    def env(self, plan: Plan, sheet: PlanSheet) -> dict[str, str]:
        """Return the variables of a sheet from its score and its start: the sheet's own win, then those of the start.

        Raises:
            InvalidArguments: a value is nowhere to be had.
        """
        return {**self.job_env(plan), **sheet.env, **self._looked_up(sheet.env_from)}

    def job_env(self, plan: Plan) -> dict[str, str]:
        """Return what all sheets of a job have of these variables. Raises as `env`."""
        if missing := [name for name in plan.env_pass if name not in self.passed]:
            raise InvalidArguments(
                f"the value of {', '.join(missing)}, which came with the start of the job, is gone",
                fix="Start the job again.",
            )
        kept = {name: self.passed[name] for name in plan.env_pass}
        return {**plan.env, **self._looked_up(plan.env_from), **kept}

    def _looked_up(self, sources: Mapping[str, str]) -> dict[str, str]:
        return {name: self._value(source, _by_score(name, source)) for name, source in sources.items()}

    def _value(self, source: str, wanted: str) -> str:
        if source not in self.named:
            raise InvalidArguments(self.lacks(source, wanted), fix=f"Set {source}, then resume the job.")
        return self.named[source]

    def lacks(self, source: str, wanted: str) -> str:
        """Return in words that the value of a variable cannot be looked up, and what names it."""
        where = f"and {self.trouble}" if self.trouble else "nor has the env_file"
        return f"{wanted}: the conductor's environment has no variable {source}, {where}"

    def missing(self, plan: Plan) -> list[str]:
        """Return in words which values cannot be looked up now: the sheets that want them will fail."""
        by_score = ((source, _by_score(name, source)) for each in _looked_up_by(plan) for name, source in each.items())
        by_instruments = ((source, _by_instrument(name, source)) for name, source in _looked_up_by_instruments(plan))
        wanted = dict.fromkeys([*by_score, *by_instruments])
        absent = [self.lacks(*each) for each in wanted if each[0] not in self.named]
        told = [f"{each}; sheets that need it will fail" for each in absent]
        if self.is_broken and len(absent) < len(wanted):
            told.append(f"{self.trouble}; {{from_env: ...}} takes the conductor's own variables in its place")
        return told

    @property
    def is_broken(self) -> bool:
        """Whether there should be an env file, and it cannot be used."""
        return self.trouble.startswith("the env_file")

    def hidden(self, verdict: Verdict) -> Verdict:
        """Return a verdict without secrets. Its validations are without them already."""
        hide = self.masker
        survivors = tuple(
            each.model_copy(update={"command": self._whole(hide(each.command))}) for each in verdict.end.survivors
        )
        end: End = replace(verdict.end, detail=hide(verdict.end.detail), survivors=survivors)
        return replace(verdict, end=end, message=hide(verdict.message), tail=hide(verdict.tail))

    def _whole(self, text: str) -> str:
        """Return a text that was cut before secrets were hidden without the part of one at its end."""
        if not text.endswith(CUT):
            return text
        data = text.removesuffix(CUT).encode("utf-8", "surrogatepass")
        return replaced(data, self.masker.cut(data, at_start=False, at_end=True)).decode("utf-8", "surrogatepass") + CUT


class Values:
    """Looks values up: in the conductor's `own` environment, in the env file, which wins, and in what came with starts."""

    def __init__(self, home: Home, own: Mapping[str, str], env_file: Path | None = None) -> None:
        self._home = home
        self._own = dict(own)
        self._env_file = env_file
        self._own_secrets = tuple(secrets_in(self._own))
        self._file: tuple[Hashable, dict[str, str], str] = (
            None,
            {},
            "" if env_file else "the settings name no env_file",
        )
        self._passed: OrderedDict[str, dict[str, str]] = OrderedDict()
        self._maskers: OrderedDict[Hashable, Masker] = OrderedDict()
        self._read_file()

    @property
    def own(self) -> Known:
        """What is known without a job, as of the last look at the env file."""
        stamp, filed, trouble = self._file
        masker = self._maskers.get(stamp)
        if masker is None:
            masker = Masker(dict.fromkeys([*self._own_secrets, *secrets_in(filed, declared=True)]))
            _remember(self._maskers, stamp, masker)
        return Known({**self._own, **filed}, masker=masker, trouble=trouble)

    async def of(self, job_id: str, loaded: LoadedPlan) -> Known:
        """Return what is known for a job with this plan.

        It is looked up anew each time but for what came with the start: the env file may have been changed.
        """
        key = loaded.hash, self._file[0], job_id if loaded.plan.env_pass else ""
        if self._env_file is None:
            if key in self._maskers and (not key[2] or job_id in self._passed):
                return self._known(job_id, loaded)
            if len(loaded.plan.sheets) <= _FEW_SHEETS and _names_nothing(loaded.plan):
                return self.own
        return await run_sync(self._looked_up, job_id, loaded)

    def _looked_up(self, job_id: str, loaded: LoadedPlan) -> Known:
        """Do the same in a thread."""
        self._read_file()
        if loaded.plan.env_pass and job_id not in self._passed:
            _remember(self._passed, job_id, passed.read(self._home, job_id))
        return self._known(job_id, loaded)

    def _known(self, job_id: str, loaded: LoadedPlan) -> Known:
        stamp, filed, trouble = self._file
        named = {**self._own, **filed}
        given = self._passed.get(job_id, {}) if loaded.plan.env_pass else {}
        key = loaded.hash, stamp, job_id if loaded.plan.env_pass else ""
        masker = self._maskers.get(key)
        if masker is None:
            own, more = self.own.masker, dict.fromkeys(_bounded(_of_job(loaded, named, given)))
            masker = Masker(dict.fromkeys([*own.secrets, *more])) if more else own
            _remember(self._maskers, key, masker)
        return Known(named, given, masker, trouble)

    def _read_file(self) -> None:
        """Read the env file if it has changed."""
        if self._env_file is None:
            return
        try:
            info = os.stat(self._env_file)  # noqa: PTH116
            stamp: Hashable = (info.st_mtime_ns, info.st_ctime_ns, info.st_size, info.st_ino)
        except OSError:
            stamp = "missing"
        if stamp != self._file[0]:
            try:
                self._file = stamp, read_env_file(self._env_file), ""
            except PodiumError as error:
                self._file = stamp, {}, _in_a_sentence(error.message)

    async def kept(self, job_id: str) -> dict[str, str]:
        """Return the values that came with a job's start."""
        if job_id not in self._passed:
            _remember(self._passed, job_id, await run_sync(passed.read, self._home, job_id))
        return self._passed[job_id]

    async def keep(self, job_id: str, values: Mapping[str, str]) -> None:
        """Keep the values that came with a job's start, in place of earlier ones.

        Raises:
            StorageFull: they cannot be written.
        """
        await run_sync(passed.keep, self._home, job_id, values)
        self._passed[job_id] = dict(values)
        for key in [each for each in list(self._maskers) if isinstance(each, tuple) and each[-1] == job_id]:
            del self._maskers[key]

    async def drop(self, job_id: str) -> None:
        """Forget the values of a job that was not taken after all."""
        self._passed.pop(job_id, None)
        await run_sync(passed.drop, self._home, job_id)


def _in_a_sentence(message: str) -> str:
    return message[:1].lower() + message[1:].removesuffix(".")


def _names_nothing(plan: Plan) -> bool:
    """Return whether a plan has no values among which there could be a secret."""
    own = plan.env or plan.env_from or plan.env_pass or plan.variables or plan.profiles
    return not own and not any(sheet.env or sheet.env_from or sheet.variables for sheet in plan.sheets)


def _looked_up_by(plan: Plan) -> list[Mapping[str, str]]:
    """Return where a plan names variables of the conductor."""
    return [plan.env_from, *(sheet.env_from for sheet in plan.sheets if sheet.env_from)]


def _looked_up_by_instruments(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the variables of the conductor that the profiles of a plan name, each after its instrument."""
    for name, content in plan.profiles.items():
        for text in content.get("env_expanded", {}).values():
            yield from ((str(content.get("name", name)), source) for source in named_in(text))


def _by_score(name: str, source: str) -> str:
    return f"env {name}: {{from_env: {source}}}"


def _by_instrument(name: str, source: str) -> str:
    return f"env of the instrument {name}: ${{{source}}}"


def _of_job(loaded: LoadedPlan, named: Mapping[str, str], given: Mapping[str, str]) -> Iterator[Secret]:
    """Yield the secrets of a job: what its score declares as one, then what looks like one."""
    plan = loaded.plan
    sources = {source for each in _looked_up_by(plan) for source in each.values() if source in named}
    yield from secrets_in({source: named[source] for source in sources}, declared=True)
    by_instruments = {source: named.get(source, "") for _, source in _looked_up_by_instruments(plan)}
    yield from secrets_in({name: value for name, value in by_instruments.items() if not is_place(value)}, declared=True)
    # A place is what PATH or VIRTUAL_ENV passes on; without it no path of a log could be read.
    yield from secrets_in({name: value for name, value in given.items() if not is_place(value)}, declared=True)
    groups = [plan.env, plan.variables, *(each.env for each in loaded.instruments.values())]
    groups += [group for sheet in plan.sheets for group in (sheet.env, sheet.variables) if group]
    texts = dict.fromkeys((name, value) for group in groups for name, value in group.items() if isinstance(value, str))
    for name, value in texts:
        yield from secrets_in({name: value})


def _bounded(secrets: Iterator[Secret]) -> Iterator[Secret]:
    """Yield the first of them, as many as a conductor and its reader can look for."""
    chars = 0
    for secret in islice(secrets, MOST_SECRETS):
        chars += len(secret.text)
        if chars > MOST_CHARS:
            return
        yield secret


def _remember(known: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    """Add a value in place of the oldest one."""
    known[key] = value
    while len(known) > _REMEMBERED:
        known.popitem(last=False)
