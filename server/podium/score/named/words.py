"""What people who know other tools write in a named score, and what it is called here.

Paths into the score have "*" for a place in a list. Only likely words are here: near names and the list of keys cover the rest.
"""

from typing import Any

from podium.score.foreign import foreign_keys, of_foreign, topic_of_foreign
from podium.score.named.fields import NamedScore, NamedSheet
from podium.score.named.own import own_entry, own_form
from podium.score.text.reading import Block, Keys, Words, keys_of
from podium.score.text.topics import topic_of_key

_SHEET = ("sheets", "*")
_RESOURCES = {
    "cpus": ("2", "cpu cores ncpus num_cpus threads cpus_per_task cpus-per-task"),
    "memory": ("4G", "mem ram mem_limit mem_mb mem_gb"),
    "gpus": ("1", "gpu gres num_gpus"),
    "time": ("2h", "walltime wall_time"),
    "nodes": ("2", "node"),
    "partition": ("NAME", "queue"),
    "account": ("NAME", ""),
    "qos": ("NAME", ""),
    "constraint": ("NAME", "constraints"),
}
"""What a sheet may need: an example of each, and the words of other tools for it."""
_NEEDED = {
    **{f"resources: {{{key}: {form}}}": f"{key} {words}" for key, (form, words) in _RESOURCES.items()},
    "resources: {cpus: 2, memory: 4G}": "limits requests",
    "engine: slurm": "executor backend cluster scheduler",
}
_INSIDE = {
    **{key: words for key, (_, words) in _RESOURCES.items()},
    "time": "walltime wall_time time_limit timeout timeout_seconds",
    "cpus and memory in resources itself": "limits requests",
    "extra": "options sbatch args extra_args",
}
_CHECK = (*_SHEET, "validate", "*")
_MEANT: dict[Keys, dict[str, str]] = {
    (): {
        "sheets": "steps tasks jobs stages",
        "variables": "vars params parameters inputs",
        "env": "environment",
        "workspace": "cwd workdir working_dir working_directory working-directory",
        "hold on the sheet that waits for an approval": "approval approve manual pause",
        "foreach on a sheet": "matrix strategy",
        "parallel: {max_concurrent: 4}": "parallelism concurrency max_concurrent max_parallel",
        "name": "title id",
        "the prompt of a sheet, which can also name files for the agent to read": (
            "prelude cadenzas prompt_extensions stakes thinking_method"
        ),
        **_NEEDED,
    },
    ("resources",): _INSIDE,
    (*_SHEET, "resources"): _INSIDE,
    _SHEET: {
        **_NEEDED,
        "run": "command commands cmd cmds script bash exec bash_command shell_command run_command",
        "needs": "depends_on dependencies depends deps after requires upstream",
        "validate": "validation validations checks check assert expect",
        "env": "environment",
        "retry: {max_retries: 2}": "retries max_retries attempts max_attempts",
        "retry: {base_delay_seconds: 1}": "retry_delay retry_delay_seconds retry_interval",
        "timeout_seconds, which takes 90s, 5m and 2h": (
            "timeout time_limit timeout_s timeout_minutes timeout-minutes deadline execution_timeout"
        ),
        "foreach": "matrix for_each loop with_items strategy",
        "skip_when, the condition for skipping the sheet": "if when condition skip skip_if skipif unless",
        "name": "title id task_id job_name",
        'hold: "what to approve"': "approval approve manual pause wait_for_approval",
        "cd in run, or workspace for the whole score": "cwd workdir working_dir working_directory working-directory chdir dir",
        "instrument": "agent",
        "instrument_config: {model: ...}": "model",
        "success_requirements: true, and validate": "success_criteria acceptance_criteria",
        "prompt, which can also name files for the agent to read": "prelude cadenzas prompt_extensions stakes thinking_method",
    },
    (*_SHEET, "retry"): {
        "max_retries": "attempts max_attempts count times max retries",
        "base_delay_seconds": "delay delay_seconds interval",
        "exponential_base": "backoff backoff_factor backoff_multiplier multiplier factor",
    },
    ("parallel",): {"max_concurrent": "max limit workers max_workers concurrency max_parallel"},
    _CHECK: {
        "file_exists": "exists file path",
        "content_contains: {path: ..., pattern: ...}": "contains content file_contains pattern",
        "content_regex: {path: ..., pattern: ...}": "regex matches content_matches",
        "command_succeeds": "command cmd run shell script",
    },
    **{(*_CHECK, kind): {"path": "file filename"} for kind in ("file_exists", "file_modified")},
    **{
        (*_CHECK, kind): {"path": "file filename", "pattern": "text content contains string value regex match"}
        for kind in ("content_contains", "content_regex")
    },
    (*_CHECK, "command_succeeds"): {
        "command": "cmd run shell script",
        "working_directory": "cwd workdir working-directory",
    },
}
_FORMS: dict[Keys, str] = {
    ("sheets",): "[{name: build, run: make}]",
    _SHEET: "{name: build, run: make}",
    (*_SHEET, "retry"): "{max_retries: 2}",
    (*_SHEET, "needs"): "[build]",
    (*_SHEET, "validate"): "[{file_exists: report.md}]",
    _CHECK: "{file_exists: report.md}",
    (*_CHECK, "content_contains"): '{path: report.md, pattern: "## Summary"}',
    (*_CHECK, "content_regex"): '{path: report.md, pattern: "[0-9]+"}',
    (*_SHEET, "env"): "{NAME: value}",
    ("env",): "{NAME: value}",
    ("variables",): "{name: value}",
    ("parallel",): "{max_concurrent: 4}",
    ("on_end",): "{run: COMMAND}",
    ("resources",): "{cpus: 2, memory: 4G}",
    (*_SHEET, "resources"): "{cpus: 2, memory: 4G}",
}
_PATHS: dict[str, Keys] = {
    "retry: {max_retries: 2}": ("retry", "max_retries"),
    "retry: {base_delay_seconds: 1}": ("retry", "base_delay_seconds"),
    "parallel: {max_concurrent: 4}": ("parallel", "max_concurrent"),
    "timeout_seconds, which takes 90s, 5m and 2h": ("timeout_seconds",),
    "instrument_config: {model: ...}": ("instrument_config", "model"),
    "content_contains: {path: ..., pattern: ...}": ("content_contains",),
    "content_regex: {path: ..., pattern: ...}": ("content_regex",),
    **{f"resources: {{{key}: {form}}}": ("resources", key) for key, (form, _) in _RESOURCES.items()},
    "engine: slurm": ("engine",),
}
"""Where the value of a key belongs, if what to write instead is more than a key."""


_SCORE_KEYS, _SHEET_KEYS = keys_of(NamedScore), keys_of(NamedSheet)
_STRAY: dict[Keys, str] = {
    **{(key,): "it belongs to a sheet" for key in _SHEET_KEYS if key not in _SCORE_KEYS},
    **{(*_SHEET, key): "it belongs to the score, next to sheets" for key in _SCORE_KEYS if key not in _SHEET_KEYS},
}
_FOREIGN: dict[Keys, str] = {
    (*place, key): f"write {instead}"
    for place, names in _MEANT.items()
    for instead, keys in names.items()
    for key in keys.split()
}
_OTHER: dict[Keys, str] = {
    **{(key,): instead for key, instead in foreign_keys().items()},
    **{(*_SHEET, key): instead for key, instead in foreign_keys(sheet=True).items()},
}
_TARGETS: dict[Keys, Keys] = {
    (*place, key): _PATHS.get(instead, (instead,))
    for place, names in _MEANT.items()
    for instead, keys in names.items()
    for key in keys.split()
    if instead in _PATHS or instead.isidentifier()
}
_CD = {(*_SHEET, key) for instead, keys in _MEANT[_SHEET].items() if instead.startswith("cd ") for key in keys.split()}


def _own_key(place: Keys, block: type[Block], given: Any) -> str:
    """Return what to write in place of a key and its value."""
    if place in _OTHER and place not in _FOREIGN:
        return of_foreign(place[-1], given)
    if place in _CD:
        workspace = own_entry(("workspace",), NamedScore, given)
        folder = workspace.partition(": ")[2]
        return f"write cd {folder} in run, or {workspace} for the whole score" if workspace else ""
    if place not in _TARGETS:
        return ""
    more = ""
    if place[-1] in {"attempts", "max_attempts"} and isinstance(given, int) and given > 0:
        given, more = given - 1, ", the attempts after the first one"
    if place[-1] in {"mem_mb", "mem_gb"} and isinstance(given, int):
        given = f"{given}{place[-1][4].upper()}"
    if place[-1] in {"timeout_minutes", "timeout-minutes"} and isinstance(given, int | float):
        given = f"{given}m"
    own = own_entry(_TARGETS[place], block, given)
    return f"write {own}{more}" if own else ""


WORDS = Words(
    meant=_OTHER | _STRAY | _FOREIGN,
    forms=_FORMS,
    own_key=_own_key,
    own_form=own_form,
    topics={place: topic_of_foreign(place[-1]) for place in _OTHER}
    | {place: topic_of_key(place[-1]) for place in _STRAY}
    | {
        (*place, key): topic_of_key(instead.split()[0].rstrip(":,"))
        for place, names in _MEANT.items()
        for instead, keys in names.items()
        for key in keys.split()
    },
)
SHEETS_WORDS = frozenset(_MEANT[()]["sheets"].split())
RUN_WORDS = frozenset(_MEANT[_SHEET]["run"].split())
