"""Values of secret-looking variables are not repeated to a client.

The MCP server takes those of its own environment out of all that it sends: the conductor that the same user starts mostly has
the same one. The conductor takes those of a score's variables out of what it says of its validations.
"""

import re
from collections.abc import Callable, Mapping

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)(?:_|$)",
    re.IGNORECASE,
)
SHORTEST = 8  # characters; shorter values are words that may stand anywhere


def redactor(variables: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that puts `[value of NAME]` for each secret among `variables` and leaves the rest as it is."""
    names = {value: name for name, value in sorted(variables.items()) if _is_secret(name, value)}
    if not names:
        return str
    longest_first = sorted(names, key=len, reverse=True)
    secret = re.compile("|".join(re.escape(value) for value in longest_first))
    return lambda text: secret.sub(lambda found: f"[value of {names[found[0]]}]", text)


def _is_secret(name: str, value: str) -> bool:
    """Whether a variable looks like a secret; a path to one is none."""
    return bool(_SECRET_NAME.search(name)) and len(value) >= SHORTEST and not value.startswith(("/", "~"))
