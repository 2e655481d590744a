"""How the tests of the tools call a handler: as the server does, with checked arguments."""

from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import BaseModel

from podium.contract.topics import Page
from podium.mcp.calls.arguments import check
from podium.reference.page import page
from podium_tools import ALL_TOOLS
from tests.support.port import ScriptedPort

SPECS = {spec.name: spec for spec in ALL_TOOLS}


@dataclass
class RecordedCall:
    """A call that keeps the progress it reports."""

    reports: list[tuple[float, float | None, str]] = field(default_factory=list)

    async def report_progress(self, progress: float, total: float | None, message: str) -> None:
        self.reports.append((progress, total, message))

    async def page(self, topic: str) -> Page:
        return page(topic)


async def use(
    port: ScriptedPort, name: str, arguments: dict[str, Any] | None = None, call: RecordedCall | None = None
) -> Any:
    """Return what the tool's handler returns for these arguments."""
    spec = SPECS[name]
    checked = check(name, spec.arguments, arguments or {})
    return cast(BaseModel, await spec.handler(port, checked, call or RecordedCall()))
