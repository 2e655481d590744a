"""Runs a sheet's validations: stages in order, file checks with retries, each rule within its time limit."""

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import groupby

import anyio
import anyio.to_thread

from podium.conductor.attempts.validations.command_succeeds import check as command_succeeds
from podium.conductor.attempts.validations.content_contains import check as content_contains
from podium.conductor.attempts.validations.content_regex import check as content_regex
from podium.conductor.attempts.validations.context import Outcome, ValidationContext
from podium.conductor.attempts.validations.file_exists import check as file_exists
from podium.conductor.attempts.validations.file_modified import check as file_modified
from podium.conductor.attempts.validations.file_modified import is_before, moment
from podium.conductor.attempts.validations.files import THREADS, modified_ns
from podium.contract.models import ValidationView
from podium.score.model.plan import Validation
from podium.texts.letters import all_visible
from podium.texts.shown import FOUND_CHARS, one_line


async def validate(rules: Sequence[Validation], ctx: ValidationContext) -> list[ValidationView]:
    """Run the rules and return a view of each that was run, in the order of the stages.

    A stage with a failure is run to its end, the stages after it are not run. The sheet succeeded if every view passed.
    A rule that cannot be checked has failed: nothing that the job or its score did raises an error.
    """
    views: list[ValidationView] = []
    for _, stage in groupby(sorted(rules, key=lambda rule: rule.stage), key=lambda rule: rule.stage):
        views += [await _view(rule, ctx) for rule in stage]
        if not all(view.passed for view in views):
            break
    return views


async def _view(rule: Validation, ctx: ValidationContext) -> ValidationView:
    """Run one rule within its time limit: a command once, a file check again until it passes or its retries are used up."""
    started = time.monotonic()
    if rule.type == "command_succeeds":
        outcome = await command_succeeds(ctx, rule.command, rule.working_directory, rule.timeout_seconds)
    else:
        check = _check_of(rule, ctx)
        outcome = Outcome(False, f"no result within {rule.timeout_seconds:g} s")
        with anyio.move_on_after(rule.timeout_seconds):
            for left in range(rule.retry_count, -1, -1):
                outcome = await check()
                if outcome.passed or not left:
                    break
                await anyio.sleep(rule.retry_delay_ms / 1000)
        if outcome.passed and rule.type != "file_modified":
            outcome = await _aged(outcome, rule, ctx)
    return ValidationView(
        type=rule.type,
        passed=outcome.passed,
        expected=_expected(rule, ctx),
        found=ctx.masker(outcome.found),
        output=ctx.masker(outcome.output),
        seconds=round(time.monotonic() - started, 3),
        description=rule.description,
    )


def _check_of(rule: Validation, ctx: ValidationContext) -> Callable[[], Awaitable[Outcome]]:
    """Return the check of a file rule: a pattern is for the reader, the rest is done in a thread."""
    if rule.type == "content_regex":
        return partial(content_regex, ctx, rule)
    return partial(anyio.to_thread.run_sync, _file_check(rule, ctx), abandon_on_cancel=True, limiter=THREADS)


def _file_check(rule: Validation, ctx: ValidationContext) -> Callable[[], Outcome]:
    """Return the check of a file rule, ready to run in a thread."""
    path = ctx.path(rule.path)
    match rule.type:
        case "file_exists":
            return lambda: file_exists(path)
        case "file_modified":
            return lambda: file_modified(path, ctx.attempt_started)
        case _:
            return lambda: content_contains(path, rule.pattern, ctx.masker)


async def _aged(outcome: Outcome, rule: Validation, ctx: ValidationContext) -> Outcome:
    """Note a file that was there before the job: it passes without anything having been done."""
    stamp = None
    with anyio.move_on_after(rule.timeout_seconds):
        stamp = await anyio.to_thread.run_sync(
            modified_ns, ctx.path(rule.path), abandon_on_cancel=True, limiter=THREADS
        )
    if stamp is None or not is_before(stamp, ctx.job_submitted):
        return outcome
    ctx.notes.append(f"{rule.type} passed with a file that is older than the job: {_shown_path(rule, ctx)}")
    return Outcome(True, f"{outcome.found}; the file is older than the job")


def _shown_path(rule: Validation, ctx: ValidationContext) -> str:
    path = ctx.masker(ctx.expand(rule.path).removeprefix(f"{ctx.workspace}/"))
    return path if all_visible(path) and len(path) <= FOUND_CHARS else one_line(path)


def _expected(rule: Validation, ctx: ValidationContext) -> str:
    """Return in one line what the rule expects."""
    path = _shown_path(rule, ctx)
    match rule.type:
        case "file_exists":
            return f"{path} exists"
        case "file_modified":
            return f"{path} was modified at or after {moment(ctx.attempt_started)}"
        case "content_contains":
            return f"{path} contains {one_line(ctx.masker(rule.pattern))}"
        case "content_regex":
            return f"{path} matches {one_line(ctx.masker(rule.pattern))}"
        case _:
            return f"exit code 0 from {one_line(ctx.masker(ctx.expand_command(rule.command)))}"
