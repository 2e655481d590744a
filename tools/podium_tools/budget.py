"""Results that stay within a token budget, whatever a job or a score put into them."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel

from podium.contract.weight import RESULT_TOKENS, fits, tokens_at_most

Out = TypeVar("Out", bound=BaseModel)


async def fitting(ask: Callable[[int], Awaitable[Out]], size: int, least: int = 1) -> Out:
    """Return the result of `ask(size)`, asked again with a smaller page until it fits or the page is as small as `least`."""
    while True:
        result = await ask(size)
        if size <= least or fits(text := result.model_dump_json(), RESULT_TOKENS):
            return result
        cost = tokens_at_most(text)
        size = max(least, min(size - 1, size * RESULT_TOKENS * 9 // (cost * 10)))


def shorter(limit: int, asked: int) -> str:
    """Return why a page has fewer entries than requested, "" if it has not."""
    return ", shortened to fit in one reply" if limit < asked else ""
