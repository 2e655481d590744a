"""The keys about how the sheets run: retries, how many at once, limits, and what follows the end."""

from typing import Annotated, Literal

from pydantic import Field

from podium.score.blocks import Delay, Milliseconds, RetryBlock, Seconds, Text
from podium.score.numbered.fields.kinds import Positive
from podium.score.text.reading import Block

Dollars = Annotated[float, Field(gt=0)]
Percent = Annotated[float, Field(gt=0, le=100)]


class NumberedRetry(RetryBlock):
    """When a failed attempt is tried again; `max_retries` counts attempts after the first."""

    max_retries: int = Field(3, ge=0, le=1000, description="attempts after the first one")
    base_delay_seconds: Delay = Field(10.0, description="wait before the first retry")
    jitter: bool = Field(True, description="vary each wait at random")
    max_completion_attempts: int = Field(
        5, ge=0, le=1000, description="attempts of an agent to complete what passed only some of its validations"
    )
    completion_delay_seconds: Delay = Field(5.0, description="wait before such an attempt")
    completion_threshold_percent: Percent = Field(50.0, description="share of validations that have to pass for it")


class NumberedParallel(Block):
    """How much of the job runs at once; one sheet at a time unless enabled."""

    enabled: bool = Field(False, description="run sheets in parallel")
    max_concurrent: int = Field(3, ge=1, le=20, description="sheets of this job that may run at the same time")
    fail_fast: bool = Field(True, description="start no more sheets after one has failed")
    stagger_delay_ms: Milliseconds = Field(0, ge=0, le=600_000, description="wait between two starts, in milliseconds")


class RateLimitBlock(Block):
    """What happens when an instrument reports a rate limit."""

    detection_patterns: list[Text] | None = Field(None, description="has no effect: the instrument's profile knows")
    wait_minutes: Positive = Field(60, description="how long a sheet waits")
    max_waits: Positive = Field(24, description="how often it waits before it fails")


class CostLimitsBlock(Block):
    """What a job may cost, as far as its instruments report it."""

    enabled: bool = Field(False, description="keep the limits")
    max_cost_per_sheet: Dollars | None = Field(None, description="of one sheet, in dollars")
    max_cost_per_job: Dollars | None = Field(None, description="of all sheets, in dollars")


class StaleDetectionBlock(Block):
    """Ends an attempt that has written nothing for a while."""

    enabled: bool = Field(False, description="watch for it")
    idle_timeout_seconds: Seconds = Field(300.0, description="time without output after which an attempt is ended")


class OnSuccessBlock(Block):
    """What runs when the job has completed."""

    type: Literal["run_command", "run_script", "run_job"] | None = Field(None, description="what it is")
    command: Text | None = Field(None, description="a shell command; may contain {workspace}, {job_id}, {sheet_count}")
    working_directory: Text | None = Field(None, description="where it runs; default: the workspace")
    description: Text | None = Field(None, description="for human readers")
    on_failure: Literal["continue", "abort"] = Field("continue", description="whether the next one runs if it fails")
    timeout_seconds: Seconds = Field(300.0, description="the longest that it may run")
