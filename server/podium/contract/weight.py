"""How many tokens a text costs the model that reads it: an upper estimate, cheap enough for every result.

The weights were measured with the o200k_base encoding on random letters, digits, signs and scripts, which no encoding
shortens; ordinary text costs about half of the estimate. A character outside ASCII costs at most its bytes.
"""

import re

RESULT_TOKENS = 9_000  # of one result, as estimated here: clients warn at 10,000
_PARTS = re.compile(r"[a-z]+|[A-Z]+|[0-9]+| +|[^\x00-\x7f]+|[\s\S]")


def fits(text: str, tokens: int) -> bool:
    """Whether `text` costs at most so many tokens. A byte costs at most one, so most texts need no look at their parts."""
    most = len(text) if text.isascii() else 4 * len(text)
    return most <= tokens or tokens_at_most(text) <= tokens


def within(text: str, tokens: int) -> str:
    """Return the text, or as much of its start as costs at most so many tokens, with a mark; "" for none."""
    if fits(text, tokens):
        return text
    if not tokens:
        return ""
    low, high = 0, min(len(text), 4 * tokens)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if tokens_at_most(text[:middle]) <= tokens else (low, middle - 1)
    return f"{text[:low]}..."


def tokens_at_most(text: str) -> int:
    """Return about the largest number of tokens that `text` can cost."""
    return sum(map(_cost, _PARTS.findall(text)))


def _cost(part: str) -> int:
    """Return how many tokens a run of one kind of characters costs."""
    first = part[0]
    if not first.isascii():
        return len(part.encode("utf-8", "surrogatepass"))
    if first.isalpha():
        return (3 * len(part) + 4) // 5
    if first.isdigit():
        return (len(part) + 2) // 3
    if first == " ":
        return 0 if len(part) == 1 else 1 + len(part) // 64
    return 1
