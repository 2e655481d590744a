"""The keys about instruments."""

from typing import Any

from pydantic import Field

from podium.score.blocks import Data, Fallbacks, Filled, Seconds, Text
from podium.score.numbered.fields.kinds import Positive, SheetMap
from podium.score.text.reading import Block


class BackendBlock(Block):
    """The older way to choose the instrument and its settings."""

    type: Text | None = Field(None, description="the instrument; use instrument")
    timeout_seconds: Seconds | None = Field(None, description="time limit of an attempt")
    timeout_overrides: SheetMap[Seconds] = Field(default_factory=dict, description="time limits of individual sheets")


class AliasBlock(Block):
    """An instrument under a name of the score's own."""

    profile: Text = Field("", description="the instrument")
    config: Data = Field(default_factory=dict, description="its settings")


class MovementBlock(Block):
    """A stage's name and instrument."""

    name: Text | None = Field(None, description="becomes the description of the stage's sheets")
    instrument: Filled | None = Field(None, description="instrument of the stage's sheets")
    instrument_config: dict[str, Any] = Field(default_factory=dict, description="its settings for the stage's sheets")
    instrument_fallbacks: Fallbacks | None = Field(
        None, description="what the stage's sheets fall back to, in place of the score's list"
    )
    voices: Positive | None = Field(None, description="the same as sheet.fan_out of the stage")
