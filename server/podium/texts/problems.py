"""The error for a score that is not valid, which carries every problem."""

from collections.abc import Sequence

from podium.contract.models import ProblemView
from podium.errors import ScoreInvalid

FIX = "Correct the score and try again."


def score_invalid(name: str, problems: Sequence[ProblemView], total: int, fix: str = FIX) -> ScoreInvalid:
    """Return the error that carries these problems; its message holds the first one."""
    first = problems[0]
    place = f"line {first.line}, column {first.column}, " if first.line else ""
    more = f" (and {total - 1} more problem{'s' if total > 2 else ''})" if total > 1 else ""
    message = f"{name} is not valid: {place}{first.field + ': ' if first.field else ''}{first.message}{more}."
    listed = [problem.model_dump() for problem in problems]
    return ScoreInvalid(message, fix=fix, problems=listed, problems_total=total)


def invalid(name: str, message: str, *, line: int = 0, column: int = 0, text: str = "", fix: str = FIX) -> ScoreInvalid:
    """Return the error for a text that cannot be read at all; `text` is the line at which reading ends."""
    return score_invalid(name, [ProblemView(line=line, column=column, message=message, text=text)], 1, fix)
