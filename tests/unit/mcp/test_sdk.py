"""Private parts of the MCP SDK are used in one file only."""

import ast
from pathlib import Path

import podium.mcp

ROOT = Path(podium.mcp.__file__).parent


def private_uses(path: Path) -> list[str]:
    """Return the private attributes that a file takes from anything but `self`; double underscores are the language's."""
    return [
        node.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
        and node.attr.startswith("_")
        and not (isinstance(node.value, ast.Name) and node.value.id == "self")
        and not node.attr.endswith("__")
    ]


def test_only_one_file_uses_private_parts_of_the_sdk() -> None:
    users = {path.relative_to(ROOT).as_posix(): uses for path in ROOT.rglob("*.py") if (uses := private_uses(path))}
    assert users == {"sdk.py": ["_lowlevel_server", "_connection", "_connection", "_request_outbound"]}
