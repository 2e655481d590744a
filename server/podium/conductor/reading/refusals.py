"""What a caller is told when the reader could not answer."""

from typing import Literal

from podium.errors import ConductorBusy, InvalidArguments, PodiumError, ScoreInvalid
from podium.reader.requests import Assemble, Decide, Match, Profiles, Render, Request, Search, Watch

Why = Literal["time", "memory", "depth", "size", "death"]

_FIX_SCORE = "Make the score smaller, or its templates, conditions and patterns simpler."
_FIX_SHEET = "Correct the score and pass it to resume_job."
_FIX_PATTERN = "Use a simpler pattern: plain text, or one without nested repetition."


def refusal(request: Request, why: Why, *, seconds: float, memory_bytes: int, ended: str = "") -> PodiumError:
    """Return the error for a request that the reader has given up; `ended` says how a worker died of it."""
    reasons = {
        "time": f"took longer than {seconds:g} s",
        "memory": f"needed more memory than the limit of {memory_bytes // 1024**2} MiB",
        "depth": "is nested too deeply",
        "size": "makes a result that is too large",
        "death": f"ended the process that reads it ({ended})"
        if ended
        else "has ended the process that reads it before",
    }
    match request:
        case Search() | Match() | Watch():
            return InvalidArguments(f"The pattern {reasons[why]}.", fix=_FIX_PATTERN)
        case Profiles():
            return InvalidArguments(f"A profile in {request.folder} {reasons[why]}.", fix="Correct or remove it.")
        case Render():
            return ScoreInvalid(f"The template of sheet {request.label} {reasons[why]}.", fix=_FIX_SHEET, problems=[])
        case Assemble():
            return ScoreInvalid(
                f"The prompt of sheet {request.render.label} {reasons[why]}.", fix=_FIX_SHEET, problems=[]
            )
        case Decide():
            return ScoreInvalid(f"skip_when of sheet {request.label} {reasons[why]}.", fix=_FIX_SHEET, problems=[])
        case _:
            return ScoreInvalid(f"The score {reasons[why]}.", fix=_FIX_SCORE, problems=[])


def busy(what: str) -> ConductorBusy:
    """Return the error for a request that finds no room."""
    return ConductorBusy(f"The conductor's reader is busy: {what}.", fix="Try again in a few seconds.")
