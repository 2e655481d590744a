"""Where values come from, by their label in the help: the conductor's jobs and sheets, tools, settings, files."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from podium.cli.completing.candidate import Candidate
from podium.cli.completing.given import Given
from podium.cli.inventory import COMMANDS
from podium.cli.shared.probe import ask
from podium.cli.terminal.saying import COMMAND_OF
from podium.errors import PodiumError
from podium.settings import Settings, load

JOBS = 200  # the newest that are offered
SHEETS = 500
ENTRIES = 2000  # of a folder
SCORE_ENDINGS = (".yaml", ".yml")
_ACTIONS = {"pause": "pause", "resume": "resume", "cancel": "cancel", "rm": "delete", "edit": "modify"}
"""Command -> the action that a job has to allow to be offered to it."""


def _settings(given: Given) -> Settings:
    home, socket = given.values.get("--home"), given.values.get("--socket")
    return load(home=Path(home) if home else None, socket=Path(socket) if socket else None)


def _asked(settings: Settings, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Ask the first conductor that answers; {} if none does."""
    for path in dict.fromkeys([settings.socket, *settings.home_sockets().sockets]):
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError, PodiumError):
            return dict(ask(path, method, params))
    return {}


def _newest(given: Given) -> list[dict[str, Any]]:
    reply = _asked(_settings(given), "job.list", {"limit": JOBS})
    return [each.get("podium", each) for each in reply.get("jobs", [])]


def jobs(given: Given) -> list[Candidate]:
    """Return the ids of the newest jobs, of those that allow what the command does; their names where no id fits."""
    found = [job for job in _newest(given) if job["job_id"] not in given.arguments]
    action = _ACTIONS.get(given.command)
    if action:  # a conductor that does not say what a job allows leaves it to the command
        found = [job for job in found if action in job.get("allowed_actions", [action])]
    ids = [Candidate(job["job_id"], f"{job['status']} {job.get('job_name', '')}") for job in found]
    if any(each.text.startswith(given.current) for each in ids):
        return ids
    return [Candidate(str(job["job_name"]), f"{job['status']} {job['job_id']}") for job in found if job.get("job_name")]


def sheets(given: Given) -> list[Candidate]:
    """Return the sheets of the job that stands before: their names, or numbers where they have none."""
    if not given.arguments:
        return []
    word = given.arguments[0]
    known = _newest(given)
    ids = [job["job_id"] for job in known if job["job_id"].startswith(word) or job.get("job_name") == word]
    params = {"job_id": word if word in ids or len(ids) != 1 else ids[0], "sheets": False, "sheets_limit": SHEETS}
    reply = _asked(_settings(given), "job.status", params)
    return [Candidate(each["name"] or str(each["sheet"]), each["status"]) for each in reply.get("podium_sheets", [])]


def commands(_given: Given) -> list[Candidate]:
    """Return the commands."""
    return [Candidate(name, says) for name, says in COMMANDS.items()]


def tools(_given: Given) -> list[Candidate]:
    """Return the tools of `podium call`, each with the command that does the same."""
    return [
        Candidate(name, "" if words.startswith("call ") else f"podium {words}") for name, words in COMMAND_OF.items()
    ]


def tool_arguments(given: Given) -> list[Candidate]:
    """Return the arguments of the tool as `name=`, or after that the jobs that it may be."""
    if given.command != "call":
        return []  # `--set NAME=VALUE`: the names are the score's
    name, equals, typed = given.current.partition("=")
    if equals:
        inner = given._replace(current=typed, arguments=[])
        found = jobs(inner) if name in {"job_id", "job_ids"} else scores(inner) if name == "config_path" else []
        return [Candidate(f"{name}={each.text}", each.says) for each in found]
    from podium.cli.calling.tool_names import tool_named

    fields = tool_named(given.arguments[0]).arguments.model_fields
    used = {each.partition("=")[0] for each in given.arguments[1:]}
    return [Candidate(f"{each}=", made.description or "") for each, made in fields.items() if each not in used]


def settings(_given: Given) -> list[Candidate]:
    """Return the settings."""
    return [Candidate(name, made.description or "") for name, made in Settings.model_fields.items()]


def variables(_given: Given) -> list[Candidate]:
    """Return the names of our environment variables; no value is shown."""
    return [Candidate(name) for name in sorted(os.environ)]


def scores(given: Given) -> list[Candidate]:
    """Return the score files, and the folders that may have some."""
    return [each for each in _entries(given) if each.text.endswith(("/", *SCORE_ENDINGS))]


def files(given: Given) -> list[Candidate]:
    """Return files and folders."""
    return list(_entries(given))


def folders(given: Given) -> list[Candidate]:
    """Return folders."""
    return [each for each in _entries(given) if each.text.endswith("/")]


def _entries(given: Given) -> Iterator[Candidate]:
    """Yield what is in the folder of the word at the cursor, folders with a `/`; hidden ones only if the word begins so."""
    folder, slash, begun = given.current.rpartition("/")
    found: list[str] = []
    with suppress(OSError), os.scandir(os.path.expanduser(f"{folder}{slash}") or ".") as entries:  # noqa: PTH111
        for entry, _ in zip(entries, range(ENTRIES), strict=False):
            if entry.name.startswith(begun) and (begun.startswith(".") or not entry.name.startswith(".")):
                found.append(f"{entry.name}/" if entry.is_dir() else entry.name)
    yield from (Candidate(f"{folder}{slash}{name}") for name in sorted(found))


SOURCES: dict[str, Callable[[Given], list[Candidate]]] = {
    "JOB": jobs,
    "SHEET": sheets,
    "COMMAND": commands,
    "TOOL": tools,
    "NAME=VALUE": tool_arguments,
    "SETTING": settings,
    "NAME[=VALUE": variables,
    "SCORE": scores,
    "FILE": files,
    "FOLDER": folders,
    "HOME": folders,
    "WORKSPACE": folders,
}
"""Label -> what it may be. A label that is not here is not completed."""
