"""Texts that speak to agents, in tool calls, as a person types them: `resume_job(job_id="x")` is `podium resume x`."""

import re
import shlex

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

_VALUE = r'(?:"(?:[^"\\]|\\.)*"|\'[^\']*\'|\[[^\]]*\]|\.{3}|[^\s,;()]*[^\s,;().])'
_ARGUMENT = rf"(\w+)=({_VALUE})"
_TOOL = "|".join(COMMAND_OF)
_CALL = re.compile(
    rf"`?\b(?P<call>Call |call )?(?P<tool>{_TOOL})\b"
    rf"(?:\((?P<inside>[^()]*)\)| (?:with|and) (?P<words>{_ARGUMENT}(?: and {_ARGUMENT})*))?`?"
)
_PLACES = {"job_id": "{}", "job_ids": "{}", "sheet": "{}", "from_sheet": "--from {}", "config_path": "{}"}
"""How an argument is written on the command line; those of the tools that have no command keep their names."""
_FLAGS = {("detail", "score"): "--score", ("stream", "stderr"): "--stderr"}
"""What a value of an argument is on the command line, where that has an option for it."""


def in_commands(text: str) -> str:
    """Return a text with every tool in it named as the command that does the same, ready to be typed."""
    return _CALL.sub(_command, text)


def _command(found: re.Match[str]) -> str:
    given = [(name, _plain(value)) for name, value in re.findall(_ARGUMENT, found["inside"] or found["words"] or "")]
    words = COMMAND_OF["modify_job" if "find" in dict(given) else found["tool"]]
    if words.startswith("call "):
        parts = [shlex.quote(f"{name}={value}") for name, value in given]
    else:
        parts = [_PLACES[name].format(shlex.quote(value)) for name, value in given if name in _PLACES and value]
        parts += [_FLAGS[each] for each in given if each in _FLAGS]
    verb = {"Call ": "Run ", "call ": "run "}.get(found["call"] or "", "")
    return f"{verb}`{' '.join(['podium', words, *parts])}`"


def _plain(value: str) -> str:
    """Return a value without its quotes, or the first of a list."""
    return value.strip("[]").split(",")[0].strip("\"'")
