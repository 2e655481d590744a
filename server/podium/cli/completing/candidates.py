"""What may stand at the cursor: a command, an option, or a value of what the command takes there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from podium.cli.calling.overview import OPTIONS
from podium.cli.completing.candidate import Candidate
from podium.cli.completing.given import Given
from podium.cli.inventory import ALIASES, COMMANDS

if TYPE_CHECKING:
    from podium.cli.completing.shape import Option, Shape, Takes


def candidates(before: Sequence[str], current: str) -> list[Candidate]:
    """Return what may follow the words before the cursor; the caller leaves out what does not begin with `current`."""
    if not before:
        if current.startswith("-"):
            return [Candidate(flag, says) for flags, says in OPTIONS.items() for flag in flags.split(", ")]
        return [Candidate(name, says) for name, says in COMMANDS.items()]
    name = ALIASES.get(before[0], before[0])
    if name not in COMMANDS:
        return []
    from podium.cli.completing.shape import shape_of

    shape = shape_of(name)
    at = _Cursor(shape)
    for word in before[1:]:
        at.read(word)
    given = Given(name, current, at.arguments, at.values)
    if at.awaits is not None:
        return _values(at.awaits, given)
    if current.startswith("-") and not at.only_arguments:
        return _options(shape, given)
    place = len(at.arguments)
    if place >= len(shape.arguments) and not shape.repeats:
        return []
    return _values(shape.arguments[min(place, len(shape.arguments) - 1)], given)


def _options(shape: "Shape", given: Given) -> list[Candidate]:
    """Return the options, or after `--name=` what that option takes."""
    flag, equals, typed = given.current.partition("=")
    option = shape.option(flag)
    if equals and option and option.takes:
        found = _values(option.takes, given._replace(current=typed))
        return [Candidate(f"{flag}={each.text}", each.says) for each in found]
    return [Candidate(each, option.says) for option in shape.options for each in option.flags]


def _values(takes: "Takes", given: Given) -> list[Candidate]:
    if takes.choices:
        return [Candidate(each) for each in takes.choices]
    from podium.cli.completing.sources import SOURCES

    sources = [SOURCES[label] for each in takes.label.split("|") if (label := each.strip()) in SOURCES]
    return [candidate for source in sources for candidate in source(given)]


@dataclass
class _Cursor:
    """What was read of a command's words: its arguments, its options' values, and what the next word has to be."""

    shape: "Shape"
    arguments: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    only_arguments: bool = False  # after `--`
    _awaiting: "Option | None" = None

    @property
    def awaits(self) -> "Takes | None":
        """What the option before takes, if it takes the next word."""
        return self._awaiting.takes if self._awaiting else None

    def read(self, word: str) -> None:
        """Take the next word."""
        if self._awaiting:
            self._take(self._awaiting, word)
            self._awaiting = None
        elif self.only_arguments or not word.startswith("-") or word == "-":
            self.arguments.append(word)
        elif word == "--":
            self.only_arguments = True
        else:
            self._read_option(word)

    def _read_option(self, word: str) -> None:
        flag, equals, value = word.partition("=")
        spellings = [flag] if word.startswith("--") else [f"-{letter}" for letter in word[1:]]
        for place, spelling in enumerate(spellings, 2):
            option = self.shape.option(spelling)
            if option is None or option.takes is None:
                continue
            if rest := value if word.startswith("--") else word[place:]:
                self._take(option, rest)
            elif not equals:
                self._awaiting = option
            return

    def _take(self, option: "Option", value: str) -> None:
        for flag in option.flags:
            self.values[flag] = value
