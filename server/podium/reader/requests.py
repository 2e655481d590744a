"""What the conductor asks the reader, and how both write it down.

A message is a head and a body: the head is one of these models as JSON, the body is a text of any size as UTF-8, so that
scores, plans and scripts cross without being escaped. A worker answers in the order of the requests. Open files travel beside
the bytes of the request that names them.
"""

import json
import struct
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from podium.contract.models import LogLine, LogView
from podium.contract.score_text import ScoreText
from podium.contract.secrets.masks import Secret
from podium.score.model.plan import EngineName, Injection, Validation
from podium.score.model.resources import UNKNOWN_MACHINE, Machine

SIZES = struct.Struct("!II")  # of the head and of the body, in bytes, before each message
MAX_HEAD_BYTES = 64 * 1024**2  # of a request; variables are part of it
MAX_ANSWER_BYTES = 8 * 1024**2
FORK = struct.Struct(
    "!cdQ"
)  # b"f", the seconds of the processor that a request may take, the bytes of address space; a socket comes beside it
KILL = struct.Struct("!cdQ")  # b"k", nothing, the worker's pid
NEWS = struct.Struct("!cii")  # b"s" and a pid: a worker started; b"e", a pid and its wait status: it ended


ScoreProfiles = Literal["warn", "allow", "refuse"]  # programs that a score brings along
SCORE_FOLDER = Path(".podium") / "instruments"  # beside a score: profiles that only it can use


class Part(BaseModel):
    """Base of requests and answers: closed, so that nothing unknown is passed on."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Compile(Part):
    """Compile the score in the body; see `compile_score`. `profiles` are those of the user, beside the ones that come along."""

    kind: Literal["compile"] = "compile"
    path: str | None
    cwd: str | None
    variables: dict[str, str]
    passed: tuple[str, ...] = ()
    given_path: str = ""  # the PATH that came with the start
    inherited: bool
    workspace: str | None
    max_bytes: int
    profiles: dict[str, dict[str, Any]] = Field(default_factory=dict)
    score_profiles: ScoreProfiles = "warn"
    engine: EngineName = "local"
    machine: Machine = UNKNOWN_MACHINE


class Profiles(Part):
    """Read the instruments' profiles in the user's folder."""

    kind: Literal["profiles"] = "profiles"
    folder: str


class Render(Part):
    """Render the template in the body for the sheet `label`; `previous` are the outputs of earlier sheets by number.

    `files` are patterns of the files that the template sees as `previous_files`, with at most `chars_of_file` of each.
    """

    kind: Literal["render"] = "render"
    label: str
    variables: dict[str, Any]
    readings: dict[str, Any] = Field(default_factory=dict)  # see `podium.texts.readings`
    numbers: bool = False
    previous: dict[int, str]
    files: tuple[str, ...] = ()
    chars_of_file: int = 0


class Assemble(Part):
    """Make the prompt of an agent; the body is the template that `render` is about.

    `told`: it says where the agent is, and what is checked. `alone`: no other sheet of the job runs beside it. The fields of the
    `checks` are filled in.
    """

    kind: Literal["assemble"] = "assemble"
    render: Render
    told: bool
    alone: bool
    checks: tuple[Validation, ...]
    injections: tuple[Injection, ...]


class Decide(Part):
    """Decide the condition in the body for the sheet `label`; `statuses` are by name and by number."""

    kind: Literal["decide"] = "decide"
    label: str
    variables: dict[str, Any]
    readings: dict[str, Any] = Field(default_factory=dict)  # see `podium.texts.readings`
    numbers: bool = False
    statuses: dict[str, str]


class Judge(Part):
    """Say why an attempt failed, from the end of its output in the body; `heal` also asks which files it missed.

    `cost_pattern` finds what it has cost, "" if its instrument does not say.
    """

    kind: Literal["judge"] = "judge"
    now: float
    patterns: dict[Literal["rate_limit", "auth", "capacity"], tuple[str, ...]]
    heal: bool
    cost_pattern: str = ""


class Match(Part):
    """Search the open file for the pattern in the body, for at most so many seconds; `secrets` are not repeated."""

    kind: Literal["match"] = "match"
    seconds: float
    secrets: tuple[Secret, ...] = ()


class Search(Part):
    """Search the open output for the pattern in the body; the fields are those of `LogTarget` and `LogQuery`."""

    kind: Literal["search"] = "search"
    job_id: str
    sheet: int
    sheet_name: str
    attempt: int
    stream: Literal["stdout", "stderr"]
    running: bool
    context_lines: int
    cursor: str
    max_lines: int
    copies: bool = False
    secrets: tuple[Secret, ...] = ()


class Watch(Part):
    """Look for the next line of the open output that matches the pattern in the body; see `logs.watch`.

    `cursor` is a `Place` there. Without a file only the pattern is checked.
    """

    kind: Literal["watch"] = "watch"
    cursor: tuple[int, int, bool] = (0, 1, False)
    running: bool = False
    quiet_size: int = -1
    secrets: tuple[Secret, ...] = ()


class Differ(Part):
    """Compare two plans: the first `split` bytes of the body and the rest. `pairs` are sheets of the old and the new one."""

    kind: Literal["differ"] = "differ"
    workspace: str
    pairs: tuple[tuple[int, int], ...]
    split: int


class Show(Part):
    """Show a page of the score in the body, without the `secrets` and those that it names; nothing of a file that is no score."""

    kind: Literal["show"] = "show"
    first: int
    most: int
    copies: bool = False
    secrets: tuple[Secret, ...] = ()


class Edit(Part):
    """Replace `find` in the score in the body, which is that of `job_id`; see `editing.edited`. The answer is the new text."""

    kind: Literal["edit"] = "edit"
    find: str
    replace: str
    job_id: str
    secrets: tuple[Secret, ...] = ()


class Commands(Part):
    """Show what each sheet of the plan in the body runs, in a line: rendered, or as it is written where it cannot be yet."""

    kind: Literal["commands"] = "commands"
    secrets: tuple[Secret, ...] = ()


class Locate(Part):
    """Find where the score in the body asks for what the sheets of these entries, from 1, need."""

    kind: Literal["locate"] = "locate"
    entries: tuple[int, ...]


Request = (
    Compile
    | Profiles
    | Render
    | Assemble
    | Decide
    | Judge
    | Match
    | Search
    | Watch
    | Differ
    | Show
    | Edit
    | Commands
    | Locate
)


class Call(Part):
    """A request under a number of its own; `files` descriptors belong to it."""

    number: int
    request: Request = Field(discriminator="kind")
    files: int = 0


class Answer(Part):
    """What a request found; its text, if any, is the body. `error` is the object of a `PodiumError`.

    `seconds` are the processor's for this request. `spent` says that it needed too much of something; the worker ends then, as
    its memory cannot be trusted.
    """

    number: int
    found: dict[str, Any] = Field(default_factory=dict)
    error: dict[str, Any] | None = None
    seconds: float = 0.0
    spent: Literal["", "memory", "depth", "size"] = ""


class Judged(Part):
    """Why an attempt failed, how many seconds its tool asks to wait, and the paths that lines about missing files name.

    `cost` is in dollars, None if the output does not say.
    """

    kind: Literal["rate_limit", "auth", "capacity", "error"]
    wait_seconds: float | None
    named: tuple[str, ...]
    cost: float | None = None


class Matched(Part):
    """Whether a pattern matched, in one line what was found, and the text of the job about it, quoted."""

    passed: bool
    found: str
    output: str = ""


class Assembled(Part):
    """The answer's body is the prompt; `absent` are the files that were not there."""

    absent: tuple[str, ...] = ()


class Decided(Part):
    """Whether a condition holds."""

    holds: bool


class Differing(Part):
    """The sheets of the new plan that would do something else, those that have other settings, and which settings differ."""

    sheets: tuple[int, ...]
    tuned: tuple[int, ...] = ()
    settings: tuple[str, ...] = ()


class Shown(Part):
    """The page."""

    view: ScoreText


class Commanded(Part):
    """A line for each sheet, in their order, and one for what runs after the end, "" if that is nothing."""

    lines: tuple[str, ...]
    on_end: str = ""


class Located(Part):
    """A line for each entry, 0 if there is none."""

    lines: tuple[int, ...]


class Compiled(Part):
    """The answer's body is the plan. `from_files`: it depends on files beside the score, so it is of this moment only."""

    from_files: bool


class Nothing(Part):
    """The answer is the body alone."""


class Searched(Part):
    """One page of matches."""

    view: LogView


class Watched(Part):
    """What a look found; see `logs.watch.Seen`."""

    cursor: tuple[int, int, bool]
    found: LogLine | None = None
    behind: bool = False
    open_rest: bool = False
    unsearched: int = 0


_WRITE = json.JSONEncoder(separators=(",", ":")).encode
CALL = TypeAdapter(Call)
ANSWER = TypeAdapter(Answer)


def pack(head: Part, body: bytes = b"") -> bytes:
    """Return a message as it is sent."""
    text = _WRITE(head.model_dump()).encode()  # pydantic's own refuses unpaired surrogates
    return SIZES.pack(len(text), len(body)) + text + body


def read_call(head: bytes) -> Call:
    """Read the head of a call."""
    return CALL.validate_python(json.loads(head))


def read_answer(head: bytes) -> Answer:
    """Read the head of an answer.

    Raises:
        ValueError: it is not one.
    """
    return ANSWER.validate_python(json.loads(head))


def encode(text: str) -> bytes:
    """Return a text as a body; an unpaired surrogate stays one."""
    return text.encode("utf-8", "surrogatepass")


def decode(body: bytes) -> str:
    """Return the text of a body.

    Raises:
        ValueError: it is not UTF-8.
    """
    return body.decode("utf-8", "surrogatepass")


def unpack(data: bytearray, most: int) -> tuple[bytes, bytes] | None:
    """Take the first message off the data and return its head and body, or None while it is not complete.

    Raises:
        ValueError: it is longer than `most` bytes.
    """
    if len(data) < SIZES.size:
        return None
    head, body = SIZES.unpack_from(data)
    if head + body > most:
        raise ValueError(f"a message of {head + body} bytes is longer than {most}")
    end = SIZES.size + head + body
    if len(data) < end:
        return None
    whole = bytes(memoryview(data)[SIZES.size : end])
    del data[:end]
    return whole[:head], whole[head:]
