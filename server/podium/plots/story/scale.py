"""From moments to places: an even scale on which long stops of the job are cut out, and its ticks."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from podium.plots.story.spans import Span
from podium.plots.story.story import Story
from podium.times import span

_STEPS = (
    *(factor * 10.0**power for power in range(-3, 0) for factor in (1, 2, 5)),
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200),
    *(86_400 * days for days in (1, 2, 7, 14, 28, 56, 112, 364, 728, 3640)),
)  # seconds between two ticks
_LONG = 0.5  # of the time in which the job could go on: a longer stop is cut out
_BREAK = 0.04  # of the width, for each stop that is cut out
_SHORTEST = 1.0  # seconds
_ENOUGH = 5  # stops that are cut out; with more each would be too narrow


@dataclass(frozen=True)
class Tick:
    """A place on the scale and the time there, without the stops that are cut out."""

    at: float
    text: str


class Scale:
    """Places moments of a story between 0 and `width`."""

    def __init__(self, story: Story, width: float) -> None:
        """Cut out the stops in which the job lay long, such as a night between a failure and its repair."""
        total = story.end - story.start
        stopped = [each for each in story.stops if each.end > each.start]
        idle = sum(each.seconds for each in stopped)
        long = sorted(stopped, key=lambda each: -each.seconds)[:_ENOUGH]
        least = max(_SHORTEST, (total - idle) * _LONG)
        self.breaks: tuple[Span, ...] = tuple(
            sorted((each for each in long if each.seconds > least), key=lambda each: each.start)
        )
        self.width = width
        self.seconds = max(total - sum(each.seconds for each in self.breaks), 1e-3)
        self._start = story.start
        self._break = width * _BREAK
        self._unit = (width - self._break * len(self.breaks)) / self.seconds

    def place(self, at: float) -> float:
        """Return where a moment is."""
        place, since = 0.0, self._start
        for each in self.breaks:
            if at <= each.start:
                break
            place += (each.start - since) * self._unit
            if at < each.end:
                return self._inside(place + self._break * (at - each.start) / each.seconds)
            place, since = place + self._break, each.end
        return self._inside(place + (at - since) * self._unit)

    def _inside(self, place: float) -> float:
        return min(self.width, max(0.0, place))

    def ticks(self, most: int) -> list[Tick]:
        """Return at most about so many ticks at round times."""
        step = next((each for each in _STEPS if self.seconds / each <= most), _STEPS[-1])
        count = int(self.seconds / step + 1e-9)
        return [Tick(self._at(number * step), _text(number * step, step)) for number in range(count + 1)]

    def _at(self, seconds: float) -> float:
        """Return the place of a time that leaves the breaks out."""
        cuts = sum(
            1
            for each, gone in zip(self.breaks, self._gone(), strict=False)
            if each.start - self._start - gone < seconds
        )
        return seconds * self._unit + cuts * self._break

    def _gone(self) -> Iterator[float]:
        """Yield for each break how much was cut out before it."""
        return accumulate((each.seconds for each in self.breaks[:-1]), initial=0.0)


def _text(seconds: float, step: float) -> str:
    if not seconds:
        return "0"
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + " s" if step < 1 else span(seconds, whole=True)
