"""The tools that agents call, one file for each subject. `ALL_TOOLS` is the inventory.

That is loaded when somebody asks for it: the commands use words of single tools, and have to start in a moment.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from podium_tools.inventory import ALL_TOOLS, AnyTool, ToolSpec

__all__ = ["ALL_TOOLS", "AnyTool", "ToolSpec"]


def __getattr__(name: str) -> Any:
    """Return a public name of the inventory."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("podium_tools.inventory"), name)
