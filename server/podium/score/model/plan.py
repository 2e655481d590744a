"""The compiled score: what the conductor stores by the hash of its content and runs. Plain data, JSON in and out.

Texts and validations that many sheets share are kept once and referred to by index, so a plan of 10,000 sheets stays small.
"""

import json
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

PLAN_VERSION = 1
MAX_SHEETS = 20_000  # of one job
MAX_LOOKBACK = 1000  # sheets whose output another one sees
CLI = "cli"  # bash on a sheet's text: the same everywhere, unlike the instruments of profiles
ValidationType = Literal["file_exists", "file_modified", "content_contains", "content_regex", "command_succeeds"]
# What the conductor sets for each sheet.
RESERVED_ENV = frozenset({"PODIUM_JOB_ID", "PODIUM_SHEET", "PODIUM_ATTEMPT", "PODIUM_WORKSPACE"})
VALIDATION_TYPES: tuple[ValidationType, ...] = get_args(ValidationType)
EngineName = Literal["local", "slurm"]  # where attempts run: on the conductor's machine, or on a cluster


class Part(BaseModel):
    """Base of a plan's parts: frozen, and closed, since a plan of a newer format must not be half read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Retry(Part):
    """When a failed attempt is tried again. `max_retries` counts the attempts after the first; delays are in seconds."""

    max_retries: int = 0
    base_delay_seconds: float = 0.0
    max_delay_seconds: float = 3600.0
    exponential_base: float = 2.0
    jitter: bool = False
    max_completion_attempts: int = 0  # of an agent, to complete what passed only in part, before a retry
    completion_delay_seconds: float = 5.0
    completion_threshold_percent: float = 50.0  # of the validations that have to pass for it


class Validation(Part):
    """One check. `path`, `command` and `working_directory` may hold `{workspace}`-style fields (see `model.context`).

    Relative paths are under the workspace, which is also where a command runs unless `working_directory` says otherwise.
    `pattern` is used as written.
    """

    type: ValidationType
    path: str = ""
    pattern: str = ""
    command: str = ""
    stage: int = 1
    retry_count: int = 0
    retry_delay_ms: int = 200
    timeout_seconds: float = 30.0
    working_directory: str = ""
    description: str = ""


class SkipCommand(Part):
    """A command that decides before a sheet's first attempt whether it is skipped: exit code 0 skips."""

    command: str
    timeout_seconds: float = 10.0
    description: str = ""


class CrossSheet(Part):
    """Which outputs of earlier sheets a template sees as `previous_outputs`: the last `lookback_sheets` by number."""

    auto_capture_stdout: bool = False
    max_output_chars: int = 2000
    lookback_sheets: int = 3
    capture_files: tuple[str, ...] = ()  # templates of patterns: the files that match are `previous_files`


class Player(Part):
    """An instrument with its settings (`instrument_config`)."""

    instrument: str
    config: dict[str, Any] = Field(default_factory=dict)


class Resources(Part):
    """What a sheet needs while it runs; 0, "" and () say nothing. From `nodes` on it is about a cluster only.

    `time_seconds` is the most time that an attempt takes. `extra` are further options of the cluster's command for submits.
    """

    cpus: int = 0
    memory_bytes: int = 0
    gpus: int = 0
    time_seconds: float | None = None
    nodes: int = 0
    partition: str = ""
    account: str = ""
    qos: str = ""
    constraint: str = ""
    extra: tuple[str, ...] = ()


class Injection(Part):
    """What a prompt is given beside its template: a file, whose path is a template, or a text."""

    kind: Literal["context", "skill", "tool", "directive"]
    file: str = ""
    folder: str = ""  # where a relative path begins; "": there is no such folder
    text: str = ""


class RateLimit(Part):
    """How long a sheet waits when its instrument reports a rate limit, and how often before it fails.

    `patterns` report one beside those of the instrument's profile.
    """

    wait_seconds: float
    max_waits: int
    patterns: tuple[str, ...] = ()


class CostLimits(Part):
    """What a sheet and the whole job may cost, in dollars, as far as the instruments report it. None: no limit."""

    max_cost_per_sheet: float | None = None
    max_cost_per_job: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, config=ConfigDict(extra="forbid"))
class PlanSheet:
    """One step. `needs` are sheet numbers; `validations` are those that apply to this sheet (conditions already decided).

    It has slots since a score may have 10,000 sheets: as a pydantic model each would take 2.1 kB instead of 0.5.
    """

    num: int
    name: str = ""
    description: str = ""
    instrument: str = "cli"
    instrument_config: dict[str, Any] = Field(default_factory=dict)
    fallbacks: tuple[Player, ...] = ()  # tried in order when the instrument is missing or out of capacity
    template: int  # index into Plan.templates
    variables: dict[str, Any] = Field(default_factory=dict)  # this sheet's own; they win over the plan's
    readings: dict[str, Any] = Field(default_factory=dict)  # see `podium.texts.readings`
    needs: tuple[int, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    env_from: dict[str, str] = Field(
        default_factory=dict
    )  # variable -> that of the conductor which gives its value at a launch
    timeout_seconds: float | None = None
    retry: int = 0  # index into Plan.retries
    validations: tuple[int, ...] = ()  # indexes into Plan.validations
    skip_when: str = ""
    skip_asks: tuple[int, ...] | None = None  # sheets whose status skip_when asks for; None: an old plan, any of them
    skip_when_command: SkipCommand | None = None
    on_lost: Literal["retry", "fail"] = "retry"
    uses_previous_outputs: bool = False  # or asks which of the earlier sheets were skipped
    stage: int = 0  # the entry of the score that this sheet comes from, from 1; 0 = the sheet's number
    instance: int = 1  # which one of that entry's sheets it is
    fan_count: int = 1  # how many sheets that entry makes
    hold: str = ""  # what somebody has to approve before its first attempt; "" = nothing
    injections: tuple[int, ...] = ()  # indexes into Plan.injections
    told: bool = False  # an agent is told where it is and what its validations look for
    strict: bool = False  # bash ends at the first command that fails: -euo pipefail
    engine: EngineName = "local"
    resources: int = 0  # index into Plan.resources
    start_item: int = 0  # first and last item of a numbered score's slice; 0 = the sheet's number
    end_item: int = 0

    @property
    def instruments(self) -> tuple[str, ...]:
        """The names of its instrument and of those that it falls back to, in the order in which they are tried."""
        return (self.instrument, *(each.instrument for each in self.fallbacks))

    @property
    def on_cluster(self) -> bool:
        """Whether it runs on nodes of a cluster, whose programs cannot be looked at from here."""
        return self.engine != "local"

    def player(self, index: int) -> Player:
        """Return the sheet's instrument (0) or one of those that it falls back to (1 and on)."""
        if index:
            return self.fallbacks[index - 1]
        return Player(instrument=self.instrument, config=self.instrument_config)

    @property
    def label(self) -> str:
        """The name, or the number of a sheet without one: what people and tools call this sheet."""
        return self.name or str(self.num)


class Plan(Part):
    """A checked score: sheets 1..n in order, every reference resolved, every template test-rendered."""

    version: int = PLAN_VERSION
    name: str
    description: str = ""
    dialect: Literal["named", "numbered"]
    folder: str | None = (
        None  # of an inline score: where its relative paths begin, absolute; None: it has no such folder
    )
    workspace: str | None = None  # absolute; None: the conductor chooses one (inline score) or the score gave none
    env: dict[str, str] = Field(default_factory=dict)
    env_from: dict[str, str] = Field(default_factory=dict)
    env_pass: tuple[str, ...] = ()  # variables whose values came with the start and are kept outside of the plan
    variables: dict[str, Any] = Field(default_factory=dict)
    readings: dict[str, Any] = Field(default_factory=dict)  # see `podium.texts.readings`
    started_with: dict[str, str] = Field(default_factory=dict)  # those of `variables` that the start gave
    profiles: dict[str, dict[str, Any]] = Field(default_factory=dict)  # content of the agent instruments' profiles
    templates: tuple[str, ...]
    retries: tuple[Retry, ...] = (Retry(),)
    validations: tuple[Validation, ...] = ()
    resources: tuple[Resources, ...] = (Resources(),)
    injections: tuple[Injection, ...] = ()
    sheets: tuple[PlanSheet, ...]
    total_stages: int = 0  # entries of the score, before fan-out; 0 = the number of sheets
    max_concurrent: int = 4
    fail_fast: bool = False
    stagger_delay_ms: int = 0
    pause_between_sheets_seconds: float = 0.0
    default_timeout_seconds: float | None = None  # for sheets without a limit of their own or of their profile
    cross_sheet: CrossSheet | None = None
    on_end: str = ""  # what bash runs when the job has ended
    on_end_seconds: float = 0.0  # that this may take longer than the settings say
    stakes: str = ""  # of a numbered score, as its templates have it
    thinking_method: str = ""
    rate_limit: RateLimit | None = None  # None: as the settings say
    cost_limits: CostLimits | None = None
    stale_seconds: float | None = None  # an attempt without output for so long is ended
    warnings: tuple[str, ...] = ()

    def sheet(self, num: int) -> PlanSheet:
        """Return a sheet by its number (1-based)."""
        return self.sheets[num - 1]

    def find(self, ref: int | str) -> int | None:
        """Return the number of the sheet with this number or name, or None. A name wins over a number written as text."""
        for sheet in self.sheets:
            if sheet.name and sheet.name == str(ref):
                return sheet.num
        number = int(ref) if str(ref).isdecimal() else 0
        return number if 1 <= number <= len(self.sheets) else None


_SHEET = TypeAdapter(PlanSheet)


def dump_plan(plan: Plan) -> str:
    """Return the plan as JSON, without members at their default: a change of a default needs a new `PLAN_VERSION`.

    It is written sheet by sheet, so that a large one does not keep other threads waiting.
    """
    head = plan.model_dump_json(exclude={"sheets", "version"}, exclude_defaults=True)
    sheets = ",".join(_SHEET.dump_json(sheet, exclude_defaults=True).decode() for sheet in plan.sheets)
    return f'{{"version":{plan.version},"plan":{head},"sheets":[{sheets}]}}'


def load_plan(text: str) -> Plan:
    """Return the plan that `dump_plan` wrote. It is parsed sheet by sheet: as a whole, a large one takes three times the memory.

    Raises:
        ValueError: it is of another version, or not a plan.
    """
    read = json.JSONDecoder().raw_decode
    version, at = read(text, len('{"version":'))
    if version != PLAN_VERSION:
        raise ValueError(f"plan version {version} is not supported; this Podium supports {PLAN_VERSION}")
    head, at = read(text, at + len(',"plan":'))
    at += len(',"sheets":[')
    sheets: list[PlanSheet] = []
    while not text.startswith("]", at):
        sheet, at = read(text, at)
        sheets.append(_SHEET.validate_python(sheet))
        at += text.startswith(",", at)
    return Plan.model_validate({**head, "sheets": tuple(sheets)})
