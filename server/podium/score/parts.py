"""The parts of a plan that both dialects have: each is checked and built here."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from podium.contract.secrets.beside import without_named_secrets
from podium.errors import PodiumError
from podium.score.blocks import CrossSheetBlock, FromEnv, OnEndBlock, RetryBlock, SkipCommandBlock, is_env_name
from podium.score.instrument_settings import InstrumentSettings
from podium.score.model.draft import Template
from podium.score.model.plan import (
    CLI,
    MAX_LOOKBACK,
    RESERVED_ENV,
    CrossSheet,
    Player,
    Retry,
    SkipCommand,
    Validation,
    ValidationType,
)
from podium.score.patterns import PatternFault, compile_pattern
from podium.score.text.document import TOO_LARGE, Loc
from podium.score.text.problems import Problems
from podium.texts.interpreter import interpreter, is_plain_shell
from podium.texts.readings import Written
from podium.texts.source import decode, read_bytes

NO_FOLDER = "is relative, but the score is not in a file, and the folder of its caller was removed or is not known"
_REQUIRED = {
    "file_exists": ("path",),
    "file_modified": ("path",),
    "content_contains": ("path", "pattern"),
    "content_regex": ("path", "pattern"),
    "command_succeeds": ("command",),
}
# Linux limits one variable of the environment, like one argument, to 131,072 bytes with its NUL (MAX_ARG_STRLEN).
MAX_VARIABLE_BYTES = 131_071
_LISTED, _SHOWN = 5, 40  # values in a note, and characters of each


@dataclass(frozen=True)
class PartBuilder:
    """Builds the parts; relative paths start in `folder`, None if there is none, `problems` collects what is wrong, and
    `on_file` is called with each file that is read.
    """

    problems: Problems
    folder: Path | None
    profiles: Mapping[str, Mapping[str, Any]]
    max_bytes: int
    on_file: Callable[[Path], None] = lambda _: None
    reread: dict[str, list[Loc]] = field(
        default_factory=dict
    )  # values that YAML 1.1 reads differently, and where they are

    @property
    def instruments(self) -> frozenset[str]:
        """The names of the known instruments."""
        return frozenset(self.profiles)

    def instrument(self, loc: Loc, name: str) -> str:
        """Return the instrument's name; an unknown one is a problem."""
        if name not in self.instruments:
            near = self.problems.near(name, self.instruments)
            self.problems.add(loc, f"unknown instrument {name!r}{near}", allowed=self.instruments)
        return name

    def fallback(self, loc: Loc, player: Player, earlier: Sequence[Player]) -> None:
        """Check an instrument that a sheet falls back to; `earlier` are those tried before it, the sheet's own first."""
        if self.instrument(loc, player.instrument) == CLI:
            self.problems.add(loc, "cli runs scripts; a prompt can only fall back to an agent instrument")
        elif player in earlier[1:]:
            self.problems.add(loc, "is listed twice")

    def settings(self, name: str) -> InstrumentSettings:
        """Return what reads settings of an instrument."""
        return InstrumentSettings(name, self.profiles.get(name, {}), self.folder, self.problems)

    def template_file(self, loc: Loc, given: str) -> Template:
        """Return the template in a file, which is relative to the score's folder; an unreadable one is a problem."""
        path = Path(given)
        if self.folder is None and not path.is_absolute():
            self.problems.add(loc, f"{given!r} {NO_FOLDER}")
            return Template("", loc, file=given)
        path = (self.folder or Path("/")) / path
        self.on_file(path)
        try:
            text = decode(read_bytes(path, max_bytes=self.max_bytes), name=f"The file {path}")
        except PodiumError as error:
            self.problems.add(loc, error.message.removesuffix("."))
            text = ""
        return Template(text, loc, file=given)

    def env(self, loc: Loc, env: Mapping[str, Any]) -> dict[str, str]:
        """Return environment variables as text: a number or a boolean as it is written. See `env_from` for the others."""
        for name, value in env.items():
            if not name or "=" in name:
                self.problems.add((*loc, name), f"{name!r} is not a valid environment variable name", key=True)
            if name in RESERVED_ENV:
                self.problems.add((*loc, name), "is reserved: the conductor sets it", key=True)
            size = len(f"{name}={value}".encode())
            if size > MAX_VARIABLE_BYTES:
                message = (
                    f"has {size} bytes with its name; the system takes at most {MAX_VARIABLE_BYTES} for one variable"
                )
                self.problems.add((*loc, name), f"{message}; write the text to a file instead")
            if value is None and not self.problems.document.text_of((*loc, name), None):
                self.problems.add((*loc, name), 'is empty; write "" for an empty text')
        document = self.problems.document
        written = {name: value for name, value in env.items() if not isinstance(value, FromEnv)}
        return {name: document.text_of((*loc, name), value) for name, value in written.items()}

    def variables(self, loc: Loc, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return values for templates: each as it is written, see `text.document`. Where YAML 1.1 reads another one, a note."""
        return {name: self.value((*loc, name), value) for name, value in variables.items()}

    def value(self, loc: Loc, value: Any) -> Any:
        """Return one value for templates. `null` is kept, other words for it are text, with their readings."""
        if isinstance(value, dict):
            return self.variables(loc, value)
        if isinstance(value, list):
            return [self.value((*loc, position), inner) for position, inner in enumerate(value)]
        document = self.problems.document
        written = document.text_of(loc, value)
        reading = document.reread.get(document.locate(loc), "") if isinstance(value, str) else ""
        if value is None and written != "null":
            value, reading = written, "null"
        if reading:
            self.reread.setdefault(f"{written[:_SHOWN] or 'an empty value'} ({reading[:_SHOWN]})", []).append(loc)
        return Written(written, json.loads(reading)) if reading and reading != TOO_LARGE else value

    def note_reread(self, *, numbers: bool) -> None:
        """Note which values YAML 1.1 reads differently; `numbers` says whether templates calculate with what it reads."""
        if not self.reread:
            return
        document = self.problems.document
        told = sorted(self.reread, key=lambda each: min(map(document.locate, self.reread[each])))
        more = f" and {len(self.reread) - _LISTED} more" if len(self.reread) > _LISTED else ""
        self.problems.note(
            f"used as written, where YAML 1.1 has other values: {', '.join(told[:_LISTED])}{more}. Those count only where a "
            f"template or condition tests whether they are true{' or calculates with them' if numbers else ''}. Quote a text "
            "to leave no doubt; only true, false, null and numbers such as 3 or 3.5 are no text.",
            *(loc for locs in self.reread.values() for loc in locs),
        )

    def env_from(self, env: Mapping[str, Any]) -> dict[str, str]:
        """Return those environment variables that take their values from the conductor's, each with the name of that one."""
        return {name: value.from_env for name, value in env.items() if isinstance(value, FromEnv)}

    def env_pass(self, loc: Loc, names: Sequence[str], env: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the variables that come with the start; `env` is the score's own, which cannot give the same ones."""
        for index, name in enumerate(names):
            if not is_env_name(name):
                self.problems.add((*loc, index), f"{name!r} is not a valid environment variable name")
            elif name in RESERVED_ENV:
                self.problems.add((*loc, index), "is reserved: the conductor sets it")
            elif name in env:
                self.problems.add((*loc, index), f"env gives {name} a value too; leave one of the two out")
        return tuple(dict.fromkeys(names))

    def retry(self, loc: Loc, block: RetryBlock) -> Retry:
        """Return the retry policy of the plan; without retries the delays mean nothing."""
        if block.base_delay_seconds > block.max_delay_seconds:
            self.problems.add((*loc, "base_delay_seconds"), "is greater than max_delay_seconds")
        policy = Retry(**block.model_dump())
        return policy if policy.max_retries or policy.max_completion_attempts else Retry()

    def skip_command(self, loc: Loc, block: SkipCommandBlock | None, description: str = "") -> SkipCommand | None:
        """Return the skip command of the plan, None without one. The description says why it skips."""
        if block is None:
            return None
        if not block.command:
            self.problems.add(loc, "has no command")
        self.no_interpreter(loc, block.command)
        return SkipCommand(
            command=block.command,
            timeout_seconds=block.timeout_seconds,
            description=without_named_secrets(description),  # it is only shown
        )

    def cross_sheet(self, block: CrossSheetBlock | None) -> CrossSheet | None:
        """Return what templates see of earlier sheets, None for nothing. In a plan 0 sheets means none, as in those of old."""
        if block is None:
            return None
        return CrossSheet(**{**block.model_dump(), "lookback_sheets": block.lookback_sheets or MAX_LOOKBACK})

    def on_end(self, loc: Loc, block: OnEndBlock | None) -> str:
        """Return what bash runs when the job has ended, "" for nothing."""
        if block is None:
            return ""
        if not block.run.strip() and not self.problems.under(loc):
            self.problems.add(loc, "needs run, the commands")
        self.no_interpreter((*loc, "run"), block.run)
        return block.run

    def no_interpreter(self, loc: Loc, command: str) -> None:
        """Refuse a `#!` that would be ignored: bash plays commands."""
        found = interpreter(command.lstrip())
        if found is not None and not is_plain_shell(found):
            self.problems.add(
                loc, "has a #! line, which only a sheet's run can have: bash plays it; call the program instead"
            )

    def validation(self, loc: Loc, kind: ValidationType, fields: Mapping[str, Any]) -> Validation:
        """Return a validation of the plan; a field that is missing or that this type has no use for is a problem."""
        values = {name: value for name, value in fields.items() if value is not None}
        for name in _REQUIRED[kind]:
            if not values.get(name) and not self.problems.under((*loc, name)):
                self.problems.add(loc, f"{kind} needs {name}")
        used = _REQUIRED[kind] + (("working_directory",) if kind == "command_succeeds" else ())
        for name in ("path", "pattern", "command", "working_directory"):
            if values.get(name) and name not in used:
                self.problems.add((*loc, name), f"{kind} does not take {name}", allowed=used, key=True)
        if kind == "command_succeeds":
            self.no_interpreter((*loc, "command"), values.get("command", ""))
        if kind == "content_regex":
            try:
                compile_pattern(values.get("pattern", ""))
            except PatternFault as fault:
                self.problems.add((*loc, "pattern"), str(fault))
        return Validation(type=kind, **values)
