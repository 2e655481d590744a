"""Keys that other tools have and scores do not: what to do instead, by the words for them. Both dialects use these."""

from collections.abc import Mapping
from typing import Any

from podium.contract.secrets.beside import without_named_secrets
from podium.score.text.flow import flow, is_showable

_INSTEAD = {
    "jobs do not start by themselves; have cron or a systemd timer call podium run": (
        "schedule cron on trigger triggers crontab interval"
    ),
    "write the variables under env, or read the file in run: set -a; . ./FILE": "env_file env_files envfile dotenv",
    "there are no defaults for all sheets beside env, instrument and strict; write it on each sheet, or use a YAML anchor": (
        "defaults default"
    ),
    "jobs have no priority; sheets start in the order in which their jobs were started": "priority nice weight",
    "write on_end: {run: COMMAND} on the score, which runs when the job has ended; $PODIUM_JOB_STATUS says how": (
        "notify notifications notification on_success on_failure "
        "on_complete webhook email slack after_script finally always"
    ),
    "every file in the workspace can be read with list_artifacts and read_artifact": "artifacts artifact outputs output",
    "sheets run on the conductor's machine, or with engine: slurm on a cluster; start the container in run, such as docker run": (
        "image container containers docker services volumes volume mounts "
        "ports platform runs_on runs-on agent_pool host hosts"
    ),
    "write env: {TOKEN: {from_env: TOKEN}}, which is looked up when a sheet starts and never stored": "secrets secret vault",
    "there are no labels; use name and description": "tags tag labels label metadata annotations",
    "a score is one file; repeat parts with YAML anchors, &a and *a": "include includes extends import imports uses templates",
    "sheets run as the conductor's user; use sudo in run": "user become become_user run_as",
    "nothing is kept between jobs but the workspace; leave the cache there": "cache caches",
}
_SHEET_INSTEAD = {
    "the sheets that need a failed one do not run; to go on in any case, end the command with || true": (
        "continue_on_error continue-on-error allow_failure ignore_errors ignore_failure ignore_error"
    ),
    "bash plays run; for another program begin run with a line such as #!/usr/bin/env python3": (
        "shell interpreter entrypoint executable language"
    ),
    "write foreach: [1, 2, 3], and parallel: {max_concurrent: 3} on the score": "parallelism replicas parallel copies",
    "the commands are lines of run, or sheets of their own": "steps tasks jobs stages before_script",
    "write them in run": "args arguments with",
    "redirect it from a file in run: program < FILE": "stdin input",
    "write it to a file in the workspace, which later sheets read": "register",
    "handle it in run, with trap or ||": "rescue catch on_error",
}
TEMPLATE_NAMES: Mapping[str, str] = {
    "item": "foreach: [a, b] on the sheet sets it",
    "env": "in run the shell has it: $NAME",
    "secrets": "write env: {TOKEN: {from_env: TOKEN}}, and $TOKEN in run",
    "matrix": "write foreach: [a, b] on the sheet, and {{ item }}",
    "github": "write what it holds under variables, or ask git in run",
    "steps": "pass results on as files in the workspace",
    "needs": "pass results on as files in the workspace",
    "variables": "write the variable's own name",
    "ds": "use date in run, or give it with start_job under variables",
}
"""What to do instead of a name that templates of other tools have."""


def foreign_keys(*, sheet: bool = False) -> Mapping[str, str]:
    """Return what to do instead of each key, of a score or of a sheet."""
    tables = [_INSTEAD, _SHEET_INSTEAD] if sheet else [_INSTEAD]
    return {key: instead for table in tables for instead, keys in table.items() for key in keys.split()}


_FILES = {"artifacts", "artifact", "outputs", "output", "cache", "caches"}
_ENV = {"env_file", "env_files", "envfile", "dotenv", "secrets", "secret", "vault"}
_HERE = {"defaults", "default", "hold", "approval", "manual", "pause"}
_ENDS = {
    "notify",
    "notifications",
    "notification",
    "on_success",
    "on_failure",
    "on_complete",
    "webhook",
    "email",
    "slack",
}
_COPIES = {"parallelism", "replicas", "parallel", "copies"}
_MOST_COPIES, _LONGEST = 5, 150  # characters of advice


def topic_of_foreign(key: str) -> str:
    """Return the topic that explains what to do instead of a key, "" for that of its place."""
    if key in _ENV or key in _COPIES:
        return "env" if key in _ENV else "foreach"
    if key in _FILES:
        return "workspace"
    if key in _ENDS:
        return "score"
    there = any(key in keys.split() for keys in _INSTEAD.values())
    return "limits" if there and key not in _HERE else ""


def of_foreign(key: str, given: Any) -> str:
    """Return what to do instead of a key, made of the value that is given, "" for what `foreign_keys` says."""
    text = given.strip() if isinstance(given, str) else ""
    own = ""
    if key in {"secrets", "secret", "vault"}:
        names = [text] if text else [str(name) for name in given] if isinstance(given, list | dict) else []
        if names and all(name.isidentifier() and name.isupper() for name in names):
            env = flow({name: {"from_env": name} for name in names})
            own = f"write env: {env}, looked up when a sheet starts and never stored"
    elif key in _COPIES and isinstance(given, int) and 1 < given <= _MOST_COPIES:
        own = (
            f"write foreach: {flow(list(range(1, given + 1)))}, and parallel: {{max_concurrent: {given}}} on the score"
        )
    elif key in _ENV and text.replace("_", "").isprintable() and " " not in text and text:
        own = (
            f"write the variables under env, or read the file in run: set -a; . {text if '/' in text else f'./{text}'}"
        )
    elif key in {"stdin", "input"} and text and " " not in text:
        own = f"redirect it from a file in run: program < {text}"
    return own if is_showable(own, _LONGEST) and without_named_secrets(own) == own else ""
