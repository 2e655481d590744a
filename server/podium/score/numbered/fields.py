"""The numbered dialect, the score of the Marianne conductor: every field that is honoured, with its bounds and defaults.

The names, types, bounds and defaults are that conductor's, as observed. What is known but not honoured is in `UNSUPPORTED`.
"""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field

from podium.score.blocks import (
    CrossSheetBlock,
    Data,
    Delay,
    Fallbacks,
    Filled,
    Milliseconds,
    Name,
    OnEndBlock,
    RetryBlock,
    Seconds,
    SkipCommandBlock,
    Text,
    no_twin_keys,
)
from podium.score.model.plan import ValidationType
from podium.score.text.reading import Block, Keys

V = TypeVar("V")
SheetMap = Annotated[dict[int, V], BeforeValidator(no_twin_keys)]
Positive = Annotated[int, Field(ge=1)]

_RATE = "a score does not control how instrument rate limits are handled; remove it"
UNSUPPORTED: dict[Keys, str] = {
    ("cost_limits",): "Podium does not limit costs; remove it or set enabled: false",
    (
        "on_success",
    ): "write on_end: {run: COMMAND}, which runs after every end; $PODIUM_JOB_STATUS says which one it was",
    ("learning",): "Podium does not learn from earlier runs; remove it",
    ("isolation",): "sheets run in the workspace itself, without a worktree; remove it",
    (
        "notifications",
    ): "the conductor sends nothing itself; write on_end: {run: COMMAND}, which runs when the job has ended",
    ("concert",): "a score cannot start another score; remove this key",
    ("rate_limit",): _RATE,
    ("circuit_breaker",): _RATE,
    ("stale_detection",): "a conductor setting decides when a sheet is reported as stuck; remove it",
    ("sheet", "prelude"): "prompts are not assembled from files; use prompt.template",
    ("sheet", "cadenzas"): "prompts are not assembled from files; use prompt.template",
    ("sheet", "prompt_extensions"): "prompts are not assembled from files; use prompt.template",
    ("sheet", "spec_tags"): "Podium has no library of specifications; remove it",
    ("retry", "max_completion_attempts"): "max_retries also covers sheets that pass only some of their validations",
}


class NumberedSheets(Block):
    """How the items are cut into sheets, and what is special to single ones. Keys are sheet numbers (with `fan_out`: stages)."""

    size: Positive | None = Field(None, description="items per sheet")
    total_items: Positive | None = Field(None, description="the last item")
    start_item: Positive = Field(1, description="the first item")
    dependencies: SheetMap[list[int]] = Field(
        default_factory=dict, description="the sheets that each one waits for; default: a chain"
    )
    fan_out: SheetMap[Positive] = Field(default_factory=dict, description="number of sheets that each stage becomes")
    descriptions: SheetMap[Text] = Field(default_factory=dict, description="for human readers")
    skip_when: SheetMap[Text] = Field(default_factory=dict, description="conditions that skip a sheet")
    skip_when_command: SheetMap[SkipCommandBlock] = Field(
        default_factory=dict, description="commands that skip a sheet"
    )
    per_sheet_instruments: SheetMap[Text] = Field(
        default_factory=dict, description="instruments or aliases for individual sheets"
    )
    per_sheet_instrument_config: SheetMap[dict[str, Any]] = Field(
        default_factory=dict, description="instrument settings for individual sheets"
    )
    instrument_map: dict[str, list[int]] = Field(
        default_factory=dict, description="the same as per_sheet_instruments, by instrument"
    )
    total_sheets: int | None = Field(None, description="must equal the resulting number of sheets")


class NumberedPrompt(Block):
    """The template of all sheets: a prompt for an agent or a script for `cli`: for bash, which needs `set -e` to stop at a
    failure, or for the program of its `#!` line."""

    template: Text | None = Field(None, description="the text; use this or template_file")
    template_file: Text | None = Field(None, description="a file with the text, relative to the score")
    variables: Data = Field(
        default_factory=dict,
        description="values for the template; stored and shown: do not put secrets here",
    )


class NumberedRetry(RetryBlock):
    """When a failed attempt is tried again; `max_retries` counts attempts after the first."""

    max_retries: int = Field(3, ge=0, le=1000, description="attempts after the first one")
    base_delay_seconds: Delay = Field(10.0, description="wait before the first retry")
    jitter: bool = Field(True, description="vary each wait at random")


class NumberedParallel(Block):
    """How much of the job runs at once; one sheet at a time unless enabled."""

    enabled: bool = Field(False, description="run sheets in parallel")
    max_concurrent: int = Field(3, ge=1, le=20, description="sheets of this job that may run at the same time")
    fail_fast: bool = Field(True, description="start no more sheets after one has failed")
    stagger_delay_ms: Milliseconds = Field(0, ge=0, le=600_000, description="wait between two starts, in milliseconds")
    budget_partition: Literal[True] = Field(True, description="has no effect; only true is accepted")


class NumberedCheck(Block):
    """One validation of the sheets that its `sheet` and `condition` choose."""

    type: ValidationType | None = Field(None, description="what is checked")
    path: Text | None = Field(
        None,
        description="a file, absolute or relative to the workspace; it is only read; may contain {workspace}-style fields",
    )
    pattern: Text | None = Field(None, description="the text or the regular expression to look for")
    command: Text | None = Field(None, description="a shell command; may contain {workspace}-style fields")
    working_directory: Text | None = Field(
        None, description="where the command runs: absolute, or relative to the workspace"
    )
    stage: int = Field(1, ge=1, le=10, description="stages run in order; a failing one stops the next")
    condition: Text | None = Field(None, description="when it applies, such as `sheet_num >= 3 and stage == 2`")
    sheet: int | None = Field(None, description="the only sheet that it applies to")
    retry_count: int = Field(3, ge=0, le=10, description="how many times to check again before it fails")
    retry_delay_ms: Milliseconds = Field(200, ge=0, le=5000, description="wait between checks, in milliseconds")
    timeout_seconds: Seconds | None = Field(None, description="time limit of one check; default: 30")
    description: Text | None = Field(None, description="shown with the result")


class BackendBlock(Block):
    """The older way to set the time limit."""

    type: Text | None = Field(None, description="only claude_cli, the default instrument, is accepted; use instrument")
    timeout_seconds: Seconds | None = Field(None, description="time limit of an attempt")


class AliasBlock(Block):
    """An instrument under a name of the score's own."""

    profile: Text = Field("", description="the instrument")
    config: Data = Field(default_factory=dict, description="its settings")


class MovementBlock(Block):
    """A stage's name and instrument."""

    name: Text | None = Field(None, description="becomes the description of the stage's sheets")
    instrument: Text | None = Field(None, description="instrument of the stage's sheets")
    voices: int | None = Field(None, ge=1, description="only 1 is accepted; use sheet.fan_out")


class NumberedScore(Block):
    """A score with numbered sheets."""

    name: Name | None = Field(None, description="the job's name; if empty, the file's name")
    description: Text | None = Field(None, description="for human readers")
    workspace: Filled | None = Field(None, description="working folder, relative to the score; created if missing")
    instrument: Filled | None = Field(None, description="which instrument runs the sheets")
    instrument_config: Data = Field(
        default_factory=dict, description="its settings; timeout_seconds applies to every instrument"
    )
    instrument_fallbacks: Fallbacks = Field(
        default_factory=list,
        description="agents or aliases to try in order when one is missing or out of capacity",
    )
    instruments: dict[str, AliasBlock] = Field(default_factory=dict, description="aliases for instruments")
    backend: BackendBlock = Field(default_factory=BackendBlock)
    sheet: NumberedSheets = Field(default_factory=NumberedSheets)
    prompt: NumberedPrompt = Field(default_factory=NumberedPrompt)
    retry: NumberedRetry = Field(default_factory=NumberedRetry)
    parallel: NumberedParallel = Field(default_factory=NumberedParallel)
    validations: list[NumberedCheck] = Field(default_factory=list, description="all must pass")
    cross_sheet: CrossSheetBlock | None = None
    pause_between_sheets_seconds: Delay = Field(2.0, description="wait after a sheet before the next one starts")
    movements: SheetMap[MovementBlock] = Field(default_factory=dict, description="stages by number")
    on_end: OnEndBlock | None = Field(None, description="what runs when the job has ended: see named scores")
    state_backend: Literal["sqlite"] = Field("sqlite", description="the conductor keeps its state in SQLite")
