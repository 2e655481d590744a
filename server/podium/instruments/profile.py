"""An instrument's profile, and the command that it makes of a prompt."""

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from podium.errors import InvalidArguments
from podium.instruments.setting import Setting
from podium.instruments.variables import filled

PROMPT_FILE = "{prompt_file}"
SCRIPT = "{script}"
# Linux limits one argument of a command to 131,072 bytes with its NUL (MAX_ARG_STRLEN).
MAX_ARGUMENT_BYTES = 131_071
NO_CONFIG: Mapping[str, Any] = {}


def _findable(executable: str) -> str:
    """Refuse a relative path: the conductor may run in any folder."""
    if "/" in executable and not PurePath(executable).is_absolute():
        raise ValueError("must be the name of a program in PATH, or an absolute path")
    return executable


Pattern = Annotated[str, Field(min_length=1, max_length=500)]
Patterns = Annotated[tuple[Pattern, ...], Field(max_length=50)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
Executable = Annotated[str, Field(min_length=1), AfterValidator(_findable)]


class Profile(BaseModel):
    """One instrument. The text of a sheet is a bash script (`script`), or a prompt that is passed in one of four ways.

    `args` come before the prompt, `args_after` behind it; in `file` mode one of the former may be `{prompt_file}` or
    `--option={prompt_file}`, otherwise the file is the last of them. In every mode, `{script}` as an argument or as the value
    of an option stands for the path of the file that holds the prompt. `settings` are the keys that a score's
    `instrument_config` may hold, each with the option that takes its value, or more (see `Setting`): it replaces that
    option's value in `args`, or follows them. `unguarded` are arguments with which the tool asks for nothing and does what it
    likes: the author of a score is told. `env_expanded` is more of `env`, in whose values `${NAME}` stands for the
    conductor's variable, looked up at each start. Patterns are searched, ignoring case, in the end of a failed attempt's
    output; whether they compile is checked where profiles are read. `cost_pattern` is searched in the end of every attempt's
    output: the group of its last match is what the attempt has cost, in dollars.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[str, ...] = ()  # the pages that say how the tool is used
    name: Name
    aliases: tuple[Name, ...] = ()
    description: str = ""
    kind: Literal["cli", "agent"] = "agent"
    executable: Executable
    args: tuple[str, ...] = ()
    args_after: tuple[str, ...] = ()
    prompt: Literal["argument", "flag", "stdin", "file", "script"]
    prompt_flag: str = ""
    settings: dict[Name, Setting] = Field(default_factory=dict)
    unguarded: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    env_expanded: dict[str, str] = Field(default_factory=dict)
    success_codes: Annotated[tuple[int, ...], Field(min_length=1)] = (0,)
    rate_limit_patterns: Patterns = ()
    auth_patterns: Patterns = ()
    capacity_patterns: Patterns = ()
    cost_pattern: Pattern | Literal[""] = ""
    default_timeout_seconds: float | None = Field(None, gt=0)
    unused: tuple[str, ...] = ()  # keys of its file that nothing is done with (see `podium.instruments.marianne`)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse fields that this way of passing the prompt would ignore."""
        if (self.prompt == "flag") != bool(self.prompt_flag):
            raise ValueError('prompt_flag is required with prompt: "flag", and allowed only with it')
        if self.prompt == "script" and (self.args or self.args_after or self.executable != "bash"):
            raise ValueError('prompt: "script" is for bash without args; for another interpreter use prompt: "file"')
        if self.prompt == "script" and self.settings:
            raise ValueError('prompt: "script" has no settings')
        if any(setting.option in self.args[-1:] for setting in self.settings.values()):
            raise ValueError("a settings option that appears in args must be followed by its value")
        for arg in self.args:
            option, found, rest = arg.partition(PROMPT_FILE)
            whole = not rest and (not option or (option.startswith("-") and option.endswith("=")))
            if found and not (self.prompt == "file" and whole):
                raise ValueError(
                    f'{PROMPT_FILE} needs prompt: "file", and must be an argument or --option={PROMPT_FILE}'
                )
        return self

    def environment(self, value_of: Callable[[str], str]) -> dict[str, str]:
        """Return the variables that it adds; `value_of` returns those of the conductor."""
        return {**self.env, **{name: filled(text, value_of) for name, text in self.env_expanded.items()}}

    def command(
        self, script_path: str, prompt: str, config: Mapping[str, Any] = NO_CONFIG
    ) -> tuple[tuple[str, ...], bool]:
        """Return the command of an attempt, () for bash on the script, and whether the script is its standard input.

        `script_path` is the file that holds the prompt; `config` holds values of `settings`.

        Raises:
            InvalidArguments: the prompt is too long for an argument.
        """
        if self.prompt == "script":
            return (), False
        command = (self.executable, *(_named(arg, script_path) for arg in self._arguments(config)))
        after = tuple(_named(arg, script_path) for arg in self.args_after)
        match self.prompt:
            case "stdin":
                return (*command, *after), True
            case "file":
                named = tuple(arg.replace(PROMPT_FILE, script_path) for arg in command)
                return (*(named if named != command else (*command, script_path)), *after), False
            case "flag":
                return (*command, self.prompt_flag, self._argument(prompt), *after), False
            case _:
                return (*command, self._argument(prompt), *after), False

    def _arguments(self, config: Mapping[str, Any]) -> list[str]:
        """Return the arguments before the prompt, with those of the settings."""
        args, last = list(self.args), []
        for name, value in config.items():
            setting = self.settings[name]
            given = setting.arguments(value)
            if setting.takes == "arguments":
                last += given
            elif len(given) > 1 and given[0] in args:
                args[args.index(given[0]) + 1] = given[1]
                args += given[2:]
            else:
                args += given
        return args + last

    def _argument(self, prompt: str) -> str:
        """Return the prompt as one argument that no tool mistakes for an option."""
        text = f"\n{prompt}" if prompt.startswith("-") else prompt
        if len(text.encode()) > MAX_ARGUMENT_BYTES:
            raise InvalidArguments(
                f"The prompt is longer than {MAX_ARGUMENT_BYTES} bytes, the longest argument that {self.name} can be given.",
                fix="Put the text in a file in the workspace and have the prompt name that file.",
            )
        return text


def _named(arg: str, script_path: str) -> str:
    """Return an argument with the script's path in place of the placeholder, if that is the argument or an option's value."""
    if arg == SCRIPT or (arg.startswith("-") and arg.endswith(f"={SCRIPT}")):
        return arg.removesuffix(SCRIPT) + script_path
    return arg
