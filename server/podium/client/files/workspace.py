"""A job's workspace for the dialects: artifacts in a thread, so that a slow disk does not hold up the loop."""

from functools import partial

import anyio.to_thread

from podium.client.files.artifacts import list_artifacts, read_artifact, read_bytes
from podium.contract.models import ArtifactBytes, ArtifactPage, ArtifactText
from podium.errors import ArtifactNotFound


class WorkspaceFiles:
    """The files below a workspace path; "" if the conductor does not report the workspace."""

    def __init__(self, workspace: str) -> None:
        self._workspace = workspace

    async def page(self, path: str, limit: int, cursor: str) -> ArtifactPage:
        """List as `list_artifacts`."""
        call = partial(list_artifacts, self._checked(), path=path, limit=limit, cursor=cursor)
        return await anyio.to_thread.run_sync(call)

    async def read(self, path: str, offset: int, max_bytes: int) -> ArtifactText:
        """Read as `read_artifact`."""
        call = partial(read_artifact, self._checked(), path=path, offset=offset, max_bytes=max_bytes)
        return await anyio.to_thread.run_sync(call)

    async def whole(self, path: str, max_bytes: int) -> ArtifactBytes:
        """Read as `read_bytes`."""
        return await anyio.to_thread.run_sync(partial(read_bytes, self._checked(), path=path, max_bytes=max_bytes))

    def _checked(self) -> str:
        if not self._workspace:
            raise ArtifactNotFound(
                "The conductor does not report this job's workspace.", fix="Look for the workspace in the job's score."
            )
        return self._workspace
