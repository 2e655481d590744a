"""From the end of an attempt to its verdict: validations after a good exit, the reason in the output after a bad one."""

import json
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio.to_thread
from anyio.lowlevel import checkpoint_if_cancelled

from podium.conductor.attempts.commands import NOT_FOUND
from podium.conductor.attempts.live import LiveAttempt
from podium.conductor.attempts.observe import missing_folders, read_tails
from podium.conductor.attempts.validations import ValidationContext, validate
from podium.conductor.clock import wall
from podium.conductor.engines.port import End, EndReason
from podium.conductor.processes.run import Runner
from podium.conductor.reading.queue import LAUNCHES
from podium.conductor.reading.reader import Reader
from podium.conductor.rules.verdicts import Trouble, Verdict
from podium.contract.models import ValidationView
from podium.errors import PodiumError
from podium.log import get_logger
from podium.reader.requests import Judge, Judged, encode
from podium.texts.shown import cut_line
from podium.times import span

log = get_logger()

TAIL_BYTES = 8_192  # of each stream
_DETAIL_CHARS = 400
NOTHING_KNOWN = Judged(kind="error", wait_seconds=None, named=())


def judge_at_once(live: LiveAttempt, end: End) -> Verdict | None:
    """Return the verdict if it follows from the end alone, else None: output, validations or the disk decide."""
    if end.survivors or end.detail:  # texts that may hold a secret
        return None
    if live.profile.cost_pattern:
        return None
    if _succeeded(live, end):
        return None if live.sheet.validations else Verdict(end, passed=True)
    if live.self_healing or (live.may_explain and end.reason == "exited"):
        return None
    return Verdict(end, passed=False, message=describe(live, end))


async def judge(live: LiveAttempt, end: End, runner: Runner, reader: Reader, folder: Path) -> Verdict:
    """Return the verdict after the validations, or after a look at what a failed attempt left in its `folder`."""
    views: list[ValidationView] = []
    notes: list[str] = []
    with live.scope:
        if _succeeded(live, end):
            await checkpoint_if_cancelled()  # before the first one is started
            views = await _validate(live, runner, reader, notes)
    if live.scope.cancelled_caught:
        cancelled = replace(end, reason="cancelled", signal=None, detail="")
        return Verdict(cancelled, passed=False, message="cancelled during its validations")
    failed = next((view for view in views if not view.passed), None)
    text = json.dumps([view.model_dump() for view in views])
    if _succeeded(live, end) and failed is None:
        cost = await _cost(live, end, reader, folder)
        return Verdict(end, passed=True, validations=text, notes=tuple(notes), cost=cost)
    why = f"validation {failed.type} failed: expected {failed.expected}, found {failed.found}" if failed else ""
    return await _explain(live, end, reader, folder, text, why)


def _succeeded(live: LiveAttempt, end: End) -> bool:
    return end.reason == "exited" and end.exit_code in live.profile.success_codes


async def _validate(live: LiveAttempt, runner: Runner, reader: Reader, notes: list[str]) -> list[ValidationView]:
    rules = [live.plan.validations[index] for index in live.sheet.validations]
    context = ValidationContext(
        workspace=live.workspace,
        attempt_started=live.before(live.attempt.started_at),
        env=live.env(),
        key=live.attempt.key,
        expand=live.expand,
        expand_command=partial(live.expand, is_command=True),
        runner=runner,
        reader=reader,
        masker=live.known.masker,
        survivors=live.survivors,
        job_submitted=live.before(live.job_submitted),
        notes=notes,
    )
    return await validate(rules, context)


async def _explain(live: LiveAttempt, end: End, reader: Reader, folder: Path, validations: str, why: str) -> Verdict:
    """Find out why an attempt failed, from its output and, if a remedy may be looked for, from the disk."""
    tail = await anyio.to_thread.run_sync(read_tails, folder, TAIL_BYTES)
    trouble: Trouble = ""
    wait = None
    message = why or describe(live, end)
    told = live.may_explain and end.reason == "exited" and end.exit_code not in live.profile.success_codes
    asked = told or live.self_healing or live.profile.cost_pattern
    judged = await _judged(live, end, reader, tail) if asked else NOTHING_KNOWN
    if told:
        kind = judged.kind
        name, code = live.profile.name, f"(exit code {end.exit_code})"
        if kind == "rate_limit":
            wait = judged.wait_seconds
            message = f"{name} is rate limited{f' for {span(wait)}' if wait else ''} {code}"
        elif kind == "auth":
            message = f"{name} is not signed in, or not allowed to do this {code}; sign in on the conductor's machine"
        elif kind == "capacity":
            message = f"{name} is out of capacity {code}"
        trouble = "" if kind == "error" else kind
    if end.reason == "launch_failed" and end.exit_code == NOT_FOUND:
        what = "another instrument in the score" if live.is_tool else "another in the #! line of the script"
        trouble, message = "missing", f"{message}; install it on the nodes of the cluster, or name {what}"
    missing: tuple[str, ...] = ()
    if live.self_healing:
        rules = [live.plan.validations[index] for index in live.sheet.validations]
        paths = [*(live.expand(rule.path) for rule in rules if rule.path), *judged.named]
        hide = live.known.masker  # what a remedy makes is stored, so no folder is made whose name holds a secret
        plain = [path for path in paths if hide(path) == path]
        missing = await anyio.to_thread.run_sync(missing_folders, live.workspace, plain)
        tail = await anyio.to_thread.run_sync(read_tails, folder, TAIL_BYTES, hide)
    return Verdict(
        end,
        passed=False,
        message=message,
        validations=validations,
        trouble=trouble,
        wait_seconds=wait,
        cost=judged.cost,
        missing_folders=missing,
        tail=tail if live.self_healing else "",
    )


async def _cost(live: LiveAttempt, end: End, reader: Reader, folder: Path) -> float | None:
    """Return what an attempt says it has cost, None if its instrument says nothing of that."""
    if not live.profile.cost_pattern:
        return None
    tail = await anyio.to_thread.run_sync(read_tails, folder, TAIL_BYTES)
    return (await _judged(live, end, reader, tail)).cost


async def _judged(live: LiveAttempt, end: End, reader: Reader, tail: str) -> Judged:
    """Ask what the output says; where that cannot be found out, it says nothing."""
    profile, limit = live.profile, live.plan.rate_limit
    request = Judge(
        now=end.ended_at or wall(),
        patterns={
            "rate_limit": profile.rate_limit_patterns + (limit.patterns if limit else ()),
            "auth": profile.auth_patterns,
            "capacity": profile.capacity_patterns,
        },
        heal=live.self_healing,
        cost_pattern=profile.cost_pattern,
    )
    try:
        return (await reader.ask(request, Judged, body=encode(tail), client=LAUNCHES))[0]
    except PodiumError as error:
        log.warning("output_not_judged", job_id=live.job_id, sheet=live.sheet.label, error=error.message)
        return NOTHING_KNOWN


def exit_text(code: int | None) -> str:
    """Return an exit code in words, with what a shell means by it; a program may mean something else by such a code."""
    if code == NOT_FOUND:
        return f"exit code {code}, usually a program that is not installed or whose name is wrong"
    number = (code or 0) - 128
    # Signals from 32 on have no meaning of their own.
    known = {each.value: each.name.removeprefix("SIG") for each in signal.Signals if each < 32}
    return f"exit code {code}" + (f", which usually means signal {number} ({known[number]})" if number in known else "")


def describe(live: LiveAttempt, end: End) -> str:
    """Return in one clause how an unsuccessful attempt ended. What a cluster says of it is foreign text."""
    limit, quiet, why, at = live.limit_seconds, live.plan.stale_seconds, _why(end), _at(end)
    sentences: dict[EndReason, str] = {
        "exited": exit_text(end.exit_code),
        "timed_out": f"time limit reached{at}{why}"
        if (at and why) or not limit
        else f"time limit of {span(limit)} reached",
        "stale": f"no output for {span(quiet)} (stale_detection)" if quiet else "no output for too long",
        "output_limit": f"output limit reached: {end.detail}",
        "out_of_memory": f"out of memory{why}",
        "cancelled": "ended because the job was cancelled",
        "killed": f"ended by {f'signal {end.signal}' if end.signal else 'something outside Podium'}{at}{why}",
        "lost": f"lost{at}{why or ': its processes are gone and left no exit record'}",
        "node_failed": f"lost with its node{at}{why}",
        "preempted": f"it had to make room for another job of the cluster{at}{why}",
        "deadline": f"the deadline of its cluster job passed{at}{why}",
        "boot_failed": f"its node did not come up{at}{why}",
        "cancelled_elsewhere": f"cancelled on the cluster, and not by Podium{at}{why}",
        "refused": f"the cluster does not take it{why}",
        "elsewhere": "started in the home that this one is a copy of, and may still run there; resume_job would run it here too",
        "withdrawn": "taken back from the queue before it had begun",
        "never_started": f"never started{at}{why}",
        "launch_failed": f"could not be started: {end.detail}",
    }
    return sentences[end.reason]


def _why(end: End) -> str:
    """Return the engine's words for an end as they stand behind a message, "" if there are none."""
    return f": {cut_line(end.detail, _DETAIL_CHARS)}" if end.detail else ""


def _at(end: End) -> str:
    """Return where an attempt ran that did not run on this machine, as it stands behind a message."""
    return f" ({cut_line(end.place, _DETAIL_CHARS)})" if end.place else ""
