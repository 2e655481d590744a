"""The three languages of clients' files. Each is edited as text: what is not the entry keeps every character it has.

A format gets the text without its byte order mark. Paths are member names from the root, such as `("mcpServers", "podium")`.
"""

from pathlib import Path
from typing import Any, Protocol

from podium.cli.commands.install.formats.json_text import JsonText
from podium.cli.commands.install.formats.toml_text import TomlText
from podium.cli.commands.install.formats.yaml_text import YamlText


class Format(Protocol):
    """One language. Every method raises ValueError, with the line where it can, for a text that is not valid in it."""

    def parse(self, text: str) -> dict[str, Any]:
        """Return what the text says; an empty text says nothing. ValueError also if it is not a set of named members."""

    def put(self, text: str, path: tuple[str, ...], value: Any) -> str:
        """Return the text with this value at the path, made where it is missing."""

    def drop(self, text: str, path: tuple[str, ...]) -> str:
        """Return the text without the member at the path, and without the members above it that are empty then."""


def format_of(path: Path) -> Format:
    """Return the language of a file by its suffix."""
    known: dict[str, Format] = {".toml": TomlText(), ".yaml": YamlText()}
    return known.get(path.suffix, JsonText())
