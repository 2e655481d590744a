"""What the reader can be asked, one function for each kind of request: it takes the request, its body and its open files."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from podium.contract.secrets.masks import Masker
from podium.logs.read import LogQuery, LogTarget, read_open
from podium.logs.watch import LIMITS, Place, watch
from podium.reader import capturing, compiling, content_regex, editing, prompting, requests, showing
from podium.reader.classify import classify, cost_in, retry_after_seconds
from podium.reader.differing import differing, tuned
from podium.reader.match import matcher_for
from podium.reader.missing import named_in
from podium.reader.requests import Part, decode, encode
from podium.score.model.plan import load_plan
from podium.score.resources import line_of
from podium.score.templates.render import holds, render_text
from podium.score.text.document import load
from podium.texts.readings import with_readings
from podium.texts.score_text import command_of

_masker = lru_cache(maxsize=8)(Masker)  # a job is asked about again and again
Work = Callable[[Any, bytes, list[int]], tuple[Part, bytes]]


def _variables(request: requests.Render | requests.Decide) -> dict[str, Any]:
    return dict(with_readings(request.variables, request.readings, numbers=request.numbers))


def _render(request: requests.Render, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    text = decode(body)
    return requests.Nothing(), encode(render_text(text, _of_template(text, request), request.label))


def _of_template(text: str, request: requests.Render) -> dict[str, Any]:
    variables = {**_variables(request), "previous_outputs": request.previous}
    return variables | (capturing.previous_files(text, variables, request) if request.files else {})


def _assemble(request: requests.Assemble, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    text = decode(body)
    found, prompt = prompting.assembled(request, text, _of_template(text, request.render))
    return found, encode(prompt)


def _decide(request: requests.Decide, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    variables = {**_variables(request), "previous_outputs": {}}
    return requests.Decided(holds=holds(decode(body), variables, request.statuses, request.label)), b""


def _judge(request: requests.Judge, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    tail = decode(body)
    kind = classify(request.patterns, tail)
    wait = retry_after_seconds(tail, request.now) if kind == "rate_limit" else None
    named = named_in(tail) if request.heal else ()
    cost = cost_in(tail, request.cost_pattern) if request.cost_pattern else None
    return requests.Judged(kind=kind, wait_seconds=wait, named=named, cost=cost), b""


def _match(request: requests.Match, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    return content_regex.search(files[0], decode(body), request.seconds, _masker(request.secrets)), b""


def _search(request: requests.Search, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    target = LogTarget(
        request.job_id, request.sheet, request.attempt, request.stream, request.sheet_name, request.running
    )
    query = LogQuery("search", decode(body), request.context_lines, request.cursor, request.max_lines, request.copies)
    file, masker = files[0] if files else None, _masker(request.secrets)
    return requests.Searched(view=read_open(file, target, query, matcher_for=matcher_for, masker=masker)), b""


def _watch(request: requests.Watch, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    matcher, place = matcher_for(decode(body), LIMITS), Place(*request.cursor)
    if not files:
        return requests.Watched(cursor=place), b""
    masker = _masker(request.secrets)
    seen = watch(
        files[0], place, matcher=matcher, masker=masker, running=request.running, quiet_size=request.quiet_size
    )
    told = {name: value for name, value in vars(seen).items() if name != "place"}
    return requests.Watched(cursor=seen.place, **told), b""


def _differ(request: requests.Differ, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    old, new = load_plan(decode(body[: request.split])), load_plan(decode(body[request.split :]))
    sheets, settings = tuned(old, new, request.pairs)
    changed = differing(old, new, request.pairs, request.workspace)
    return requests.Differing(sheets=changed, tuned=sheets, settings=settings), b""


def _show(request: requests.Show, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    view = showing.page(decode(body), request.first, request.most, request.secrets, copies=request.copies)
    return requests.Shown(view=view), b""


def _edit(request: requests.Edit, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    text = decode(body)
    hide = showing.masker_of(text, request.secrets)
    return requests.Nothing(), encode(editing.edited(text, request.find, request.replace, hide, request.job_id))


def _commands(request: requests.Commands, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    plan, masker = load_plan(decode(body)), _masker(request.secrets)
    on_end = command_of(plan.on_end, masker) if plan.on_end else ""
    return requests.Commanded(lines=showing.commands(plan, masker), on_end=on_end), b""


def _locate(request: requests.Locate, body: bytes, files: list[int]) -> tuple[Part, bytes]:
    document = load(decode(body))
    return requests.Located(lines=tuple(line_of(document, each) for each in request.entries)), b""


WORK: dict[str, Work] = {
    "compile": compiling.compiled,
    "profiles": compiling.profiles,
    "render": _render,
    "assemble": _assemble,
    "decide": _decide,
    "judge": _judge,
    "match": _match,
    "search": _search,
    "watch": _watch,
    "differ": _differ,
    "show": _show,
    "edit": _edit,
    "commands": _commands,
    "locate": _locate,
}
