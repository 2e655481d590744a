"""The keys about instruments."""

from typing import Any, Literal

from pydantic import Field

from podium.score.blocks import Fallbacks, Filled, Seconds, Text
from podium.score.numbered.fields.kinds import Config, Positive, SheetMap
from podium.score.text.reading import Block


class BackendBlock(Block):
    """The older way to choose the instrument and its settings, which are those of claude-code."""

    type: Filled | None = Field(None, description="the instrument; use instrument")
    skip_permissions: bool = Field(False, description="as in instrument_config")
    disable_mcp: bool = Field(False, description="as in instrument_config")
    output_format: Literal["text", "json", "stream-json"] = Field("text", description="as in instrument_config")
    cli_model: Text | None = Field(None, description="as in instrument_config")
    allowed_tools: list[Text] | None = Field(None, description="as in instrument_config")
    system_prompt_file: Filled | None = Field(None, description="as in instrument_config")
    working_directory: Filled | None = Field(None, description="only the workspace, where sheets run")
    timeout_seconds: Seconds | None = Field(None, description="time limit of an attempt")
    timeout_overrides: SheetMap[Seconds] = Field(default_factory=dict, description="time limits of individual sheets")
    cli_extra_args: list[Text] = Field(default_factory=list, description="as in instrument_config")
    max_output_capture_bytes: Positive = Field(
        51200, description="has no effect: the conductor's settings limit outputs"
    )
    model: Text | None = Field(None, description="has no effect: it is for an API; use cli_model")
    api_key_env: Text | None = Field(None, description="has no effect: it is for an API")
    max_tokens: Positive | None = Field(None, description="has no effect: it is for an API")
    temperature: float | None = Field(None, description="has no effect: it is for an API")
    recursive_light: dict[str, Any] | None = Field(None, description="has no effect: it is for an API")
    ollama: dict[str, Any] | None = Field(None, description="has no effect: it is for an API")


class AliasBlock(Block):
    """An instrument under a name of the score's own."""

    profile: Text = Field("", description="the instrument")
    config: Config = Field(default_factory=dict, description="its settings")


class MovementBlock(Block):
    """A stage's name and instrument."""

    name: Text | None = Field(None, description="becomes the description of the stage's sheets")
    instrument: Filled | None = Field(None, description="instrument of the stage's sheets")
    instrument_config: Config = Field(default_factory=dict, description="its settings for the stage's sheets")
    instrument_fallbacks: Fallbacks | None = Field(
        None, description="what the stage's sheets fall back to, in place of the score's list"
    )
    voices: Positive | None = Field(None, description="the same as sheet.fan_out of the stage")
