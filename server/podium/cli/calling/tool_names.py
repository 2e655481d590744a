"""The tools by name, from the inventory alone: neither the server nor its protocol is loaded to list or to check them."""

import difflib
import json
from typing import Any

from podium.contract.pairs import name_and_value
from podium.errors import InvalidArguments
from podium_tools import ALL_TOOLS
from podium_tools.spec import AnyTool

_NAMES = [tool.name for tool in ALL_TOOLS]
_LIKE = 0.75  # a slip of the pen; below it are tools of which only the noun is the same


def tool_named(name: str) -> AnyTool:
    """Return a tool.

    Raises:
        InvalidArguments: no tool has this name; the fix names similar ones.
    """
    if name not in _NAMES:
        near = near_tools(name)
        fix = f"Did you mean {' or '.join(near)}?" if near else "`podium call` lists the tools."
        raise InvalidArguments(f"Unknown tool {name!r}.", fix=fix, near=near)
    return ALL_TOOLS[_NAMES.index(name)]


def near_tools(word: str) -> list[str]:
    """Return at most three names of tools that the word is a part of, else similar ones."""
    having = [name for name in _NAMES if word in name.split("_")]
    return having[:3] or difflib.get_close_matches(word, _NAMES, cutoff=_LIKE)


def parameters(tool: AnyTool) -> list[str]:
    """Return the names of a tool's parameters in their order, those that may be left out in brackets."""
    fields = tool.arguments.model_fields.items()
    return [name if field.is_required() else f"[{name}]" for name, field in fields]


def given_arguments(tool: AnyTool, texts: list[str]) -> dict[str, Any]:
    """Return what `name=value` texts give, or one JSON object; the server reads each value as its argument's type.

    Raises:
        InvalidArguments: one has no name; the fix has the one that was probably meant, which is the tool's first.
    """
    if len(texts) == 1 and texts[0].lstrip().startswith("{"):
        return _object(texts[0])
    given: dict[str, Any] = {}
    for text in texts:
        if (pair := name_and_value(text)) is None:
            first = next(iter(tool.arguments.model_fields), None)
            fix = f"Write it as {first}={text.lstrip('=')}." if first else f"{tool.name} takes no arguments."
            raise InvalidArguments(f"{text}: arguments have the form name=value.", fix=fix)
        given[pair[0]] = pair[1]
    return given


def _object(text: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArguments(
            f"The arguments are not a JSON object: {str(error) or type(error).__name__}.",
            fix="Correct it, or write the arguments as name=value.",
        ) from None
    return found
