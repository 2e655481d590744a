"""Calls of the conductor's real methods with parameters that nobody sane would send.

No command but `true` is ever run: a job is only made of the stage's own score, and never anywhere but in its folder.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from random import Random
from typing import Any

from podium.conductor.service.handlers import TABLE
from tests.fuzz import garbage

METHODS = tuple(sorted(set(TABLE) - {"daemon.shutdown", "daemon.monitor.stream"}))  # the latter has no reply
_UNKNOWN = (
    "daemon.learning.patterns",
    "job.output.stream",
    "daemon.reload",
    "",
    "rpc.discover",
    "\ud800",
    "JOB.LIST",
    "job.list\0",
    "a" * 2000,
)
_LAUGHS = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9 if n else ['x'] * 9)}]\n" for n in range(9))
_BAD_SCORES = (
    "", "null", "[]", "42", "name: x", "name: [", "sheets: {}", "sheets: [[[]]]", "name: x\nsheets:\n  - prompt: 7\n",
    _LAUGHS, "[" * 3000, "{a: " * 900, "- " * 3000, "? " * 3000, "a: &a [*a]", "a: &a {<<: *a}", "!!python/name:os.system",
    "!!binary x", "name: \0", "name: \ud800", "\t- x", "%YAML 9.9\n---\n...", "--- 1\n--- 2", "&a " * 50,
    "sheets: [{}]", "1: 2", "~: ~", "a: 1\na: 2", "2024-99-99", "name: !!timestamp x", "0o9: 0x", "sheets: " + "[{}," * 300,
)  # fmt: skip
_BOMBS = ("{{ range(10**9)|list }}", "{{ 'x' * 10**9 }}", "{% for a in range(10**8) %}x{% endfor %}", "{{ 9**9**9 }}",
          "{{ ''.__class__.__mro__ }}", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{{" * 500)  # fmt: skip
_OLD = 1e6
_PATTERNS = (
    "(a+)+$",
    "(",
    "[",
    "\\",
    "a{99999}",
    "(?<x>a)(?P=x)",
    "(.*){9}\\1",
    "(?R)",
    "\\p{L}+",
    "^" * 900,
    "x" * 1001,
)
_FINDS = ("true", "'true'", "run", "name: stage", "sheets:\n", "\n", "e", "", " ", "\0", "\ud800", "x" * 9000)
# For a text of the stage's score nothing else is put in, so that no edit runs anything but `true` or what is no command.
_REPLACEMENTS = ("", "true", "'true'", "{{", "]", "\n  hold: yes", "hold: 'x'\n    run", "\ud800", "\0", "e" * 9000)
_POSITIONS = ("AQ", "AQECBAMAAQQAAQUAAQIMAg", "=", "AQ" * 9000, "\0")  # as `after` carries them behind a `~`
_MANY = {str(number): "x" for number in range(300)}
NOT_UNICODE = "\udcff.yaml"  # as Python has a file name that is not UTF-8


def _deep(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"x": found}
    return found


_DEEP = [_deep(levels) for levels in (300, 600, 850)]


@dataclass(frozen=True)
class Stage:
    """What real things calls can name: jobs that are there, the conductor's home id, and the score that may run."""

    job_ids: tuple[str, ...]
    home_id: str
    folder: Path

    @property
    def score(self) -> str:
        """A score that runs `true`."""
        return f"name: stage\nworkspace: {self.folder}\nsheets:\n  - run: 'true'\n"

    @property
    def held(self) -> str:
        """A score that runs `true` after an approval."""
        return f"{self.score}    hold: Really?\n"

    @property
    def told(self) -> str:
        """A score that runs `true`, and `true` again when its job has ended."""
        return f"{self.score}on_end: {{run: 'true'}}\n"


def call(random: Random, stage: Stage) -> tuple[str, dict[str, Any]]:
    """Return a method and parameters for it."""
    if random.random() < 0.05:
        return random.choice(_UNKNOWN), {"x": garbage.value(random)}
    method = random.choice(METHODS)
    params = {
        each.name: found
        for each in fields(TABLE[method][0])
        if (found := _field(random, stage, method, each.name)) is not ...
    }
    if random.random() < 0.1:
        params[garbage.text(random)] = garbage.value(random)
    return method, _harmless(params, stage, method)


def harmless_call(random: Random, stage: Stage) -> tuple[str, dict[str, Any]]:
    """Return a call that may be mutated byte by byte: nothing in it can become a score that runs something else."""
    while True:
        method, params = call(random, stage)
        if not {"config_content", "find", "edits"}.intersection(params):
            return method, params


def _field(random: Random, stage: Stage, method: str, name: str) -> Any:
    """Return a value of one parameter, or ... to leave it out: mostly one of its type, so that it gets past the first check."""
    roll = random.random()
    known = name in {"job_id", "key", "config_content"}
    if roll < (0.02 if known else 0.35):
        return ...
    if roll < (0.85 if known else 0.7):
        return _plausible(random, stage, method, name)
    return garbage.value(random)


def _plausible(random: Random, stage: Stage, method: str, name: str) -> Any:
    job_id = random.choice(stage.job_ids)
    options: dict[str, tuple[Any, ...]] = {
        "job_id": (job_id, job_id, job_id, job_id.upper(), job_id[:-1], f"{job_id}/..", garbage.text(random)),
        "job_ids": ([job_id], [job_id] * 300, [garbage.text(random)], []),
        "find": _FINDS,
        "replace": _REPLACEMENTS,
        "edits": ([], [_edit(random) for _ in range(random.choice((1, 2, 3, 201)))]),
        "again": (job_id, f"{job_id}x", garbage.text(random)),
        "sheet": (1, "1", 0, 2, "", garbage.text(random)),
        "position": _POSITIONS,
        "seconds": (0, 0.01, 0.2, -1, 1e308, float("nan")),
        "keep_newest": (0, 1, 2**63, 2**70),
        "offset": (1, 2, 0, 2**63, 2**70),
        "statuses": (["completed"], ["running", "x"], [garbage.text(random)] * 50),
        "older_than_seconds": (1e6, 1e9, 0.5, 1e308, float("nan"), float("inf")),
        "config_content": (stage.score, stage.held, stage.told, random.choice(_BAD_SCORES), _bomb(random, stage, method)),
        "config_path": (str(stage.folder / "score.yaml"), str(stage.folder / NOT_UNICODE), "score.yaml", str(stage.folder), garbage.text(random)),
        "client_cwd": (str(stage.folder), garbage.text(random)),
        "key": (f"{random.random():.40f}"[:40], "\ud800" * 20, "k" * 64, "\0" * 16),
        "end": ({}, {"state": garbage.value(random)}, *_DEEP),
        "after": ("", f"{stage.home_id}:{garbage.text(random)}", f"{stage.home_id}:0", f"{stage.home_id}:{2**70}", "x"),
        "pattern": _PATTERNS,
        "protocol": ("podium-1", "podium-2"),
        "variables": ({"a": "b"}, {garbage.text(random): garbage.text(random)}, _MANY),
        "stream": (("stdout", "stderr") if method == "job.log" else (True, False, False)),
        "mode": ("tail", "head", "range", "search", "around"),
        "status": ("completed", "failed", "any", "active", "waiting", "stuck", "ended", "all"),
        "cursor": (str(random.choice(garbage.NUMBERS)), f"{2**70}", "5", "1.1.0.abc", "0.0.0." + "f" * 10, "9" * 5000),
        "sheets_cursor": (f"{2**63}", "1", "9" * 5000, "\u0663"),
    }  # fmt: skip
    return random.choice(options.get(name, (*garbage.NUMBERS, *garbage.STRINGS, True, False)))


def _edit(random: Random) -> list[str]:
    return [random.choice(_FINDS), random.choice(_REPLACEMENTS)]


def _bomb(random: Random, stage: Stage, method: str) -> str:
    """Return a score with a hostile template, where nothing is run."""
    if method != "job.validate":
        return stage.score
    return f'name: bomb\nworkspace: {stage.folder}\nsheets:\n  - run: "{random.choice(_BOMBS)}"\n'


def _harmless(params: dict[str, Any], stage: Stage, method: str) -> dict[str, Any]:
    """Keep the call from emptying the stage, from making folders where it likes, and from putting a command into its score."""
    if isinstance(params.get("replace"), str) and params["replace"] not in _REPLACEMENTS:
        params["replace"] = "true"
    if isinstance(params.get("edits"), list):
        params["edits"] = [each for each in params["edits"] if not _is_strange(each)]
    if method == "job.submit" and params.get("dry_run") is not True:
        params.pop("workspace", None)
    if method == "job.clear" and params.get("job_ids") is None and not _is_old(params.get("older_than_seconds")):
        params["older_than_seconds"] = _OLD
    return params


def _is_strange(edit: Any) -> bool:
    """Tell whether an edit could put a command into the score."""
    return isinstance(edit, list) and len(edit) == 2 and edit[1] not in _REPLACEMENTS


def _is_old(seconds: Any) -> bool:
    """Tell whether no job of a campaign is as old as this, or it is no age at all."""
    if isinstance(seconds, int | float):
        return not seconds < _OLD
    return isinstance(seconds, list | dict)
