"""What an instrument's profile says, and the command that it makes of a prompt."""

import os
import shutil
from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, Literal, Self

import regex
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from podium.errors import InvalidArguments

PromptPassing = Literal["argument", "flag", "stdin", "file", "script"]
PROMPT_FILE = "{prompt_file}"
SCRIPT = "{script}"
# One argument of a command ends at 131,072 bytes with its NUL (MAX_ARG_STRLEN of Linux).
MAX_ARGUMENT_BYTES = 131_071
NO_CONFIG: Mapping[str, Any] = {}
_MOST_KNOWN = 1000
_known: dict[tuple[str, str], str] = {}  # program and PATH -> where it was found last


def _compiles(pattern: str) -> str:
    """Refuse what is no regular expression."""
    try:
        regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    return pattern


def _findable(executable: str) -> str:
    """Refuse a relative path: relative to what, when the conductor is anywhere."""
    if "/" in executable and not PurePath(executable).is_absolute():
        raise ValueError("give a program's name, to be found in PATH, or an absolute path")
    return executable


Pattern = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_compiles)]
Patterns = Annotated[tuple[Pattern, ...], Field(max_length=50)]
Option = Annotated[str, Field(pattern=r"^--?[A-Za-z]", max_length=64)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]


class Profile(BaseModel):
    """One instrument. The text of a sheet is a bash script (`script`), or a prompt that is passed in one of four ways.

    `args` come before the prompt; in `file` mode one of them may be `{prompt_file}` or `--option={prompt_file}`, else the
    file is the last argument. However the prompt is passed, an argument or the value of an option that is `{script}` names the
    file that holds it. `settings` are what a score's `instrument_config` may hold, each with the option that takes its
    value: in place of the one in `args`, or after them. Patterns are searched without regard to case in the end of a failed
    attempt's output. `rate_limit_patterns` and `default_timeout_seconds` are named as in the profiles of the Marianne conductor.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    aliases: tuple[Name, ...] = ()
    description: str = ""
    kind: Literal["cli", "agent"] = "agent"
    executable: Annotated[str, Field(min_length=1), AfterValidator(_findable)]
    args: tuple[str, ...] = ()
    prompt: PromptPassing
    prompt_flag: str = ""
    settings: dict[Name, Option] = Field(default_factory=dict)
    env: dict[str, str] = Field(default_factory=dict)
    success_codes: Annotated[tuple[int, ...], Field(min_length=1)] = (0,)
    rate_limit_patterns: Patterns = ()
    auth_patterns: Patterns = ()
    capacity_patterns: Patterns = ()
    default_timeout_seconds: float | None = Field(None, gt=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse what the way of passing the prompt would ignore."""
        if (self.prompt == "flag") != bool(self.prompt_flag):
            raise ValueError('prompt_flag goes with prompt: "flag", and only with it')
        if self.prompt == "script" and (self.args or self.executable != "bash"):
            raise ValueError('prompt: "script" is for bash without args; another interpreter takes prompt: "file"')
        if self.prompt == "script" and self.settings:
            raise ValueError('prompt: "script" has no settings')
        if any(option in self.args[-1:] for option in self.settings.values()):
            raise ValueError("an option of settings that is in args has its value after it there")
        if not all(self._has_place(arg) for arg in self.args if PROMPT_FILE in arg):
            raise ValueError(f'{PROMPT_FILE} goes with prompt: "file", as an argument or in --option={PROMPT_FILE}')
        return self

    def _has_place(self, arg: str) -> bool:
        """Say whether the file's name can be filled in here."""
        option, found, rest = arg.partition(PROMPT_FILE)
        whole = not option or (option.startswith("-") and option.endswith("="))
        return self.prompt == "file" and bool(found) and not rest and whole

    def command(
        self, script_path: str, prompt: str, config: Mapping[str, Any] = NO_CONFIG
    ) -> tuple[tuple[str, ...], bool]:
        """Return what an attempt runs: its arguments, () for bash on the script, and whether the script is its input.

        `script_path` names the file that holds the prompt; `config` holds values of `settings`.

        Raises:
            InvalidArguments: the prompt is too long for an argument.
        """
        command = (self.executable, *(_named(arg, script_path) for arg in self._args(config)))
        match self.prompt:
            case "script":
                return (), False
            case "stdin":
                return command, True
            case "file":
                named = tuple(arg.replace(PROMPT_FILE, script_path) for arg in command)
                return (named if named != command else (*command, script_path)), False
            case "flag":
                return (*command, self.prompt_flag, self._argument(prompt)), False
            case _:
                return (*command, self._argument(prompt)), False

    def _args(self, config: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the arguments with the settings put in."""
        args = list(self.args)
        for name, value in config.items():
            option = self.settings[name]
            if option in args:
                args[args.index(option) + 1] = str(value)
            else:
                args += [option, str(value)]
        return tuple(args)

    def _argument(self, prompt: str) -> str:
        """Return the prompt as one argument that no tool takes for an option."""
        text = f"\n{prompt}" if prompt.startswith("-") else prompt
        if len(text.encode()) > MAX_ARGUMENT_BYTES:
            raise InvalidArguments(
                f"The prompt is longer than {MAX_ARGUMENT_BYTES} bytes, and {self.name} takes it as an argument.",
                fix="Put the text into a file in the workspace and let the prompt name it.",
            )
        return text


def _named(arg: str, script_path: str) -> str:
    """Return an argument with the script's path where it is the placeholder, or an option's value that is."""
    if arg == SCRIPT or (arg.startswith("-") and arg.endswith(f"={SCRIPT}")):
        return arg.removesuffix(SCRIPT) + script_path
    return arg


def found_in(profiles: Mapping[str, Profile], path: str) -> set[str]:
    """Return the names of those instruments whose programs are in `path`."""
    return {name for name, profile in profiles.items() if find_executable(profile, path)}


def find_executable(profile: Profile, path: str) -> str | None:
    """Return where the instrument's program is, looked for in `path` (of the form of PATH), or None.

    Where it was found before is looked at first: one question to the system in place of one for each folder.
    """
    asked = profile.executable, path
    place = _known.get(asked)
    if place is not None and os.access(place, os.X_OK):
        return place
    found = shutil.which(profile.executable, path=path)
    if found is not None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[asked] = found
    return found
