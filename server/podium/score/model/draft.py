"""What both dialects are read into: entries with their places in the text, before fan-out and before templates are tried."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from podium.score.model.plan import (
    CostLimits,
    CrossSheet,
    EngineName,
    Injection,
    Player,
    RateLimit,
    Resources,
    Retry,
    SkipCommand,
    Validation,
)
from podium.score.text.document import Loc

OnLost = Literal["retry", "fail"]


@dataclass(frozen=True)
class Check:
    """A validation, where it stands, and to which sheets it applies."""

    validation: Validation
    loc: Loc
    condition: str = ""
    sheet: int | None = None


@dataclass(frozen=True)
class Need:
    """A reference to another entry: all of its sheets, the one of an instance (from 0), or, `matched`, each its own."""

    stage: int
    instance: int | None = None
    matched: bool = False


@dataclass(frozen=True)
class Play:
    """What plays a sheet: an instrument with its settings, those that it falls back to, and the time limit in seconds."""

    instrument: str
    config: Mapping[str, Any] = field(default_factory=dict)
    fallbacks: tuple[Player, ...] = ()
    timeout_seconds: float | None = None


@dataclass(frozen=True)
class Inserted:
    """What a prompt is given beside its template, and where it stands."""

    injection: Injection
    loc: Loc


@dataclass(frozen=True)
class Instance:
    """One sheet of an entry: what its name ends in, and what is its own. None, "" and () are what the entry says."""

    suffix: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    play: Play | None = None
    description: str = ""
    inserted: tuple[Inserted, ...] = ()


@dataclass(frozen=True)
class Template:
    """A template's text and where it stands; `file` is "" for a text in the score itself."""

    text: str
    loc: Loc
    file: str = ""


@dataclass(frozen=True)
class Asked:
    """What a sheet needs while it runs, and where the keys stand that say so."""

    resources: Resources = field(default_factory=Resources)
    locs: Mapping[str, Loc] = field(default_factory=dict)


NOTHING_ASKED = Asked()


@dataclass(frozen=True)
class Stage:
    """One entry of the score, which makes one sheet or several. Needs are resolved; `loc` is the entry's place."""

    loc: Loc
    label: str
    template: Template
    needs: tuple[Need, ...]
    play: Play
    instances: tuple[Instance, ...] = (Instance(),)
    name: str = ""
    description: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    env_from: Mapping[str, str] = field(default_factory=dict)
    retry: Retry = field(default_factory=Retry)
    checks: tuple[Check, ...] = ()
    skip_when: str = ""
    skip_when_loc: Loc = ()
    skip_when_command: SkipCommand | None = None
    skip_when_command_loc: Loc = ()
    on_lost: OnLost = "retry"
    hold: str = ""
    strict: bool = False
    told: bool = False  # an agent is told where it is and what its validations look for
    engine: EngineName | None = None  # None: as the settings say
    asked: Asked = NOTHING_ASKED

    @property
    def plays(self) -> list[Play]:
        """What plays each of its sheets, in their order."""
        return [instance.play or self.play for instance in self.instances]

    def instance_values(self) -> Iterator[tuple[str, Any]]:
        """Yield each instance's own variables."""
        for instance in self.instances:
            yield from instance.variables.items()

    items: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Hook:
    """A command that runs when the job has completed; one that `aborts` keeps those after it from running if it fails."""

    command: str
    working_directory: str = ""
    description: str = ""
    timeout_seconds: float = 300.0
    aborts: bool = False


@dataclass(frozen=True)
class Draft:
    """A score as it was read; `variables_loc` is where its variables stand."""

    dialect: Literal["named", "numbered"]
    name: str
    stages: tuple[Stage, ...]
    description: str = ""
    workspace: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    env_from: Mapping[str, str] = field(default_factory=dict)
    env_pass: tuple[str, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    variables_loc: Loc = ("variables",)
    max_concurrent: int = 4
    fail_fast: bool = False
    stagger_delay_ms: int = 0
    pause_between_sheets_seconds: float = 0.0
    default_timeout_seconds: float | None = None
    cross_sheet: CrossSheet | None = None
    on_end: str = ""
    on_success: tuple[Hook, ...] = ()
    stakes: str = ""
    thinking_method: str = ""
    rate_limit: RateLimit | None = None
    cost_limits: CostLimits | None = None
    stale_seconds: float | None = None
