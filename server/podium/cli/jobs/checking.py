"""Checking scores for people: each file's plan in a few lines, or its problems as compilers print them."""

import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import Field

from podium.cli.jobs.scores import STDIN, given_score
from podium.cli.shared.exits import Code, code_of
from podium.cli.shared.session import wait_for
from podium.cli.terminal.door import in_line, line, print_error, print_json, show_error
from podium.cli.terminal.saying import in_commands
from podium.cli.views.results import ErrorView
from podium.client.job_control import JobControlService, job_control
from podium.contract.models import PlanView
from podium.contract.score_text import CheckParams
from podium.contract.view import View
from podium.errors import ConductorError, InvalidArguments, PodiumError, ScoreInvalid
from podium.settings import Settings
from podium_tools.plans import sentence
from podium_tools.results import counted

LOOK_SECONDS = 0.25
NAMED_FILES = 100  # of a score that are watched with it
LABELS = 8
_FILE_KEYS = re.compile(r"^\s*(?:-\s+)?[\"']?prompt_file[\"']?\s*:\s*[\"']?([^\s\"'#]+)", re.MULTILINE)


class CheckedFile(View):
    """What was found of one file: its plan, or why it cannot run."""

    file: str  # as it was typed
    valid: bool  # it would be accepted
    plan: PlanView | None = None  # what would run, null if it is not valid
    error: ErrorView | None = None  # of a score with `problems`: line, column, field, message, text


class CheckedFiles(View):
    """What was found of each file, in the order of the command line."""

    files: list[CheckedFile] = Field(default_factory=list)  # one for each file


Found = tuple[str, PlanView | PodiumError]


def check_files(settings: Settings, files: Sequence[str], variables: Mapping[str, str], *, as_json: bool) -> int:
    """Check the files once, print what was found, and return the exit code.

    Raises:
        ConductorError: no conductor answers.
        InvalidArguments: stdin is meant twice.
    """
    if list(files).count(STDIN) > 1:
        raise InvalidArguments("- is given twice, and there is only one stdin.", fix="Give it once.")
    found = _check(settings, files, variables)
    if as_json:
        print_json(_view(found).model_dump())
    _show(found, plans=not as_json)
    return _code(found)


def watch_files(settings: Settings, files: Sequence[str], variables: Mapping[str, str], *, as_json: bool) -> None:
    """Check the files, then again whenever one of them, or one that they name, changes; until something raises."""
    if STDIN in files:
        raise InvalidArguments("stdin cannot be watched.", fix="Give files, or leave --watch out.")
    seen: object = None
    while True:
        stamps = _stamps(files)
        if stamps == seen:
            time.sleep(LOOK_SECONDS)
            continue
        is_first, seen = seen is None, stamps
        try:
            found = _check(settings, files, variables)
        except ConductorError as error:
            if is_first:
                raise
            if as_json:
                print_error(error)
            show_error(error)  # a restart; the next change asks again
            continue
        line("" if not is_first else f"Watching {counted(len(files), 'file')}; Ctrl-C ends.", stderr=True)
        if as_json:
            print_json(_view(found).model_dump(), in_a_line=True)
        _show(found, plans=not as_json)
        sys.stdout.flush()  # a reader of a pipe waits for it


def _stamps(files: Sequence[str]) -> object:
    """Return what changes when one of the files does, or a file that one names as a prompt."""
    stamps = []
    for file in files:
        stamps.append(_stamp(Path(file)))
        try:
            named = _FILE_KEYS.findall(Path(file).read_text(encoding="utf-8", errors="replace"))
        except OSError:
            continue
        stamps += [_stamp(Path(file).parent / each) for each in named[:NAMED_FILES]]
    return stamps


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        info = os.stat(path)  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino


def _check(settings: Settings, files: Sequence[str], variables: Mapping[str, str]) -> list[Found]:
    async def one(control: JobControlService, file: str) -> PlanView | PodiumError:
        try:
            given = given_score(file)
            call = CheckParams(config_path=given.path, config_content=given.content, variables=dict(variables))
            return (await control.check(call)).plan
        except PodiumError as error:
            if isinstance(error, ConductorError) and code_of(error) == Code.NO_CONDUCTOR:
                raise
            return error

    async def work() -> list[Found]:
        async with job_control(settings) as control:
            return [(file, await one(control, file)) for file in files]

    return wait_for(work)


def _view(found: Sequence[Found]) -> CheckedFiles:
    return CheckedFiles(
        files=[
            CheckedFile(file=file, valid=False, error=ErrorView.model_validate(each.as_dict()))
            if isinstance(each, PodiumError)
            else CheckedFile(file=file, valid=True, plan=each)
            for file, each in found
        ]
    )


def _code(found: Sequence[Found]) -> int:
    return max((code_of(each) for _, each in found if isinstance(each, PodiumError)), default=Code.DONE)


def _show(found: Sequence[Found], *, plans: bool) -> None:
    """Print what is wrong with each file on stderr, and with `plans` the plans of the others."""
    for file, each in found:
        name = "stdin" if file == STDIN else file
        if isinstance(each, PlanView):
            if plans:
                _show_plan(name, each)
        elif isinstance(each, ScoreInvalid) and each.facts.get("problems"):
            show_problems(name, each, _text(file))
        else:
            line(in_line(f"{name}: {in_commands(each.message)}"), stderr=True)
            if each.fix:
                line(f"    {in_line(in_commands(each.fix))}", stderr=True)


def _text(file: str) -> str:
    """Return the text of a file that was checked, "" if it is not to be had again."""
    try:
        return "" if file == STDIN else Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""


def _show_plan(file: str, plan: PlanView) -> None:
    """Print a plan: what it is, the names of its sheets, and what to know of it."""
    line(in_line(f"{file}: {sentence(plan)}"))
    labels = [each.name or str(each.sheet) for each in plan.sheets[:LABELS]]
    more = f" and {plan.sheets_total - len(labels)} more" if plan.sheets_total > len(labels) else ""
    line(in_line(f"    {', '.join(labels)}{more}"))
    if holds := [each.name or str(each.sheet) for each in plan.sheets if each.hold]:
        line(in_line(f"    waits for an approval before: {', '.join(holds[:LABELS])}"))
    asking: dict[str, list[str]] = {}
    for each in plan.sheets:
        if each.resources:
            asking.setdefault(each.resources, []).append(each.name or str(each.sheet))
    for resources, which in list(asking.items())[:LABELS]:
        more = f" and {len(which) - LABELS} more" if len(which) > LABELS else ""
        line(in_line(f"    resources of {', '.join(which[:LABELS])}{more}: {resources}"))
    for warning in plan.warnings:
        line(in_line(f"{file}: note: {in_commands(warning)}"), stderr=True)


def show_problems(file: str, error: ScoreInvalid, text: str = "") -> None:
    """Print every problem of a score as FILE:LINE:COLUMN: message, with the line and a mark below the column.

    `text` is the score, to find the column in the lines: they are quoted without their indentation and their secrets.
    """
    lines = text.splitlines()
    problems = list(error.facts.get("problems") or [])
    for each in problems:
        row, column = int(each.get("line") or 0), int(each.get("column") or 0)
        place = f"{file}:{row}:{column}" if row else file
        field = f"{each['field']}: " if each.get("field") else ""
        line(in_line(f"{place}: {field}{in_commands(str(each.get('message', '')))}"), stderr=True)
        if quoted := in_line(str(each.get("text") or "")):
            line(f"    {quoted}", stderr=True)
            written = lines[row - 1] if row <= len(lines) else ""
            mark = column - 1 - (len(written) - len(written.lstrip()))
            if written.strip() == quoted and 0 <= mark < len(quoted):
                line(f"    {' ' * mark}^", stderr=True)
    total = int(error.facts.get("problems_total") or len(problems))
    if total > len(problems):
        line(in_line(f"{file}: {total - len(problems)} more problems are not listed"), stderr=True)
    if total > 1 or not problems:
        line(in_line(f"{file}: {total} problems"), stderr=True)
