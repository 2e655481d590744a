"""The keys about how the sheets run: retries, how many at once, limits, and what follows the end."""

from typing import Annotated, Literal

from pydantic import Field

from podium.score.blocks import Delay, Milliseconds, RetryBlock, Seconds, Text
from podium.score.text.reading import Block

Dollars = Annotated[float, Field(gt=0)]
Percent = Annotated[float, Field(gt=0, le=100)]
Minutes = Annotated[int, Field(ge=1, le=366 * 24 * 60)]
Waits = Annotated[int, Field(ge=1, le=100_000)]
Patterns = Annotated[list[Text], Field(max_length=50)]


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

    detection_patterns: Patterns = Field(
        default_factory=list,
        description="regular expressions beside those of the instrument's profile, searched, ignoring case, in the end of a "
        "failed attempt's output",
    )
    wait_minutes: Minutes = Field(60, description="how long a sheet waits if its instrument does not say for how long")
    max_waits: Waits = Field(24, description="how often it waits before it fails")


class CostLimitsBlock(Block):
    """What a job may cost, as far as its instruments report it.

    A sheet that has cost more is not tried again; a job that has cost more is paused, and a resume grants the amount again.
    """

    enabled: bool = Field(False, description="keep the limits")
    max_cost_per_sheet: Dollars | None = Field(None, description="of one sheet, in dollars")
    max_cost_per_job: Dollars | None = Field(None, description="of all sheets, in dollars")


class StaleDetectionBlock(Block):
    """Ends an attempt that has written nothing for a while."""

    enabled: bool = Field(False, description="watch for it")
    idle_timeout_seconds: Seconds = Field(300.0, description="time without output after which an attempt is ended")
    check_interval_seconds: Seconds = Field(
        30.0,
        description="has to be less than idle_timeout_seconds, and has no other effect: output is watched all the time",
    )


class OnSuccessBlock(Block):
    """What runs when the job has completed, one after another. One that fails is told as a warning; the job stays completed."""

    type: Literal["run_command", "run_script", "run_job"] | None = Field(
        None, description="a command or a script; another score (run_job) cannot be run"
    )
    command: Text | None = Field(None, description="a shell command; may contain {workspace}, {job_id}, {sheet_count}")
    working_directory: Text | None = Field(None, description="where it runs; default: the workspace")
    description: Text | None = Field(None, description="for human readers")
    on_failure: Literal["continue", "abort"] = Field("continue", description="whether the next one runs if it fails")
    timeout_seconds: Seconds = Field(300.0, description="the longest that it may run")
    job_path: Text | None = Field(None, description="of run_job only")
    job_workspace: Text | None = Field(None, description="of run_job only")
    inherit_learning: bool = Field(True, description="of run_job only")
    detached: bool = Field(False, description="of run_job only")
    fresh: bool = Field(False, description="of run_job only")
