"""A score file as a Marianne conductor reads it: enough of its rules to accept and refuse as it was seen to.

The names of the classes show in its messages.
"""

import re
from pathlib import Path
from typing import Any, Literal

import jinja2
import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_EMPTY = (
    "The score file is empty or invalid. A Marianne score requires at minimum: name, sheet, and prompt sections. "
    "See 'mzt validate --help' or the score writing guide for examples."
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PromptConfig(_Strict):
    template: str | None = None
    template_file: Path | None = None
    variables: dict[str, Any] = {}
    stakes: str | None = None
    thinking_method: str | None = None

    @model_validator(mode="after")
    def _one_template(self) -> "PromptConfig":
        if self.template is not None and self.template_file is not None:
            raise ValueError("PromptConfig accepts 'template' or 'template_file', not both")
        return self


class SheetConfig(_Strict):
    size: int = Field(ge=1)
    total_items: int = Field(ge=1)
    start_item: int = Field(1, ge=1)
    dependencies: dict[int, list[int]] = {}
    fan_out: dict[int, int] = {}
    total_sheets: Any = None
    skip_when: dict[int, Any] = {}
    skip_when_command: dict[int, Any] = {}
    descriptions: dict[int, str] = {}
    prelude: list[Any] = []
    cadenzas: dict[int, Any] = {}
    prompt_extensions: dict[int, Any] = {}
    spec_tags: dict[int, Any] = {}
    per_sheet_instruments: dict[int, str] = {}
    per_sheet_fallbacks: dict[int, list[str]] = {}
    instrument_map: dict[str, list[int]] = {}

    @field_validator("dependencies")
    @classmethod
    def _not_itself(cls, found: dict[int, list[int]]) -> dict[int, list[int]]:
        for sheet in [sheet for sheet, needs in found.items() if sheet in needs]:
            raise ValueError(f"Sheet {sheet} cannot depend on itself")
        return found

    @field_validator("fan_out")
    @classmethod
    def _at_least_one(cls, found: dict[int, int]) -> dict[int, int]:
        for stage, count in found.items():
            if count < 1:
                raise ValueError(f"Fan-out count for stage {stage} must be >= 1, got {count}")
        return found

    @model_validator(mode="after")
    def _fan_out_fits(self) -> "SheetConfig":
        if self.fan_out and self.size != 1:
            why = "Each stage must map to exactly one sheet for fan-out to work."
            raise ValueError(f"fan_out requires size=1, got size={self.size}. {why}")
        for stage in [stage for stage in self.fan_out if not 1 <= stage <= self.stages]:
            valid = f"total_stages is {self.stages} (valid: 1-{self.stages})"
            raise ValueError(f"fan_out references stage {stage}, but {valid}")
        return self

    @model_validator(mode="after")
    def _in_range(self) -> "SheetConfig":
        stages = self.stages
        for sheet, needs in self.dependencies.items():
            if not 1 <= sheet <= stages:
                raise ValueError(f"Dependency key sheet {sheet} is out of range (valid: 1-{stages})")
            for need in [need for need in needs if not 1 <= need <= stages]:
                raise ValueError(f"Sheet {sheet} depends on sheet {need}, which is out of range (valid: 1-{stages})")
        return self

    @property
    def stages(self) -> int:
        """How many sheets there are before any is fanned out."""
        return max(1, -(-(self.total_items - self.start_item + 1) // self.size))

    def needs(self) -> dict[int, list[int]]:
        """Return the sheets with those that each waits for; without any rule each waits for the one before."""
        first, numbers = 1, {}
        for stage in range(1, self.stages + 1):
            count = self.fan_out.get(stage, 1)
            numbers[stage] = list(range(first, first + count))
            first += count
        rules = self.dependencies or {stage: [stage - 1] for stage in range(2, self.stages + 1)}
        return {
            sheet: [each for need in rules.get(stage, []) for each in numbers[need]]
            for stage, sheets in numbers.items()
            for sheet in sheets
        }


class RetryConfig(_Strict):
    max_retries: int = Field(3, ge=0)
    base_delay_seconds: float = 10
    max_delay_seconds: float = 3600
    exponential_base: float = 2.0
    jitter: bool = True
    max_completion_attempts: int = Field(5, ge=0)

    @model_validator(mode="after")
    def _base_is_less(self) -> "RetryConfig":
        base, most = self.base_delay_seconds, self.max_delay_seconds
        if base > most:
            raise ValueError(f"base_delay_seconds ({base}) must not exceed max_delay_seconds ({most})")
        return self


class ParallelConfig(_Strict):
    enabled: bool = False
    max_concurrent: int = Field(3, ge=1, le=20)
    fail_fast: bool = True
    stagger_delay_ms: int = 0


class ValidationRule(_Strict):
    type: Literal["file_exists", "file_modified", "content_contains", "content_regex", "command_succeeds"]
    path: str | None = None
    pattern: str | None = None
    command: str | None = None
    working_directory: str | None = None
    description: str | None = None
    condition: str | None = None
    sheet: int | None = None
    stage: int = Field(1, ge=1, le=10)
    retry_count: int = Field(3, ge=0, le=10)
    retry_delay_ms: int = Field(200, ge=0, le=5000)
    timeout_seconds: float | None = None

    @model_validator(mode="after")
    def _complete(self) -> "ValidationRule":
        needed = {"command_succeeds": ["command"], "file_exists": ["path"], "file_modified": ["path"]}
        for name in needed.get(self.type, ["path", "pattern"]):
            if getattr(self, name) is None:
                raise ValueError(f"Validation type '{self.type}' requires '{name}' field")
        if self.type == "content_regex":
            try:
                re.compile(self.pattern or "")
            except re.error as error:
                raise ValueError(f"Invalid regex pattern for content_regex validation: {error}") from None
        return self


class JobConfig(_Strict):
    name: str
    sheet: SheetConfig
    prompt: PromptConfig
    description: str | None = None
    workspace: Path | None = None
    instrument: str | None = Field(None, min_length=1)
    retry: RetryConfig = RetryConfig()
    parallel: ParallelConfig = ParallelConfig()
    pause_between_sheets_seconds: int = Field(2, ge=0)
    state_backend: Literal["json", "sqlite"] = "sqlite"
    validations: list[ValidationRule] = []
    backend: Any = None
    instruments: Any = None
    instrument_config: Any = None
    instrument_fallbacks: list[str] = []
    cross_sheet: Any = None
    cost_limits: Any = None
    on_success: list[Any] = []
    movements: Any = None
    rate_limit: Any = None
    circuit_breaker: Any = None
    stale_detection: Any = None
    isolation: Any = None
    notifications: list[Any] = []
    concert: Any = None
    learning: Any = None
    workspace_lifecycle: Any = None
    logging: Any = None

    def place(self, path: Path) -> Path:
        """Return where a score at `path` works."""
        return path.parent / self.workspace if self.workspace else Path("workspace").absolute()

    def prompt_error(self, sheet: int, workspace: str) -> str:
        """Return what is wrong with the prompt of a sheet, "" for nothing."""
        total = len(self.sheet.needs())
        known = {"sheet_num": sheet, "total_sheets": total, "workspace": workspace, "stage": sheet, "instance": 1}
        known |= {"start_item": sheet, "end_item": sheet, "fan_count": 1, "total_stages": total, "previous_outputs": {}}
        try:
            jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(  # noqa: S701  not HTML
                self.prompt.template or ""
            ).render(known | self.prompt.variables)
        except jinja2.TemplateError as error:
            return str(error)
        return ""


def load(path: Path) -> JobConfig:
    """Return the score in a file.

    Raises:
        OSError: it cannot be read. ValueError, yaml.YAMLError: it is not a score.
    """
    with path.open() as file:
        found = yaml.safe_load(file)
    if not isinstance(found, dict):
        raise ValueError(_EMPTY)  # noqa: TRY004  it says so
    return JobConfig.model_validate(found)
