"""The keys of a validation."""

from pydantic import Field

from podium.score.blocks import Milliseconds, Seconds, Text
from podium.score.model.plan import ValidationType
from podium.score.text.reading import Block


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
    timeout_seconds: Seconds | None = Field(
        None, description="time limit of one check; default: 3600 of a command, 30 of another"
    )
    description: Text | None = Field(None, description="shown with the result")
