"""Values of secret-looking variables are not repeated to a client.

The MCP server removes those of its own environment from all that it sends: a conductor of the same user mostly has the same
environment. The conductor removes those of a score's variables from what it reports of validations.
"""

import re
from collections.abc import Callable, Mapping

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY)(?:_|$)",
    re.IGNORECASE,
)
SHORTEST = 8  # characters; a shorter value may be a common word


def redactor(variables: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that replaces each secret among `variables` by `[value of NAME]` and nothing else."""
    names = {
        value: name
        for name, value in sorted(variables.items())
        # The path of a file with a secret is not a secret.
        if _SECRET_NAME.search(name) and len(value) >= SHORTEST and not value.startswith(("/", "~"))
    }
    if not names:
        return str
    longest_first = sorted(names, key=len, reverse=True)
    secret = re.compile("|".join(re.escape(value) for value in longest_first))
    return lambda text: secret.sub(lambda found: f"[value of {names[found[0]]}]", text)
