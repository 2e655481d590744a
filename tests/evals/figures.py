"""The table of calls and costs of the stories, and its file."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.tokens import count_tokens, has_encoder

FILE = Path(__file__).parent / "FIGURES.md"
SPARE_BYTES = 40  # between two runs: measured numbers have more or fewer digits
SPARE_TOKENS = 25  # and ids are random
BYTES_A_TOKEN = 3.0  # of answers, measured with o200k_base: they are full of ids and times
_HEAD = """# What an agent needs for ten stories

Written by `make eval`. A plan may only call what its goal or the last answer leads to (`player.py`); *least* is what somebody
who knew everything would need. A test fails if a story needs more calls, or more bytes of answers, than this table says; where
Node and its encoder are installed (`make test-clients`), also if it needs more tokens of o200k_base. Elsewhere tokens are estimated.

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
    """Return the whole file. A row in which only measured numbers differ stays as it is, so that two runs make the same table."""
    earlier = recorded()
    kept = [each if _differs(each, earlier.get(each.story)) else earlier[each.story] for each in figures]
    rows = [*kept, _total(kept)]
    ratio = rows[-1].calls / rows[-1].least
    lines = "\n".join(each.row for each in rows)
    return f"{_HEAD}{lines}\n\nCalls: {ratio:.2f} times the least.\n"


def _total(figures: list[Figure]) -> Figure:
    def summed(name: str) -> int:
        return sum(getattr(each, name) for each in figures)

    return Figure("all", summed("least"), summed("calls"), summed("size"), summed("tokens"))


def _differs(found: Figure, before: Figure | None) -> bool:
    if before is None or (found.least, found.calls) != (before.least, before.calls):
        return True
    return abs(found.size - before.size) > SPARE_BYTES


def tokens_of(answers: list[str]) -> int:
    """Return how many tokens the answers are together."""
    return sum(count_tokens(answers, BYTES_A_TOKEN))


def recorded() -> dict[str, Figure]:
    """Return the figures of the file, by story."""
    rows = re.findall(r"^\| ([^|]+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", FILE.read_text(), re.MULTILINE)
    return {name: Figure(name, *map(int, numbers)) for name, *numbers in rows}


def worse(found: Figure, before: Figure) -> bool:
    """Whether a story takes more than it did."""
    more_tokens = has_encoder() and found.tokens > before.tokens + SPARE_TOKENS
    return found.calls > before.calls or found.size > before.size + SPARE_BYTES or more_tokens
