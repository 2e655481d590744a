"""A job's workspace for the dialects: artifacts in a thread, so that a slow disk does not hold up the loop; without secrets."""

import os
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import anyio.to_thread

from podium.client.files.artifacts import read_around, read_artifact, read_bytes
from podium.client.files.listing import list_artifacts
from podium.contract.methods import SECRETS_BYTES
from podium.contract.models import ArtifactBytes, ArtifactPage, ArtifactText
from podium.contract.secrets.masks import MARGIN, Masker, Span, merged, replaced, secrets_in
from podium.errors import ArtifactNotFound

SpansOf = Callable[[bytes], Awaitable[Sequence[Span]]]
"""Finds the secrets in at most `SECRETS_BYTES` bytes."""


async def spans_of_ours(data: bytes) -> Sequence[Span]:
    """Find the secrets of this process's environment: for a conductor that cannot say where its own are."""
    return await anyio.to_thread.run_sync(Masker(secrets_in(os.environ)).spans, data)


class WorkspaceFiles:
    """The files below a workspace path; "" if the conductor does not report the workspace."""

    def __init__(self, workspace: str, spans_of: SpansOf = spans_of_ours) -> None:
        self._workspace = workspace
        self._spans_of = spans_of

    async def page(self, path: str, limit: int, cursor: str) -> ArtifactPage:
        """List as `list_artifacts`."""
        call = partial(list_artifacts, self._checked(), path=path, limit=limit, cursor=cursor)
        return await anyio.to_thread.run_sync(call)

    async def read(self, path: str, offset: int, max_bytes: int) -> ArtifactText:
        """Read as `read_artifact`; a secret is replaced even where an edge of this part cuts it. Offsets are the file's own."""
        call = partial(read_artifact, self._checked(), path=path, offset=offset, max_bytes=max_bytes)
        found = await anyio.to_thread.run_sync(call)
        if not found.is_text:
            return found
        end = found.size_bytes if found.next_offset is None else found.next_offset
        # Once more, with its surroundings: the text that is shown is the one that was looked through.
        around = partial(read_around, self._checked(), path=path, start=found.offset, end=end, margin=MARGIN)
        before, data = await anyio.to_thread.run_sync(around)
        shown = replaced(data, await self._spans(data), before, before + end - found.offset)
        return found.model_copy(update={"text": shown.decode("utf-8", "replace")})

    async def whole(self, path: str, max_bytes: int) -> ArtifactBytes:
        """Read as `read_bytes`, a text without secrets."""
        found = await anyio.to_thread.run_sync(partial(read_bytes, self._checked(), path=path, max_bytes=max_bytes))
        if not found.is_text:
            return found
        return found.model_copy(update={"data": replaced(found.data, await self._spans(found.data))})

    async def _spans(self, data: bytes) -> list[Span]:
        """Find the secrets in data of any size, in parts that overlap."""
        found: list[Span] = []
        for start in range(0, len(data), SECRETS_BYTES - 2 * MARGIN):
            part = data[start : start + SECRETS_BYTES]
            found += [Span(start + each.start, start + each.end, each.name) for each in await self._spans_of(part)]
        return merged(found)

    def _checked(self) -> str:
        if not self._workspace:
            raise ArtifactNotFound(
                "The conductor does not report this job's workspace.", fix="Look for the workspace in the job's score."
            )
        return self._workspace
