"""`content_regex`: the pattern matches somewhere in the file. It is opened here, and searched by the reader."""

from podium.conductor.attempts.validations.context import Outcome, ValidationContext
from podium.conductor.attempts.validations.files import opened
from podium.conductor.reading.queue import LAUNCHES
from podium.errors import PodiumError
from podium.reader.requests import Match, Matched, encode
from podium.score.model.plan import Validation


async def check(ctx: ValidationContext, rule: Validation) -> Outcome:
    """Check that the pattern matches in the first part of the file. `^` and `$` match at its ends, as in `re`."""
    async with opened(ctx.path(rule.path)) as (fd, problem):
        if fd is None:
            return Outcome(False, problem)
        try:
            request = Match(seconds=min(rule.timeout_seconds, ctx.reader.limits.seconds), secrets=ctx.masker.secrets)
            found, _ = await ctx.reader.ask(request, Matched, body=encode(rule.pattern), files=[fd], client=LAUNCHES)
        except PodiumError as error:
            return Outcome(False, error.message)
    return Outcome(found.passed, found.found, found.output)
