"""Imports that take less time: what is not used stays out, and no garbage is looked for meanwhile."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast


@contextmanager
def hidden(name: str) -> Iterator[None]:
    """Make `import name` fail as if it were not installed, whether it is loaded or not."""
    loaded = cast("dict[str, ModuleType | None]", sys.modules)
    before = loaded.get(name)
    loaded[name] = None  # the import system's own sign for a module that is not there
    try:
        yield
    finally:
        if before is None:
            del loaded[name]
        else:
            loaded[name] = before


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import without looking for garbage, which takes a tenth of the time: what modules make is there to stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def leave_out_plugins() -> None:
    """Let pydantic look for no plugins of its own in what else is installed: that takes a twentieth of a short command.

    Of a pydantic that has no such module nothing changes.
    """
    stand_in = ModuleType("pydantic.plugin._loader")
    vars(stand_in)["get_plugins"] = tuple
    sys.modules.setdefault(stand_in.__name__, stand_in)
