"""The fenced blocks of a page, and what a page says of them in comments for whoever runs them.

`<!-- exit: 1 -->` above a console block names the exit code of its last command; `<!-- not run: why -->` keeps a block from being
run or read; `title="name.yaml"` of a block is the name of the file that it is. In a console block `$ ` begins a command, `> ` goes on with it,
everything else is output, in which a line `...` stands for lines that are left out. Where none is shown, none is compared.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

_FENCE = re.compile(
    r'^(?P<marks>(?:<!-- [^\n]* -->\n)*)```(?P<language>\w+)(?: title="(?P<title>[^"\n]+)")?\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"<!-- (exit|not run): (.*?) -->")
LEFT_OUT = "..."


class Step(NamedTuple):
    """A command of a console block and the output that is shown."""

    command: str
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """A fenced block; `start` and `end` are where its text stands in the page."""

    language: str
    title: str
    text: str
    marks: dict[str, str]
    start: int
    end: int

    @property
    def exit_code(self) -> int:
        """The exit code that its last command ends with."""
        return int(self.marks.get("exit", "0"))

    @property
    def not_run(self) -> str:
        """Why it is not run; "" if it is."""
        return self.marks.get("not run", "")

    @cached_property
    def steps(self) -> list[Step]:
        """The commands of a console block in order."""
        steps: list[tuple[str, list[str]]] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            elif line.startswith("> ") and not steps[-1][1]:
                steps[-1] = (f"{steps[-1][0]}\n{line[2:]}", [])
            else:
                steps[-1][1].append(line)
        return [Step(command, tuple(shown)) for command, shown in steps]


def blocks(path: Path) -> list[Block]:
    """Return the blocks of a page that say their language, in order."""
    return [
        Block(
            found["language"],
            found["title"] or "",
            found["text"],
            dict(_MARK.findall(found["marks"])),
            found.start("text"),
            found.end("text"),
        )
        for found in _FENCE.finditer(path.read_text(encoding="utf-8"))
    ]


def console_text(steps: list[Step]) -> str:
    """Return the text of a console block."""
    lines = [line for step in steps for line in ("$ " + step.command.replace("\n", "\n> "), *step.shown)]
    return "\n".join(lines) + "\n"
