"""`job.score`: the text that a job runs, where it came from, and its variables."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from podium.conductor.plans.given import latest
from podium.conductor.service.context import Context
from podium.contract.score_text import FileState, JobScore, JobScoreParams, ScoreText
from podium.contract.secrets.beside import hidden_value, without_named_secrets
from podium.contract.secrets.masks import Masker
from podium.errors import PermissionDenied, ScoreInvalid, ScoreNotFound
from podium.reader.requests import Show, Shown, encode
from podium.texts.cleaning import clean_text
from podium.texts.source import read_score
from podium.wire.dispatcher import Peer

VARIABLES = 50  # shown
VALUE_CHARS = 200  # of each
FILE_SECONDS = 2.0
# A thread that hangs on a dead network disk cannot be ended, only abandoned.
_THREADS = anyio.CapacityLimiter(4)


async def handle(context: Context, params: JobScoreParams, peer: Peer) -> JobScore:
    """Answer a page of the text; of a pending changed score, since that is what the job runs next and what an edit changes."""
    await context.supervisor.flushed()
    row = await context.queries.job(params.job_id)
    digest, path, pending = latest(row)
    plan = (loaded := await context.loader.plan(digest)).plan
    text = await context.loader.source(digest)
    masker = (await context.values.of(params.job_id, loaded)).masker
    given = plan.started_with
    own = {name: value for name, value in plan.variables.items() if name not in given}
    first = dict(list(given.items())[:VARIABLES])
    return JobScore(
        job=context.views.of_row(row),
        text=await page(context, text, params.offset, params.max_lines, masker, peer, copies=params.copies),
        path=path or "",
        file=await file_state(path, text, context.settings.max_score_bytes),
        pending=pending,
        start_variables=_shown(first, masker),
        variables=_shown(dict(list(own.items())[: VARIABLES - len(first)]), masker),
        variables_total=len(given) + len(own),
    )


async def page(
    context: Context, text: str, first: int, most: int, masker: Masker, peer: Peer, *, copies: bool = False
) -> ScoreText:
    """Return lines of a score as a caller may see them; the reader looks at them.

    Raises:
        ScoreInvalid: that takes more than the reader may use. ConductorBusy: too much waits for the reader.
    """
    request = Show(first=first, most=most, copies=copies, secrets=masker.secrets)
    found, _ = await context.reader.ask(request, Shown, body=encode(text), client=peer)
    return found.view


async def file_state(path: str | None, text: str, max_bytes: int) -> FileState:
    """Return how the file that a score came from compares with its text."""
    if path is None:
        return "inline"
    reading = partial(read_score, path, cwd=Path("/"), max_bytes=max_bytes)
    try:
        with anyio.fail_after(FILE_SECONDS):
            _, now = await anyio.to_thread.run_sync(reading, abandon_on_cancel=True, limiter=_THREADS)
    except ScoreNotFound:
        return "gone"
    except ScoreInvalid:  # too large now, or not UTF-8
        return "differs"
    except (PermissionDenied, TimeoutError):
        return "unreadable"
    return "same" if now == text else "differs"


def _shown(variables: Mapping[str, Any], masker: Masker) -> dict[str, str]:
    """Return variables as text: a single value as it is, others as JSON."""
    found = {}
    for name, value in variables.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if hidden_value(name, text):
            text = f"[value of {name}]"
        seen = masker(clean_text(masker(text)))
        text = without_named_secrets(seen[: 2 * VALUE_CHARS])  # a secret that this cuts is hidden to its end
        found[name] = text if len(text) <= VALUE_CHARS else f"{text[:VALUE_CHARS]}…"
    return found
