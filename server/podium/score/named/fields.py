"""The named dialect: a list of `sheets`, what people and agents should write."""

from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from podium.contract.secrets.beside import without_named_secrets
from podium.score.blocks import (
    CrossSheetBlock,
    Data,
    Delay,
    EnvValue,
    Fallbacks,
    Filled,
    Milliseconds,
    Name,
    OnEndBlock,
    Reference,
    RetryBlock,
    Scalar,
    Seconds,
    SkipCommandBlock,
    Text,
    Variables,
)
from podium.score.model.draft import OnLost
from podium.score.model.plan import VALIDATION_TYPES, EngineName
from podium.score.resources import ResourcesBlock
from podium.score.text.problems import describe
from podium.score.text.reading import Block

HOLD_TEXT = "may it run?"  # what `hold: true` asks
MAX_HOLD_CHARS = 1000


def _as_path(value: Any) -> Any:
    return {"path": value} if isinstance(value, str | int | float) else value


def _as_command(value: Any) -> Any:
    return {"command": value} if isinstance(value, str | int | float) else value


def _foreach(value: Any) -> dict[str, list[Any]]:
    """Read `[a, b]` as `{item: [a, b]}`."""
    if isinstance(value, list):
        value = {"item": value}
    if not isinstance(value, dict) or len(value) != 1:
        raise ValueError(f"should be a list, or a mapping of one name to a list, not {describe(value)}")
    ((name, items),) = value.items()
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"{name!r} is not a valid variable name")
    if not isinstance(items, list):
        raise ValueError(f"should be a mapping of one name to a list, not to {describe(items)}")  # noqa: TRY004 pydantic wants it
    if not items:
        raise ValueError("needs at least one item")
    for item in items:
        if isinstance(item, dict | list):
            raise ValueError(f"each item should be a single value, not {describe(item)}")  # noqa: TRY004 pydantic wants it
    return {name: items}


def _hold(value: Any) -> str:
    """Read true as a text of ours, and the words for no as "", which does not hold. Space, lines too, becomes single spaces.

    It is only shown, so the secrets that it names are left out.
    """
    if value is None or isinstance(value, bool):
        return HOLD_TEXT if value else ""
    if not isinstance(value, str):
        raise ValueError(f"should be a text that says what to approve, or true, not {describe(value)}")  # noqa: TRY004
    text = without_named_secrets(" ".join(value.split()))
    if text.lower() in {"true", "yes", "on"}:
        return HOLD_TEXT
    if len(text) > MAX_HOLD_CHARS:
        raise ValueError(f"has {len(text)} characters, more than the limit of {MAX_HOLD_CHARS}")
    return "" if text.lower() in {"false", "no", "off", "null"} else text


class Common(Block):
    """What every validation may carry."""

    stage: int = Field(1, ge=1, le=10, description="stages run in order; a failing one stops the next")
    condition: Text = Field("", description="when it applies, such as `instance == 1`")
    retry_count: int = Field(0, ge=0, le=10, description="how many times to check again before it fails")
    retry_delay_ms: Milliseconds = Field(200, ge=0, le=5000, description="wait between checks, in milliseconds")
    timeout_seconds: Seconds = Field(30.0, description="time limit of one check")
    description: Text = Field("", description="shown with the result")


class PathCheck(Common):
    """A file, which is only read."""

    path: Text = Field("", description="absolute, or relative to the workspace; may contain {workspace}-style fields")


class ContentCheck(PathCheck):
    """What a file holds."""

    pattern: Text = Field("", description="the text or the regular expression to look for")


class CommandCheck(Common):
    """A command that must end with exit code 0. It must only read: it may run again after a crash."""

    command: Text = Field("", description="a shell command; may contain {workspace}-style fields")
    working_directory: Text = Field("", description="where it runs: absolute, or relative to the workspace")


PathOrText = Annotated[PathCheck, BeforeValidator(_as_path, json_schema_input_type=Text | PathCheck)]
CommandOrText = Annotated[CommandCheck, BeforeValidator(_as_command, json_schema_input_type=Text | CommandCheck)]
SkipOrText = Annotated[SkipCommandBlock, BeforeValidator(_as_command, json_schema_input_type=Text | SkipCommandBlock)]


class NamedCheck(Block):
    """One validation, `{type: value}`: exactly one of these."""

    @model_validator(mode="before")
    @classmethod
    def _has_no_type(cls, data: Any) -> Any:
        """Refuse the form of the numbered dialect, {type: file_exists, path: f}, with the one that is meant."""
        if not isinstance(data, dict):
            return data
        kind = data.get("type")
        if not isinstance(kind, str):
            cls._has_fields_beside(data)
            return data
        if kind not in VALIDATION_TYPES:
            raise ValueError(f"unknown validation {kind[:40]!r}; write one of {', '.join(VALIDATION_TYPES)}")
        shown = ("path", "pattern", "command", "working_directory")
        fields = {key: value for key, value in data.items() if key in shown and isinstance(value, str)}
        value = next(iter(fields.values())) if len(fields) == 1 and "pattern" not in fields else fields
        form = yaml.safe_dump({kind: value}, default_flow_style=True, sort_keys=False, width=1000)
        raise ValueError(f"write {form.strip()[:200]}")

    @classmethod
    def _has_fields_beside(cls, data: dict[Any, Any]) -> None:
        """Refuse fields of a validation that stand beside its type, where they are easily written, with where they go."""
        kinds = [key for key in data if key in VALIDATION_TYPES]
        beside = [key for key in data if key in {*ContentCheck.model_fields, *CommandCheck.model_fields}]
        if len(kinds) != 1 or not beside or len(beside) != len(data) - 1:
            return
        inside = data[kinds[0]]
        main = "command" if kinds[0] == "command_succeeds" else "path"
        names = dict.fromkeys([*(inside if isinstance(inside, dict) else [main]), *beside])
        form = ", ".join(f"{name}: ..." for name in names)
        raise ValueError(f"{' and '.join(beside)} should be inside: {{{kinds[0]}: {{{form}}}}}")

    file_exists: PathOrText | None = None
    file_modified: PathOrText | None = Field(None, description="changed since the attempt started")
    content_contains: ContentCheck | None = None
    content_regex: ContentCheck | None = None
    command_succeeds: CommandOrText | None = None


class NamedSheet(Block):
    """One step: exactly one of run, prompt and prompt_file."""

    name: Name = Field("", description="the sheet's name in needs, tools and logs")
    description: Text = Field("", description="for human readers")
    run: Text | None = Field(
        None,
        description="a script that the cli instrument runs in the workspace, with bash or the program of its `#!` line. bash "
        "continues after a command that fails, and the last one decides the result, unless the sheet is strict or begins with "
        "`set -e`",
    )
    prompt: Text | None = Field(None, description="what an agent instrument is asked to do")
    prompt_file: Text | None = Field(None, description="a file with the prompt, relative to the score")
    instrument: Text | None = Field(None, description="which agent runs the prompt; default: the score's")
    instrument_config: Data = Field(
        default_factory=dict, description="settings that the agent instrument's profile defines, such as model"
    )
    instrument_fallbacks: Fallbacks | None = Field(
        None,
        description="agents to try in order when this one is missing or out of capacity; default: the score's",
    )
    needs: list[Reference] = Field(
        default_factory=list,
        description="sheets that must complete first, by name or number; once any sheet has needs, even [], sheets without it "
        "do not wait",
    )
    foreach: Annotated[
        dict[str, list[Any]] | None,
        PlainValidator(_foreach, json_schema_input_type=list[Scalar] | dict[str, list[Scalar]]),
    ] = Field(None, description="creates one sheet, name[item], for each item; use {{ item }} in the template")
    env: dict[str, EnvValue] = Field(
        default_factory=dict,
        description="environment variables of this sheet, used as written, or {from_env: NAME}: see the score's",
    )
    strict: bool | None = Field(
        None, description="run is played by `bash -euo pipefail`, which ends at the first failure; default: the score's"
    )
    success_requirements: bool | None = Field(
        None,
        description="of a prompt: it also says where the agent is and what validate looks for; default: the score's",
    )
    timeout_seconds: Seconds | None = Field(None, description="time limit of an attempt; default: none")
    retry: RetryBlock = Field(default_factory=RetryBlock, description="default: no retries")
    checks: list[NamedCheck] = Field(default_factory=list, alias="validate", description="all must pass")
    skip_when: Text = Field("", description="skip the sheet if this condition holds")
    skip_when_command: SkipOrText | None = Field(
        None,
        description="skip the sheet if this bash command ends with exit code 0; 126, 127, a signal or a time-out fail it",
    )
    resources: ResourcesBlock | None = Field(
        None, description="what it needs while it runs; each key wins over that of the score"
    )
    engine: EngineName | None = Field(
        None, description="where it runs: on the conductor's machine, or on a Slurm cluster; default: the score's"
    )
    on_lost: OnLost = Field(
        "retry", description="what to do if an attempt is lost: with its machine or node, or taken away by a cluster"
    )
    hold: Annotated[str, PlainValidator(_hold, json_schema_input_type=str | bool)] = Field(
        "",
        description="what to approve, used as written, or true: once the sheet could start, before its conditions are looked at, "
        "it waits until resume_job approves it; a retry does not wait again. With foreach each sheet waits",
    )


class NamedParallel(Block):
    """How much of the job runs at once."""

    max_concurrent: int = Field(4, ge=1, le=1000, description="sheets of this job that may run at the same time")
    fail_fast: bool = Field(False, description="start no more sheets after one has failed")
    stagger_delay_ms: Milliseconds = Field(0, ge=0, le=600_000, description="wait between two starts, in milliseconds")


class NamedScore(Block):
    """A score with named sheets."""

    name: Name = Field("", description="the job's name")
    description: Text = Field("", description="for human readers")
    workspace: Filled | None = Field(None, description="working folder, relative to the score; created if missing")
    env: dict[str, EnvValue] = Field(
        default_factory=dict,
        description="environment variables of every sheet, used as written and stored; {from_env: NAME} takes the value of the "
        "conductor's variable, or of its env_file, when a sheet starts, and is never stored: the way to give secrets. All other "
        "variables are those that the conductor was started with, not the caller's",
    )
    env_pass: list[Text] = Field(
        default_factory=list,
        description="names of variables that the start takes from its caller's environment: podium run's or podium serve's",
    )
    variables: Variables = Field(
        default_factory=dict,
        description="values for templates; start_job can override them. They are stored and shown: do not put secrets here",
    )
    instrument: Text | None = Field(None, description="which agent runs the prompts; a sheet may choose another")
    instrument_fallbacks: Fallbacks = Field(
        default_factory=list, description="agents to try in order when one is missing or out of capacity"
    )
    sheets: list[NamedSheet] = Field(
        default_factory=list, description="the steps; they run one after another unless one has needs"
    )
    strict: bool = Field(
        False, description="each run is played by `bash -euo pipefail`, which ends at the first failure"
    )
    success_requirements: bool = Field(
        False, description="each prompt also says where the agent is and what the validations of its sheet look for"
    )
    resources: ResourcesBlock | None = Field(None, description="what each sheet needs while it runs")
    engine: EngineName | None = Field(
        None, description="where sheets run; default: the setting engine of the conductor"
    )
    parallel: NamedParallel = Field(default_factory=NamedParallel)
    pause_between_sheets_seconds: Delay = Field(0.0, description="wait after a sheet before the next one starts")
    cross_sheet: CrossSheetBlock | None = None
    on_end: OnEndBlock | None = Field(
        None,
        description="what runs when the job has completed, failed or been cancelled, once for each end (again, with "
        "the same $PODIUM_NOTIFICATION_ID, if the conductor dies or stops meanwhile). It changes nothing in the job: "
        "its failure is a warning",
    )
