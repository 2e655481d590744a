"""What is typed already."""

from typing import NamedTuple


class Given(NamedTuple):
    """What is typed: the command, the word at the cursor, and the arguments and the options' values before it."""

    command: str
    current: str
    arguments: list[str]
    values: dict[str, str]
