"""Which paths an output's lines about missing files name."""

import re

MOST_NAMED = 200
_LINE_CHARS = 1000
_SAYS_MISSING = ("No such file or directory", "Directory nonexistent")
_QUOTED = re.compile(r"['\"\u2018]([^'\"\u2018\u2019]{1,300})['\"\u2019]")
_BETWEEN = re.compile(r"[\s:'\"\u2018\u2019]+")


def named_in(tail: str) -> tuple[str, ...]:
    """Return what looks like a path in such lines, the last ones if there are many."""
    named: list[str] = []
    for line in tail.splitlines():
        if any(words in line for words in _SAYS_MISSING):
            end = line[-_LINE_CHARS:]
            named += _QUOTED.findall(end)
            named += [word for word in _BETWEEN.split(end) if "/" in word]
    return tuple(named[-MOST_NAMED:])
