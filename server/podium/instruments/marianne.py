"""Profiles in the form of the Marianne conductor's instrument guide, and what becomes of each of their keys."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from podium.instruments.profile import Executable, Name, Patterns, Profile
from podium.instruments.setting import Option, Setting
from podium.instruments.variables import named_in

WITHOUT_EFFECT: Mapping[str, str] = {
    "capabilities": "nothing is chosen by them",
    "models": "nothing is counted by their sizes and prices",
    "default_model": "without model_flag it cannot be passed on",
    "cli.command.system_prompt_flag": "nothing says whether it takes a text or a file, so put both into extra_flags",
    "cli.command.mcp_config_flag": "Podium has no servers for it, so put flag and file into extra_flags",
    "cli.command.timeout_flag": "the conductor ends the sheet at its time limit",
    "cli.output.format": "the output is kept as the tool writes it",
    "cli.output.result_path": "the output is kept as the tool writes it",
    "cli.output.error_path": "errors are looked for in the whole output",
    "cli.output.completion_event_type": "the exit code and the validations say whether the work is done",
    "cli.output.completion_event_filter": "the exit code and the validations say whether the work is done",
    "cli.output.input_tokens_path": "tokens are not counted",
    "cli.output.output_tokens_path": "tokens are not counted",
    "cli.errors.crash_patterns": "a failure of another kind is retried as the score says",
    "cli.errors.stale_patterns": "a failure of another kind is retried as the score says",
    "cli.errors.timeout_patterns": "a failure of another kind is retried as the score says",
}
"""Keys that change nothing about what an instrument does, and why."""

_HERE = "."  # a tool runs in the workspace


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Word = Annotated[str, Field(pattern=r"^\S+$", max_length=200)]
Text = Annotated[str, Field(min_length=1)]


class Command(_Block):
    """How the command is made."""

    executable: Executable
    subcommand: Word | None = None
    prompt_flag: Word | None = None
    model_flag: Option | None = None
    auto_approve_flag: Word | None = None
    output_format_flag: Word | None = None
    output_format_value: Text | None = None
    system_prompt_flag: Word | None = None
    allowed_tools_flag: Option | None = None
    mcp_config_flag: Word | None = None
    timeout_flag: Word | None = None
    working_dir_flag: Word | None = None
    extra_flags: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)

    def options(self, model: str | None) -> tuple[str, ...]:
        """Return the arguments before the prompt, in the order of the guide."""
        pairs = (
            (self.subcommand,),
            (self.auto_approve_flag,),
            (self.output_format_flag, self.output_format_value),
            (self.working_dir_flag, _HERE),
            (self.model_flag if model else None, model),
        )
        return tuple(each for pair in pairs if pair[0] is not None for each in pair if each is not None)

    def settings(self) -> dict[str, Setting]:
        """Return what a score's `instrument_config` may hold."""
        found = {
            "model": self.model_flag and Setting(option=self.model_flag),
            "allowed_tools": self.allowed_tools_flag and Setting(option=self.allowed_tools_flag, takes="list"),
        }
        return {name: setting for name, setting in found.items() if setting}


class Output(_Block):
    """How the output is read: not at all, as long as it is one of the forms."""

    format: Literal["text", "json", "jsonl"] = "text"
    result_path: Text | None = None
    error_path: Text | None = None
    completion_event_type: Text | None = None
    completion_event_filter: dict[str, Any] | None = None
    input_tokens_path: Text | None = None
    output_tokens_path: Text | None = None


class Errors(_Block):
    """How failures are known."""

    success_exit_codes: Annotated[tuple[int, ...], Field(min_length=1)] = (0,)
    rate_limit_patterns: Patterns = ()
    auth_error_patterns: Patterns = ()
    capacity_patterns: Patterns = ()
    crash_patterns: Patterns = ()
    stale_patterns: Patterns = ()
    timeout_patterns: Patterns = ()


class Cli(_Block):
    """What a command-line tool is."""

    command: Command
    output: Output = Output()
    errors: Errors = Errors()


class Written(_Block):
    """A profile as its file has it."""

    name: Name
    display_name: str = ""
    description: str = ""
    kind: Literal["cli"] = "cli"
    capabilities: list[str] = Field(default_factory=list)
    models: list[dict[str, Any]] = Field(default_factory=list)
    default_model: Text | None = None
    default_timeout_seconds: float | None = Field(None, gt=0)
    cli: Cli
    http: None = None

    @model_validator(mode="before")
    @classmethod
    def _is_tool(cls, content: dict[str, Any]) -> dict[str, Any]:
        """Refuse an API at once: the rest of its profile says nothing of a tool."""
        for key, refused in (("kind", content.get("kind") == "http"), ("http", content.get("http") is not None)):
            if refused:
                raise ValueError(f"{key} (not supported: Podium runs command-line tools, and calls no API itself)")
        return content


BLOCKS: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Written,
    ("cli",): Cli,
    ("cli", "command"): Command,
    ("cli", "output"): Output,
    ("cli", "errors"): Errors,
}
"""The blocks of such a profile, by the keys that lead to them."""


def is_of_marianne(content: Mapping[str, Any]) -> bool:
    """Return whether a profile has the form of the guide, right or wrong, and not ours."""
    return bool({"cli", "http"} & content.keys()) or ("display_name" in content and "executable" not in content)


def converted(content: Mapping[str, Any]) -> Profile:
    """Return such a profile as ours. Raises pydantic's ValidationError."""
    written = Written.model_validate(content)
    command, errors = written.cli.command, written.cli.errors
    expanded = {name: text for name, text in command.env.items() if named_in(text)}
    return Profile(
        name=written.name,
        description=": ".join(filter(None, (written.display_name, written.description))),
        executable=command.executable,
        args=command.options(written.default_model),
        args_after=command.extra_flags,
        prompt="flag" if command.prompt_flag else "argument",
        prompt_flag=command.prompt_flag or "",
        settings=command.settings(),
        env={name: text for name, text in command.env.items() if name not in expanded},
        env_expanded=expanded,
        success_codes=errors.success_exit_codes,
        rate_limit_patterns=errors.rate_limit_patterns,
        auth_patterns=errors.auth_error_patterns,
        capacity_patterns=errors.capacity_patterns,
        default_timeout_seconds=written.default_timeout_seconds,
        unused=tuple(key for key in WITHOUT_EFFECT if _is_given(written, key)),
    )


def unused_note(name: str, keys: tuple[str, ...]) -> str:
    """Return what is said of an instrument with keys that nothing is done with."""
    told = "; ".join(f"{key} ({WITHOUT_EFFECT[key]})" for key in keys if key in WITHOUT_EFFECT)
    return f"nothing is done with these keys of the instrument {name}: {told}."


def _is_given(written: Written, key: str) -> bool:
    """Return whether a key without effect says something other than its default."""
    if key == "default_model" and written.cli.command.model_flag:
        return False
    *above, last = key.split(".")
    block: BaseModel = written
    for part in above:
        block = getattr(block, part)
    value = getattr(block, last)
    return bool(value) and value != type(block).model_fields[last].default
