"""The table of calls and costs of the stories, and its file."""

import re
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "FIGURES.md"
SPARE_BYTES = 40  # between two runs: measured numbers have more or fewer digits
_HEAD = """# What an agent needs for ten stories

Written by `make eval`. A plan may only call what its goal or the last answer leads to (`player.py`); *least* is what somebody
who knew everything would need. A test fails if a story needs more calls, or more bytes of answers, than this table says. Tokens
are counted with o200k_base where Node is installed, else estimated.

| story | least calls | calls | bytes of answers | tokens |
|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Figure:
    """What one story took."""

    story: str
    least: int
    calls: int
    size: int
    tokens: int

    @property
    def row(self) -> str:
        """It as a row of the table."""
        return f"| {self.story} | {self.least} | {self.calls} | {self.size} | {self.tokens} |"


def table(figures: list[Figure]) -> str:
    """Return the whole file."""
    rows = [*figures, _total(figures)]
    ratio = rows[-1].calls / rows[-1].least
    lines = "\n".join(each.row for each in rows)
    return f"{_HEAD}{lines}\n\nCalls: {ratio:.2f} times the least.\n"


def _total(figures: list[Figure]) -> Figure:
    def summed(name: str) -> int:
        return sum(getattr(each, name) for each in figures)

    return Figure("all", summed("least"), summed("calls"), summed("size"), summed("tokens"))


def recorded() -> dict[str, Figure]:
    """Return the figures of the file, by story."""
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", FILE.read_text(), re.MULTILINE)
    return {name: Figure(name, *map(int, numbers)) for name, *numbers in rows}


def worse(found: Figure, before: Figure) -> bool:
    """Whether a story takes more than it did."""
    return found.calls > before.calls or found.size > before.size + SPARE_BYTES
