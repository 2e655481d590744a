"""The compiler: a score's text becomes a checked Plan, or one error with every problem."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from podium.errors import InvalidArguments, ScoreInvalid
from podium.score.assemble import assemble, check_graph
from podium.score.checks import Checker
from podium.score.model.context import CORE_NAMES
from podium.score.model.draft import Draft
from podium.score.model.plan import CLI, EngineName, Plan
from podium.score.model.resources import UNKNOWN_MACHINE, Machine
from podium.score.named.draft import read_named
from podium.score.named.words import SHEETS_WORDS
from podium.score.numbered.draft import read_numbered
from podium.score.parts import NO_FOLDER, PartBuilder
from podium.score.resources import check_resources
from podium.score.text.document import DocumentFault, load, plain_value
from podium.score.text.problems import Problems
from podium.score.text.quoting import Quotes
from podium.score.text.topics import explained
from podium.texts.problems import FIX, invalid
from podium.texts.readings import Written
from podium.texts.score_text import looks_like_score
from podium.texts.source import check_text, is_unicode

MAX_BYTES = 4 * 1024 * 1024
_NO_VARIABLES: Mapping[str, str] = {}
_LISTED_NAMES = 50


def compile_score(
    text: str,
    *,
    path: Path | None,
    cwd: Path | None,
    profiles: Mapping[str, Mapping[str, Any]],
    variables: Mapping[str, str] = _NO_VARIABLES,
    passed: Sequence[str] = (),
    inherited: bool = False,
    workspace: str | None = None,
    max_bytes: int = MAX_BYTES,
    on_file: Callable[[Path], None] = lambda _: None,
    engine: EngineName = "local",
    machine: Machine = UNKNOWN_MACHINE,
) -> Plan:
    """Return the checked plan of a score.

    `path` is the score's file, None for an inline one: what the score names is relative to its folder, or to `cwd`, None if
    there is no such folder. `workspace` (relative to `cwd`) and `variables` win over the score's own; with `inherited` they are
    those of the job whose changed score this is, which need not have them. `passed` are names of environment variables that came
    with the start, beside those in the score's `env_pass`. `profiles` holds the profile of each instrument that can be used: the
    plan keeps those that it needs, and the names in their `settings` are what `instrument_config` may hold. `engine` plays the
    sheets for which the score names none; `machine` is what those on this machine can have.

    Raises:
        ScoreInvalid: with every problem that was found, at most 100 of them listed.
        InvalidArguments: `variables` or `workspace` cannot be used, or the score has no such variable.
    """
    _check_given(variables)
    name = f"The score {path}" if path else "The inline score"
    check_text(text, max_bytes)
    try:
        document = load(text)
    except DocumentFault as fault:
        quotes = Quotes(text, shown=path is None or looks_like_score(text))
        raise _unreadable(name, quotes, fault.message, fault.line, fault.column) from None
    if not isinstance(document.root, dict):
        line, column = document.top[:2]
        quotes = Quotes(text, shown=path is None)
        raise _unreadable(name, quotes, "should be a mapping with name and sheets", line, column)
    problems = Problems(document, from_file=path is not None)
    parts = PartBuilder(problems, path.parent if path else cwd, profiles, max_bytes, on_file)
    draft = _read(document.root, parts, path)
    if draft is None or not draft.stages:
        raise problems.error(name)
    check_graph(draft.stages, problems)
    _check_names(draft, problems)
    folder = _workspace(draft, workspace, parts.folder, cwd)
    given = {name: _given(name, value, draft.variables, problems) for name, value in variables.items()}
    plan = assemble(draft, folder, {**draft.variables, **given}, problems, engine)
    if plan is None:
        raise problems.error(name)
    check_resources(draft, plan, machine, problems)
    checker = Checker(draft, plan, problems)
    plan = checker.checked()
    if problems:
        raise problems.error(name)
    if not inherited:
        _check_use(variables, {*draft.variables, *checker.used} - CORE_NAMES)
    parts.note_reread(numbers=plan.dialect == "numbered")
    warnings = problems.notes()
    if inherited and workspace and draft.workspace and _absolute(draft.workspace, parts.folder) != workspace:
        warnings += (f"workspace: the change is ignored; the job stays in {workspace}",)
    # The instrument cli, which has no profile, is always the same.
    agents = {name for sheet in plan.sheets for name in sheet.instruments} - {CLI}
    used = {name: profiles[name] for name in sorted(agents)}
    names = tuple(dict.fromkeys((*plan.env_pass, *passed)))
    # An edit of an inline score is compiled for the same folder, wherever its caller is. A file's folder is known by its path.
    own = str(cwd) if cwd is not None and path is None and _is_text(str(cwd)) else None
    changes = {
        "profiles": used,
        "folder": own,
        "started_with": dict(variables),
        "env_pass": names,
        "warnings": warnings,
    }
    return plan.model_copy(update=changes)


def _unreadable(name: str, quotes: Quotes, message: str, line: int, column: int) -> ScoreInvalid:
    """Return the error for a text that is no score, with the line where that shows."""
    fix = f"{FIX} {explained([])}"
    return invalid(name, quotes.said(message), line=line, column=column, text=quotes.line(line, column), fix=fix)


def _read(root: dict[Any, Any], parts: PartBuilder, path: Path | None) -> Draft | None:
    """Read the dialect that the score is written in. If it has no sheets, note the key that was probably meant for them."""
    problems = parts.problems
    if "sheets" in root and "sheet" in root:
        problems.add(("sheet",), "a score has either sheets (named) or sheet (numbered), not both", key=True)
        return None
    if "sheets" in root:
        return read_named(root, parts)
    if "sheet" in root:
        return read_numbered(root, parts, path)
    keys = list(root)[:10]
    meant = next((key for key in keys if str(key) in SHEETS_WORDS or problems.near(str(key), ["sheets"])), None)
    if meant is not None:
        problems.add((meant,), "unknown key; write sheets", key=True)
    else:
        found = ", ".join(map(str, keys)) or "none"
        message = f"the score has neither sheets (named) nor sheet (numbered); its keys: {found}"
        problems.add((), message, allowed=["sheets", "sheet"])
    return None


def _workspace(draft: Draft, given: str | None, folder: Path | None, cwd: Path | None) -> str | None:
    chosen, base = (given, cwd) if given else (draft.workspace, folder)
    path = _absolute(chosen, base) if chosen else None
    if path is not None and not _is_text(path):
        raise InvalidArguments(
            f"workspace: the path {path!r} contains a NUL character or an unpaired surrogate.",
            fix="Choose another workspace.",
        )
    return path


def _absolute(path: str, base: Path | None) -> str:
    expanded = os.path.expanduser(path)  # noqa: PTH111 no disk
    if expanded.startswith("~"):
        raise InvalidArguments(
            f"workspace: {path!r} begins with a home that this system does not know.",
            fix="Give an absolute path, or write ./ before the name of a folder that begins with ~.",
        )
    full = Path(expanded)
    if base is None and not full.is_absolute():
        raise InvalidArguments(f"workspace: {path!r} {NO_FOLDER}.", fix="Give an absolute path.")
    return os.path.abspath(base / full if base else full)  # noqa: PTH100 no disk


def _is_text(value: str) -> bool:
    """Return whether a text of the call can be stored and given to a process."""
    return "\0" not in value and is_unicode(value)


def _check_names(draft: Draft, problems: Problems) -> None:
    """Note variables of the score whose names are taken."""
    taken = "{} is reserved: every template already has a variable with this name"
    for name in CORE_NAMES & draft.variables.keys():
        problems.add((*draft.variables_loc, name), taken.format(name), key=True)
    for stage in draft.stages:
        for name in CORE_NAMES & stage.instances[0].variables.keys():
            problems.add((*stage.loc, "foreach"), taken.format(name))


def _check_given(variables: Mapping[str, str]) -> None:
    """Refuse variables of the start that no score can have."""
    for name, value in variables.items():
        if name in CORE_NAMES:
            raise InvalidArguments(
                f"variables: {name} is reserved: every template already has a variable with this name.",
                fix="Call the variable something else.",
            )
        if not name.isidentifier():
            raise InvalidArguments(
                f"variables: {name!r} is not a valid variable name.", fix="Use letters, digits and underscores."
            )
        if not _is_text(value):
            raise InvalidArguments(
                f"variables: the value of {name} contains a NUL character or an unpaired surrogate.",
                fix="Pass it as plain text.",
            )


def _given(name: str, text: str, variables: Mapping[str, Any], problems: Problems) -> Any:
    """Return a variable of the start: a number or a boolean if the score has one there and the text is one, else the text.

    Where the score has none of that name, only the words for booleans are more than text.
    """
    value, own = plain_value(text), variables.get(name)
    read, kind = (each.reading if isinstance(each, Written) else each for each in (value, own))
    if name not in variables or isinstance(kind, bool):
        if isinstance(read, bool):
            return value if isinstance(own, bool) else Written(text, read)
    elif isinstance(kind, int | float) and isinstance(read, int | float) and not isinstance(read, bool):
        return value
    if isinstance(kind, int | float):
        what, form = ("a boolean", "true or false") if isinstance(kind, bool) else ("a number", "a plain number")
        problems.note(
            f"the variable {name} is {what} in the score, and the text {text[:40]!r} now; pass {form} to keep it one."
        )
    return text


def _check_use(variables: Mapping[str, str], known: set[str]) -> None:
    """Refuse variables of the start that the score does not use: a misspelt name would be ignored silently."""
    unknown = next((name for name in variables if name not in known), None)
    if unknown is not None:
        listed = ", ".join(sorted(known)[:_LISTED_NAMES])
        raise InvalidArguments(
            f"variables: the score has no variable {unknown!r}.",
            fix=f"Leave it out, or give one of the score's variables: {listed}." if listed else "Leave it out.",
        )
