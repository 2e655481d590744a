"""Whether the cluster would ever take the sheets of a score that are to run there: asked before a job is taken or changed."""

from collections.abc import Mapping, Sequence

import anyio

from podium.conductor.reading.queue import LAUNCHES
from podium.conductor.rules.places import TITLES
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.service.context import Context
from podium.errors import ConductorBusy, ScoreInvalid, SubmitRejected
from podium.reader.requests import Locate, Located, encode
from podium.score.model.plan import EngineName, Plan, PlanSheet, Resources
from podium.score.model.resources import in_words
from podium.texts.shown import cut_line

LONGEST_SECONDS = 6.0  # for all questions together; what is not answered by then is not refused
AT_ONCE = 8
_LISTED = 5  # sheets, and refusals, in a message
_WHY_CHARS = 300

FIX = (
    "Correct the resources or the engine of these sheets; `podium doctor --engine slurm` on the conductor's machine looks at the "
    "cluster."
)
Need = tuple[EngineName, Resources]
Asked = dict[Need, list[PlanSheet]]


async def check(context: Context, loaded: LoadedPlan, score: str, before: LoadedPlan | None = None) -> None:
    """Ask as `refusal`.

    Raises:
        SubmitRejected: the cluster would never take some of the sheets; `sheets` names them.
    """
    if (error := await refusal(context, loaded, score, before)) is not None:
        raise error


async def refusal(
    context: Context, loaded: LoadedPlan, score: str, before: LoadedPlan | None = None
) -> SubmitRejected | None:
    """Ask about everything that sheets on a cluster need, each once; return why some would never run, None if all could.

    `score` is the text, whose lines are named. What the job's score needed `before` is not asked again. Where a cluster does not
    answer, all could.
    """
    asked = _asked(loaded.plan) if loaded.on_cluster else {}
    for key in _asked(before.plan) if before and before.on_cluster else ():
        asked.pop(key, None)
    if not asked:
        return None
    found: dict[Need, str] = {}
    limiter = anyio.CapacityLimiter(AT_ONCE)

    async def ask(name: EngineName, needs: Resources) -> None:
        async with limiter:
            found[name, needs] = await context.engines[name].refusal(needs)

    with anyio.move_on_after(LONGEST_SECONDS):
        async with anyio.create_task_group() as tasks:
            for name, needs in asked:
                tasks.start_soon(ask, name, needs)
    if not any(found.values()):
        return None
    hide = (await context.values.of("", loaded)).masker
    refused = {key: cut_line(hide(why), _WHY_CHARS).removesuffix(".") for key in asked if (why := found.get(key))}
    fix = (
        FIX if context.settings.engine == "local" else f"{FIX} Where a score names no engine, the setting engine does."
    )
    sheets = [sheet for key in refused for sheet in asked[key]]
    lines = await _lines(context, score, sheets)
    names = [sheet.label for sheet in sheets[:_LISTED]]
    return SubmitRejected(hide(_message(asked, refused, lines)), fix=fix, sheets=names)


async def _lines(context: Context, score: str, sheets: Sequence[PlanSheet]) -> Mapping[int, int]:
    """Return the lines of the score that say what these sheets need, by entry; none if that is too much to read."""
    entries = tuple(dict.fromkeys(sheet.stage for sheet in sheets))
    try:
        found, _ = await context.reader.ask(Locate(entries=entries), Located, body=encode(score), client=LAUNCHES)
    except (ScoreInvalid, ConductorBusy):
        return {}
    return dict(zip(entries, found.lines, strict=True))


def _asked(plan: Plan) -> Asked:
    """Return what the sheets on a cluster need, with those that need it."""
    asked: Asked = {}
    for sheet in plan.sheets:
        if sheet.on_cluster:
            asked.setdefault((sheet.engine, plan.resources[sheet.resources]), []).append(sheet)
    return asked


def _message(asked: Asked, refused: Mapping[Need, str], lines: Mapping[int, int]) -> str:
    """Return in a sentence which sheets would never run, and why; those with the same reason together."""
    alike: dict[tuple[EngineName, str], list[Need]] = {}
    for key, why in refused.items():
        alike.setdefault((key[0], why), []).append(key)
    parts = []
    for (name, why), keys in list(alike.items())[:_LISTED]:
        sheets = [sheet for key in keys for sheet in asked[key]]
        more = f" and {len(sheets) - _LISTED} more" if len(sheets) > _LISTED else ""
        which = f"sheet{'s' if len(sheets) > 1 else ''} {', '.join(each.label for each in sheets[:_LISTED])}{more}"
        places = sorted({lines.get(sheet.stage, 0) for sheet in sheets} - {0})
        needs = in_words("local", keys[0][1]) if len(keys) == 1 else ""
        about = ": ".join(filter(None, [_at(places), needs]))
        parts.append(f"{TITLES[name]} would never run {which}{f' ({about})' if about else ''}: {why}")
    return f"{'; '.join(parts)}."


def _at(lines: Sequence[int]) -> str:
    listed = ", ".join(map(str, lines[:_LISTED])) + (", …" if len(lines) > _LISTED else "")
    return f"line{'s' if len(lines) > 1 else ''} {listed}" if lines else ""
