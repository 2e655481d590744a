"""What both dialects are read into: entries with their places in the text, before fan-out and before templates are tried."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from podium.score.model.plan import CrossSheet, Player, Retry, SkipCommand, Validation
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
    """A reference to another entry: all of its sheets, or the one of an instance (from 0)."""

    stage: int
    instance: int | None = None


@dataclass(frozen=True)
class Instance:
    """One sheet of an entry: what its name ends in, and its own variables."""

    suffix: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """A template's text and where it stands; `file` is "" for a text in the score itself."""

    text: str
    loc: Loc
    file: str = ""


@dataclass(frozen=True)
class Stage:
    """One entry of the score, which makes one sheet or several. Needs are resolved; `loc` is the entry's place."""

    loc: Loc
    label: str
    template: Template
    needs: tuple[Need, ...]
    instrument: str
    instances: tuple[Instance, ...] = (Instance(),)
    name: str = ""
    description: str = ""
    instrument_config: Mapping[str, Any] = field(default_factory=dict)
    fallbacks: tuple[Player, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    env_from: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float | None = None
    retry: Retry = field(default_factory=Retry)
    checks: tuple[Check, ...] = ()
    skip_when: str = ""
    skip_when_loc: Loc = ()
    skip_when_command: SkipCommand | None = None
    skip_when_command_loc: Loc = ()
    on_lost: OnLost = "retry"
    hold: str = ""
    strict: bool = False

    def instance_values(self) -> Iterator[tuple[str, Any]]:
        """Yield each instance's own variables."""
        for instance in self.instances:
            yield from instance.variables.items()

    items: tuple[int, int] = (0, 0)


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
