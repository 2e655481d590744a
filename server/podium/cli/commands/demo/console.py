"""The terminal that rich draws on; only what draws imports it."""

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from podium.cli.terminal.door import clean


class Terminal(Console):
    """A console on which nothing but its own styles and cursor movements can be more than text."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is drawn, without what a terminal would act on."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(clean(segment.text), segment.style)
