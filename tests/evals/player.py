"""A scripted agent: it plays a recorded plan, and may only do what its goal or the answers that it got lead to.

The plan says which of an answer's ways it takes; the player looks whether the answer shows that way. So a plan that works proves
that an agent without any other knowledge finds it.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from mcp.types import TextContent

from podium_tools import ALL_TOOLS
from tests.support.agent import Agent

TOOLS = {spec.name for spec in ALL_TOOLS}
HOLE = "..."  # an argument that only the caller can give
_KEY = re.compile(r"(?:^|[\s{,-])([a-z_]+):(?=\s|$)", re.MULTILINE)
_CALL = re.compile(rf"\b({'|'.join(sorted(TOOLS))})\(")


class OffTheTrack(AssertionError):
    """The plan does something that neither the goal nor an answer leads to."""


def calls_in(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the ready calls that stand in a text, with their arguments."""
    return [(found[1], _arguments(text, found.end())) for found in _CALL.finditer(text)]


def _arguments(text: str, at: int) -> dict[str, Any]:
    """Return the arguments of a call that begin at this place of a text."""
    read, arguments = json.JSONDecoder().raw_decode, {}
    while found := re.compile(r"(\w+)=").match(text, at):
        at = found.end()
        if text.startswith(HOLE, at):
            value, at = HOLE, at + len(HOLE)
        else:
            value, at = read(text, at)
        arguments[found[1]] = value
        at += 2 if text.startswith(", ", at) else 0
    return arguments


@dataclass
class Player:
    """An agent with a goal. `answer` is the last result's facts, or the last error's."""

    user: Agent
    goal: str
    definitions: str = ""  # of the tools, which every agent sees
    answer: dict[str, Any] = field(default_factory=dict)
    refused: bool = False
    texts: list[str] = field(default_factory=list)
    _last: tuple[str, dict[str, Any]] = ("", {})

    @property
    def calls(self) -> int:
        """How many calls it has made."""
        return len(self.texts)

    @property
    def size(self) -> int:
        """The bytes of all answers, as a model gets them."""
        return sum(len(text.encode()) for text in self.texts)

    async def begin(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Make the first call, which the goal and the tools' definitions lead to."""
        if self.texts:
            raise OffTheTrack("only the first call comes from the goal alone")
        return await self._make(tool, arguments)

    async def follow(self, **given: Any) -> dict[str, Any]:
        """Make the call in `next`; `given` fills what it leaves open, or leaves out."""
        return await self._ready(self.answer.get("next", ""), given)

    async def amend(self, **given: Any) -> dict[str, Any]:
        """Make the call that the error's `fix` shows; `given` fills what it leaves open, or leaves out."""
        return await self._ready(self.answer.get("fix", ""), given)

    async def repeat(self, **changed: Any) -> dict[str, Any]:
        """Make the refused call again with other arguments, as the error says; "" takes one out."""
        if not self.refused:
            raise OffTheTrack("only a refused call is made again")
        tool, arguments = self._last
        return await self._make(tool, {**arguments, **changed})

    async def choose(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Make a call that the last answer names, that is one of its allowed actions, or that does what the goal says by name."""
        allowed = {f"{action}_job" for action in self.answer.get("allowed_actions", ())}
        verb = tool.partition("_")[0]
        if tool not in allowed and tool not in self.texts[-1] and not re.search(rf"\b{verb}\b", self.goal):
            raise OffTheTrack(f"{tool} is not named in: {self.texts[-1]}")
        return await self._make(tool, arguments)

    async def _ready(self, text: str, given: dict[str, Any]) -> dict[str, Any]:
        found = calls_in(text)
        if not found:
            raise OffTheTrack(f"there is no call in {text!r} of {self.texts[-1]}")
        tool, arguments = found[0]
        if changed := [name for name in given if arguments.get(name, HOLE) != HOLE]:
            raise OffTheTrack(f"{text!r} does not leave {changed} open")
        whole = {**arguments, **given}
        if open_ones := [name for name, value in whole.items() if value == HOLE]:
            raise OffTheTrack(f"{text!r} leaves {open_ones} open")
        return await self._make(tool, whole)

    async def _make(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        for name, value in arguments.items():
            self._check_known(name, value)
        result = await self.user.client.call_tool(tool, arguments)
        block = result.content[0]
        assert isinstance(block, TextContent)
        self.texts.append(block.text)
        facts = json.loads(block.text)
        self.refused, self._last = bool(result.is_error), (tool, arguments)
        self.answer = facts["error"] if self.refused else facts
        return self.answer

    def _check_known(self, name: str, value: Any) -> None:
        """Refuse a value that the agent cannot know: not in its goal, nor in the last answer, no choice that
        a definition lists, and not made of what it was taught.
        """
        if isinstance(value, list):
            for each in value:
                self._check_known(name, each)
            return
        text = str(value)
        heard = f"{self.goal}\n{self._last_text()}"
        is_choice = f'"{text}"' in self.definitions
        was_heard = re.search(rf"(?<!\w){re.escape(text)}(?!\w)", heard)
        if isinstance(value, bool) or was_heard or is_choice or (name == "config_content" and self._was_taught(text)):
            return
        raise OffTheTrack(f"nothing says {name}={value!r}")

    def _last_text(self) -> str:
        """Return the last answer as text, as it is and with its strings unescaped."""
        last = self.texts[-1] if self.texts else ""
        return last + last.encode().decode("unicode_escape", errors="ignore")

    def _was_taught(self, text: str) -> bool:
        """Whether a text is a score of which every key was told, by an answer or by the definitions of the tools."""
        keys = _KEY.findall(text)
        told = "\n".join([self.definitions, self.goal, *self.texts])
        return bool(keys) and all(re.search(rf"\b{key}\b", told) for key in keys)
