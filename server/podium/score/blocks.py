"""Blocks and field types that both dialects share."""

from collections import Counter
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from podium.score.model.plan import MAX_LOOKBACK
from podium.score.text.problems import describe
from podium.score.text.reading import Block
from podium.score.text.units import milliseconds, seconds
from podium.texts.letters import all_visible
from podium.texts.number_keys import twin_key
from podium.texts.written import shown


def _text(value: Any) -> Any:
    """Take a number or a boolean for the text as which it is written: see `text.document`."""
    return shown(value) if isinstance(value, bool | int | float) else value


def _reference(value: Any) -> str | int:
    if isinstance(value, str | int | float):
        return shown(value) if isinstance(value, bool | float) else value
    raise ValueError(f"should be the name or the number of a sheet, not {describe(value)}")


def _scalar(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise ValueError(f"should be a single value, not {describe(value)}")


class FromEnv(Block):
    """The value of an environment variable that is looked up when the sheet is launched."""

    from_env: str = Field(description="a variable of the conductor's environment, or of its env_file, which wins")


def _env_value(value: Any) -> Any:
    """Read `{from_env: NAME}` or a single value."""
    if not isinstance(value, dict):
        return _scalar(value)
    name = value.get("from_env")
    if len(value) != 1 or not is_env_name(name):
        raise ValueError(f"should be a single value or {{from_env: NAME}}, not {describe(value)}")
    return FromEnv(from_env=name)


def is_env_name(name: object) -> bool:
    """Return whether a system would take this for the name of an environment variable."""
    return isinstance(name, str) and bool(name) and "=" not in name and name.isprintable()


def _name(value: Any) -> Any:
    value = _text(value)
    if isinstance(value, str) and (not all_visible(value) or value != value.strip()):
        raise ValueError("has control characters or invisible letters, or begins or ends with a space")
    return value


def _data(value: Any) -> Any:
    """Refuse mappings with keys that are not text: the plan is JSON, where they would change."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError(f"the key {key!r} should be text; put it in quotes")  # noqa: TRY004 pydantic wants it
            _data(inner)
    elif isinstance(value, list):
        for inner in value:
            _data(inner)
    return value


def _variables(value: Any) -> Any:
    """Refuse a number as the name of a variable, and mappings that have a number as a key twice."""
    number = next((key for key in value if not isinstance(key, str)), None) if isinstance(value, dict) else None
    if number is not None:
        raise ValueError(f"{number} cannot be the name of a variable, which begins with a letter")
    ahead = [value]
    while ahead:
        holder = ahead.pop()
        if isinstance(holder, dict) and (twin := twin_key(holder)) is not None:
            raise ValueError(f'the keys {twin} and "{twin}" are the same')
        if isinstance(holder, dict | list):
            ahead += holder.values() if isinstance(holder, dict) else holder
    return value


def _number(key: Any) -> str:
    return str(int(key)) if str(key).isdecimal() and len(str(key)) < 20 else str(key)


def no_twin_keys(value: Any) -> Any:
    """Refuse the keys 2 and "2" side by side: they mean the same sheet, and one would be lost."""
    if isinstance(value, dict):
        text, times = max(Counter(_number(key) for key in value).items(), key=lambda item: item[1], default=("", 0))
        if times > 1:
            raise ValueError(f"sheet {text} appears twice")
    return value


Text = Annotated[str, BeforeValidator(_text), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Filled = Annotated[str, Field(min_length=1), BeforeValidator(_text)]  # a text that is not empty
Reference = Annotated[str | int, PlainValidator(_reference, json_schema_input_type=str | int)]
Scalar = Annotated[
    str | int | float | bool | None, PlainValidator(_scalar, json_schema_input_type=str | int | float | bool | None)
]
EnvValue = Annotated[Any, PlainValidator(_env_value, json_schema_input_type=str | int | float | bool | None | FromEnv)]
Name = Annotated[str, Field(max_length=200), BeforeValidator(_name)]
Data = Annotated[dict[str, Any], BeforeValidator(_data)]
Variables = Annotated[dict[str, Any], BeforeValidator(_variables)]
Fallbacks = Annotated[list[Text], Field(max_length=10)]
_Duration = BeforeValidator(seconds, json_schema_input_type=float | str)
Seconds = Annotated[float, Field(gt=0, le=10 * 365 * 86400), _Duration]
Delay = Annotated[float, Field(ge=0, le=365 * 86400), _Duration]
Milliseconds = Annotated[int, BeforeValidator(milliseconds, json_schema_input_type=int | str)]


class RetryBlock(Block):
    """When a failed attempt is tried again."""

    max_retries: int = Field(0, ge=0, le=1000, description="attempts after the first one")
    base_delay_seconds: Delay = Field(1.0, description="wait before the first retry")
    max_delay_seconds: Delay = Field(3600.0, description="the longest wait")
    exponential_base: float = Field(2.0, ge=1, le=100, description="each wait is this many times the previous one")
    jitter: bool = Field(False, description="vary each wait at random, so that sheets do not retry together")


class CrossSheetBlock(Block):
    """Outputs of earlier sheets for templates, as `previous_outputs`."""

    auto_capture_stdout: bool = Field(False, description="put the output of earlier sheets into previous_outputs")
    max_output_chars: int = Field(2000, ge=1, le=100_000, description="characters kept of each output, from its end")
    lookback_sheets: int = Field(
        3, ge=0, le=MAX_LOOKBACK, description=f"how many sheets to look back; 0: all, as far as {MAX_LOOKBACK} reach"
    )
    capture_files: Annotated[list[Text], Field(max_length=100)] = Field(
        default_factory=list,
        description="files for previous_files, read when a sheet starts: paths under the workspace, with *, ? and ** for folders "
        "of any depth; templates; max_output_chars are kept of each, from its beginning",
    )


class OnEndBlock(Block):
    """What runs when the job has ended, however it ended."""

    run: Text = Field(
        "",
        description="bash commands, used as written, run in the workspace; the facts are in their environment ($PODIUM_JOB_ID, "
        "$PODIUM_JOB_STATUS, $PODIUM_JOB_REASON) and as a JSON object on stdin",
    )


class SkipCommandBlock(Block):
    """A command that decides whether a sheet is skipped: exit code 0 skips it; 126, 127, a signal or a time-out fail it."""

    command: Text = Field("", description="a bash command, run in the workspace")
    timeout_seconds: Annotated[float, Field(gt=0, le=60), _Duration] = Field(
        10.0, description="the longest that it may run"
    )
