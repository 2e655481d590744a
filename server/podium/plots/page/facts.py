"""What the page says of a sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from podium.contract.models import LogView, ValidationView
from podium.contract.record import AttemptView
from podium.plots.story.folding import fan_of
from podium.plots.story.spans import LOST
from podium.plots.story.story import Lane
from podium.plots.story.telling import look_of, ran
from podium.plots.words import TIMES, in_line, shown
from podium.times import elapsed_between, measured

_FOLDED_FROM = 8  # sheets
OUTPUT_CHARS = 20_000  # of each stream of a sheet


@dataclass(frozen=True)
class AttemptFacts:
    """One attempt in a row of a table."""

    number: int
    outcome: str
    began: str
    took: str
    how: str
    instrument: str


@dataclass(frozen=True)
class OutputFacts:
    """The end of one stream of a sheet's last attempt."""

    stream: str
    text: str
    note: str


@dataclass(frozen=True)
class SheetFacts:
    """A sheet, its texts cleaned but not escaped. `open`: it is shown in full from the start."""

    number: int
    label: str
    status: str
    took: str
    reason: str
    description: str
    instrument: str
    needs: str
    command: str
    attempts: tuple[AttemptFacts, ...]
    checks: tuple[ValidationView, ...]
    outputs: tuple[OutputFacts, ...]
    open: bool

    @property
    def has_more(self) -> bool:
        """Whether there is anything below its line."""
        return bool(self.command or self.attempts or self.checks or self.outputs or self.description)


def facts_of(
    lane: Lane,
    labels: Mapping[int, str],
    command: str,
    attempts: Sequence[AttemptView],
    outputs: Sequence[LogView],
) -> SheetFacts:
    """Return what is said of a sheet."""
    sheet = lane.sheet
    return SheetFacts(
        number=sheet.sheet,
        label=labels[sheet.sheet],
        status="holding" if look_of(lane) == "hold" else sheet.status,
        took=measured(ran(lane)) if attempts else "",
        reason=in_line(sheet.reason),
        description=in_line(sheet.description),
        instrument=in_line(sheet.instrument),
        needs=", ".join(labels.get(need, str(need)) for need in sheet.needs),
        command=in_line(command),
        attempts=tuple(map(_attempt, attempts)),
        checks=tuple(map(_check, sheet.validations)),
        outputs=tuple(_output(each) for each in outputs if each.lines),
        open=sheet.status == "failed",
    )


@dataclass(frozen=True)
class Group:
    """Sheets that stand one below the other: with a label they are many of one `foreach`, and are shown when that is opened."""

    sheets: tuple[SheetFacts, ...]
    label: str = ""


def groups_of(sheets: Sequence[SheetFacts]) -> list[Group]:
    """Return all sheets in groups: long runs of completed sheets of one `foreach` are one, the others stay apart."""
    groups: list[Group] = []
    for (fan, status), run in groupby(sheets, lambda each: (fan_of(each.label), each.status)):
        members = tuple(run)
        if fan and status == "completed" and len(members) >= _FOLDED_FROM:
            groups.append(Group(members, f"{fan}[…] {TIMES}{len(members)}"))
        else:
            groups += [Group((each,)) for each in members]
    return groups


def time_of(time: str | None) -> str:
    """Return an ISO-8601 time of the conductor, which is in UTC, for readers in any zone."""
    return f"{time[:10]} {time[11:19]} UTC" if time else ""


def _attempt(attempt: AttemptView) -> AttemptFacts:
    took = elapsed_between(attempt.started_at, attempt.finished_at)
    how = in_line(attempt.reason)
    if not how and attempt.end_reason not in {"", "exited"}:
        how = attempt.end_reason.replace("_", " ")
    if not how and attempt.exit_code is not None:
        how = f"exit code {attempt.exit_code}"
    ended = "lost" if attempt.outcome == "failed" and attempt.end_reason in LOST else attempt.outcome
    return AttemptFacts(
        attempt.attempt,
        ended,
        time_of(attempt.started_at),
        "" if attempt.finished_at is None or took is None else measured(took),
        how,
        in_line(attempt.instrument),
    )


def _check(check: ValidationView) -> ValidationView:
    cleaned = {name: in_line(getattr(check, name)) for name in ("type", "expected", "found", "output", "description")}
    return check.model_copy(update=cleaned)


def _output(output: LogView) -> OutputFacts:
    text = "\n".join(shown(line.text) for line in output.lines)
    is_cut = len(text) > OUTPUT_CHARS
    note = "the end of it" if is_cut or output.earlier or output.truncated else ""
    return OutputFacts(output.stream, text[-OUTPUT_CHARS:], note)
