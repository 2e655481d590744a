"""One command that tells of a job's end, from its row to why it failed."""

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from anyio.to_thread import run_sync

from podium.conductor.attempts.commands import last_line, unjudged
from podium.conductor.attempts.values import Known, Values
from podium.conductor.processes.keepers.child import FULL
from podium.conductor.processes.run import Finished, Runner
from podium.conductor.rules.plans import LoadedPlan
from podium.contract.models import Survivor
from podium.contract.notifications import NotificationKind
from podium.errors import PodiumError
from podium.home import Home
from podium.log import get_logger
from podium.privacy.files import replace_own
from podium.privacy.way import make_private
from podium.texts.shown import one_line

OUTPUT_BYTES = 64 * 1024  # of stdout and stderr together, from their end
_MOST_CHARS = 4000  # of a variable; the whole is on stdin
_LOOK_SECONDS = 5.0  # for a workspace; longer only on a disk that does not answer

log = get_logger()


@dataclass(frozen=True)
class Notification:
    """What has to be told: `facts` is the job as it was at the end, as a JSON object; `id` is never used for another end."""

    id: str
    kind: NotificationKind
    job_id: str
    plan_hash: str
    facts: str


class NotYet(Exception):
    """A command has not run, for a reason that may pass."""


class Teller:
    """Runs these commands: `notify` is that of the settings. Each is ended after `seconds`, or what its score adds to them."""

    def __init__(self, runner: Runner, values: Values, home: Home, mark: str, notify: str, seconds: float) -> None:
        self._runner = runner
        self._values = values
        self._home = home
        self._mark = mark
        self._notify = notify
        self._seconds = seconds

    async def tell(self, what: Notification, loaded: LoadedPlan) -> str:
        """Run a command and return why it failed, "" if it did not.

        Raises:
            NotYet: nothing of it has run, as the disk is full or no keeper can start it.
        """
        known = await self._values.of(what.job_id, loaded)
        facts = {**json.loads(what.facts), "notification_id": what.id}
        command, env, folder, seconds = self._notify, {}, self._home.folder, self._seconds
        if what.kind == "on_end":
            try:
                command, env = loaded.plan.on_end, known.job_env(loaded.plan)
            except PodiumError as error:
                return known.masker(error.message)
            seconds += loaded.plan.on_end_seconds
            workspace = Path(facts["workspace"])
            folder = workspace if await _is_there(workspace) else folder
        if not command:
            log.warning("notification_without_command", id=what.id)
            return ""  # it is no longer in the settings
        place = self._home.notification(what.id, what.kind)
        try:
            await run_sync(_lay_out, place, {"script": command, "facts.json": json.dumps(facts)})
        except (OSError, PodiumError) as error:
            why = f"its folder {place} cannot be written: {getattr(error, 'strerror', None) or error}"
            if getattr(error, "errno", 0) in FULL:
                raise NotYet(why) from error
            return why
        survivors: list[Survivor] = []
        done = await self._runner.run(
            [shutil.which("bash") or "/bin/bash", str(place / "script")],
            env={**env, **_variables(facts)},
            cwd=folder,
            timeout_seconds=seconds,
            key=f"{self._mark}.told.{what.id}.{what.kind}",
            output_limit_bytes=OUTPUT_BYTES,
            survivors=survivors,
            stdin=str(place / "facts.json"),
        )
        if not done.began:
            raise NotYet(done.output)
        with suppress(OSError, PodiumError):  # on a full disk, or when the job has just been deleted
            await run_sync(partial(_lay_out, place, {"output": done.output}))
        return _why(done, seconds, survivors, known)


def _why(done: Finished, seconds: float, survivors: list[Survivor], known: Known) -> str:
    """Return why a command that ran has failed, "" if it has not."""
    parts = [unjudged(done, seconds) or (f"exit code {done.exit_code}" if done.exit_code else "")]
    parts += [each.text for each in survivors]
    last = last_line(done) if any(parts) else ""
    return known.masker("; ".join(filter(None, [*parts, f"its output ends with {one_line(last)}" if last else ""])))


def _lay_out(folder: Path, files: Mapping[str, str]) -> None:
    """Write files of ours into a folder of ours. Blocks. Raises OSError, PermissionDenied."""
    make_private(folder)
    for name, text in files.items():
        draft = folder / f"{name}.part"
        draft.unlink(missing_ok=True)
        replace_own(folder / name, draft, text.encode("utf-8", "surrogateescape"), synced=False)


def _variables(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the facts for the environment; a text in which a variable cannot be is changed in that."""
    names = {
        "PODIUM_NOTIFICATION_ID": "notification_id",
        "PODIUM_JOB_ID": "job_id",
        "PODIUM_JOB_NAME": "job_name",
        "PODIUM_JOB_STATUS": "status",
        "PODIUM_JOB_REASON": "reason",
        "PODIUM_WORKSPACE": "workspace",
    }
    texts = {name: str(facts[key])[:_MOST_CHARS].replace("\0", "") for name, key in names.items()}
    return {name: text.encode("utf-8", "replace").decode() for name, text in texts.items()}


async def _is_there(workspace: Path) -> bool:
    """Return whether a workspace is a folder that answers."""
    with anyio.move_on_after(_LOOK_SECONDS):
        return await run_sync(os.path.isdir, workspace, abandon_on_cancel=True)
    return False
