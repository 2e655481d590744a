"""What a tool is: its name, texts, models, hints and handler. It knows neither protocol nor transport."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from podium.contract.ports import JobControl
from podium.contract.topics import Page

Risk = Literal["read", "run", "control", "destroy"]


class Args(BaseModel):
    """Base of a tool's arguments: flat primitives and lists of primitives, nothing unknown.

    `needs_one_of` names arguments of which a call needs one, though each alone may be left out. A call that needs none may
    have unknown ones, which are ignored, unless it `refuses_unknown`: where one left out means more than was asked for.
    """

    needs_one_of: ClassVar[tuple[str, ...]] = ()
    refuses_unknown: ClassVar[bool] = False
    model_config = ConfigDict(frozen=True, extra="forbid")


class NoArgs(Args):
    """A tool without arguments."""


class Call(Protocol):
    """What a running call may use of the client that made it, and of the server that runs it."""

    async def report_progress(self, progress: float, total: float | None, message: str) -> None:
        """Report progress to the client if it asked for that; `progress` must grow."""

    async def page(self, topic: str) -> Page:
        """Return the reference's page about a topic of `TOPICS`, or about scores as a whole (`OVERVIEW`)."""


@dataclass(frozen=True)
class Hints:
    """The four behaviour hints of the protocol, each stated for every tool.

    `open_world` is true if a result carries text that a job wrote, or the call runs commands of a score.
    """

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool


In = TypeVar("In", bound=Args)
Out = TypeVar("Out", bound=BaseModel)


@dataclass(frozen=True)
class ToolSpec(Generic[In, Out]):
    """One tool. `risk` says what a call can do at worst; the description has at most 400 characters."""

    name: str
    title: str
    description: str
    risk: Risk
    hints: Hints
    arguments: type[In]
    result: type[Out]
    handler: Callable[[JobControl, In, Call], Awaitable[Out]]


AnyTool = ToolSpec[Any, Any]

READ = Hints(read_only=True, destructive=False, idempotent=True, open_world=False)
READ_FOREIGN = Hints(read_only=True, destructive=False, idempotent=True, open_world=True)
