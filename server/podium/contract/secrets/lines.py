"""A text of which single lines are shown, and messages about it that may repeat what it holds: without its secrets."""

import re

from podium.contract.secrets.beside import named_secrets, without, without_named_secrets
from podium.contract.secrets.masks import Masker, Secret
from podium.contract.secrets.names import COMMON, SHORTEST

_SEARCHED_CHARS = 1024 * 1024  # of a text whose values are looked for in other texts
_BREAK = re.compile("\r\n|[\r\x85\u2028\u2029]")  # as YAML counts lines, beside \n


class SecretLines:
    """A text of which single lines are shown."""

    def __init__(self, text: str) -> None:
        text = _BREAK.sub("\n", text)
        found = named_secrets(text)
        self._lines = without(text, found).split("\n")
        looked_for = (each for each in found if each.start < _SEARCHED_CHARS)
        values = ((each.name, text[each.start : each.end].strip().strip("\"'")) for each in looked_for)
        self._masker = Masker(
            Secret(name, value) for name, value in values if len(value) >= SHORTEST and value.lower() not in COMMON
        )

    def hide(self, message: str) -> str:
        """Return what is said about the text without the secrets that stand in it."""
        return without_named_secrets(self._masker(message))

    def line(self, number: int) -> str:
        """Return a line, from 1, without secrets; "" if there is none."""
        return self._masker(self._lines[number - 1]) if 1 <= number <= len(self._lines) else ""
