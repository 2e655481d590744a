"""Texts that speak to agents, in tool calls, as a person types them: `resume_job(job_id="x")` is `podium resume x`."""

import re
import shlex
from collections.abc import Mapping

COMMAND_OF = {
    "start_job": "run",
    "pause_job": "pause",
    "resume_job": "resume",
    "cancel_job": "cancel",
    "modify_job": "edit",
    "delete_job": "rm",
    "clear_jobs": "rm --ended",
    "verify_process_health": "top",
    "list_jobs": "list",
    "get_job": "show",
    "wait_for_job": "wait",
    "read_job_log": "logs",
    "explain_job": "explain",
    "validate_score": "validate",
    "conductor_status": "status",
    "list_artifacts": "call list_artifacts",
    "read_artifact": "call read_artifact",
    "describe_score": "call describe_score",
}
"""Tool -> the words of the command that does the same; `call` where no command of its own does."""

_BARE = r"[^\s,;()]*[^\s,;().]"
_VALUE = rf'(?:"(?:[^"\\]|\\.)*"|\'[^\']*\'|\[[^\]]*\]|\.{{3}}|{_BARE})'
_ARGUMENT = rf"(\w+)=({_VALUE})"
_TOOL = "|".join(COMMAND_OF)
_CALL = re.compile(
    rf"`?\b(?P<call>Call |call )?(?P<tool>{_TOOL})\b"
    rf"(?:\((?P<inside>[^()]*)\)| (?:with|and) (?P<words>{_ARGUMENT}(?: and {_ARGUMENT})*))?`?"
)
_FILL_IN = "..."  # a value that only the caller can give
_SHEET = {"sheet": "{}"}
_FROM = {"from_sheet": "--from {}"}
_SCORE = {"config_path": "--score {}", "config_content": "--score -"}
OPTIONS: Mapping[str, Mapping[str, str]] = {
    "start_job": {
        "config_path": "{}",
        "config_content": "-",
        "workspace": "--workspace {}",
        "start_sheet": "--start-sheet {}",
        "variables": "--set {}",
        "self_healing=true": "--self-healing",
        "command": "-- {}",
    },
    "resume_job": _FROM | _SCORE,
    "modify_job": _FROM | _SCORE,
    "clear_jobs": {"status": "--status {}", "older_than_hours": "--older {}h", "keep_newest": "--keep {}"},
    "list_jobs": {"status": "--status {}", "name": "--name {}"},
    "get_job": {"detail=score": "--score"},
    "wait_for_job": {"timeout_seconds": "--timeout {}s", "until=any": "--any", "pattern": "--pattern {}"},
    "read_job_log": _SHEET | {"stream=stderr": "--stderr", "pattern": "--grep {}"},
    "validate_score": {"config_path": "{}", "config_content": "-"},
}
"""Tool -> argument, or argument=value -> how that is typed. What is not here has no option: it is left out."""
_WITHOUT_JOB = frozenset(
    {
        "start_job",
        "verify_process_health",  # `top` shows all jobs
        "clear_jobs",
        "list_jobs",
        "validate_score",
        "conductor_status",
        "describe_score",
    }
)
_JOBS = ("job_id", "job_ids")
_PLACES = {"config_path": "FILE", "from_sheet": "SHEET", "sheet": "SHEET"}
"""What stands for a value that is to be filled in."""
_ALONE = {
    "as config_content or config_path": "with --score FILE",
    "as config_path or config_content": "with --score FILE",
    "as config_content": "on stdin, as -",
    "from_sheet": "--from",
    "keep_newest": "--keep",
}
"""Arguments that a text names without a call -> how a person gives them."""
_ALONE_WORDS = re.compile(rf"\b(?:{'|'.join(_ALONE)})\b(?!=)")


def in_commands(text: str, job_id: str = "") -> str:
    """Return a text with every tool in it named as the command that does the same, ready to be typed.

    `job_id` is the job that the text is about: what it names without a job is meant for that one.
    """
    again = f"`{' '.join(['podium', 'retry', *([shlex.quote(job_id)] if job_id else [])])}` runs its score again"
    text = text.replace("start_job runs its score again", again)
    text = _CALL.sub(lambda found: _command(found, job_id), text)
    return _ALONE_WORDS.sub(lambda found: _ALONE[found[0]], text)


def _command(found: re.Match[str], job_id: str) -> str:
    given = re.findall(_ARGUMENT, found["inside"] or found["words"] or "")
    values = {name: _values(value) for name, value in given}
    if job_id and not values and found["tool"] not in _WITHOUT_JOB:
        values["job_id"] = [job_id]
    tool = "modify_job" if "find" in values else found["tool"]
    if found["tool"] == "start_job" and values.get("dry_run") == ["true"]:
        tool = "validate_score"
    words = COMMAND_OF[tool]
    typed: list[str] = []
    if words.startswith("call "):
        typed = [shlex.quote(f"{name}={value}") for name, each in values.items() for value in each]
    else:
        jobs = [job for name in _JOBS for job in values.get(name, []) if job != _FILL_IN]
        typed = [shlex.quote(job) for job in jobs if tool not in _WITHOUT_JOB]
        typed += _options(tool, values)
    if tool == "clear_jobs" and values.get("dry_run") == ["false"]:
        typed.append("--yes")
    verb = {"Call ": "Run ", "call ": "run "}.get(found["call"] or "", "")
    return f"{verb}`{' '.join(['podium', words, *typed])}`"


def _options(tool: str, values: Mapping[str, list[str]]) -> list[str]:
    known = OPTIONS.get(tool, {})
    typed = []
    for name, each in values.items():
        for value in filter(None, each):
            shown = _PLACES.get(name, "VALUE") if value == _FILL_IN else shlex.quote(value)
            typed.append(known.get(f"{name}={value}", known.get(name, "")).format(shown))
    return [each for each in typed if each]


def _values(value: str) -> list[str]:
    """Return a value without its quotes, or the members of a list."""
    if value.startswith("["):
        return [each.strip("\"'") for each in re.findall(_VALUE, value[1:-1])]
    return [value[1:-1] if value[:1] in "\"'" else value]
