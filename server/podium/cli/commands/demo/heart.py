"""A demo that is never silent for long: when nothing was printed for some seconds, a line says what is going on."""

import time
from collections.abc import Callable
from typing import Any

import anyio

from podium.cli.commands.demo.console import Terminal

SILENT_SECONDS = 4.0
LOOK_SECONDS = 0.25


class Heard(Terminal):
    """A console that knows when it printed last."""

    def __init__(self) -> None:
        super().__init__(highlight=False)
        self._last = time.monotonic()

    def print(self, *objects: Any, **options: Any) -> None:
        """Print, and remember when."""
        self._last = time.monotonic()
        super().print(*objects, **options)

    @property
    def silence(self) -> float:
        """Seconds since the last line."""
        return time.monotonic() - self._last


async def beat(console: Heard, doing: Callable[[], str]) -> None:
    """Print what is going on whenever the console has been silent for too long, until it is cancelled. "" is not printed."""
    began = time.monotonic()
    while True:
        await anyio.sleep(LOOK_SECONDS)
        if console.silence >= SILENT_SECONDS and (text := doing()):
            console.print(f"   … {time.monotonic() - began:.0f} s: {text}", style="dim", markup=False)
