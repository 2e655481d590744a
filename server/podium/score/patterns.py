"""Which regular expressions are accepted. The `regex` module is used for its time limit, but that does not cover compiling.

Compiling repeats what stands before `{n}` n times, nested ones multiplied: `((a{1000}){1000}){1000}` takes all the memory
there is. So a pattern's size when written out is worked out first.
"""

import re

import regex

MAX_LENGTH = 10_000
MAX_WRITTEN_OUT = 100_000
MAX_DEPTH = 50

_PIECE = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?[^)(]*?[:=!>])?|\{(?P<least>\d*)(?:,\d*)?\}|.", re.DOTALL)
_VERBOSE = re.compile(r"\(\?[a-zA-Z0-9^-]*x[a-zA-Z0-9-]*[:)]")
_COMMENT = re.compile(r"\(\?#[^)]*\)")


class PatternFault(ValueError):
    """The pattern is not a valid regular expression, or one that is too large."""


def compile_pattern(pattern: str, flags: int = 0) -> "regex.Pattern[str]":
    """Compile a regular expression that comes from outside.

    Raises:
        PatternFault: it is not one, or is too large.
    """
    if len(pattern) > MAX_LENGTH:
        raise PatternFault(f"is longer than {MAX_LENGTH} characters")
    if _VERBOSE.search(pattern):
        raise PatternFault("turns on verbose mode with x; write the pattern without that")
    if _written_out(_COMMENT.sub("", pattern)) > MAX_WRITTEN_OUT:
        raise PatternFault("has nested repeats that are too large to compile")
    try:
        return regex.compile(pattern, flags)
    except MemoryError:
        raise  # says nothing of the pattern alone, and the process is to end
    except Exception as error:  # noqa: BLE001 besides its own error the module lets others through
        raise PatternFault(f"is not a valid regular expression: {error}") from None


def _written_out(pattern: str) -> int:
    """Return about how many pieces a pattern has when every `{n}` is written out."""
    sums, last = [0], 0  # of each open group; the size of the piece that a repeat would multiply
    for match in _PIECE.finditer(pattern):
        if match[0].startswith("("):
            sums.append(0)
        elif match[0] == ")" and len(sums) > 1:
            last = sums.pop() + 1
            sums[-1] += last
        elif match["least"]:
            times = max(1, int(match["least"][:9]))
            sums[-1] += last * (times - 1)
            last *= times
        else:
            last = 1
            sums[-1] += 1
        if len(sums) > MAX_DEPTH:
            raise PatternFault(f"has groups nested deeper than {MAX_DEPTH} levels")
    return sum(sums)
