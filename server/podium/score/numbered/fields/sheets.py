"""The keys under `sheet`: how the items are cut into sheets, and what is special to single ones."""

from typing import Literal

from pydantic import Field

from podium.score.blocks import Fallbacks, SkipCommandBlock, Text
from podium.score.numbered.fields.kinds import Config, Positive, SheetMap
from podium.score.text.reading import Block


class NumberedSkipCommand(SkipCommandBlock):
    """A command that decides whether a sheet is skipped, with a text for people."""

    description: Text | None = Field(None, description="why it is skipped, told as the reason")


class InjectionBlock(Block):
    """A file that is put into the prompts of agents, read when a sheet starts."""

    file: Text = Field(
        "",
        description="its path, a template; relative to the score's folder; prompts and a warning say if it is not there",
    )
    kind: Literal["context", "skill", "tool"] = Field(
        "context", alias="as", description="context follows the template; skill and tool come before it"
    )


class NumberedSheets(Block):
    """How the items are cut into sheets, and what is special to single ones.

    With `fan_out` the keys of `dependencies`, `skip_when` and `skip_when_command` are stages; all others are sheets.
    """

    size: Positive | None = Field(None, description="items per sheet")
    total_items: Positive | None = Field(None, description="the last item")
    start_item: Positive = Field(1, description="the first item")
    dependencies: SheetMap[list[int]] = Field(
        default_factory=dict, description="the sheets that each one waits for; default: a chain"
    )
    fan_out: SheetMap[Positive] = Field(default_factory=dict, description="number of sheets that each stage becomes")
    descriptions: SheetMap[Text] = Field(default_factory=dict, description="for human readers")
    skip_when: SheetMap[Text] = Field(default_factory=dict, description="conditions that skip a sheet")
    skip_when_command: SheetMap[NumberedSkipCommand] = Field(
        default_factory=dict, description="commands that skip a sheet; it runs if one gives no answer, with a warning"
    )
    per_sheet_instruments: SheetMap[Text] = Field(
        default_factory=dict, description="instruments or aliases for individual sheets"
    )
    per_sheet_instrument_config: SheetMap[Config] = Field(
        default_factory=dict, description="instrument settings for individual sheets"
    )
    instrument_map: dict[str, list[int]] = Field(
        default_factory=dict, description="the same as per_sheet_instruments, by instrument"
    )
    per_sheet_fallbacks: SheetMap[Fallbacks] = Field(
        default_factory=dict, description="instrument_fallbacks of individual sheets, in place of all others"
    )
    prelude: list[InjectionBlock] = Field(
        default_factory=list,
        description="files for the prompts of all sheets: at most 256 KiB each, and 1 MiB in a prompt",
    )
    cadenzas: SheetMap[list[InjectionBlock]] = Field(
        default_factory=dict, description="files for the prompts of individual sheets"
    )
    prompt_extensions: SheetMap[list[Text]] = Field(
        default_factory=dict, description="prompt.prompt_extensions of individual sheets, beside those"
    )
    total_sheets: int | None = Field(None, description="must equal the resulting number of sheets")
