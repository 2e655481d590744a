"""The tools that agents call, one file for each subject. `ALL_TOOLS` is the inventory, in the order in which clients see it.

What is asked for is loaded then: a command that only needs a helper of one tool does not load all of them.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from podium_tools.inventory import ALL_TOOLS
    from podium_tools.spec import AnyTool, ToolSpec

__all__ = ["ALL_TOOLS", "AnyTool", "ToolSpec"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from podium_tools import inventory, spec  # noqa: PLC0415  see above

    return getattr(inventory if name == "ALL_TOOLS" else spec, name)
