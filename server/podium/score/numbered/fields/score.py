"""The numbered dialect, the score of the Marianne conductor: every field that is honoured, with its bounds and defaults.

The names, types, bounds and defaults are that conductor's, as documented and observed. What is known but not honoured is in
`answers`.
"""

from pydantic import Field

from podium.score.blocks import CrossSheetBlock, Delay, Fallbacks, Filled, Name, OnEndBlock, Text
from podium.score.numbered.fields.checks import NumberedCheck
from podium.score.numbered.fields.kinds import Config, SheetMap
from podium.score.numbered.fields.playing import AliasBlock, BackendBlock, MovementBlock
from podium.score.numbered.fields.prompt import NumberedPrompt
from podium.score.numbered.fields.running import (
    CostLimitsBlock,
    NumberedParallel,
    NumberedRetry,
    OnSuccessBlock,
    RateLimitBlock,
    StaleDetectionBlock,
)
from podium.score.numbered.fields.sheets import NumberedSheets
from podium.score.text.reading import Block


class NumberedScore(Block):
    """A score with numbered sheets."""

    name: Name | None = Field(None, description="the job's name; if empty, the file's name")
    description: Text | None = Field(None, description="for human readers")
    workspace: Filled | None = Field(None, description="working folder, relative to the score; created if missing")
    instrument: Filled | None = Field(None, description="which instrument runs the sheets")
    instrument_config: Config = Field(
        default_factory=dict,
        description="its settings; timeout_seconds and timeout_overrides, by sheet, apply to every instrument",
    )
    instrument_fallbacks: Fallbacks = Field(
        default_factory=list,
        description="agents or aliases to try in order when one is missing or out of capacity; unknown ones are skipped",
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
    success_requirements: bool = Field(
        True, description="tell agents where they are and what the validations of their sheet look for"
    )
    rate_limit: RateLimitBlock | None = None
    cost_limits: CostLimitsBlock | None = None
    stale_detection: StaleDetectionBlock | None = None
    on_success: list[OnSuccessBlock] | None = Field(None, description="what runs when the job has completed")
    on_end: OnEndBlock | None = Field(None, description="what runs when the job has ended: see named scores")
